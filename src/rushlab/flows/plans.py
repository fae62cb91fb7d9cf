"""Plans as YAML: read from plans/ or a path, defaults filled in, every mistake one sentence before anything starts."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import yaml

from rushlab.flows.arms import crossed, factors_of, flag, read_arm
from rushlab.flows.workbench import Workbench
from rushlab.model.errors import UsageError
from rushlab.model.metric import Limit, find_metric
from rushlab.model.plan import BLOCKS, MARGIN, Arm, Crossing, Goal, Operating, Plan
from rushlab.model.profile import parse_scale
from rushlab.model.variant import unknown
from rushlab.world.files import text_of

SUFFIXES = (".yaml", ".yml")
#: A plan is a page of text; more is a mistake (or an attack by nested references).
MOST_BYTES = 64 * 1024

KEYS = (
    "name", "title", "question", "baseline", "variants", "factors", "crossing", "load", "metric", "also",
    "blocks", "confirm", "seed", "settling", "constraints", "a_a", "budget_minutes",
)  # fmt: skip
LOAD_KEYS = ("profile", "scale", "rate", "vus")
METRIC_KEYS = ("name", "better", "margin")
CONSTRAINT_KEYS = ("invariants", "thresholds")
CROSSINGS: tuple[Crossing, ...] = ("one-factor", "full", "fractional")


def shipped(bench: Workbench) -> dict[str, Path]:
    """The plans of this checkout by name."""
    return {path.stem: path for path in sorted((bench.settings.root / "plans").glob("*.yaml"))}


def open_plan(bench: Workbench, name: str, *, blocks: int | None = None) -> Plan:
    """The plan called `name` (a file, or one of plans/), checked; `blocks` takes the place of its own.

    Raises
    ------
    UsageError
        There is no such plan, or something in it cannot be: the sentence names the file and the mistake.
    """
    path = _find(bench, name)
    fields = _mapping(path)
    if blocks is not None:
        fields["blocks"] = blocks
    try:
        return parse_plan(bench, fields, path.stem)
    except UsageError as error:
        raise UsageError(f"{path.name}: {error.what}", error.why, error.do) from None


def parse_plan(bench: Workbench, fields: Mapping[str, Any], name: str) -> Plan:
    """The plan that a YAML mapping states (UsageError for what cannot be)."""
    require_known(fields, KEYS, "a plan")
    goal = _goal(fields.get("metric"))
    baseline = read_arm(bench, fields.get("baseline", {}), "baseline", preset="recommended")
    crossing = _crossing(fields)
    return Plan(
        name=str(fields.get("name", name)),
        title=str(fields.get("title", name)),
        question=str(fields.get("question", "")),
        baseline=baseline,
        variants=_variants(bench, fields, baseline, crossing),
        crossing=crossing,
        factors=factors_of(bench, _known(fields["factors"], "factors"), baseline) if crossing else (),
        load=_load(bench, fields.get("load", {})),
        goal=goal,
        others=tuple(find_metric(str(one)).name for one in _list(fields.get("also", []), "also")),
        blocks=_whole(fields.get("blocks", BLOCKS), "blocks"),
        seed=_whole(fields.get("seed", 1), "seed"),
        settling=flag(fields.get("settling", True), "settling"),
        limits=_limits(fields.get("constraints", {})),
        a_a=flag(fields.get("a_a", False), "a_a"),
        confirm=_whole(fields.get("confirm", 0), "confirm"),
        budget_min=_number(fields["budget_minutes"], "budget_minutes") if "budget_minutes" in fields else None,
    )


def require_known(fields: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    """UsageError for a key that `what` does not have, with the nearest one that it has."""
    for key in fields:
        if key not in known:
            raise unknown(f"Key of {what}", str(key), known)


def _find(bench: Workbench, name: str) -> Path:
    path, known = Path(name), shipped(bench)
    if path.is_file():
        return path
    if path.suffix not in SUFFIXES and name in known:
        return known[name]
    if path.suffix in SUFFIXES and str(path.parent) in (".", "plans") and path.stem in known:
        return known[path.stem]
    raise unknown("Plan", name, known)


def _mapping(path: Path) -> dict[str, Any]:
    text = text_of(path, MOST_BYTES)
    try:
        read = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # ValueError: a day or a number that cannot be
        raise UsageError(f"{path.name} is not YAML", " ".join(str(error).split())) from None
    if not isinstance(read, dict):
        raise UsageError(f"{path.name} is not a plan", f"it holds {_kind(read)}, not keys and values")
    return read


def _variants(bench: Workbench, fields: Mapping[str, Any], baseline: Arm, crossing: Crossing | None) -> tuple[Arm, ...]:
    named = [
        read_arm(bench, one, None, preset=None, on=baseline) for one in _list(fields.get("variants", []), "variants")
    ]
    if not named and fields.get("a_a"):
        named = [Arm(name="again", variant=baseline.variant, note="the same once more")]
    return (*named, *(crossed(bench, _known(fields["factors"], "factors"), baseline, crossing) if crossing else ()))


def _crossing(fields: Mapping[str, Any]) -> Crossing | None:
    wanted = fields.get("crossing")
    if "factors" not in fields:
        if wanted is not None:
            raise UsageError("crossing needs factors", "there is nothing to cross", "Add factors: {knob: [values]}.")
        return None
    for crossing in CROSSINGS:
        if wanted in (crossing, None):
            return crossing
    raise unknown("Crossing", str(wanted), CROSSINGS)


def _load(bench: Workbench, fields: Any) -> Operating:
    known = _known({"profile": fields} if isinstance(fields, str) else fields, "load")
    require_known(known, LOAD_KEYS, "load")
    if {"rate", "vus"} <= known.keys():
        raise UsageError("load cannot have both rate and vus", "the one is an open model, the other a closed one")
    profile, scale = bench.profile(str(known.get("profile", "steady"))), parse_scale(known.get("scale", 1.0))
    for key in ("rate", "vus"):
        if key in known:
            profile = profile.at_peak(_whole(known[key], key))
    return Operating(profile=profile, scale=scale, model="open" if "rate" in known else "closed")


def _goal(fields: Any) -> Goal:
    if fields is None:
        raise UsageError("The plan names no metric", "what is better must be said first", "Add metric: accept_p95_ms.")
    known = _known({"name": fields} if isinstance(fields, str) else fields, "metric")
    require_known(known, METRIC_KEYS, "metric")
    metric = find_metric(str(known.get("name", "")))
    better = known.get("better", metric.better)
    if better not in ("lower", "higher"):
        raise unknown("Direction", str(better), ("lower", "higher"))
    return Goal(metric=metric.name, better=better, margin=_number(known.get("margin", MARGIN), "margin"))


def _limits(fields: Any) -> tuple[Limit, ...]:
    known = _known(fields, "constraints")
    require_known(known, CONSTRAINT_KEYS, "constraints")
    if known.get("invariants", True) is not True:
        raise UsageError("constraints: invariants cannot be switched off", "faster but wrong is never ranked")
    return tuple(Limit.parse(str(text)) for text in _list(known.get("thresholds", []), "thresholds"))


def _known(value: Any, key: str) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else _refuse(key, value, "keys and values")


def _list(value: Any, key: str) -> list[Any]:
    return value if isinstance(value, list) else _refuse(key, value, "a list")


def _whole(value: Any, key: str) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else _refuse(key, value, "a whole number")


def _number(value: Any, key: str) -> float:
    fine = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    return float(value) if fine else _refuse(key, value, "a finite number")


def _refuse(key: str, value: Any, wanted: str) -> NoReturn:
    raise UsageError(f"{key} cannot be {value!r}", f"it is {wanted}")


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
