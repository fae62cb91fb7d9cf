"""Calls of the script: whoever asked has an answer or a refusal, whatever happens to the call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from coupons.errors import CannotDecide
from coupons.metrics import Histogram
from coupons.reservation.takes import MISSING, TAKEN, Takes

Answer = Sequence[int] | Exception | None


class Redis:
    """Hands out a script whose calls answer as the test says, one after the other."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)

    def register_script(self, text: str) -> Any:
        return self._call

    async def _call(self, keys: Sequence[str], args: Sequence[int]) -> Sequence[int] | None:
        await asyncio.sleep(0)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def take(asked: Sequence[tuple[int, int]], *answers: Answer, seconds: Histogram | None = None) -> list[object]:
    async def scene() -> list[object]:
        redis: Any = Redis(answers)
        takes = Takes(redis, "lua", seconds or Histogram())
        return await asyncio.gather(*(takes.take(*one) for one in asked), return_exceptions=True)

    return [type(answer) if isinstance(answer, Exception) else answer for answer in asyncio.run(scene())]


def test_each_has_its_answer() -> None:
    assert take([(1, 7), (2, 7), (1, 8)], [TAKEN, -1], [0]) == [TAKEN, 0, -1]


def test_a_stock_that_is_not_there_is_missing() -> None:
    assert take([(1, 7), (1, 8)], None) == [MISSING, MISSING]


@pytest.mark.parametrize("error", [OSError("reset"), RuntimeError("a bug")])
def test_a_call_that_fails_refuses_those_behind_it_too_or_answers_them(error: Exception) -> None:
    answers = take([(1, 7), (2, 7)], error, [TAKEN])
    assert answers[0] is CannotDecide
    assert answers[1] in (TAKEN, CannotDecide)


@pytest.mark.parametrize(
    "answers", [[[TAKEN, 0], [-1]], [OSError("reset"), [TAKEN]], [RuntimeError("a bug")], [[TAKEN], [TAKEN]]]
)
def test_every_request_is_counted_once_whatever_became_of_its_call(answers: list[Answer]) -> None:
    seconds = Histogram()
    take([(1, 7), (1, 8), (2, 7)], *answers, seconds=seconds)
    assert sum(seconds.counts) == 3


def test_an_answer_of_the_wrong_length_is_a_refusal() -> None:
    assert take([(1, 7), (1, 8)], [TAKEN]) == [TAKEN, CannotDecide]


def test_the_next_call_is_made_after_one_that_failed() -> None:
    async def scene() -> None:
        redis: Any = Redis([RuntimeError("a bug"), [TAKEN]])
        takes = Takes(redis, "lua", Histogram())
        with pytest.raises(CannotDecide):
            await takes.take(1, 7)
        assert await takes.take(1, 7) == TAKEN

    asyncio.run(scene())


def test_a_give_back_says_how_many_and_a_lost_one_cannot_be_decided() -> None:
    async def scene() -> None:
        redis: Any = Redis([1, OSError("reset")])  # type: ignore[list-item]
        takes = Takes(redis, "lua", Histogram())
        assert await takes.give_back(1, [7]) == 1
        with pytest.raises(CannotDecide):
            await takes.give_back(1, [7])

    asyncio.run(scene())
