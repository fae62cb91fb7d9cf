"""A commit whose answer was lost is asked after until there is an answer, whatever goes wrong on the way."""

from __future__ import annotations

import asyncio

import pytest

from coupons.errors import Busy, NotWritten
from coupons.pool import Pool
from coupons.writers import settling as module
from coupons.writers.settling import Settling
from coupons.writers.statements import Row, now

from .fake_database import NOWHERE, lost

ROWS = [Row(1, user, user + 100, now()) for user in range(3)]


class Asking(Settling):
    """Its database fails as the test says, then answers."""

    def __init__(self, *errors: Exception, written: bool) -> None:
        super().__init__(Pool(NOWHERE, 1))
        self.errors = list(errors)
        self.written = written
        self.told: list[tuple[int, bool]] = []
        self.resolved = lambda row, written: self.told.append((row.user_id, written))

    async def _ask(self, row: Row) -> bool:
        if self.errors:
            raise self.errors.pop(0)
        return self.written


@pytest.mark.parametrize("written", [True, False])
def test_an_answer_that_comes_soon_is_the_answer(written: bool) -> None:
    async def scene() -> None:
        settling = Asking(written=written)
        assert await settling.settle(ROWS) is written
        assert settling.told == []

    asyncio.run(scene())


@pytest.mark.parametrize("error", [lost(), NotWritten("away"), Busy("full"), RuntimeError("a bug")])
def test_one_that_comes_late_is_told_for_every_row(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(module, "FIRST_ANSWER_S", 0.001)
    monkeypatch.setattr(module, "PAUSE_S", 0.01)

    async def scene() -> None:
        settling = Asking(error, error, written=False)
        assert await settling.settle(ROWS) is None
        while settling.open:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0)
        assert settling.told == [(row.user_id, False) for row in ROWS]

    asyncio.run(scene())
