"""A limit on the time of something that is mostly there at once: only who has to wait pays for a timer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """What the coroutine returns; TimeoutError when it takes longer.

    It is begun without a timer, which would cost several times as much as reading a short body, and gets one where
    it first has to wait.
    """
    try:
        awaited = work.send(None)
    except StopIteration as ended:
        value: T = ended.value
        return value
    async with asyncio.timeout(seconds):
        return await _go_on(work, awaited)


@coroutine
def _go_on(work: Coroutine[Any, Any, T], awaited: Any) -> Generator[Any, None, T]:
    """Wait for what it waits for, again and again; it is cancelled when the one who waits is."""
    try:
        while True:
            try:
                yield awaited
            except asyncio.CancelledError as cancelled:
                awaited = work.throw(cancelled)
            else:
                awaited = work.send(None)
    except StopIteration as ended:
        value: T = ended.value
        return value
