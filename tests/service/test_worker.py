"""The loop of relay and consumer outlives its servers and stops when told."""

from __future__ import annotations

import os
import signal
import socket
import threading
import urllib.error
import urllib.request

import pytest
from prometheus_client import CollectorRegistry

from coupons import worker
from coupons.errors import BadSetting
from coupons.probe import Probe
from coupons.worker import Health, Stop


class Rounds:
    """Work that loses its server in its second round, until its third life."""

    lives = 0

    def __init__(self, stop: Stop, closed: list[int]) -> None:
        Rounds.lives += 1
        self.life = Rounds.lives
        self.stop = stop
        self.closed = closed
        self.done = 0

    def round(self) -> float:
        self.done += 1
        if self.life < 3 and self.done == 2:
            raise OSError("connection reset")
        if self.life == 3 and self.done == 3:
            self.stop.set()
        return 0.0

    def close(self) -> None:
        self.closed.append(self.life)


def test_a_lost_server_costs_a_life_of_the_work_and_not_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PAUSE_S", 0.001)
    stop, health, closed, refused = Stop(), Health(), [], [OSError("refused"), OSError("refused")]

    def connect() -> Rounds:
        if refused:
            raise refused.pop()
        return Rounds(stop, closed)

    worker.live(connect, stop, health)
    assert closed == [1, 2, 3]
    assert not health.ready
    stop.close()


def test_the_probe_says_ready_only_when_it_is() -> None:
    health = Health()
    with Probe("127.0.0.1", 0, CollectorRegistry(), health) as probe:
        base = f"http://127.0.0.1:{probe.port}"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{base}/health/ready")
        assert caught.value.code == 503
        caught.value.close()
        health.ready = True
        with urllib.request.urlopen(f"{base}/health/ready") as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"{base}/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{base}/etc/passwd")
        assert caught.value.code == 404
        caught.value.close()


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_the_probe_listens_on_ipv6_too() -> None:
    with Probe("::1", 0, CollectorRegistry(), Health()) as probe, socket.create_connection(("::1", probe.port)):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.1"])
def test_a_probe_that_cannot_listen_says_so_in_one_sentence(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadSetting, match=rf"^Metrics cannot be served on {host}, port {port}: [^\n]+\.$"):
            Probe(host, port, CollectorRegistry(), Health())


def test_relay_and_consumer_end_with_a_sentence_when_their_port_is_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker, "REGISTRY", CollectorRegistry())
    monkeypatch.setattr(worker.signal, "signal", lambda *_: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("COUPONS_METRICS_PORT", str(taken.getsockname()[1]))
        assert worker.run(lambda *_: lambda: pytest.fail("it began to work")) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_stop_from_a_signal_ends_a_pause_at_once() -> None:
    stop = Stop()
    before = signal.signal(signal.SIGUSR1, lambda *_: stop.set())
    try:
        assert not stop.is_set()
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        assert stop.wait(30)
        assert stop.is_set()
        assert stop.wait(0)
    finally:
        signal.signal(signal.SIGUSR1, before)
        stop.close()
