"""The clock of a rehearsal: real while the host works, skipped or fast while it waits."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from magic8_companion.testing.rehearsal_clock import RehearsalClock

START = datetime(2025, 6, 26, 13, 25, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOON = timedelta(seconds=5)


def test_the_wait_of_everybody_is_skipped() -> None:
    """Two participants meet their appointments of a day at once, each at its own time."""

    async def day() -> list[tuple[str, timedelta]]:
        clock, seen = RehearsalClock(START), []

        async def keep(name: str, hours: int) -> None:
            await clock.sleep_until(START + hours * HOUR, name)
            seen.append((name, clock.now() - START - hours * HOUR))
            clock.leave(name)

        appointments = {"engine": 6, "watch": 3, "plugin": 24}
        for name in appointments:
            clock.enter(name)
        await asyncio.gather(*(keep(name, hours) for name, hours in appointments.items()))
        return seen

    seen = asyncio.run(day())
    assert [name for name, _ in seen] == ["watch", "engine", "plugin"]
    assert all(timedelta(0) <= late < SOON for _, late in seen)


def test_nothing_is_skipped_while_somebody_works() -> None:
    """A participant that has entered and does not wait keeps the time real, for those without a seat as well."""

    async def day() -> timedelta:
        clock = RehearsalClock(START)
        clock.enter("engine")
        clock.enter("plugin")
        waiting = asyncio.create_task(clock.sleep_until(START + HOUR, "plugin"))
        await clock.sleep_until(START + timedelta(milliseconds=50), "a feed's watcher")
        passed = clock.now() - START
        waiting.cancel()
        return passed

    assert asyncio.run(day()) < SOON


def test_an_idle_speed_lets_time_pass_for_those_who_watch() -> None:
    """At 10,000 times real speed an hour takes a third of a second, and a watcher sees the minutes pass."""

    async def day() -> int:
        clock, minutes = RehearsalClock(START, idle_speed=10_000), 0

        async def watch() -> None:
            nonlocal minutes
            while True:
                await clock.sleep_until(clock.now() + timedelta(minutes=1), "a feed's watcher")
                minutes += 1

        watching = asyncio.create_task(watch())
        clock.enter("engine")
        await clock.sleep_until(START + HOUR, "engine")
        assert START + HOUR <= clock.now() < START + HOUR + timedelta(minutes=30)
        watching.cancel()
        return minutes

    assert asyncio.run(day()) >= 2


def test_a_thread_may_wait_and_be_stopped() -> None:
    """It is woken at its appointment, or as soon as it is to end; a participant that left is not waited for."""
    clock, stop = RehearsalClock(START), threading.Event()
    clock.enter("gone")
    clock.enter("thread")
    clock.leave("gone")
    assert clock.wait_until(START + HOUR, "thread", stop)
    assert clock.now() >= START + HOUR
    stop.set()
    clock.enter("engine")
    assert not clock.wait_until(START + 9 * HOUR, "thread", stop)


def test_a_speed_must_be_positive() -> None:
    """Time neither stands still nor runs backwards."""
    with pytest.raises(ValueError, match="must be positive"):
        RehearsalClock(START, idle_speed=0)
