"""A run folder cut into stages and populations."""

import math

from rushlab.flows.cuts import population_rows, stage_rows
from rushlab.model.profile import Profile, Stage

START = 1_795_528_800.0
HELD = Profile(
    name="held",
    title="Held",
    purpose="",
    executor="ramping-vus",
    pause_s=1,
    thresholds={},
    stages=(Stage(3, 2), Stage(6, 2), Stage(3, 0)),
)


def test_stages_follow_the_profile_and_only_a_plateau_has_a_rate(recorded):
    requests = [(1, 201, START + 1, 10.0), (2, 201, START + 4, 20.0), (3, 201, START + 9.5, 900.0)]
    frame = stage_rows(recorded(requests, profile=HELD))
    assert list(frame["end_s"]) == [3, 9, 12]
    assert list(frame["requests"]) == [1, 2, 0]
    assert list(frame["answered"]) == [1, 1, 1]
    assert frame["rate_per_s"].iloc[1] == 1 / 6
    assert math.isnan(frame["rate_per_s"].iloc[0])


def test_populations_are_named_by_outcome_in_seconds_since_the_start(recorded):
    statuses = {1: 201, 2: 410, 3: 418, 4: 503}
    folder = recorded([(user, status, START + user, 5.0) for user, status in statuses.items()])
    frame = population_rows(folder).set_index("outcome")
    assert frame["first"].round(6).to_dict() == {"issued": 1, "sold_out": 2, "rejected": 3, "failed": 4}
