from __future__ import annotations

from pathlib import Path

import pytest

from rushlab.world.settings import Settings
from rushlab.world.stack import provision
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
