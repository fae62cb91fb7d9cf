"""compare A B and named baselines: paired where it can be, refused where it must be, exit 3 when worse."""

import sys

import numpy as np
import pytest

from rushlab.cli.main import main
from rushlab.flows.comparing import compare_named, compare_two, name_subject, open_pair
from rushlab.flows.comparing_subjects import find_subject
from rushlab.model.comparison import Design, Outcome
from rushlab.model.errors import ResultError, UsageError
from rushlab.model.metric import METRICS
from rushlab.model.verdict import ExitCode, Status, Validity

NOISE = np.random.default_rng(7).normal(0, 0.02, size=(100, 32))


def values(**factors):
    """Arm → factor on 100 ms, with 2 % noise."""
    return lambda arm, block: 100 * factors.get(arm, 1.0) * float(np.exp(NOISE[block, len(arm) % 32]))


@pytest.fixture
def two_sizes(driver, tuning, plan):
    """An experiment whose `large` pool takes 0.7 of the time."""
    driver.value = values(large=0.7)
    return tuning.start(plan(blocks=6, variants=[{"name": "large", "set": {"pool_size": 20}}])).planned.id


def test_arms_of_one_experiment_are_paired_over_its_blocks(bench, two_sizes):
    found = compare_two(bench, f"{two_sizes}:large", f"{two_sizes}:baseline")
    primary = next(one for one in found if one.metric == "accept_p95_ms")
    assert primary.design is Design.RANDOMISED
    assert primary.ratio == pytest.approx(1 / 0.7, rel=0.05)
    assert primary.k == 6
    assert primary.verdict is Outcome.WORSE


def test_two_experiments_are_compared_arm_by_arm_without_a_verdict(bench, driver, tuning, plan, two_sizes):
    driver.value = values(large=0.7, baseline=2.0)
    second = tuning.start(plan(blocks=3, variants=[{"name": "large", "set": {"pool_size": 20}}])).planned.id
    found = [one for one in compare_two(bench, two_sizes, second) if one.metric == "accept_p95_ms"]
    assert [one.variant.rpartition(":")[2] for one in found] == ["baseline", "large"]
    assert [one.ratio for one in found] == pytest.approx([2.0, 1.0], rel=0.05)
    assert {one.verdict for one in found} == {None}
    assert {one.design for one in found} == {Design.NOT_INTERLEAVED}
    assert "not interleaved" in found[0].reason
    pair = open_pair(two_sizes, second)
    assert pair.differences == ()
    assert len(pair.shared) == len(compare_two(bench, two_sizes, second))


def test_two_runs_have_a_ratio_and_an_interval_by_the_noise_floor_alone(bench, driver, tuning, plan, two_sizes):
    runs = find_subject(bench, f"{two_sizes}:baseline").runs
    (found,) = [one for one in compare_two(bench, runs[0].run, runs[1].run) if one.metric == "accept_p95_ms"]
    assert found.interval is None
    assert "A/A" in found.reason
    driver.value = values()
    tuning.start(plan(a_a=True, variants=[], blocks=6))
    (found,) = [one for one in compare_two(bench, runs[0].run, runs[1].run) if one.metric == "accept_p95_ms"]
    assert found.interval[0] < found.ratio < found.interval[1]
    assert found.verdict is None


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("host", {"cpu": "b"}, "their host differs: cpu a and b"),
        ("versions", {"redis": "8"}, "their versions differs: redis 7 and 8"),
        ("backend", "docker", "their backend differs"),
    ],
)
def test_unlike_is_refused_with_the_key_unless_told(bench, driver, tuning, plan, two_sizes, key, value, words):
    driver.environment = driver.environment | {key: value}
    other = tuning.start(plan(blocks=3, variants=[{"name": "large", "set": {"pool_size": 20}}])).planned.id
    with pytest.raises(ResultError, match=words):
        compare_two(bench, two_sizes, other)
    found = compare_two(bench, two_sizes, other, anyway=True)
    assert all(words in one.warnings[0] for one in found)


@pytest.mark.parametrize(
    ("load", "key"), [({"scale": 0.5}, "scale"), ({"vus": 40}, "profile"), ({"rate": 500}, "load")]
)
def test_another_load_is_refused(bench, driver, tuning, plan, two_sizes, load, key):
    other = tuning.start(plan(blocks=3, load=load)).planned.id
    with pytest.raises(ResultError, match=f"their {key}"):
        compare_two(bench, two_sizes, other)


def test_names_that_mean_nothing(bench, two_sizes):
    with pytest.raises(UsageError, match="Did you mean large"):
        find_subject(bench, f"{two_sizes}:lagre")
    with pytest.raises(ResultError, match="no experiment 'nothing'"):
        find_subject(bench, "nothing:large")
    with pytest.raises(ResultError, match="no run 'nothing'"):
        find_subject(bench, "nothing")
    with pytest.raises(UsageError, match="nothing to compare"):
        compare_two(bench, f"{two_sizes}:large", f"{two_sizes}:large")


@pytest.mark.parametrize(
    ("factor", "verdict", "code"),
    [
        (2.0, Outcome.WORSE, ExitCode.THRESHOLD_MISSED),
        (0.5, Outcome.BETTER, ExitCode.OK),
        (1.0, Outcome.INCONCLUSIVE, ExitCode.OK),
    ],
)
def test_run_is_held_against_a_named_baseline(bench, driver, tuning, plan, two_sizes, factor, verdict, code):
    name_subject(bench, "main", f"{two_sizes}:baseline", metric=None, margin=None)
    driver.value = values(baseline=factor)
    later = tuning.start(plan(blocks=3, seed=9))
    run = later.progress.slots[1].run if later.planned.places[1].arm == "baseline" else later.progress.slots[2].run
    found, exit_code = compare_named(bench, "main", run)
    assert (found.verdict, exit_code) == (verdict, code)
    assert "drift" in found.warnings[0]


def test_a_wrong_or_invalid_run_is_no_better_than_the_baseline(bench, driver, tuning, plan, two_sizes):
    name_subject(bench, "main", f"{two_sizes}:baseline", metric=None, margin=None)
    driver.audit = lambda arm, block: Status.FAIL
    broken = tuning.start(plan(blocks=3)).progress.slots[1].run
    assert compare_named(bench, "main", broken)[1] is ExitCode.INVARIANT_FAILED
    driver.audit = lambda arm, block: Status.PASS
    driver.validity = lambda arm, block: Validity.INVALID
    invalid = tuning.start(plan(blocks=3)).progress.slots[1].run
    found, code = compare_named(bench, "main", invalid)
    assert (found.verdict, code) == (None, ExitCode.INVALID)
    with pytest.raises(ResultError, match="cannot be a baseline: INVALID"):
        name_subject(bench, "other", invalid, metric=None, margin=None)


def test_baselines_that_cannot_be(bench, two_sizes):
    with pytest.raises(ResultError, match="no baseline 'main'"):
        compare_named(bench, "main", two_sizes)
    with pytest.raises(UsageError, match="Name an arm"):
        name_subject(bench, "main", two_sizes, metric=None, margin=None)
    with pytest.raises(UsageError, match="Metric 'speed'"):
        name_subject(bench, "main", f"{two_sizes}:large", metric="speed", margin=None)
    with pytest.raises(UsageError, match="Margin 2"):
        name_subject(bench, "main", f"{two_sizes}:large", metric=None, margin=2)
    name_subject(bench, "main", f"{two_sizes}:large", metric=None, margin=None)
    with pytest.raises(UsageError, match="Did you mean main"):
        compare_named(bench, "mian", two_sizes)


@pytest.fixture
def rushlab(bench, monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["rushlab", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, " ".join(said.err.split())

    return call


def test_from_the_command_line(rushlab, two_sizes):
    assert rushlab("baseline", "main", f"{two_sizes}:large")[0] == 0
    code, said, _ = rushlab("compare", "--baseline", "main", f"{two_sizes}:baseline")
    assert code == 3
    assert "worse" in said
    assert rushlab("compare", f"{two_sizes}:baseline", f"{two_sizes}:large", "--json")[0] == 0
    assert rushlab("experiment", "last")[0] == 0
    assert rushlab("compare", "one")[0] == 2
    assert rushlab("compare", "one", "two", "--csv", "x")[0] == 2
    assert "There is no run" in rushlab("compare", "one", "two")[2]


def test_terminal_says_of_both_what_was_audited_left_out_and_hashed(rushlab, driver, tuning, plan, bench, two_sizes):
    driver.value = values(large=0.7)
    driver.validity = lambda arm, block: Validity.INVALID if (arm, block) == ("large", 2) else Validity.VALID
    driver.audit = lambda arm, block: Status.FAIL if (arm, block) == ("baseline", 3) else Status.PASS
    second = tuning.start(plan(blocks=6, seed=9, variants=[{"name": "large", "set": {"pool_size": 20}}])).planned.id
    code, said, _ = rushlab("compare", f"{two_sizes}:large", f"{second}:large")
    told = " ".join(said.split())
    assert code == ExitCode.INVALID
    assert f"{two_sizes}:large: 6 runs without a failed invariant; attempts 30,000, lost 0" in told
    assert f"{two_sizes}:large: no run excluded" in told
    assert f"{second}:large: excluded: block 2 (INVALID: as the test wants it)" in told
    hashes = find_subject(bench, second).result.hashes
    assert f"{second}:large: order from seed 9; SHA-256 of plan.json {hashes['plan.json'][:12]}" in told
    record = find_subject(bench, f"{second}:large").runs[0].run
    assert f"{record} {hashes[record][:12]}" in told
    assert f"{second}:large: checks V1 PASS" in told
    told = " ".join(rushlab("compare", f"{two_sizes}:baseline", f"{second}:baseline")[1].split())
    assert f"{second}:baseline: I1 failed in block 3; attempts 30,000" in told
    told = " ".join(rushlab("compare", two_sizes, second)[1].split())
    assert f"{second}: excluded: block 2, large (INVALID: as the test wants it)" in told
    assert "throughput_per_s" not in told
    assert f"accepted per second against {two_sizes}:baseline (higher is better" in told


def test_arms_are_compared_by_every_metric_that_they_have(bench, two_sizes):
    found = {one.metric: one for one in compare_two(bench, f"{two_sizes}:baseline", f"{two_sizes}:large")}
    assert set(found) == set(METRICS)
    assert found["accept_p95_ms"].declared
    assert not found["cpu_ms_per_request"].declared


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tune", "pool-sise"], "Did you mean pool-size"),
        (["tune", "pool-size", "--blocks", "1"], "cannot have 1 block"),
        (["tune", "pool-size", "--scale", "huge"], "Scale"),
        (["tune", "pool-size", "--resume", "--blocks", "3"], "--resume cannot have"),
        (["tune", "pool-size", "--resume"], "no unfinished experiment"),
        (["tune", "pool-size", "--backend", "cloud"], "Backend"),
        (["tune", "section-6", "--scale", "10"], "cannot end within 90 minutes"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_tune_refuses_before_anything_starts(rushlab, bench, arguments, words):
    code, _, error = rushlab(*arguments)
    assert code == 2, error
    assert words in error
    assert not bench.settings.experiments.exists()


def test_experiment_that_is_not_there(rushlab):
    code, _, error = rushlab("experiment", "nothing")
    assert (code, "no experiment 'nothing'" in error) == (1, True)
