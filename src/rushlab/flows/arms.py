"""The arms of a plan: settings named one by one, or factors crossed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from rushlab.flows.workbench import Workbench
from rushlab.model.errors import UsageError
from rushlab.model.metric import find_metric
from rushlab.model.plan import Arm, Crossing, Factor
from rushlab.model.variant import KnobValue, Variant, unknown

KEYS = ("name", "preset", "set", "section", "note", "metric", "against", "trap")
#: A half fraction needs this many factors: below, main effects would be mistaken for interactions.
FEWEST_FACTORS = 3


def read_arm(bench: Workbench, fields: Any, name: str | None, *, preset: str | None, on: Arm | None = None) -> Arm:
    """An arm as a plan writes it: a preset's name, knobs alone, or `name`, `preset`, `set`, …

    Without a preset of its own, a variant's knobs are changes to the baseline `on`.
    """
    known = _fields(fields)
    changes = known.get("set") or {}
    if not isinstance(changes, dict):
        raise UsageError(f"set cannot be {changes!r}", "it is knobs and their values")
    chosen = known.get("preset", preset)
    if chosen is None and on is not None:
        variant = changed(bench, on.variant, changes)
        label = name or _label(changes)
    else:
        variant = bench.variant(str(chosen), changes)
        label = name or variant.name
    return Arm(
        name=str(known.get("name", label)),
        variant=variant,
        section=str(known.get("section", "")),
        note=str(known.get("note", "")),
        against=str(known.get("against", "")),
        trap=flag(known.get("trap", False), "trap"),
        metric=find_metric(str(known["metric"])).name if "metric" in known else "",
    )


def changed(bench: Workbench, variant: Variant, changes: Mapping[str, KnobValue]) -> Variant:
    """`variant` with other values for some knobs (UsageError for a knob or value that is not known)."""
    parsed = {key: bench.knobs.knob(key).parse(value) for key, value in changes.items()}
    preset, *before = variant.name.split("+")
    kept = [change for change in before if change.partition("=")[0] not in parsed]
    name = "+".join([preset, *kept, *(f"{key}={value}" for key, value in parsed.items())])
    return Variant(name, variant.settings | parsed)


def crossed(bench: Workbench, factors: Mapping[str, Any], baseline: Arm, crossing: Crossing) -> Iterator[Arm]:
    """Arms beside the baseline from knob → values.

    `one-factor` changes one knob at a time. `full` is every combination. `fractional` is the half
    of the two-level combinations in which an even number of knobs is changed (defining relation
    I = AB…K, Box, Hunter & Hunter, Statistics for Experimenters, ch. 6): the baseline is among
    them; of three factors main effects are confounded with interactions of two.
    """
    levels = {knob: _values(bench, knob, values, baseline) for knob, values in factors.items()}
    if crossing == "one-factor":
        combinations = [{knob: value} for knob, values in levels.items() for value in values]
    else:
        combinations = [dict(chosen) for chosen in _combinations(levels, baseline) if chosen]
    if crossing == "fractional":
        _require_two_levels(levels)
        combinations = [chosen for chosen in combinations if len(chosen) % 2 == 0]
    for chosen in combinations:
        yield Arm(name=_label(chosen), variant=changed(bench, baseline.variant, chosen))


def flag(value: Any, key: str) -> bool:
    """What stands behind a key of a plan that is on or off (UsageError when it is neither)."""
    if not isinstance(value, bool):
        raise UsageError(f"{key} cannot be {value!r}", "it is true or false")
    return value


def factors_of(bench: Workbench, factors: Mapping[str, Any], baseline: Arm) -> tuple[Factor, ...]:
    """The crossed knobs with their values besides the baseline's own."""
    found = {knob: _values(bench, knob, values, baseline) for knob, values in factors.items()}
    return tuple(Factor(knob=knob, values=tuple(values)) for knob, values in found.items())


def _combinations(levels: Mapping[str, list[KnobValue]], baseline: Arm) -> Iterator[dict[str, KnobValue]]:
    """Every combination, as what it changes against the baseline."""
    choices = [[None, *((knob, value) for value in values)] for knob, values in levels.items()]
    for combination in itertools.product(*choices):
        yield dict(change for change in combination if change is not None)


def _values(bench: Workbench, knob: str, values: Any, baseline: Arm) -> list[KnobValue]:
    """The values of a factor without the baseline's own, which is always there."""
    found = bench.knobs.knob(knob)
    if not isinstance(values, list):
        raise UsageError(f"factors: {knob} cannot be {values!r}", "it is a list of values")
    parsed = dict.fromkeys(found.parse(value) for value in values)
    return [value for value in parsed if value != baseline.variant[knob]]


def _require_two_levels(levels: Mapping[str, list[KnobValue]]) -> None:
    if len(levels) < FEWEST_FACTORS:
        raise UsageError("crossing: fractional needs three factors or more", do="Use full.")
    for knob, values in levels.items():
        if len(values) != 1:
            why = f"{knob} has {len(values) + 1} with the baseline's"
            raise UsageError("crossing: fractional needs two values of each factor", why, "Use full.")


def _fields(fields: Any) -> Mapping[str, Any]:
    if isinstance(fields, str):
        return {"preset": fields}
    if not isinstance(fields, dict):
        raise UsageError(f"A variant cannot be {fields!r}", "it is a preset's name, or knobs and their values")
    if not fields.keys() & set(KEYS):
        return {"set": fields}
    for key in fields:
        if key not in KEYS:
            raise unknown("Key of a variant", str(key), KEYS)
    return fields


def _label(changes: Mapping[str, KnobValue]) -> str:
    return " ".join(f"{key}={value}" for key, value in changes.items()) or "unchanged"
