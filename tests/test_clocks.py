"""The replay clock takes turns: real threads and tasks, one order."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from magic8_companion.clocks import ReplayClock, SystemClock

START = datetime(2025, 6, 26, 13, 30, tzinfo=UTC)
LIMIT = 10.0
"""Seconds after which a wait that should have ended is a failure."""


def minutes(count: float) -> datetime:
    """Return the instant ``count`` minutes after the start."""
    return START + timedelta(minutes=count)


def ticker(clock: ReplayClock, name: str, every: float, until: float, log: list[str]) -> threading.Thread:
    """Return a started thread that writes a line at each of its turns."""

    def run() -> None:
        never = threading.Event()
        at = 0.0
        clock.wait_until(START, name, never)
        while (at := at + every) <= until:
            clock.wait_until(minutes(at), name, never)
            log.append(f"{name} {clock.now():%H:%M}")
        clock.leave(name)

    clock.enter(name)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


async def mixed_run() -> list[str]:
    """Return the order in which two threads and two tasks got their turns."""
    clock = ReplayClock(START)
    log: list[str] = []

    async def task(name: str, every: float) -> None:
        await clock.sleep_until(START, name)
        for count in range(1, 40):
            await clock.sleep_until(minutes(count * every), name)
            log.append(f"{name} {clock.now():%H:%M}")
            await asyncio.to_thread(log.append, f"{name} worked")
        clock.leave(name)

    clock.enter("gate")
    for name in ("b", "d"):
        clock.enter(name)
    threads = [ticker(clock, "a", 3, 120, log), ticker(clock, "c", 2, 120, log)]
    tasks = [asyncio.create_task(task("b", 3)), asyncio.create_task(task("d", 2))]
    clock.leave("gate")
    await asyncio.wait_for(asyncio.gather(*tasks), LIMIT)
    for thread in threads:
        await asyncio.to_thread(thread.join, LIMIT)
    return log


async def test_threads_and_tasks_take_turns_in_one_order() -> None:
    """Two runs with real threads and tasks interleave in the same way: by time, then by name."""
    first = await mixed_run()

    assert first == await mixed_run()
    assert [line for line in first if "13:36" in line] == ["a 13:36", "b 13:36", "c 13:36", "d 13:36"]
    assert first.index("b worked") == first.index("b 13:33") + 1, "nobody runs while b is at work"


def test_time_stands_still_for_an_awake_participant() -> None:
    """A participant that has entered and not yet waited holds the time."""
    clock = ReplayClock(START)
    log: list[str] = []
    clock.enter("slow")
    thread = ticker(clock, "fast", 1, 3, log)
    stop = threading.Event()
    stop.set()

    assert not clock.wait_until(minutes(0), "visitor", stop), "even a due visitor waits for the slow one"
    assert (clock.now(), log) == (START, [])

    clock.leave("visitor")
    clock.leave("slow")
    thread.join(LIMIT)
    assert log == ["fast 13:31", "fast 13:32", "fast 13:33"]


def test_a_name_can_be_taken_once() -> None:
    """Entering under the name of an awake participant is refused."""
    clock = ReplayClock(START)
    clock.enter("engine")
    with pytest.raises(ValueError, match="already a participant"):
        clock.enter("engine")


def test_the_name_of_a_waiting_participant_is_taken_too() -> None:
    """Entering under the name of a participant that waits is refused."""
    clock = ReplayClock(START)
    clock.enter("gate")
    thread = ticker(clock, "tick", 1, 1, [])
    try:
        with pytest.raises(ValueError, match="already a participant"):
            clock.enter("tick")
    finally:
        clock.leave("gate")
        thread.join(LIMIT)


def test_a_naive_instant_is_refused() -> None:
    """A time without zone is a bug."""
    with pytest.raises(ValueError, match="no time zone"):
        ReplayClock(START.replace(tzinfo=None))


def test_a_passed_instant_waits_for_its_turn_but_never_turns_time_back() -> None:
    """Waiting for the past returns without moving the clock."""
    clock = ReplayClock(START)
    assert clock.wait_until(minutes(-5), "late", threading.Event())
    assert clock.now() == START


def test_stop_ends_a_wait() -> None:
    """A thread whose stop event is set gets False, and time stands still until it leaves."""
    clock = ReplayClock(START)
    clock.enter("gate")
    stop = threading.Event()
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(clock.wait_until(minutes(9), "thread", stop)), daemon=True)
    clock.enter("thread")
    thread.start()
    stop.set()
    thread.join(LIMIT)

    assert answers == [False]
    log: list[str] = []
    other = ticker(clock, "other", 1, 1, log)
    clock.leave("gate")
    assert (clock.now(), log) == (START, [])
    clock.leave("thread")
    other.join(LIMIT)
    assert log == ["other 13:31"]


def test_a_turn_that_comes_after_stop_is_no_turn() -> None:
    """A wait that is due although its stop event is set returns False."""
    stop = threading.Event()
    stop.set()
    assert not ReplayClock(START).wait_until(minutes(1), "thread", stop)


async def test_a_cancelled_sleep_frees_its_place() -> None:
    """A cancelled task is never woken; it holds the time until it leaves, then the others go on."""
    clock = ReplayClock(START)
    clock.enter("gate")
    clock.enter("task")
    nap = asyncio.create_task(clock.sleep_until(minutes(1), "task"))
    await asyncio.sleep(0)
    nap.cancel()
    await asyncio.gather(nap, return_exceptions=True)
    log: list[str] = []
    thread = ticker(clock, "other", 2, 2, log)
    clock.leave("gate")

    assert (clock.now(), log) == (START, [])
    clock.leave("task")
    await asyncio.to_thread(thread.join, LIMIT)
    assert log == ["other 13:32"]


async def test_a_cancelled_participant_may_sleep_again() -> None:
    """After a cancellation the same participant can wait for another instant."""
    clock = ReplayClock(START)
    clock.enter("gate")
    clock.enter("task")
    nap = asyncio.create_task(clock.sleep_until(minutes(1), "task"))
    await asyncio.sleep(0)
    nap.cancel()
    await asyncio.gather(nap, return_exceptions=True)
    clock.leave("gate")

    await asyncio.wait_for(clock.sleep_until(minutes(7), "task"), LIMIT)
    assert clock.now() == minutes(7)


def timed(action: Callable[[], object]) -> float:
    """Return the real seconds of an action."""
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


def test_speed_paces_the_replay() -> None:
    """At 1,200 virtual seconds per second two minutes last at least a tenth of a second."""
    clock = ReplayClock(START, speed=1200)
    begun = time.monotonic()
    clock.wait_until(minutes(1), "thread", threading.Event())
    clock.wait_until(minutes(2), "thread", threading.Event())
    assert time.monotonic() - begun >= 0.099
    assert clock.now() == minutes(2)


def test_the_work_of_a_turn_counts_as_part_of_the_step() -> None:
    """A step whose work took longer than its share of real time is not waited for again."""
    clock = ReplayClock(START, speed=50)
    clock.wait_until(minutes(0.1), "thread", threading.Event())
    threading.Event().wait(1.3)  # the work of a turn: longer than the 1.2 seconds of a virtual minute
    assert timed(lambda: clock.wait_until(minutes(1.1), "thread", threading.Event())) < 1.0


async def test_a_cancelled_wait_does_not_shorten_the_pace_of_the_next() -> None:
    """The timer of a waiter that gave up does not wake a later one early."""
    clock = ReplayClock(START, speed=1200)
    begun = time.monotonic()
    clock.enter("gate")
    clock.enter("early")
    clock.enter("late")
    early = asyncio.create_task(clock.sleep_until(minutes(0.2), "early"))
    late = asyncio.create_task(clock.sleep_until(minutes(2), "late"))
    await asyncio.sleep(0)
    clock.leave("gate")
    early.cancel()
    await asyncio.gather(early, return_exceptions=True)
    clock.leave("early")
    await asyncio.wait_for(late, LIMIT)
    assert time.monotonic() - begun >= 0.099


async def test_the_system_clock_does_not_wait_for_the_past() -> None:
    """Waiting for a passed instant returns at once; nobody has to enter."""
    clock = SystemClock()
    past = clock.now() - timedelta(hours=1)
    clock.enter("anybody")
    await asyncio.wait_for(clock.sleep_until(past, "anybody"), LIMIT)
    assert clock.wait_until(past, "anybody", threading.Event())
    clock.leave("anybody")


async def test_the_system_clock_waits_as_long_as_asked() -> None:
    """A short real wait is not cut short, neither on the loop nor in a thread."""
    clock = SystemClock()
    soon = clock.now() + timedelta(milliseconds=20)
    await clock.sleep_until(soon, "anybody")
    assert clock.now() >= soon
    later = clock.now() + timedelta(milliseconds=20)
    assert clock.wait_until(later, "anybody", threading.Event())
    assert clock.now() >= later


def test_the_system_clock_obeys_stop() -> None:
    """A set stop event ends a long wait with False."""
    clock = SystemClock()
    stop = threading.Event()
    stop.set()
    assert not clock.wait_until(clock.now() + timedelta(hours=1), "anybody", stop)
