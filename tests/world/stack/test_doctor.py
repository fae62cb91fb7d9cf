from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from rushlab.world.settings import Settings
from rushlab.world.stack import doctor
from rushlab.world.stack.doctor import Finding, check_all
from rushlab.world.stack.lock import workbench_lock
from rushlab.world.stack.processes import Launch, Processes


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state=tmp_path / "state", data=tmp_path / "data", cache=tmp_path / "cache")


def named(findings: list[Finding], name: str) -> Finding:
    (finding,) = [one for one in findings if one.name == name]
    return finding


def test_every_finding_that_is_not_fine_says_what_to_do_and_nothing_is_made_by_looking(settings: Settings) -> None:
    findings = check_all(settings)
    assert all(one.do for one in findings if one.status != "ok")
    assert all(one.found for one in findings)
    assert not settings.home.exists()
    assert not settings.cache_folder.exists()


def test_a_machine_without_java_and_maven_is_told_how_to_get_them(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr(doctor.java, "candidates", list)
    findings = check_all(settings)
    assert named(findings, "Java").status == "fail"
    assert "apt install" in named(findings, "Java").do
    assert named(findings, "Kafka").status == "fail"
    assert named(findings, "servers").status == "fail"


def test_a_taken_port_is_a_warning_and_a_failure_when_it_was_asked_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asked = Settings(state=tmp_path, service_port=listener.getsockname()[1])
        finding = named(list(doctor.listeners(asked)), "port, service")
    assert finding.status == "fail"
    assert f"process {os.getpid()}" in finding.found
    assert "RUSHLAB_SERVICE_PORT" in finding.do


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    finding = named(list(doctor.folders(Settings(cache=tmp_path / "closed/cache"))), "folder, cache")
    assert finding.status == "fail"


def test_a_folder_below_a_file_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    finding = named(list(doctor.folders(Settings(cache=tmp_path / "file/cache"))), "folder, cache")
    assert finding.status == "fail"


def test_what_a_dead_workbench_left_running_is_a_warning(settings: Settings) -> None:
    processes = Processes(settings.home)
    processes.start(Launch(name="redis", command=(sys.executable, "-c", "import signal; signal.pause()")))
    try:
        (finding,) = doctor.leftovers(settings)
        assert finding.status == "warn"
        assert "redis" in finding.found
        assert "rushlab down" in finding.do
        with workbench_lock(settings.home):
            (finding,) = doctor.leftovers(settings)
            assert finding.status == "ok"
    finally:
        processes.stop(processes.found())
    assert [one.status for one in doctor.leftovers(settings)] == ["ok"]


def test_little_disk_is_a_failure_some_a_warning(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, status in ((1e9, "fail"), (5e9, "warn"), (50e9, "ok")):
        monkeypatch.setattr(doctor, "free_bytes", lambda path, free=free: int(free))
        assert {one.status for one in doctor.disk(settings)} == {status}


def test_a_folder_below_one_that_may_not_be_entered_is_a_failure_that_names_its_setting(closed: Path) -> None:
    inside = Settings(state=closed / "state", data=closed / "data", cache=closed / "cache")
    for finding in doctor.folders(inside):
        assert finding.status == "fail"
        assert f"RUSHLAB_{finding.name.removeprefix('folder, ').upper()}" in finding.do
    checks = (doctor.servers, doctor.kafka, doctor.disk, doctor.leftovers)
    assert all(list(check(inside)) for check in checks)
