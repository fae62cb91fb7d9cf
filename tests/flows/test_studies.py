"""Which of several runs is shown, and that those not shown still count."""

import pytest

from rushlab.flows import studies
from rushlab.flows.report import study_exit_code
from rushlab.flows.studies import shown_run
from rushlab.flows.workbench import Workbench
from rushlab.model.errors import ResultError
from rushlab.model.profile import Profile
from rushlab.model.reference import Reference
from rushlab.model.results import RunFigures, ThresholdResult
from rushlab.model.run import Fault, Load, Run, State, Timing
from rushlab.model.verdict import Audit, ExitCode, Status, Validity, Verdict
from rushlab.show.views import RunView, Study
from rushlab.world.settings import Settings

PROFILE = Profile(name="load", title="Load", purpose="x", executor="constant-vus", pause_s=1, thresholds={}, vus=1)


def view(name, p95, *, validity=Validity.VALID, audit=Status.PASS, variant="recommended", met=True, faults=()):
    run = Run(
        id=name,
        state=State.VERIFIED,
        profile=PROFILE,
        scale=1.0,
        variant=variant,
        knobs={},
        load=Load(model="closed"),
        timing=Timing(created=0.0),
        environment={},
        faults=faults,
        audit=Audit(verdict=audit, invariants=(), counts={}),
        verdict=Verdict(validity=validity, checks=(), reason=""),
    )
    threshold = ThresholdResult(metric="http_req_duration", expression="p(95)<1000", value=p95, passed=met)
    return RunView(run, figures(p95, threshold), None)


def figures(p95, threshold):
    nothing = dict.fromkeys(("mean_ms", "median_ms", "p90_ms", "p99_ms", "max_ms", "rate_per_s", "success_rate"))
    return RunFigures(
        requests=10,
        failed=0,
        p95_ms=p95,
        bound=None,
        bound_share=None,
        outcomes={},
        issued_ms={},
        confirmed=None,
        confirm_ms={},
        drain_s=None,
        thresholds=(threshold,),
        **nothing,
    )


def study(*views, repeats=(), missing=()):
    variants = {one.run.variant: {"load": one} for one in views}
    reference = Reference(source="", notes=(), thresholds={}, environment=(), profiles={})
    return Study(1.0, variants, {}, reference, list(missing), 0.0, tuple(repeats))


def test_median_run_is_shown_and_of_two_the_upper_one():
    runs = [view("a", 30), view("b", 10), view("c", 20)]
    assert shown_run(runs).run.id == "c"
    assert shown_run(runs[:2]).run.id == "a"


def test_run_with_an_objection_is_shown_only_when_there_is_no_other():
    broken = view("fast", 1, audit=Status.FAIL)
    invalid = view("middle", 15, validity=Validity.INVALID)
    assert shown_run([broken, invalid, view("slow", 90)]).run.id == "slow"
    assert shown_run([broken, invalid]).run.id == "middle"


def disturbed(name, p95, process="service"):
    return view(name, p95, faults=(Fault(what="pause", process=process, start=1.0, end=6.0),))


@pytest.fixture
def gathered(tmp_path):
    bench = Workbench.open(Settings(state=tmp_path / "state", data=tmp_path / "data"))
    return lambda *views: studies._study(bench, list(views), [])


def test_a_run_that_was_broken_on_purpose_is_no_repeat_and_shown_only_when_there_is_no_other(gathered):
    found = gathered(disturbed("b", 900), view("a", 10), disturbed("c", 800, "redis"))
    assert found.view("recommended", "load").run.id == "a"
    assert [one.run.id for one in found.repeats] == ["b", "c"]
    assert gathered(disturbed("b", 900)).view("recommended", "load").run.id == "b"


def test_runs_that_were_broken_in_other_ways_are_no_repeats_of_one_another(gathered):
    assert gathered(disturbed("b", 900), disturbed("c", 800)).view("recommended", "load").run.id == "b"
    with pytest.raises(ResultError, match="faults differ"):
        gathered(disturbed("b", 900), disturbed("c", 800, "redis"))


def test_failed_audit_of_a_repeat_that_is_not_shown_decides_the_exit_code():
    assert study_exit_code(study(view("a", 10))) is ExitCode.OK
    hidden = view("b", 5, audit=Status.FAIL)
    assert study_exit_code(study(view("a", 10), repeats=[hidden])) is ExitCode.INVARIANT_FAILED


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (study(view("a", 10)), ExitCode.OK),
        (study(view("a", 2000, met=False)), ExitCode.THRESHOLD_MISSED),
        (study(view("a", None, met=None)), ExitCode.THRESHOLD_MISSED),
        (study(view("a", 10), missing=["peak · recommended: failed"]), ExitCode.THRESHOLD_MISSED),
        (study(view("a", 10, variant="report")), ExitCode.THRESHOLD_MISSED),
    ],
    ids=["met", "missed", "not judged", "a run is missing", "the variant has no run"],
)
def test_check_is_met_only_by_thresholds_that_were_judged_and_met(given, code):
    assert study_exit_code(given, variant="recommended", check=True) is code
    assert study_exit_code(given, variant="recommended") is ExitCode.OK
