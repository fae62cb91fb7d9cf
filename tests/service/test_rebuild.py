"""Redis is rebuilt only by a service that is alone with its database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from coupons.errors import CannotDecide
from coupons.reservation.rebuild import Rebuild

from .fake_database import Script, ScriptedPool


class Redis:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def info(self, section: str) -> dict[str, str]:
        self.asked += 1
        return {"run_id": "run"}

    async def scan_iter(self, match: str, count: int) -> AsyncIterator[bytes]:
        for key in ():
            yield key


@pytest.mark.parametrize(("answers", "asked"), [([False], 0), ([True, False], 2), ([True, True], 2)])
def test_it_is_not_begun_and_not_believed_while_another_may_be_at_work(answers: list[bool], asked: int) -> None:
    redis: Any = Redis()
    rebuild = Rebuild(redis, ScriptedPool(Script()), sorted_set=False, alone=lambda: left.pop(0))
    left = list(answers)
    if all(answers):
        assert asyncio.run(rebuild.all()) == "run"
    else:
        with pytest.raises(CannotDecide, match="another service"):
            asyncio.run(rebuild.all())
    assert redis.asked == asked
