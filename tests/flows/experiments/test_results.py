"""What an experiment says: who counts, who is red, what is excluded, and what is known of the noise."""

import json

import jsonschema
import numpy as np
import pytest
from msgspec.structs import replace

from rushlab.cli.main import main
from rushlab.flows.experiments import exit_code, open_result, result_json, trials
from rushlab.model.comparison import Outcome
from rushlab.model.errors import LoadError, ResultError
from rushlab.model.verdict import ExitCode, Status, Validity
from rushlab.show.experiment import headline
from rushlab.world.experiments import open_experiment, run_of
from rushlab.world.settings import PROJECT

NOISE = np.random.default_rng(3).normal(0, 0.02, size=(100, 32))


def faster(factor):
    """`pool_size=20` takes `factor` of the baseline's time, with 2 % noise."""
    return lambda arm, block: (
        100 * (factor if arm == "pool_size=20" else 1) * float(np.exp(NOISE[block, len(arm) % 32]))
    )


def status(result, name):
    return next(check for check in result.checks if check.id == name).status


def test_planted_effect_is_found(bench, driver, tuning, plan):
    driver.value = faster(0.7)
    result = open_result(bench, str(tuning.start(plan(blocks=6)).path))
    found = result.comparison("pool_size=20")
    assert found.verdict is Outcome.BETTER
    assert found.ratio == pytest.approx(0.7, rel=0.05)
    assert result.ranking == ("pool_size=20",)
    assert "'pool_size=20' is better than 'baseline'" in result.sentence
    assert status(result, "V11") is Status.PASS
    assert exit_code(result) is ExitCode.OK
    assert result.arm("pool_size=20").changes == {"pool_size": 20}


def test_without_a_noise_floor_it_is_exploratory(bench, driver, tuning, plan):
    driver.value = faster(0.7)
    result = open_result(bench, str(tuning.start(plan(blocks=6)).path))
    assert status(result, "V12") is Status.UNKNOWN
    assert "noise floor" in result.exploratory
    tuning.start(plan(a_a=True, variants=[], blocks=6))
    again = open_result(bench, result.experiment)
    assert status(again, "V12") is Status.PASS
    assert again.exploratory is None
    assert again.noise_of("accept_p95_ms").sd == pytest.approx(0.02 * 2**0.5, rel=0.6)


def test_noise_of_other_servers_does_not_count(bench, driver, tuning, plan):
    driver.value = faster(1)
    tuning.start(plan(a_a=True, variants=[], blocks=6))
    driver.environment = driver.environment | {"versions": {"redis": "8"}}
    result = open_result(bench, str(tuning.start(plan(blocks=6)).path))
    assert status(result, "V12") is Status.UNKNOWN


def test_few_noise_blocks_fail_the_check(bench, driver, tuning, plan):
    driver.value = faster(1)
    tuning.start(plan(a_a=True, variants=[], blocks=3))
    result = open_result(bench, str(tuning.start(plan(blocks=6)).path))
    assert status(result, "V12") is Status.FAIL
    assert result.exploratory


def test_screening_says_so(bench, driver, tuning, plan):
    driver.value = faster(0.7)
    result = open_result(bench, str(tuning.start(plan(blocks=3)).path))
    assert "screening" in result.exploratory
    assert result.sentence.startswith("Exploratory")


def test_faster_but_wrong_is_never_ranked(bench, driver, tuning, plan):
    driver.value = faster(0.5)
    driver.audit = lambda arm, block: Status.FAIL if (arm, block) == ("pool_size=20", 2) else Status.PASS
    result = open_result(bench, str(tuning.start(plan(blocks=6)).path))
    assert result.arm("pool_size=20").red
    assert result.ranking == ()
    assert result.comparison("pool_size=20").verdict is None
    assert "I1 failed" in result.comparison("pool_size=20").reason
    assert status(result, "V3") is Status.FAIL
    assert exit_code(result) is ExitCode.INVARIANT_FAILED


def test_wrong_baseline_leaves_nothing_to_compare_with(bench, driver, tuning, plan):
    driver.value = faster(0.5)
    driver.audit = lambda arm, block: Status.FAIL if arm == "baseline" else Status.PASS
    result = open_result(bench, str(tuning.start(plan(blocks=6)).path))
    assert result.comparison("pool_size=20").verdict is None


def test_invalid_run_is_excluded_with_its_reason(bench, driver, tuning, plan):
    driver.value = faster(0.7)
    driver.validity = lambda arm, block: Validity.INVALID if (arm, block) == ("baseline", 3) else Validity.VALID
    result = open_result(bench, str(tuning.start(plan(blocks=6)).path))
    found = result.comparison("pool_size=20")
    assert found.k == 5
    assert [(one.block, one.variant) for one in found.excluded] == [("3", "baseline")]
    assert "INVALID" in found.excluded[0].reason
    assert exit_code(result) is ExitCode.INVALID


def test_too_many_exclusions_give_no_verdict(bench, driver, tuning, plan):
    driver.value = faster(0.7)
    driver.validity = lambda arm, block: Validity.INVALID if arm == "baseline" and block < 3 else Validity.VALID
    result = open_result(bench, str(tuning.start(plan(blocks=6)).path))
    assert result.comparison("pool_size=20").verdict is None


def test_failed_run_is_excluded_and_said_in_the_design(bench, driver, tuning, plan):
    driver.value = faster(0.7)

    def fail(position):
        if position == 2:
            raise LoadError("k6 failed")

    driver.before = fail
    result = open_result(bench, str(tuning.start(plan(blocks=6)).path))
    assert result.comparison("pool_size=20").k == 5
    assert status(result, "V11") is Status.WARN
    assert [run.objection for run in result.runs if run.objection] == ["k6 failed."]


def test_edited_or_missing_run_is_excluded_by_one_sentence(bench, driver, tuning, plan):
    driver.value = faster(0.7)
    folder = tuning.start(plan(blocks=6))
    edited = run_of(folder, folder.planned.places[3], bench.settings.runs)
    (edited.path / "measures.json").write_text("{}")
    result = open_result(bench, "last")
    (objection,) = [run.objection for run in result.runs if run.objection]
    assert "was changed after it was verified: measures.json" in objection


def test_run_of_another_place_of_the_same_experiment_is_named_by_its_place(bench, tuning, plan):
    folder = tuning.start(plan(blocks=6))
    first, second = (folder.slot(place) for place in folder.planned.measured[:2])
    folder.record(replace(first, run=second.run, digest=second.digest))
    other = folder.planned.measured[1]
    (objection,) = [run.objection for run in open_result(bench, "last").runs if run.objection]
    assert f"it was made for position 2 of this experiment, block {other.block}, {other.arm!r}" in objection


def test_constraint_bars_a_variant(bench, driver, tuning, plan):
    driver.value = faster(0.5)
    driver.others = {"success_rate": 0.5}
    result = open_result(
        bench, str(tuning.start(plan(blocks=6, constraints={"thresholds": ["success_rate>=0.85"]})).path)
    )
    assert result.ranking == ()
    assert "success_rate>=0.85 is not met" in result.arm("pool_size=20").bar


def test_unknown_metric_of_a_run_has_its_reason(bench, driver, tuning, plan):
    driver.value = lambda arm, block: None if (arm, block) == ("baseline", 1) else 100.0
    result = open_result(bench, str(tuning.start(plan(blocks=6)).path))
    assert "the test says so" in result.comparison("pool_size=20").excluded[0].reason


def test_secondary_metrics_are_exploratory(bench, driver, tuning, plan):
    driver.value = faster(0.7)
    result = open_result(bench, str(tuning.start(plan(blocks=6, also=["throughput_per_s"])).path))
    assert result.comparison("pool_size=20").declared
    assert not result.comparison("pool_size=20", "throughput_per_s").declared


def test_interim_result_counts_whole_blocks_only(bench, driver, tuning, plan):
    driver.value = faster(0.7)

    def stop(position):
        if position == 6:
            raise KeyboardInterrupt

    driver.before = stop
    with pytest.raises(Exception, match="--resume"):
        tuning.start(plan(blocks=6))
    result = open_result(bench, "last")
    assert not result.complete
    assert {run.block for run in result.runs} == {1, 2}


def test_nothing_made_yet(bench, driver, tuning, plan):
    def stop(position):
        if position == 1:
            raise KeyboardInterrupt

    driver.before = stop
    with pytest.raises(Exception, match="--resume"):
        tuning.start(plan())
    with pytest.raises(ResultError, match="No block"):
        open_result(bench, "last")
    with pytest.raises(ResultError, match="no experiment 'nothing'"):
        open_result(bench, "nothing")


def test_same_files_same_bytes(bench, driver, tuning, plan):
    driver.value = faster(0.9)
    variants = [{"pool_size": size} for size in range(11, 20)]
    folder = tuning.start(plan(blocks=6, variants=variants[:3]))
    first = json.dumps(result_json(open_result(bench, str(folder.path))))
    assert first == json.dumps(result_json(open_result(bench, str(folder.path))))
    assert open_experiment(bench.settings.experiments, "last").progress.complete


def test_json_follows_its_schema(bench, driver, tuning, plan):
    driver.value = faster(0.7)
    driver.audit = lambda arm, block: Status.FAIL if block == 2 else Status.PASS
    written = result_json(open_result(bench, str(tuning.start(plan(blocks=3, also=["confirm_p50_ms"])).path)))
    schema = json.loads((PROJECT / "docs/schemas/experiment.schema.json").read_text())
    jsonschema.validate(json.loads(json.dumps(written, allow_nan=False)), schema)


def test_arm_is_held_against_another_and_judged_by_its_own_metric(bench, driver, tuning, plan):
    driver.value = faster(0.7)
    variants = [
        {"name": "pool_size=20", "set": {"pool_size": 20}},
        {"name": "more", "set": {"pool_size": 40}, "against": "pool_size=20"},
        {"name": "batches", "set": {"batch_size": 5}, "metric": "confirm_rate_per_s"},
    ]
    result = open_result(bench, str(tuning.start(plan(blocks=6, variants=variants)).path))
    more = result.comparison("more")
    assert (more.baseline, more.verdict) == ("pool_size=20", Outcome.WORSE)
    assert more.ratio == pytest.approx(1 / 0.7, rel=0.05)
    assert result.comparison("batches", "confirm_rate_per_s").declared
    assert not result.comparison("batches").declared
    assert result.ranking == ("pool_size=20",)
    assert {one.baseline for one in result.shifts if one.variant == "more"} == {"pool_size=20"}


def test_the_headline_has_what_was_declared_and_nothing_else(bench, driver, tuning, plan):
    driver.value = faster(0.7)
    variants = [{"pool_size": 20}, {"name": "batches", "set": {"batch_size": 5}, "metric": "confirm_rate_per_s"}]
    result = open_result(bench, str(tuning.start(plan(blocks=6, variants=variants, also=["accept_p50_ms"])).path))
    _, pool, batches, *others = [one.sentence for one in headline(result)]
    assert pool.startswith("pool_size=20 is better than baseline")
    assert batches.startswith("confirmed per second: batches is equivalent to baseline")
    assert others == []


def test_only_experiments_that_stand_settle_a_guess(bench, driver, tuning, plan):
    driver.value = faster(0.7)
    tuning.start(plan(blocks=6))
    assert trials(bench, driver.environment) == (), "without a noise floor it is exploratory"
    tuning.start(plan(a_a=True, variants=[], blocks=6))
    (found,) = trials(bench, driver.environment)
    assert (found.changes, found.verdict) == ({"pool_size": (10, 20)}, "better")
    driver.value = faster(1.4)
    tuning.start(plan(blocks=6))
    (found,) = trials(bench, driver.environment)
    assert found.verdict == "worse", "of each plan its newest experiment counts"
    assert trials(bench, driver.environment | {"versions": {"redis": "8"}}) == ()


def test_a_trial_keeps_its_reason_and_its_load_in_words_and_says_whether_its_metric_is_a_rate(
    bench, driver, tuning, plan
):
    driver.value = faster(0.7)
    tuning.start(plan(a_a=True, variants=[], blocks=6))
    driver.others = {"confirm_rate_per_s": 50.0}
    batches = {"name": "batches", "set": {"batch_size": 5}, "metric": "confirm_rate_per_s"}
    tuning.start(plan(blocks=6, variants=[{"pool_size": 20}, batches], load={"profile": "steady", "scale": 0.6}))
    pool, rate = trials(bench, driver.environment)
    assert (pool.rate, rate.rate, rate.verdict) == (False, True, "equivalent")
    assert pool.load == rate.load == "steady, 500 users, scale 0.6"
    assert "differs (" in pool.reason


def test_exported_by_the_command_that_exports_runs(bench, driver, tuning, plan, monkeypatch, tmp_path, capsys):
    driver.value = faster(0.7)
    folder = tuning.start(plan(blocks=3))
    target = tmp_path / "result.json"
    command = ["rushlab", "export", folder.planned.id, "--to", "json", "--out", str(target)]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0, capsys.readouterr().err
    assert json.loads(target.read_text())["experiment"] == folder.planned.id
    monkeypatch.setattr("sys.argv", [*command[:4], "junit"])
    with pytest.raises(SystemExit) as refused:
        main()
    assert refused.value.code == 2
    assert "there are html and json" in capsys.readouterr().err
