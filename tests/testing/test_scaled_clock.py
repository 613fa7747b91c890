"""The accelerated clock: it runs at its speed, jumps forward, and ends waits in time."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta

import pytest

from magic8_companion.testing.scaled_clock import ScaledClock
from tests.testing.tools import START


async def test_waits_end_when_the_clock_is_there() -> None:
    """An hour at 36,000 times the speed is over in a tenth of a second, for tasks and for threads."""
    clock = ScaledClock(START, speed=36_000)
    hour = START + timedelta(hours=1)
    clock.enter("thread")
    waited = await asyncio.gather(
        clock.sleep_until(hour, "task"), asyncio.to_thread(clock.wait_until, hour, "thread", threading.Event())
    )
    clock.leave("thread")
    assert waited == [None, True]
    assert hour <= clock.now() < hour + timedelta(hours=10)


def test_a_stop_ends_a_wait() -> None:
    """A thread that is told to stop does not wait to the end, and says so."""
    stop = threading.Event()
    stop.set()
    assert ScaledClock(START).wait_until(START + timedelta(days=1), "thread", stop) is False


async def test_a_jump_ends_waits_too() -> None:
    """Whoever waits for a time that is skipped wakes up at once."""
    clock = ScaledClock(START)
    waiting = asyncio.create_task(clock.sleep_until(START + timedelta(days=1), "task"))
    await asyncio.sleep(0)
    clock.jump_to(START + timedelta(days=2))
    await asyncio.wait_for(waiting, 5)
    assert clock.now() >= START + timedelta(days=2)
    with pytest.raises(ValueError, match="in the past"):
        clock.jump_to(START)


@pytest.mark.parametrize(("start", "speed"), [(START, 0.0), (START, -1.0), (START.replace(tzinfo=None), 1.0)])
def test_a_clock_needs_a_zone_and_a_speed(start: datetime, speed: float) -> None:
    """A naive start and a standing clock are refused."""
    with pytest.raises(ValueError, match=r"positive|time zone"):
        ScaledClock(start, speed)
