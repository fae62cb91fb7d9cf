"""Faults on purpose, as a user writes them: what is done to which process, when, and for how long."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, cast

from msgspec import Struct

from rushlab.model.errors import UsageError

What = Literal["kill", "pause", "slow", "disk-full", "rebalance", "poison"]

SERVERS = ("mariadb", "redis", "kafka", "prometheus", "mysqld-exporter", "redis-exporter", "process-exporter")
OURS = ("service", "relay", "consumer-0")
#: Those that keep something on disk.
ON_DISK = ("mariadb", "kafka")
#: What a fault that breaks no process is done to.
TOPIC, GROUP = "topic", "group"

#: Share of the time during which a slow process is stopped, unless the user says another.
SLOW_SHARE = 0.8
SHARES = (0.1, 0.95)


class Kind(NamedTuple):
    """What may be written of one kind of fault: the processes it can be done to (none: `on`), whether it lasts."""

    written: str
    processes: tuple[str, ...] = ()
    on: str = ""
    lasts: Literal["must", "may", "no"] = "must"


KINDS: dict[What, Kind] = {
    "kill": Kind("kill:PROCESS@SECONDS+SECONDS", (*OURS, *SERVERS), lasts="may"),
    "pause": Kind("pause:PROCESS@SECONDS+SECONDS", (*OURS, *SERVERS), lasts="may"),
    "slow": Kind("slow:PROCESS=SHARE@SECONDS+SECONDS", (*OURS, *SERVERS)),
    "disk-full": Kind("disk-full:PROCESS@SECONDS+SECONDS", ON_DISK),
    "rebalance": Kind("rebalance@SECONDS+SECONDS", on=GROUP),
    "poison": Kind("poison@SECONDS", on=TOPIC, lasts="no"),
}
WRITTEN = re.compile(
    r"(?P<what>[\w-]+)(?::(?P<process>[\w-]+)(?:=(?P<share>\d+(\.\d+)?))?)?"
    r"@(?P<after>\d+(\.\d+)?)(?:\+(?P<lasts>\d+(\.\d+)?))?"
)
HOW = f"A fault is {', '.join(kind.written for kind in KINDS.values())}: when, and for how long."


class Planned(Struct, frozen=True, kw_only=True):
    """One fault to come: `after_s` seconds after the load was started, for `lasts_s` seconds.

    `share`: of that time, the part during which a slow process does nothing.
    """

    what: What
    process: str
    after_s: float
    lasts_s: float = 0.0
    share: float | None = None


def parse_fault(text: str) -> Planned:
    """A fault as a user writes it: `kill:redis@3+1`, `slow:mariadb=0.9@3+4`, `poison@2` (UsageError otherwise)."""
    found = WRITTEN.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no fault", do=HOW)
    if mistake := _mistake(found):
        raise UsageError(f"{text!r} is no fault", mistake, HOW)
    what = cast(What, found["what"])
    return Planned(
        what=what,
        process=found["process"] or KINDS[what].on,
        after_s=float(found["after"]),
        lasts_s=float(found["lasts"] or 0),
        share=float(found["share"] or SLOW_SHARE) if what == "slow" else None,
    )


def _mistake(found: re.Match[str]) -> str:
    """What is wrong with a text that has the form of a fault; empty when nothing is."""
    kind = KINDS.get(cast(What, found["what"]))
    if kind is None:
        return f"there is no {found['what']}, there are {', '.join(KINDS)}"
    return _wrong_process(found, kind) or _wrong_time(found, kind) or _wrong_share(found)


def _wrong_process(found: re.Match[str], kind: Kind) -> str:
    what, process = found["what"], found["process"]
    if not kind.processes:
        return f"{what} names no process" if process else ""
    there_are = f"there are {', '.join(kind.processes)}"
    if process is None:
        return f"{what} names a process, {there_are}"
    same = re.sub(r"^consumer-\d+$", "consumer-0", process)
    return "" if same in kind.processes else f"there is no {process} for {what}, {there_are}"


def _wrong_time(found: re.Match[str], kind: Kind) -> str:
    if kind.lasts == "must" and not float(found["lasts"] or 0):
        return f"{found['what']} says how long it lasts"
    return f"{found['what']} is over at once" if kind.lasts == "no" and found["lasts"] else ""


def _wrong_share(found: re.Match[str]) -> str:
    if found["share"] is None:
        return ""
    if found["what"] != "slow":
        return f"only slow has a share, {found['what']} has none"
    least, most = SHARES
    return "" if least <= float(found["share"]) <= most else f"the share lies between {least:g} and {most:g}"
