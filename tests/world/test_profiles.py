"""The profiles say what the report says, and nothing unknown is accepted."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from rushlab.model.errors import UsageError
from rushlab.world.profiles import load_profiles

PROJECT = Path(__file__).parents[2]
REPORT = json.loads((PROJECT / "data/reference/figures.json").read_text())


@dataclass(frozen=True)
class Root:
    root: Path = PROJECT


@pytest.fixture(scope="module")
def profiles():
    return load_profiles(Root())


@pytest.mark.parametrize("name", REPORT["profiles"])
def test_shape_is_the_reports(profiles, name):
    profile, reference = profiles[name], REPORT["profiles"][name]
    assert profile.executor == reference["executor"]
    assert [[stage.duration_s, stage.target] for stage in profile.stages] == reference.get("stages", [])
    assert (profile.vus, profile.duration_s) == (reference.get("vus", 0), reference.get("duration_s", 0))
    assert profile.stock is None


def test_thresholds_are_the_reports(profiles):
    expected = {metric: [limit] for metric, limit in REPORT["thresholds"].items()}
    others = {name for name, profile in profiles.items() if profile.thresholds != expected}
    assert others == {"sold-out", "warm-up", "ceiling"}


def test_a_sale_that_ends_has_no_threshold_that_its_refusals_must_miss(profiles):
    expected = {metric: [limit] for metric, limit in REPORT["thresholds"].items() if metric != "success_rate"}
    assert profiles["sold-out"].thresholds == expected


def test_the_reports_six_come_first_then_ours(profiles):
    assert list(profiles) == [*REPORT["profiles"], "steady", "sold-out", "warm-up", "ceiling"]


def test_sold_out_is_the_peak_on_a_small_stock(profiles):
    assert profiles["sold-out"].stages == profiles["peak-2000"].stages
    assert profiles["sold-out"].stock == 5000


def test_steady_holds_long_enough_to_judge_a_plateau(profiles):
    """method.md V8 wants 30 one-second bins."""
    _, plateau, _ = profiles["steady"].stages
    assert plateau.duration_s >= 30
    assert plateau.target == profiles["steady"].peak_vus


def test_scale_shortens_the_ramps_and_keeps_the_virtual_users(profiles):
    demo = profiles["load"].at_scale(0.1)
    assert [(stage.duration_s, stage.target) for stage in demo.stages] == [(3, 1000), (6, 1000), (3, 0)]
    assert demo.length_s == pytest.approx(12)


def test_smoke_keeps_its_ten_seconds_at_every_scale(profiles):
    assert profiles["smoke"].at_scale(0.1).length_s == 10


@pytest.mark.parametrize(
    "content",
    [
        "{",
        '{"schema": 1}',
        '{"schema": 1, "pause_s": 1, "thresholds": {}, "profiles": {"a": {"executor": "x"}}}',
        '{"schema": 1, "pause_s": 1, "thresholds": {}, "profiles": {"a": {"stages": [[1]]}}}',
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path, content):
    (tmp_path / "k6").mkdir()
    (tmp_path / "k6" / "profiles.json").write_text(content)
    with pytest.raises(UsageError, match="cannot be read"):
        load_profiles(Root(tmp_path))


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load_profiles(Root(tmp_path))
