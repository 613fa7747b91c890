"""Periodic work runs at its due times, holds replayed time while it runs, and ends on request."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from magic8_companion.clocks import ReplayClock
from magic8_companion.periodic import PeriodicTask, PeriodicThread

START = datetime(2025, 4, 9, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMIT = 10.0


async def test_a_task_runs_at_each_due_time_and_ends_with_its_schedule() -> None:
    """The schedule gets the begin of the last run, and None ends the task."""
    clock = ReplayClock(START)
    runs: list[datetime] = []

    def schedule(begun: datetime | None) -> datetime | None:
        return START + MINUTE if begun is None else (begun + MINUTE if len(runs) < 3 else None)

    async def work() -> None:
        runs.append(clock.now())

    await asyncio.wait_for(PeriodicTask(clock, "task", schedule, work).start(), LIMIT)
    assert runs == [START + number * MINUTE for number in (1, 2, 3)]
    clock.enter("task")  # the name is free again


async def test_a_failing_task_leaves_the_clock_and_keeps_its_exception() -> None:
    """Replayed time must not wait for a task that has ended."""
    clock = ReplayClock(START)

    async def work() -> None:
        raise RuntimeError("broken")

    task = PeriodicTask(clock, "task", lambda _: START, work).start()
    with pytest.raises(RuntimeError, match="broken"):
        await asyncio.wait_for(task, LIMIT)
    clock.enter("task")


async def test_a_stopped_task_runs_no_more() -> None:
    """Stopping cancels the wait; stopping before the start does nothing."""
    clock = ReplayClock(START)
    clock.enter("test")
    runs: list[datetime] = []

    async def work() -> None:
        runs.append(clock.now())

    worker = PeriodicTask(clock, "task", lambda _: START + MINUTE, work)
    worker.stop()
    task = worker.start()
    await asyncio.sleep(0)
    worker.stop()
    await asyncio.wait([task], timeout=LIMIT)
    assert task.cancelled()
    assert runs == []


def test_a_thread_runs_at_each_due_time_with_a_heartbeat_between() -> None:
    """Long waits are split, so that a supervisor sees a heartbeat."""
    clock, stop = ReplayClock(START), threading.Event()
    beats: list[datetime] = []

    def schedule(begun: datetime | None) -> datetime | None:
        return START + 3 * MINUTE if begun is None else None

    worker = PeriodicThread(
        clock, "thread", schedule, lambda: beats.append(worker.heartbeat), stop, heartbeat_every=MINUTE
    )
    worker.start()
    worker.thread.join(LIMIT)
    assert beats == [START + 2 * MINUTE]
    assert not worker.is_running


def test_a_stopped_thread_ends_during_its_wait() -> None:
    """The wait ends at once, without another run."""
    clock, stop = ReplayClock(START), threading.Event()
    clock.enter("test")  # time stands still
    runs: list[datetime] = []
    worker = PeriodicThread(clock, "thread", lambda _: START + MINUTE, lambda: runs.append(clock.now()), stop)
    worker.start()
    assert worker.is_running
    stop.set()
    worker.thread.join(LIMIT)
    assert not worker.thread.is_alive()
    assert runs == []
