"""`knobs.json`: the one place of knobs and presets is whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coupons.settings import KNOBS_FILE, Knobs

TABLE: dict[str, Any] = json.loads(KNOBS_FILE.read_text("utf-8"))


def test_knobs_are_those_of_the_settings() -> None:
    assert list(TABLE["knobs"]) == list(Knobs.__dataclass_fields__)


@pytest.mark.parametrize("name", TABLE["knobs"])
def test_each_knob_says_what_it_may_be_and_its_default_is_that(name: str) -> None:
    knob = TABLE["knobs"][name]
    assert knob["title"]
    assert "section" in knob
    if knob["kind"] == "choice":
        assert knob["default"] in knob["choices"]
    elif knob["kind"] in ("int", "float"):
        assert knob["minimum"] <= knob["default"] <= knob["maximum"]
    else:
        assert knob["kind"] == "bool"
        assert isinstance(knob["default"], bool)


@pytest.mark.parametrize("preset", TABLE["presets"])
def test_presets_and_assumptions_name_knobs(preset: str) -> None:
    assert set(TABLE["presets"][preset]) <= set(TABLE["knobs"])
    assert set(TABLE["assumed"][preset]) <= set(TABLE["presets"][preset])


def test_the_presets_differ_where_the_report_recommends() -> None:
    report, recommended = TABLE["presets"]["report"], TABLE["presets"]["recommended"]
    changed = {knob for knob in report if recommended.get(knob) != report[knob]}
    assert {"reservation", "outbox", "partitions", "partition_key", "consumer_mode"} <= changed
