"""V6: restarts that nobody planned, processes killed for memory, and others at work on the machine."""

from __future__ import annotations

import pytest

from rushlab.judge.environment import background_share, undisturbed
from rushlab.model.verdict import Check, Status


def judged(
    restarted: list[str] | None = [],  # noqa: B006 - read only
    planned: tuple[str, ...] = (),
    oom_kills: int | None = 0,
    background: float | None = 0.02,
) -> Check:
    return undisturbed(restarted=restarted, planned=planned, oom_kills=oom_kills, background=background)


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (judged(), Status.PASS),
        (judged(background=None), Status.PASS),
        (judged(background=0.11), Status.WARN),
        (judged(restarted=["relay"]), Status.FAIL),
        (judged(restarted=["relay"], planned=("relay",)), Status.PASS),
        (judged(restarted=["relay", "kafka"], planned=("relay",)), Status.FAIL),
        (judged(oom_kills=1), Status.FAIL),
        (judged(restarted=None), Status.UNKNOWN),
        (judged(oom_kills=None), Status.UNKNOWN),
        (judged(restarted=None, oom_kills=2), Status.FAIL),
    ],
)
def test_what_breaches_it(found: Check, status: Status) -> None:
    assert found.status is status


def test_who_was_restarted_is_named_without_those_on_purpose() -> None:
    found = judged(restarted=["relay", "kafka"], planned=("relay",))
    assert "restarted: kafka;" in found.value
    assert "on purpose: relay" in found.evidence


def test_background_is_what_nobody_of_ours_used() -> None:
    assert background_share({"k6": 3.0, "service": 2.0, "host": 9.0}, 40.0) == pytest.approx(0.1)
    assert background_share({"k6": 9.1, "host": 9.0}, 40.0) == 0.0  # clock ticks
    assert background_share(None, 40.0) is None
    assert background_share({"k6": 1.0}, 40.0) is None
    assert background_share({"host": 1.0}, None) is None
