"""Starts k6 on one profile, follows it, and ends it in every case."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from rushlab.model.errors import LoadError
from rushlab.world.cpu import used_by
from rushlab.world.k6_api import LiveCounts, Status
from rushlab.world.k6_binary import find_k6, k6_version
from rushlab.world.k6_checks import free_port, require_private, require_space
from rushlab.world.k6_order import K6Order, K6Result, Progress
from rushlab.world.stack import marks

__all__ = ["K6Order", "K6Result", "Progress", "drive", "find_k6", "k6_version"]

POLL_S = 2.0
#: k6 is asked at this pace until it says that the test runs: the start time is this exact.
START_POLL_S = 0.05
END_POLL_S = 0.02
#: Patience after the first interrupt: k6 flushes its points and writes the summary.
GENTLE_S = 30.0
#: How k6 ends when another process took the free port that it was given; nothing was sent then.
PORT_LOST = 106
PORT_TRIES = 5
#: Go's collector runs when the heap has grown by this per cent. At its preset, 100, a fifth of what k6 takes from the
#: service's cores goes into collecting.
HEAP_GROWTH_PERCENT = 400
#: From this share of the memory on it runs as often as it must.
MEMORY_SHARE = 4


def drive(order: K6Order, on_progress: Callable[[Progress], None]) -> K6Result:
    """Run k6 to its end, calling `on_progress` about every two seconds.

    A k6 that ran and failed or was killed is a result with its exit code. On Ctrl-C k6 is
    interrupted, waited for (its files are whole then), and the KeyboardInterrupt goes on.

    Raises
    ------
    RefusedTarget
        `base_url` is not a loopback or private address.
    StorageError
        The disk has no room for the points of this profile.
    LoadError
        k6 is missing or ended before it wrote a single point.
    """
    require_private(order.base_url)
    require_space(order.folder, order.profile.at_scale(order.scale))
    binary = find_k6()
    version = k6_version(binary)
    order.folder.mkdir(parents=True, exist_ok=True)
    for _ in range(PORT_TRIES):
        result = _drive_once(order, binary, version, on_progress)
        if result.exit_code != PORT_LOST or order.port is not None:
            break
    if result.exit_code != 0 and not _has_content(order.points):
        raise _could_not_start(result.exit_code, order.log)
    return result


def _drive_once(order: K6Order, binary: Path, version: str, on_progress: Callable[[Progress], None]) -> K6Result:
    port = free_port(order.port)
    with _running(order, binary, port) as process:
        started = _follow(process, order, port, on_progress)
        cpu_s = _cpu_of(process)
    ended = time.time()
    return K6Result(
        exit_code=process.returncode,
        started=started,
        ended=ended,
        elapsed_s=ended - started,
        version=version,
        cpu_s=cpu_s,
    )


@contextmanager
def _running(order: K6Order, binary: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """k6 in its own process group, so that the terminal's Ctrl-C reaches only the workbench."""
    with order.log.open("wb") as log:
        process = subprocess.Popen(
            _command(order, binary, port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(order, port),
            process_group=0,
        )
    try:
        yield process
    finally:
        _end(process)


def _command(order: K6Order, binary: Path, port: int) -> list[str]:
    run = [str(binary), "run", "--quiet", "--no-color", "--no-usage-report", "--address", f"127.0.0.1:{port}"]
    return [*run, "--out", f"json={order.points}", str(order.script)]


def _environment(order: K6Order, port: int) -> dict[str, str]:
    """This environment without k6's own variables and proxies, which would change the test."""
    collector = {"GOGC": str(HEAP_GROWTH_PERCENT), "GOMEMLIMIT": str(psutil.virtual_memory().total // MEMORY_SHARE)}
    kept = {key: value for key, value in os.environ.items() if not _disturbs(key)}
    told = {
        "BASE_URL": order.base_url,
        "COUPON_ID": str(order.coupon_id),
        "PROFILE": order.profile.name,
        "SCALE": repr(order.scale),
        "PEAK": str(order.profile.peak_vus),
        "MODEL": order.model,
        "REPEAT_USERS": repr(order.repeat_users),
        "SEED": str(order.seed),
        "FIRST_USER": str(order.first_user),
        "SUMMARY": str(order.summary),
    }
    mark = {} if order.home is None else marks.draw(order.home.resolve(), "k6", "", port)
    return collector | kept | told | mark


def _disturbs(variable: str) -> bool:
    return variable.startswith("K6_") or variable.lower().endswith("_proxy")


def _follow(
    process: subprocess.Popen[bytes], order: K6Order, port: int, on_progress: Callable[[Progress], None]
) -> float:
    """Report progress until k6 ends; the epoch second at which the test began."""
    spawned = time.time()
    with LiveCounts(port) as live:
        started = _wait_for_start(process, live) or spawned
        while not _ended_within(process, POLL_S):
            status = live.status()
            if status is not None:
                on_progress(_progress(order, live, status, time.time() - started))
    return started


def _wait_for_start(process: subprocess.Popen[bytes], live: LiveCounts) -> float | None:
    while not _ended_within(process, START_POLL_S):
        status = live.status()
        if status is not None and status.running:
            return time.time()
    return None


def _progress(order: K6Order, live: LiveCounts, status: Status, elapsed_s: float) -> Progress:
    requests, failed = live.requests()
    p95_ms = order.live_p95() if order.live_p95 is not None else None
    return Progress(
        elapsed_s=elapsed_s,
        planned_s=order.planned_s,
        vus=status.vus,
        requests=requests,
        failed=failed,
        p95_ms=p95_ms,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt k6 if it still runs, wait, and kill it when it does not listen (or at a second Ctrl-C)."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(GENTLE_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether it ends in that time; it is not collected by that, so that its CPU time can still be read."""
    deadline = time.monotonic() + seconds
    try:
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() >= deadline:
                return False
            time.sleep(END_POLL_S)
    except ChildProcessError:  # somebody else has collected it
        pass
    return True


def _cpu_of(process: subprocess.Popen[bytes]) -> float | None:
    try:
        return used_by(psutil.Process(process.pid))
    except psutil.NoSuchProcess:
        return None


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _could_not_start(code: int, log: Path) -> LoadError:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    last = " / ".join(line.strip() for line in lines[-3:]) or "nothing"
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    why = f"{how}, {_MEANINGS[code]}" if code in _MEANINGS else how
    return LoadError(f"k6 ended before it sent anything ({why})", f"its last lines: {last}", f"All of it: {log}")


#: k6's own exit codes (errext/exitcodes of k6 1.1).
_MEANINGS = {
    97: "it could not reach the cloud",
    100: "setup timed out",
    104: "its configuration is bad",
    105: "it was told to stop",
    106: "its REST API could not start",
    107: "its script threw",
    108: "its script aborted the test",
    109: "it panicked",
}
