"""A run that stands nearly still is told from one that is only slower, that has fewer users, or few requests."""

from __future__ import annotations

import pandas as pd

from rushlab.judge.stall import Stall, stalls


def course(*requests: int, users: list[int] | None = None) -> pd.DataFrame:
    return pd.DataFrame({"second": range(len(requests)), "vus": users or [600] * len(requests), "requests": requests})


STEADY = [600] * 30


def test_seconds_in_a_row_far_below_those_before_are_one_stall() -> None:
    found = stalls(course(*STEADY, 190, 93, 14, 25, 52, 108, *STEADY))
    assert found == [Stall(begin=30, end=35, before_per_s=600, fewest=14, most=190)]
    assert found[0].lasted_s == 6


def test_two_stalls_are_two() -> None:
    found = stalls(course(*STEADY, *[10] * 5, *STEADY, *[20] * 7))
    assert [(one.begin, one.end) for one in found] == [(30, 34), (65, 71)]


def test_a_slower_run_a_short_dip_and_a_begin_are_none() -> None:
    assert stalls(course(*STEADY, *[250] * 20)) == []
    assert stalls(course(*STEADY, *[10] * 4, *STEADY)) == []
    assert stalls(course(*[5] * 15, *STEADY)) == []


def test_fewer_users_ask_less() -> None:
    users = [600] * 30 + [500, 400, 300, 200, 100, 50, 20]
    assert stalls(course(*STEADY, 150, 120, 100, 80, 60, 40, 20, users=users)) == []


def test_few_requests_vary_too_much_to_say() -> None:
    assert stalls(course(*[10] * 30, *[1] * 10)) == []


def test_users_that_waver_by_a_few_have_not_become_fewer() -> None:
    users = [600] * 30 + [597, 598, 596, 599, 595, 597]
    assert [(one.begin, one.end) for one in stalls(course(*STEADY, *[10] * 6, users=users))] == [(30, 35)]
