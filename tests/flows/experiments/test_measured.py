"""Which runs of an experiment count: a backlog alone excuses nothing but what it leaves undecided."""

import pytest
from tests.flows.experiments.conftest import check

from rushlab.flows.measured import objection
from rushlab.model.profile import Profile
from rushlab.model.run import Load, Run, State, Timing
from rushlab.model.verdict import Audit, Status, Validity, Verdict

PROFILE = Profile(
    name="x", title="X", purpose="", executor="constant-vus", pause_s=1, thresholds={}, vus=2, duration_s=5
)


def undrained(*unknown, checks=("V3",), drained=None):
    """A run whose drain was given up, with invariants and checks that are undecided."""
    invariants = tuple(
        check(name, Status.UNKNOWN if name in unknown else Status.PASS) for name in ("I1", "I4", "I8", "I9", "I13")
    )
    judged = tuple(check(name, Status.UNKNOWN if name in checks else Status.PASS) for name in ("V1", "V2", "V3", "V4"))
    return Run(
        id="a-run",
        state=State.VERIFIED,
        profile=PROFILE,
        scale=1.0,
        variant="recommended",
        knobs={},
        load=Load(model="closed"),
        timing=Timing(created=1.0, drained=drained),
        environment={},
        audit=Audit(verdict=Status.UNKNOWN, invariants=invariants, counts={}),
        verdict=Verdict(validity=Validity.UNKNOWN, checks=judged, reason="evidence missing: V3"),
    )


def test_a_run_that_did_not_drain_counts():
    assert objection(undrained("I8", "I9"), backlog=40) is None
    assert objection(undrained("I9"), backlog=40) is None


@pytest.mark.parametrize(
    ("run", "backlog"),
    [
        (undrained("I1", "I9"), 40),
        (undrained("I4", "I13"), 40),
        (undrained("I9", checks=("V2", "V3")), 40),
        (undrained(), 40),
        (undrained("I9"), 0),
        (undrained("I9", drained=9.0), 40),
    ],
    ids=["stock not sampled", "replies not all", "counts unknown", "nothing named", "no backlog", "it had drained"],
)
def test_what_the_backlog_does_not_explain_excludes_a_run(run, backlog):
    assert objection(run, backlog) == "UNKNOWN: evidence missing: V3"
