"""Knobs refuse what they cannot be, presets fill what is not said."""

import pytest

from rushlab.model.errors import UsageError
from rushlab.model.variant import Knob, KnobTable

POOL = Knob(name="pool_size", kind="int", default=10, title="Connections", minimum=1, maximum=200)
LOCK = Knob(
    name="lock",
    kind="choice",
    default="wide",
    title="Scope",
    choices=("wide", "narrow"),
    needs={"narrow": {"watchdog": (True,)}},
)
DOG = Knob(name="watchdog", kind="bool", default=True, title="Watchdog")
TABLE = KnobTable({knob.name: knob for knob in (POOL, LOCK, DOG)}, {"report": {}, "fast": {"pool_size": 40}})


@pytest.mark.parametrize(
    ("knob", "text", "value"),
    [(POOL, "20", 20), (POOL, 1, 1), (LOCK, "narrow", "narrow"), (DOG, "false", False), (DOG, True, True)],
)
def test_parse_gives_the_knobs_own_type(knob, text, value):
    parsed = knob.parse(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("knob", "text"), [(POOL, "many"), (POOL, "0"), (POOL, "201"), (POOL, "2.5"), (LOCK, "huge"), (DOG, "maybe")]
)
def test_parse_refuses_and_says_what_is_allowed(knob, text):
    with pytest.raises(UsageError, match=knob.name) as caught:
        knob.parse(text)
    assert knob.allowed in caught.value.sentence


def test_preset_fills_defaults_and_changes_win():
    variant = TABLE.variant("fast", {"lock": "narrow"})
    assert variant.settings == {"pool_size": 40, "lock": "narrow", "watchdog": True}
    assert variant.name == "fast+lock=narrow"


def test_a_value_that_needs_another_knob_is_refused_without_it():
    with pytest.raises(UsageError) as caught:
        TABLE.variant("fast", {"lock": "narrow", "watchdog": "false"})
    assert caught.value.sentence.startswith("Knob lock cannot be 'narrow' with watchdog False")
    assert "it needs watchdog True" in caught.value.sentence


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(UsageError, match="Did you mean report"):
        TABLE.variant("reprot")
    with pytest.raises(UsageError, match="Did you mean pool_size"):
        TABLE.variant("report", {"pool_sze": 3})
