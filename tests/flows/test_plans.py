"""Plans read from YAML: what they mean, and one sentence for everything that cannot be."""

import pytest

from rushlab.flows.plans import open_plan, parse_plan, shipped
from rushlab.flows.workbench import Workbench
from rushlab.model.errors import UsageError
from rushlab.world.settings import PROJECT, Settings


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Workbench.open(Settings(data=tmp_path_factory.mktemp("data")))


def plan(bench, **fields):
    given = {"metric": "accept_p95_ms", "variants": [{"pool_size": 20}]} | fields
    return parse_plan(bench, given, "example")


def test_defaults_are_those_of_the_method(bench):
    found = plan(bench)
    assert (found.blocks, found.goal.margin, found.goal.better, found.settling) == (6, 0.1, "lower", True)
    assert found.load.profile.name == "steady"
    assert found.runs == 2 * 6 + 1
    assert not found.screening
    assert plan(bench, blocks=3).screening


def test_variant_changes_the_baseline_and_a_preset_stands_for_itself(bench):
    variants = [{"pool_size": 20}, "recommended", {"name": "own", "preset": "recommended", "set": {"pool_size": 3}}]
    found = plan(bench, baseline="report", variants=variants)
    assert [arm.name for arm in found.arms] == ["baseline", "pool_size=20", "recommended", "own"]
    assert [arm.variant["reservation"] for arm in found.arms] == ["redis-lock", "redis-lock", "redis-lua", "redis-lua"]
    assert [arm.variant["pool_size"] for arm in found.arms] == [10, 20, 10, 3]


def test_one_factor_changes_one_knob_at_a_time(bench):
    factors = {"pool_size": [2, 10, 20], "batch_size": [100]}
    found = plan(bench, variants=[], factors=factors, crossing="one-factor")
    assert [arm.name for arm in found.variants] == ["pool_size=2", "pool_size=20", "batch_size=100"]


def test_full_crossing_is_every_combination_with_the_baseline_among_them(bench):
    found = plan(bench, variants=[], factors={"pool_size": [2, 20], "batch_size": [100]}, crossing="full")
    assert len(found.arms) == 3 * 2
    assert len({(arm.variant["pool_size"], arm.variant["batch_size"]) for arm in found.arms}) == 6


def test_crossed_knobs_are_remembered_with_their_values(bench):
    found = plan(bench, variants=[], factors={"pool_size": [2, 10, 20], "batch_size": [100]}, crossing="full")
    assert [(one.knob, one.values) for one in found.factors] == [("pool_size", (2, 20)), ("batch_size", (100,))]
    assert plan(bench).factors == ()


def test_runs_count_the_confirmation(bench):
    assert plan(bench, confirm=4).runs == 2 * 6 + 1 + 2 * 4 + 1
    assert plan(bench, confirm=4, settling=False).runs == 2 * 6 + 2 * 4


def test_fraction_is_balanced_and_keeps_the_baseline(bench):
    factors = {"pool_size": [20], "batch_size": [100], "partitions": [1]}
    found = plan(bench, variants=[], factors=factors, crossing="fractional")
    assert len(found.arms) == 4
    for knob, (value,) in factors.items():
        assert sum(arm.variant[knob] == value for arm in found.arms) == 2


def test_rate_is_an_open_model_of_that_height(bench):
    found = plan(bench, load={"rate": 150, "scale": 0.5}).load
    assert (found.model, found.profile.peak_vus, found.length_s) == ("open", 150, 40)
    assert plan(bench, load={"vus": 40}).load.model == "closed"


def test_identical_arms_only_for_the_noise(bench):
    found = plan(bench, a_a=True, variants=[])
    assert [arm.name for arm in found.arms] == ["baseline", "again"]
    assert found.arms[0].variant.settings == found.arms[1].variant.settings


MISTAKES = [
    ({"a_a": True}, "'pool_size=20' has another pool_size than 'baseline': 20, not 10"),
    ({"a_a": True, "variants": [], "factors": {"pool_size": [5]}}, "'pool_size=5' has another pool_size"),
    ({"variants": [{"pool_sze": 3}]}, "Did you mean pool_size"),
    ({"variants": [{"pool_size": 0}]}, "pool_size cannot be 0"),
    ({"variants": [{"name": "x", "st": {}}]}, "Did you mean set"),
    ({"variants": []}, "compares nothing"),
    ({"variants": [{"pool_size": 10}]}, "is the same as 'baseline'"),
    ({"variants": [{"pool_size": 5}, {"pool_size": 5}]}, "two arms named 'pool_size=5'"),
    ({"variants": 3}, "it is a list"),
    ({"variants": [3]}, "A variant cannot be 3"),
    ({"variants": [{"set": {"pool_size": 20}, "against": "nobody"}]}, "Arm 'nobody' is not known"),
    ({"variants": [{"set": {"pool_size": 20}, "metric": "speed"}]}, "Metric 'speed'"),
    ({"blocks": 1}, "cannot have 1 block"),
    ({"blocks": 0}, "cannot have 0 blocks"),
    ({"blocks": 1000}, "100 are the most"),
    ({"variants": [{"set": {"pool_size": 20}, "trap": "yes"}]}, "trap cannot be 'yes'"),
    ({"confirm": 1}, "confirm: cannot have 1 block"),
    ({"confirm": -6}, "confirm: cannot have -6 blocks"),
    ({"confirm": True}, "confirm cannot be True"),
    ({"blocks": "six"}, "it is a whole number"),
    ({"metric": "accept_p59_ms"}, "Did you mean accept_p"),
    ({"metric": None}, "names no metric"),
    ({"metric": {"name": "accept_p95_ms", "better": "more"}}, "Direction 'more'"),
    ({"metric": {"name": "accept_p95_ms", "margin": 10}}, "margin 10"),
    ({"also": ["cpu"]}, "Metric 'cpu'"),
    ({"load": "stedy"}, "Did you mean steady"),
    ({"load": {"profile": "steady", "scal": 1}}, "Did you mean scale"),
    ({"load": {"profile": "steady", "scale": "huge"}}, "Scale"),
    ({"load": {"rate": 0}}, "The load cannot be 0"),
    ({"load": {"rate": 5, "vus": 5}}, "both rate and vus"),
    ({"baseline": "reprot"}, "Did you mean report"),
    ({"crossing": "full"}, "crossing needs factors"),
    ({"factors": {"pool_size": [5]}, "crossing": "half"}, "Crossing 'half'"),
    ({"factors": {"pool_size": [5]}, "crossing": "fractional"}, "three factors"),
    ({"factors": {"pool_size": 5}}, "it is a list of values"),
    ({"constraints": {"invariants": False}}, "faster but wrong"),
    ({"constraints": {"thresholds": ["p95 small"]}}, "is not one"),
    ({"constraints": {"thresholds": ["p95<3"]}}, "Metric 'p95'"),
    ({"sead": 4}, "Did you mean seed"),
    ({"seed": True}, "seed cannot be True"),
    ({"budget_minutes": "1 h"}, "it is a finite number"),
    ({"budget_minutes": float("nan")}, "budget_minutes cannot be nan"),
    ({"budget_minutes": float("inf")}, "budget_minutes cannot be inf"),
    ({"budget_minutes": 10**400}, "budget_minutes cannot be 1000"),
    ({"metric": {"name": "accept_p95_ms", "margin": float("nan")}}, "margin cannot be nan"),
    ({"load": {"scale": None}}, "Scale None is not known"),
    ({"load": {"scale": [1]}}, "Scale [1] is not known"),
    ({"load": {"scale": True}}, "Scale True is not known"),
    ({"load": {"scale": 10**400}}, "Scale 1000"),
    ({"constraints": {"thresholds": ["success_rate>=nan"]}}, "'success_rate>=nan' is not one"),
    ({"constraints": {"thresholds": ["success_rate<inf"]}}, "'success_rate<inf' is not one"),
]


@pytest.mark.parametrize(("fields", "words"), MISTAKES, ids=[str(fields) for fields, _ in MISTAKES])
def test_mistake_is_one_sentence(bench, fields, words):
    with pytest.raises(UsageError) as refused:
        plan(bench, **fields)
    assert words in refused.value.sentence
    assert "\n" not in refused.value.sentence


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n- b\n", "is not a plan"),
        ("", "it holds nothing"),
        ("a: [1\n", "is not YAML"),
        ("a: !!python/object/apply:os.system ['true']\n", "is not YAML"),
        ("x: " + "y" * 100_000, "too large"),
        ("name: 2026-13-45\n", "is not YAML"),
        ("seed: " + "9" * 5000, "is not YAML"),
    ],
    ids=["list", "empty", "broken", "object", "huge", "no such day", "endless number"],
)
def test_file_that_is_no_plan(bench, tmp_path, text, words):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        open_plan(bench, str(path))
    assert words in refused.value.sentence


def test_binary_file_is_no_plan(bench, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="is not a text"):
        open_plan(bench, str(path))


def test_plan_is_found_by_name_or_path_and_its_mistake_names_the_file(bench, tmp_path):
    with pytest.raises(UsageError, match="Did you mean"):
        open_plan(bench, "pool-sise")
    path = tmp_path / "mine.yaml"
    path.write_text("metric: accept_p95_ms\nvariants: [{pool_size: 20}]\n")
    assert open_plan(bench, str(path), blocks=3).blocks == 3
    path.write_text("metric: accept_p95_ms\nvariants: [{pool_size: 20}]\nblocks: 1\n")
    with pytest.raises(UsageError, match=r"mine\.yaml: "):
        open_plan(bench, str(path))


@pytest.mark.parametrize("name", sorted(path.stem for path in (PROJECT / "plans").glob("*.yaml")))
def test_every_shipped_plan_can_be_read(bench, name):
    found = open_plan(bench, name)
    assert found.name == name
    assert found.title
    assert len(found.arms) <= 9
    assert set(shipped(bench)) >= {name}


def test_traps_of_section_6_are_marked(bench):
    assert [arm.name for arm in open_plan(bench, "section-6").arms if arm.trap] == ["pool", "partitions"]
    assert [arm.trap for arm in open_plan(bench, "partitions").arms] == [False, False, False, True]
