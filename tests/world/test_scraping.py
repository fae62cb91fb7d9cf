"""Waiting for Prometheus: for new processes, for the end of old ones, and not at all when it is away."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from tests.world.answering import answering

from rushlab.world.scraping import SCRAPES, await_watched

EXPORTER = "http://127.0.0.1:9104/metrics"
A, B = "http://127.0.0.1:8081/metrics", "http://127.0.0.1:8082/metrics"


def saying(*answers: dict[str, str], scrapes: Sequence[int] = (2,)) -> AbstractContextManager[str]:
    """A Prometheus that says one after the other which URLs it scrapes with which health; the last one stays.

    `scrapes` is how often it scraped the exporter it scraped least, told alike; 0: it knows of none.
    """
    left, counts = list(answers), list(scrapes)

    def answer(path: str, asked: dict[str, str]) -> tuple[int, Any]:
        if (path, asked) == ("/api/v1/query", {"query": SCRAPES}):
            count = counts.pop(0) if len(counts) > 1 else counts[0]
            found = [{"metric": {}, "value": [1.0, str(count)]}] if count else []
            return 200, {"status": "success", "data": {"resultType": "vector", "result": found}}
        assert (path, asked) == ("/api/v1/targets", {"state": "active"})
        said = left.pop(0) if len(left) > 1 else left[0]
        active = [
            {"scrapePool": "exporters" if url == EXPORTER else "coupons", "scrapeUrl": url, "health": health}
            for url, health in said.items()
        ]
        return 200, {"status": "success", "data": {"activeTargets": active, "droppedTargets": []}}

    return answering(answer)


def test_new_processes_are_waited_for_and_those_of_an_earlier_run_too() -> None:
    ready = {A: "up", EXPORTER: "up"}
    with saying(
        {}, {A: "up"}, {A: "unknown", B: "up"}, ready | {EXPORTER: "down"}, ready | {B: "up"}, ready, {}
    ) as url:
        assert await_watched(url, [A]) is None


@pytest.mark.parametrize(
    ("scraped", "said"),
    [
        ({A: "up", B: "up"}, "does not know the exporters yet"),
        ({A: "up", B: "up", EXPORTER: "unknown"}, f"has not reached {EXPORTER} yet, and 0 more"),
        ({A: "up", EXPORTER: "up"}, f"has not reached {B} yet, and 0 more"),
        ({A: "down", B: "unknown", EXPORTER: "up"}, f"has not reached {A} yet, and 1 more"),
        ({A: "up", B: "up", EXPORTER: "up", "http://old/": "down"}, "still looks for http://old/ of an earlier run"),
    ],
)
def test_what_is_amiss_after_the_time_is_said(scraped: dict[str, str], said: str) -> None:
    with saying(scraped) as url:
        assert said in (await_watched(url, [A, B], timeout_s=0.3) or "")


def test_exporters_are_scraped_twice_before_a_rate_is_asked_of_them() -> None:
    ready = {A: "up", EXPORTER: "up"}
    with saying(ready, scrapes=(0, 1, 2, 1)) as url:
        assert await_watched(url, [A]) is None
    with saying(ready, scrapes=(1,)) as url:
        assert "scraped an exporter less than twice" in (await_watched(url, [A], timeout_s=0.3) or "")


def test_one_that_is_away_is_not_waited_for() -> None:
    begun = time.monotonic()
    assert "does not say what it scrapes" in (await_watched("http://127.0.0.1:9/", [A]) or "")
    assert time.monotonic() - begun < 5
