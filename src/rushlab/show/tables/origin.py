"""Where the figures come from: both environments, the variants' settings, each run's provenance."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from rushlab.model.run import Run
from rushlab.model.variant import KnobValue
from rushlab.show import units
from rushlab.show.table import Cell, Column, Row, Table
from rushlab.show.tables.cells import ORIGINAL, ours, unknown
from rushlab.show.views import RunView, Study

#: The report's roles → the servers that may fill them here, as `versions` names them, and their proper names.
ROLES: dict[str, dict[str, str]] = {
    "application server": {"python": "coupon service, Python"},
    "database": {"mysql": "MySQL", "mariadb": "MariaDB"},
    "cache": {"redis": "Redis"},
    "message broker": {"kafka": "Apache Kafka"},
    "monitoring": {"prometheus": "Prometheus"},
    "dashboards": {"grafana": "Grafana"},
    "load generator": {"k6": "k6"},
}


LIMITS_ONLY = "the original gives its application server's limits, and nothing of the machine"


def environment(study: Study) -> Table:
    """The report's section 4 beside ours, and the machine that ours ran on."""
    versions: dict[str, Any] = study.environment.get("versions") or {}
    theirs = {server.role: server.report for server in study.reference.environment}
    rows = [Row(role, (Cell(text, tone="name"), _filled(versions, role))) for role, text in theirs.items()]
    rows += [Row(label, (unknown(LIMITS_ONLY), cell)) for label, cell in _machine(study.environment)]
    columns = (Column(ORIGINAL, number=False), Column("here", number=False))
    return Table("Both environments", "role", columns, tuple(rows))


def _filled(versions: dict[str, Any], role: str) -> Cell:
    found = [f"{proper} {versions[key]}".strip() for key, proper in ROLES.get(role, {}).items() if versions.get(key)]
    return Cell(", ".join(found), tone="name") if found else unknown("none here, or its version was not recorded")


def _machine(here: dict[str, Any]) -> list[tuple[str, Cell]]:
    host = here.get("host") or {}
    memory = host.get("memory_gib")
    facts = {
        "processor": host.get("cpu"),
        "cores": host.get("cores"),
        "memory": f"{memory:g} GiB" if memory else None,
        "operating system": host.get("system"),
        "kernel": host.get("kernel"),
        "servers started": here.get("backend"),
    }
    return [(name, Cell(str(fact)) if fact else unknown("not recorded")) for name, fact in facts.items()]


def machine(here: dict[str, Any]) -> str:
    """The machine in one line, for a heading."""
    facts = {name: cell.text for name, cell in _machine(here) if cell.text != units.UNKNOWN}
    cores = f"{facts['cores']} cores" if "cores" in facts else ""
    parts = (facts.get("processor"), cores, facts.get("memory"), facts.get("operating system"))
    return ", ".join(part for part in parts if part) or "machine not recorded"


def settings(study: Study) -> Table:
    """The knobs of every variant; those that differ come first. Where its runs differ, a note says on which profile."""
    knobs = {variant: _settings(views) for variant, views in study.variants.items() if views}
    names = list(dict.fromkeys(name for cells in knobs.values() for name in cells))
    differing = [name for name in names if len({_of(cells, name).text for cells in knobs.values()}) > 1]
    same = [name for name in names if name not in differing]
    rows = [Row("different"), *_knobs(knobs, differing)] if differing else []
    rows += [Row("the same"), *_knobs(knobs, same)] if same else []
    return Table("Settings of the variants", "knob", tuple(Column(ours(name)) for name in knobs), tuple(rows))


def set_up(run: Run) -> dict[str, KnobValue]:
    """The knobs that a run was made with: its variant's, with the stock of its profile where that has its own."""
    own = run.profile.stock_at(run.scale)
    return run.knobs if own is None or "stock" not in run.knobs else run.knobs | {"stock": own}


def _settings(views: dict[str, RunView]) -> dict[str, Cell]:
    """Knob → what most runs of a variant had; what others had is its note."""
    made = {profile: set_up(view.run) for profile, view in views.items()}
    names = dict.fromkeys(name for knobs in made.values() for name in knobs)
    return {name: _setting({profile: knobs.get(name) for profile, knobs in made.items()}) for name in names}


def _setting(values: dict[str, KnobValue | None]) -> Cell:
    most, _ = Counter(values.values()).most_common(1)[0]
    others = [f"{profile}: {_text(value)}" for profile, value in values.items() if value != most]
    return replace(_value(most), note=", ".join(others)) if others else _value(most)


def _knobs(knobs: dict[str, dict[str, Cell]], names: list[str]) -> list[Row]:
    return [Row(name, tuple(_of(cells, name) for cells in knobs.values())) for name in names]


def _of(cells: dict[str, Cell], name: str) -> Cell:
    return cells.get(name, _value(None))


def _value(value: KnobValue | None) -> Cell:
    return unknown("not set") if value is None else Cell(_text(value), value=value)


def _text(value: KnobValue | None) -> str:
    words = {True: "yes", False: "no", None: "not set"}
    return words[value] if isinstance(value, bool | None) else str(value)


def provenance(study: Study) -> Table:
    """Run by run: its id, when it ran, what k6 said, its commit, and the hash of its points."""
    rows = [Row(view.label, _origin(view)) for view in study]
    names = ("run", "started", "seconds", "k6 ended with", "seed", "commit", "points, SHA-256")
    return Table("Provenance", "run of", tuple(Column(name, number=False) for name in names), tuple(rows))


def _origin(view: RunView) -> tuple[Cell, ...]:
    run = view.run
    digest = run.artefacts.get("points.json.gz") or run.artefacts.get("points.parquet") or ""
    facts = (
        run.id,
        units.moment(run.timing.started) if run.timing.started else None,
        f"{run.load.elapsed_s:,.1f}" if run.load.elapsed_s is not None else None,
        None if run.load.exit_code is None else str(run.load.exit_code),
        None if (seed := run.environment.get("seed")) is None else str(seed),
        commit(run.environment),
        digest[:12] or None,
    )
    return tuple(Cell(fact) if fact else unknown("not recorded") for fact in facts)


def commit(environment: dict[str, Any]) -> str | None:
    """The commit's first twelve digits, with a word when there were changes on top; None when not recorded."""
    code = environment.get("code") or {}
    if not code.get("commit"):
        return None
    return f"{str(code['commit'])[:12]}{' + changes' if code.get('dirty') else ''}"
