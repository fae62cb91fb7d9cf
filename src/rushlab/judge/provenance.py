"""V0: is it known where the run comes from? Code, versions of every server, settings, machine, seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rushlab.judge.checks import check
from rushlab.model.verdict import Check, Status

#: Servers whose version must be known; the database is any of the first two.
DATABASES = ("mariadb", "mysql")
SERVERS = ("redis", "kafka", "prometheus", "k6", "python")
MACHINE = ("cpu", "cores", "memory_gib", "system", "kernel")


def provenance(environment: Mapping[str, Any], knobs: Mapping[str, Any]) -> Check:
    """V0 from what a run recorded: UNKNOWN with what is missing, WARN when the code had changes beyond its commit."""
    code, versions = environment.get("code") or {}, environment.get("versions") or {}
    missing = list(_missing(environment, knobs))
    dirty = bool(code.get("dirty"))
    commit = str(code.get("commit") or "unknown")[:12]
    return check(
        "V0",
        "provenance",
        Status.UNKNOWN if missing else Status.WARN if dirty else Status.PASS,
        value=f"commit {commit}{' with changes' if dirty else ''}, {len(versions)} versions, {len(knobs)} settings, "
        f"seed {environment.get('seed', 'unknown')}",
        limit="all recorded, no changes on top of the commit",
        evidence=["run.json", f"missing: {', '.join(missing)}" if missing else ""],
    )


def _missing(environment: Mapping[str, Any], knobs: Mapping[str, Any]) -> Iterator[str]:
    code, versions = environment.get("code") or {}, environment.get("versions") or {}
    machine = environment.get("host") or {}
    if not code.get("commit"):
        yield "commit"
    elif code.get("dirty") is None:
        yield "whether the code had changes"
    if not any(_known(versions.get(name)) for name in DATABASES):
        yield "version of the database"
    yield from (f"version of {name}" for name in SERVERS if not _known(versions.get(name)))
    yield from (f"the machine's {name}" for name in MACHINE if not machine.get(name))
    if environment.get("seed") is None:
        yield "seed"
    if not knobs:
        yield "settings"


def _known(version: Any) -> bool:
    return bool(version) and version != "unknown"
