"""The cache in front of a source, on one loop and on several."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.engine.fetches import Fetches
from tests.engine.fakes import FULL_DAY
from tests.engine.stepping_clock import SteppingClock

MINUTE = timedelta(minutes=1)


class Source:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.gate: asyncio.Event | None = None

    async def fetch(self) -> int:
        """Return how often it was asked."""
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        return self.asked


async def test_a_value_is_kept_for_its_time_and_period() -> None:
    """It is fetched again when it is too old, when the period is another one, and when it was forgotten."""
    clock, source = SteppingClock(FULL_DAY.open_at), Source()
    fetches = Fetches(clock, 1)

    async def get(period: int) -> int:
        return await fetches.get("key", period=period, max_age=MINUTE, fetch=source.fetch)

    assert [await get(1), await get(1), await get(2)] == [1, 1, 2]
    clock.at += MINUTE
    assert await get(2) == 3
    fetches.forget("key")
    assert await get(2) == 4


async def test_requests_are_under_way_before_they_are_awaited() -> None:
    """Whoever asks for two things waits for both at once; a kept one needs no wait at all."""
    source, fetches = Source(), Fetches(SteppingClock(FULL_DAY.open_at), 5)
    source.gate = asyncio.Event()
    answers = [fetches.get(key, period=1, max_age=MINUTE, fetch=source.fetch) for key in ("one", "two")]
    await asyncio.sleep(0)
    assert source.asked == 2
    source.gate.set()
    assert [await answer for answer in answers] == [2, 2]
    kept = fetches.get("one", period=1, max_age=MINUTE, fetch=source.fetch)
    with pytest.raises(StopIteration) as at_once:
        next(kept.__await__())
    assert at_once.value.value == 2


async def test_one_who_gives_up_does_not_take_the_answer_from_the_others() -> None:
    """A request that two wait for goes on when one of them is cancelled."""
    source, fetches = Source(), Fetches(SteppingClock(FULL_DAY.open_at), 5)
    source.gate = asyncio.Event()

    async def get() -> int:
        return await fetches.get("key", period=1, max_age=MINUTE, fetch=source.fetch)

    first, second = asyncio.create_task(get()), asyncio.create_task(get())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    source.gate.set()
    assert await second == 1
    assert first.cancelled()


async def test_a_failure_nobody_waits_for_is_no_noise() -> None:
    """A failing request whose waiter is gone ends quietly."""
    fetches = Fetches(SteppingClock(FULL_DAY.open_at), 5)
    gate = asyncio.Event()

    async def fail() -> int:
        await gate.wait()
        raise DataUnavailable("feed_down")

    async def get() -> int:
        return await fetches.get("key", period=1, max_age=MINUTE, fetch=fail)

    waiter = asyncio.create_task(get())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiter.cancel()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await waiter


def test_loops_do_not_share_requests_in_flight() -> None:
    """What one loop waits for cannot be awaited on another; kept values can be used by all."""
    source, fetches = Source(), Fetches(SteppingClock(FULL_DAY.open_at), 5)

    async def get() -> int:
        return await fetches.get("key", period=1, max_age=MINUTE, fetch=source.fetch)

    async def abandon() -> None:
        source.gate = asyncio.Event()
        waiter = asyncio.create_task(get())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiter.cancel()

    asyncio.run(abandon())
    source.gate = None
    assert asyncio.run(get()) == 2
    assert asyncio.run(get()) == 2
