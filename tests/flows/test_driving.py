"""Many runs in a row: what a failure stops, what is kept, and what the user is told."""

import shutil

import pytest

from rushlab.flows import driving
from rushlab.flows.report import ReportOrder
from rushlab.flows.workbench import Silent, Workbench
from rushlab.model.errors import Interrupted, LoadError, StackError, StorageError
from rushlab.world.folders import create_run
from rushlab.world.settings import Settings
from rushlab.world.stack.backend import ServerStatus


class FakeBackend:
    """A stack that only remembers what it was told."""

    name = "fake"

    def __init__(self, *servers):
        self.servers = [ServerStatus(name=name, state="running", pid=1, port=None, version=None) for name in servers]
        self.told = []

    def status(self):
        return self.servers

    def up(self, step):
        self.told.append("up")

    def down(self, step):
        self.told.append("down")


@pytest.fixture
def bench(tmp_path):
    return Workbench.open(Settings(state=tmp_path / "state", data=tmp_path / "data"))


@pytest.fixture
def backend(monkeypatch):
    fake = FakeBackend()
    monkeypatch.setattr(Workbench, "backend", lambda self, name="native": fake)
    return fake


@pytest.fixture
def outcomes(monkeypatch, bench):
    """Give each run its outcome: None for a run that ends, else the error it raises."""

    def plan(*errors):
        left = list(errors)

        def execute(bench, backend, order, listener):
            if (error := left.pop(0)) is not None:
                raise error
            return create_run(
                bench.settings.runs, order.profile, order.scale, order.variant, model="closed", environment={}
            )

        monkeypatch.setattr(driving, "execute", execute)

    return plan


def drive(bench):
    order = ReportOrder.parse(bench, variants="report", scale="demo", profiles="smoke,load,peak-1500")
    return driving.drive_all(bench, order, Silent())


def test_failed_run_does_not_stop_the_others(bench, backend, outcomes):
    outcomes(None, StackError("Kafka did not come up"), None)
    driven = drive(bench)
    assert [folder.record.profile.name for folder in driven.runs] == ["smoke", "peak-1500"]
    assert driven.missing == ["load · report: Kafka did not come up."]
    assert backend.told == ["up", "down"]


def test_what_would_refuse_a_run_late_is_asked_before_anything_starts(bench, backend, outcomes, monkeypatch):
    outcomes()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(2**30, 2**30, 0))
    with pytest.raises(StorageError, match="too full for 3 runs of smoke, load, peak-1500"):
        drive(bench)
    assert backend.told == []


def test_interrupted_report_names_the_runs_that_are_kept_and_stops_the_stack(bench, backend, outcomes):
    outcomes(None, KeyboardInterrupt())
    with pytest.raises(Interrupted, match="after 1 of 3 runs: interrupted") as caught:
        drive(bench)
    kept = next(bench.settings.runs.iterdir()).name
    assert caught.value.sentence.endswith(f"rushlab report --from {kept}")
    assert caught.value.exit_code == 130
    assert backend.told == ["up", "down"]


def test_full_disk_ends_everything_and_names_what_is_kept(bench, backend, outcomes):
    outcomes(None, StorageError("Cannot write x", "No space left on device"))
    with pytest.raises(StorageError, match=r"No space left on device.*--from"):
        drive(bench)


def test_interruption_before_the_first_run_ended_has_nothing_to_name(bench, backend, outcomes):
    outcomes(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        drive(bench)
    assert backend.told == ["up", "down"]


def test_stack_that_was_up_before_stays_up(bench, backend, outcomes):
    bench.up("native", print)
    backend.servers = FakeBackend("redis").servers
    outcomes(None, None, None)
    drive(bench)
    assert backend.told == ["up", "up"]


def test_missing_k6_is_said_once_before_anything_starts(bench, backend, monkeypatch):
    def nowhere():
        raise LoadError("k6 is not here")

    monkeypatch.setattr(driving, "find_k6", nowhere)
    with pytest.raises(LoadError, match="k6 is not here"):
        drive(bench)
    assert backend.told == []


def test_repeats_stand_back_to_back(bench):
    order = ReportOrder.parse(bench, variants="report,recommended", scale="demo", profiles="smoke", repeat=2)
    planned = [(one.variant.name, one.seed) for one in driving.orders(bench, order)]
    assert planned == [("report", 1), ("report", 2), ("recommended", 1), ("recommended", 2)]


def test_servers_that_a_killed_run_left_are_stopped_with_the_next_one(bench, backend, outcomes):
    backend.servers = FakeBackend("redis").servers
    outcomes(None, None, None)
    drive(bench)
    assert backend.told == ["up", "down"]


def test_what_was_up_before_the_machine_was_started_anew_does_not_stay(bench, backend, outcomes):
    bench.up("native", print)
    outcomes(*[None] * 6)
    drive(bench)
    backend.servers = FakeBackend("redis").servers  # left by a killed run
    drive(bench)
    assert backend.told == ["up", *["up", "down"] * 2]


def test_stack_that_was_taken_down_does_not_stay_up_again(bench, backend, outcomes):
    bench.up("native", print)
    bench.down("native", print)
    backend.servers = FakeBackend("redis").servers
    outcomes(None, None, None)
    drive(bench)
    assert backend.told == ["up", "down", "up", "down"]
