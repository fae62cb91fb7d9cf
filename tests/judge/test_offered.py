"""V4: was the planned load offered? Ramps and graceful ends are no deficit, a missing VU is."""

from __future__ import annotations

import pandas as pd
import pytest

from rushlab.judge.bound import planned_vus
from rushlab.judge.offered import offered_load
from rushlab.model.profile import Profile, Stage
from rushlab.model.verdict import Status

RAMP = Profile(
    name="ramp",
    title="",
    purpose="",
    executor="ramping-vus",
    pause_s=1,
    thresholds={},
    stages=(Stage(10, 1000), Stage(20, 1000), Stage(10, 0)),
)
STARTED = 1_795_000_000.0


def samples(*, late: float = 0.0, share: float = 1.0, beyond: int = 0, upto: float = 41) -> pd.DataFrame:
    """k6's samples, one a second, with the plan of `late` seconds ago, a share of it, and some who are finishing."""
    seconds = [second + 0.4 for second in range(int(upto))]
    vus = [planned_vus(RAMP, max(0.0, second - late)) * share + beyond for second in seconds]
    return pd.DataFrame({"time": [STARTED + second for second in seconds], "vus": vus})


@pytest.mark.parametrize(
    ("vus", "status"),
    [
        (samples(), Status.PASS),
        (samples(late=0.9), Status.PASS),
        (samples(beyond=200), Status.PASS),
        (samples(share=0.995), Status.PASS),
        (samples(share=0.98), Status.FAIL),
        (samples(late=4.0), Status.FAIL),
    ],
    ids=["as planned", "a sample behind", "finishing gracefully", "half a per cent short", "two short", "far behind"],
)
def test_the_share_of_planned_vus_that_is_missing_decides(vus: pd.DataFrame, status: Status) -> None:
    assert offered_load(RAMP, "closed", started=STARTED, vus=vus).status is status


def test_what_is_missing_is_said_in_figures() -> None:
    found = offered_load(RAMP, "closed", started=STARTED, vus=samples(share=0.5))
    assert found.value.endswith("% of the planned VU·s missing")
    assert 40 < float(found.value.partition("%")[0]) < 51


@pytest.mark.parametrize(
    ("started", "vus"),
    [(None, samples()), (STARTED, None), (STARTED, samples(upto=20)), (STARTED + 500, samples())],
    ids=["no start", "no samples", "half of them", "another time"],
)
def test_without_samples_over_the_whole_schedule_it_is_unknown(started: float | None, vus: pd.DataFrame | None) -> None:
    found = offered_load(RAMP, "closed", started=started, vus=vus)
    assert found.status is Status.UNKNOWN
    assert "samples of k6's VUs" in found.evidence


@pytest.mark.parametrize(
    ("dropped", "status"), [(0, Status.PASS), (1, Status.WARN), (100, Status.WARN), (102, Status.FAIL)]
)
def test_an_open_model_may_drop_one_in_a_hundred_and_says_what_that_means(dropped: int, status: Status) -> None:
    found = offered_load(RAMP, "open", started=None, vus=None, dropped=dropped, iterations=9_900)
    assert found.status is status
    assert ("lower bound" in found.evidence) is (dropped > 0)
