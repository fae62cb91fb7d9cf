"""An experiment's way: plan first, drawn order, failures excluded, resumed after any kill from whole runs only."""

import json
import shutil

import pytest

from rushlab.flows.resuming import find_unfinished
from rushlab.flows.tune import draw_places
from rushlab.model.errors import Interrupted, LoadError, ResultError, StorageError, UsageError
from rushlab.model.experiment import SlotState
from rushlab.model.run import State
from rushlab.world.experiments import all_experiments, open_experiment, run_of
from rushlab.world.folders import all_runs


def newest(bench):
    return open_experiment(bench.settings.experiments, "last")


def stop_at(driver, tuning, plan, place):
    """An experiment interrupted before the run of that position; whatever comes after is not."""

    def interrupt(position):
        if position == place:
            raise KeyboardInterrupt

    driver.before = interrupt
    with pytest.raises(Interrupted):
        tuning.start(plan())
    driver.before = lambda position: None


def test_plan_is_on_disk_with_its_order_before_the_first_run(bench, driver, tuning, plan):
    seen = []
    driver.before = lambda position: seen.append(newest(bench).planned) if position == 0 else None
    folder = tuning.start(plan())
    assert seen == [folder.planned]
    assert folder.planned.places == draw_places(plan())
    assert folder.planned.environment["versions"] == {"redis": "7"}


def test_every_block_runs_every_arm_once_from_the_same_load(driver, tuning, plan):
    folder = tuning.start(plan())
    assert len(driver.orders) == 1 + 3 * 2
    for block in (1, 2, 3):
        made = [order for order in driver.orders if order.labels["experiment"]["block"] == block]
        assert {order.labels["experiment"]["arm"] for order in made} == {"baseline", "pool_size=20"}
        assert {order.seed for order in made} == {5 + block}
        assert {order.drain_limit_s for order in made} == {20}
    assert folder.progress.complete
    assert [driver.orders[i].labels["experiment"]["position"] for i in range(7)] == list(range(7))


def test_a_plan_without_room_for_its_runs_starts_nothing(bench, driver, tuning, plan, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(2**30, 2**30, 0))
    with pytest.raises(StorageError, match="too full for 7 runs of"):
        tuning.start(plan())
    assert driver.orders == []
    assert list(all_experiments(bench.settings.experiments)) == []


def test_an_experiment_goes_on_when_there_is_room_for_what_is_left_of_it(driver, tuning, plan, monkeypatch):
    stop_at(driver, tuning, plan, 5)
    asked = []
    monkeypatch.setattr("rushlab.flows.tune.require_room", lambda bench, orders: asked.append(len(orders)))
    assert tuning.resume(newest(tuning.bench)).progress.complete
    assert asked == [2]


def test_same_seed_same_order(plan):
    assert draw_places(plan(blocks=6)) == draw_places(plan(blocks=6))
    assert draw_places(plan(blocks=6)) != draw_places(plan(blocks=6, seed=6))


def test_without_settling_run(driver, tuning, plan):
    tuning.start(plan(settling=False))
    assert len(driver.orders) == 6


def test_failed_run_is_excluded_and_not_replaced(bench, driver, tuning, plan):
    def fail(position):
        if position == 2:
            raise LoadError("k6 failed", "exit code 107")

    driver.before = fail
    folder = tuning.start(plan())
    slot = folder.progress.slots[2]
    assert (slot.state, slot.problem) == (SlotState.EXCLUDED, "k6 failed: exit code 107.")
    assert folder.progress.complete
    with pytest.raises(UsageError, match="no unfinished"):
        find_unfinished(bench, plan())


def test_experiment_that_cannot_succeed_any_more_stops(bench, driver, tuning, plan):
    def fail(position):
        if position > 0:
            raise LoadError("k6 failed")

    driver.before = fail
    with pytest.raises(ResultError, match="2 of 6 runs are excluded, more than 20%"):
        tuning.start(plan())
    assert len(driver.orders) == 3


def test_settling_run_that_fails_stops_at_once(driver, tuning, plan):
    driver.before = lambda position: (_ for _ in ()).throw(LoadError("k6 is missing"))
    with pytest.raises(LoadError):
        tuning.start(plan())
    assert len(driver.orders) == 1


@pytest.mark.parametrize("position", range(7))
@pytest.mark.parametrize("after", [False, True], ids=["in mid-run", "before it was recorded"])
def test_killed_anywhere_it_resumes_from_whole_runs(bench, driver, tuning, plan, killing, position, after):
    killing(position, after=after)
    with pytest.raises(BaseException, match=r"\d+"):
        tuning.start(plan())
    killing(None)
    killing(None, after=True)
    before = len(driver.orders)
    folder = tuning.resume(find_unfinished(bench, plan()))
    assert folder.progress.complete
    assert len(driver.orders) - before == 7 - position - (1 if after else 0), "no whole run is made twice"
    runs = [run_of(folder, place, bench.settings.runs) for place in folder.planned.places]
    assert len({run.record.id for run in runs}) == 7
    assert len(list(all_experiments(bench.settings.experiments))) == 1


def test_interrupted_says_how_to_go_on(bench, driver, tuning, plan):
    def interrupt(position):
        if position == 4:
            raise KeyboardInterrupt

    driver.before = interrupt
    with pytest.raises(Interrupted, match=r"stopped after 4 of 7 runs.*--resume"):
        tuning.start(plan())
    driver.before = lambda position: None
    assert tuning.resume(newest(bench)).progress.complete


def test_full_disk_stops_and_is_resumable(bench, driver, tuning, plan):
    def full(position):
        if position == 3:
            raise StorageError("Cannot write", "No space left on device")

    driver.before = full
    with pytest.raises(StorageError, match="--resume"):
        tuning.start(plan())
    driver.before = lambda position: None
    folder = tuning.resume(newest(bench))
    assert folder.progress.complete
    assert folder.progress.excluded == 0


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda run: (run.path / "measures.json").write_text("{}"), "was changed after it was verified: measures.json"),
        (lambda run: (run.path / "measures.json").unlink(), "measures.json"),
        (lambda run: (run.path / "run.json").unlink(), "is missing"),
        (lambda run: _edit(run.path / "run.json", "5000", "6000"), "run.json"),
        (lambda run: _edit(run.path / "run.json", '"pool_size": ', '"pool_size": 1'), "is not that of"),
    ],
    ids=["edited", "cut", "missing", "record", "foreign"],
)
def test_run_that_is_not_whole_any_more_is_driven_again(bench, driver, tuning, plan, harm, words):
    stop_at(driver, tuning, plan, 6)
    folder = newest(bench)
    harm(run_of(folder, folder.planned.places[3], bench.settings.runs))
    before = len(driver.orders)
    folder = tuning.resume(newest(bench))
    assert [order.labels["experiment"]["position"] for order in driver.orders[before:]] == [3, 6]
    assert words in folder.progress.slots[3].again[0]
    assert folder.progress.complete


def _edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_other_machine_or_servers_are_refused(bench, driver, tuning, plan, killing):
    killing(3)
    with pytest.raises(BaseException, match=r"\d+"):
        tuning.start(plan())
    driver.environment = driver.environment | {"versions": {"redis": "8"}}
    with pytest.raises(ResultError, match="its versions was"):
        tuning.resume(newest(bench))


def test_changed_plan_is_no_resumption(bench, tuning, plan, killing):
    killing(3)
    with pytest.raises(BaseException, match=r"\d+"):
        tuning.start(plan())
    with pytest.raises(UsageError, match="fixed before the first run"):
        find_unfinished(bench, plan(seed=4))


def test_edited_plan_or_state_is_one_sentence(bench, tuning, plan):
    folder = tuning.start(plan())
    text = (folder.path / "plan.json").read_text()
    (folder.path / "plan.json").write_text(text.replace('"margin": 0.1', '"margin": 0.5'))
    with pytest.raises(ResultError, match="was changed after it was written"):
        newest(bench)
    (folder.path / "plan.json").write_text("{")
    with pytest.raises(ResultError, match="is damaged"):
        newest(bench)
    (folder.path / "plan.json").write_text(text)
    state = json.loads((folder.path / "state.json").read_text())
    (folder.path / "state.json").write_text(json.dumps(state | {"id": "another"}))
    with pytest.raises(ResultError, match="that of another one"):
        newest(bench)
    (folder.path / "state.json").unlink()
    with pytest.raises(ResultError, match="is missing"):
        newest(bench)


def test_a_plan_on_disk_that_cannot_be_is_one_sentence_and_hides_no_other(bench, tuning, plan):
    kept, folder = tuning.start(plan()), tuning.start(plan(seed=6))
    path = folder.path / "plan.json"
    path.write_text(path.read_text().replace('"a_a": false', '"a_a": true'))
    with pytest.raises(ResultError, match="cannot be: Plan 'pools' measures the noise of one setting"):
        newest(bench)
    assert [one.planned.id for one in all_experiments(bench.settings.experiments)] == [kept.planned.id]


def test_dead_runs_are_buried_and_none_is_used(bench, tuning, plan, killing):
    killing(2)
    with pytest.raises(BaseException, match=r"\d+"):
        tuning.start(plan())
    killing(None)
    folder = tuning.resume(newest(bench))
    aborted = [run for run in all_runs(bench.settings.runs) if run.record.state is State.ABORTED]
    assert len(aborted) == 1
    assert aborted[0].record.id not in {slot.run for slot in folder.progress.slots}


def test_after_every_block_somebody_is_told(bench, driver, plan, tuning):
    import dataclasses

    told = []
    dataclasses.replace(tuning, after_block=lambda folder, block: told.append(block)).start(plan())
    assert told == [1, 2, 3]


def test_what_another_workbench_drove_meanwhile_is_not_driven_again(bench, driver, tuning, plan):
    stop_at(driver, tuning, plan, 5)
    seen = newest(bench)
    tuning.resume(newest(bench))
    before = len(driver.orders)
    assert tuning.resume(seen).progress.complete
    assert len(driver.orders) == before
