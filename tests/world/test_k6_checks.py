"""Load goes only where it may, only with room for its points, and k6 gets a port of its own."""

import shutil
import socket

import pytest

from rushlab.model.errors import PortTaken, RefusedTarget, StorageError
from rushlab.model.profile import Profile, Stage
from rushlab.world.k6_checks import FIRST_PORT, RESERVE_BYTES, free_port, require_private, require_space

PEAK = Profile(
    name="peak",
    title="Peak",
    purpose="x",
    executor="ramping-vus",
    pause_s=1,
    thresholds={},
    stages=(Stage(10, 2000), Stage(10, 0)),
)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "http://localhost:8080",
        "http://127.8.9.1",
        "http://10.1.2.3:80/",
        "http://172.16.0.1",
        "http://172.31.255.255",
        "http://192.168.1.1",
        "http://[::1]:8080",
        "https://[fd00::1]",
    ],
)
def test_private_targets_may_be_driven(url):
    require_private(url)


def test_localhost_is_loopback_where_no_hosts_file_says_so(monkeypatch):
    def unknown(*arguments, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    require_private("http://localhost:8080")
    with pytest.raises(RefusedTarget, match="its address cannot be told"):
        require_private("http://elsewhere:8080")


@pytest.mark.parametrize(
    "url",
    [
        "http://8.8.8.8",
        "http://172.32.0.1",
        "http://192.169.0.1",
        "http://11.0.0.1",
        "http://169.254.169.254",
        "http://0.0.0.0:8080",
        "http://127.0.0.1@8.8.8.8/",
        "http://user@127.0.0.1/",
        "http://[2001:4860:4860::8888]",
        "http://no-such-host.invalid",
        "ftp://127.0.0.1",
        "http://127.0.0.1:notaport",
        "127.0.0.1:8080",
        "",
    ],
)
def test_every_other_target_is_refused(url):
    with pytest.raises(RefusedTarget, match="refused"):
        require_private(url)


def test_a_name_is_refused_when_one_of_its_addresses_is_public(monkeypatch):
    answers = [(2, 1, 6, "", ("10.0.0.1", 80)), (2, 1, 6, "", ("93.184.216.34", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answers)
    with pytest.raises(RefusedTarget, match=r"93\.184\.216\.34"):
        require_private("http://mixed.example")


def test_room_is_checked_before_the_folder_exists(tmp_path):
    require_space(tmp_path / "not" / "yet", PEAK)


def test_too_full_a_disk_is_told_with_figures(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(2**30, 2**30 - 2**20, 2**20))
    with pytest.raises(StorageError, match=r"1 MiB are free, up to 2\d\d MiB may be needed"):
        require_space(tmp_path, PEAK)


def test_room_for_many_runs_is_room_for_all_of_them(tmp_path, monkeypatch):
    needed = 40000 * 520 + RESERVE_BYTES  # of one: 2,000 users for 20 s
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(2**40, 0, 2 * needed))
    require_space(tmp_path, PEAK, PEAK)
    with pytest.raises(StorageError, match="too full for 99 runs of peak"):
        require_space(tmp_path, *[PEAK] * 99)


def test_next_free_port_is_taken():
    first = free_port(None)
    assert first >= FIRST_PORT
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a k6 of an earlier test may just have left it
        taken.bind(("127.0.0.1", first))
        taken.listen()
        assert free_port(None) > first


def test_port_that_was_asked_for_must_be_free():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=str(port)):
            free_port(port)
    assert free_port(port) == port
