from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from rushlab.model.errors import StorageError
from rushlab.world.settings import Settings
from rushlab.world.stack import mounts, provision
from rushlab.world.stack.backend import Target
from rushlab.world.stack.marks import Running
from rushlab.world.stack.native import NativeBackend
from rushlab.world.stack.ports import DEFAULTS


def test_whoever_only_looks_fetches_nothing_and_is_told_where_the_servers_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provision, "provide", lambda *_: pytest.fail("something is fetched"))
    backend = NativeBackend(Settings(state=tmp_path / "state", cache=tmp_path / "cache"))
    assert backend.endpoints().kafka == f"127.0.0.1:{DEFAULTS['kafka']}"
    assert backend.status() == []
    assert not (tmp_path / "cache").exists()


def test_what_was_provided_is_provided_once_unless_it_was_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = provision.Tools(debian=tmp_path / "debian", kafka=tmp_path / "kafka", kafka_archive=tmp_path, java=tmp_path)
    calls: list[int] = []

    def provide(*_: object) -> provision.Tools:
        calls.append(1)
        tools.debian.mkdir(exist_ok=True)
        tools.kafka.mkdir(exist_ok=True)
        return tools

    monkeypatch.setattr(provision, "provide", provide)
    backend = NativeBackend(Settings(state=tmp_path / "state", cache=tmp_path / "cache"))
    backend._tools(print)
    backend._tools(print)
    assert len(calls) == 1
    tools.kafka.rmdir()
    backend._tools(print)
    assert len(calls) == 2


@pytest.mark.parametrize("name", ["mariadb", "redis", "prometheus", "redis-exporter"])
def test_a_server_that_dies_while_it_is_asked_has_no_version_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    backend = NativeBackend(Settings(state=tmp_path / "state", cache=tmp_path / "cache"))
    nobody = dict.fromkeys(DEFAULTS, 1)
    monkeypatch.setattr("rushlab.world.stack.native.DEFAULTS", nobody)
    dying = Running(name=name, pid=1, started=0.0, port=1, config="", token="")
    monkeypatch.setattr(backend.processes, "found", lambda: [dying])
    (status,) = backend.status()
    assert (status.name, status.state, status.version) == (name, "running", None)


def test_a_database_that_cannot_be_asked_is_told_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = NativeBackend(Settings(state=tmp_path / "state", cache=tmp_path / "cache"))
    monkeypatch.setattr("rushlab.world.stack.native.DEFAULTS", dict.fromkeys(DEFAULTS, 1))
    log = backend.processes.log("mariadb")
    log.parent.mkdir(parents=True)
    log.write_text(
        '-- started mariadb\n[ERROR] mariadbd: Disk is full writing it (Errcode: 28 "No space left on device")\n'
    )
    target = Target(service="", coupon_id=1, stock=1, topic="", group="", metrics={}, knobs={})
    with pytest.raises(StorageError, match=r"the disk is full: .*refused.*; its log ends: .*Errcode: 28"):
        backend.drain(target, timeout_s=1, step=print)


def test_what_a_killed_run_mounted_over_the_data_comes_off_once_all_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = NativeBackend(Settings(state=tmp_path / "state", cache=tmp_path / "cache"))
    kafka = tmp_path / "state" / "servers" / "kafka"
    devices = {"/": "/dev/sda", f"{tmp_path}/state2/servers/redis": "rushlab", f"{kafka.parent}": "/dev/sdb"}
    devices |= {f"{kafka}/small": "rushlab", f"{kafka}/data": "rushlab"}
    listed = [SimpleNamespace(mountpoint=point, device=device) for point, device in devices.items()]
    done: list[str] = []
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: listed)
    monkeypatch.setattr(mounts, "run_tool", lambda *words: done.append(" ".join(words)))
    monkeypatch.setattr(backend.processes, "found", list)
    backend.down(done.append)
    assert done == [f"umount {kafka / 'data'}", f"umount {kafka / 'small'}"]

    done.clear()
    monkeypatch.setattr(backend, "_running_site", lambda step: pytest.fail("here the servers would be started"))
    with pytest.raises(pytest.fail.Exception, match="servers would be started"):
        backend.up(done.append)
    assert done[0] == "clearing away the disks of a run that was killed"
    assert len(done) == 3
