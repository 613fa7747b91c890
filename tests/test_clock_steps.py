"""Steps of the wall time: counted, and without effect on lengths of time; periodic work plans anew."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from magic8_companion.clocks import ClockWatch, ReplayClock, SystemClock
from magic8_companion.engine.fetches import Fetches
from magic8_companion.periodic import PeriodicTask, PeriodicThread
from magic8_companion.providers.yahoo.patience import BackOff
from magic8_companion.steady_clock import SteadyClock
from magic8_companion.testing.settable_clock import SettableClock

START = datetime(2025, 4, 9, 14, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LIMIT = 10.0


@pytest.mark.parametrize("step", [-HOUR, -3 * SECOND, 3 * SECOND, HOUR], ids=str)
def test_a_step_is_counted_once_and_returned(step: timedelta) -> None:
    """More than two seconds between two looks are a step, in either direction."""
    watch = ClockWatch()
    assert watch.look(START, MINUTE) is None
    assert watch.look(START + SECOND + step, MINUTE + SECOND) == step
    assert watch.look(START + 2 * SECOND + step, MINUTE + 2 * SECOND) is None
    assert watch.steps == 1


def test_slewing_is_no_step() -> None:
    """A wall time that is slewed by a tenth gains an hour in ten hours without a step."""
    watch = ClockWatch()
    for second in range(36_000):
        watch.look(START + second * 1.1 * SECOND, second * SECOND)
    assert watch.steps == 0


def test_the_system_clock_has_two_times_that_agree() -> None:
    """Wall time moves with monotonic time while the machine's clock is not set."""
    clock = SystemClock()
    wall, monotonic = clock.now(), clock.monotonic()
    assert abs((clock.now() - wall) - (clock.monotonic() - monotonic)) < SECOND
    assert clock.steps == 0


async def test_the_system_clock_waits_a_length_of_time() -> None:
    """Neither wait is cut short, and a set stop event ends the one of a thread."""
    clock, stop = SystemClock(), threading.Event()
    begun = clock.monotonic()
    await clock.sleep(timedelta(milliseconds=20), "anybody")
    assert clock.wait(timedelta(milliseconds=20), "anybody", stop)
    assert clock.monotonic() - begun >= timedelta(milliseconds=40)
    stop.set()
    assert not clock.wait(HOUR, "anybody", stop)


async def test_a_replayed_clock_has_one_time() -> None:
    """Its steady view shows its wall time, so a replayed day does not depend on which of the two is read."""
    clock = ReplayClock(START)
    steady = SteadyClock(clock)
    clock.enter("test")
    await steady.sleep(MINUTE, "test")
    assert clock.now() == steady.now() == steady.wall_time_of(steady.now()) == START + MINUTE
    assert clock.steps == steady.steps == 0


async def test_the_steady_view_does_not_see_a_step() -> None:
    """A wait on it lasts as long as asked, and a wall time is found again after a step."""
    clock = SettableClock(START)
    steady = SteadyClock(clock)
    clock.enter("test")
    begun = steady.now()
    clock.set_by(-HOUR)
    await asyncio.wait_for(steady.sleep_until(begun + MINUTE, "test"), LIMIT)
    assert steady.now() - begun == MINUTE
    assert steady.wall_time_of(begun) == START - HOUR
    assert steady.instant_of(START - HOUR) == begun


async def test_a_suspend_passes_on_both_times() -> None:
    """A machine that slept for ten minutes is ten minutes later by any clock, which is no step."""
    clock = SettableClock(START)
    clock.enter("test")
    clock.suspend(10 * MINUTE)
    await asyncio.wait_for(clock.sleep(MINUTE, "test"), LIMIT)
    assert (clock.now(), clock.steps) == (START + 10 * MINUTE + MINUTE, 0)


@pytest.mark.parametrize(("step", "late"), [(-HOUR, 0 * SECOND), (HOUR, 0 * SECOND), (timedelta(), MINUTE)], ids=str)
async def test_periodic_work_plans_anew_after_a_step(step: timedelta, late: timedelta) -> None:
    """Work that is due each minute of wall time is due again within a second of the step, in either direction."""
    clock = SettableClock(START)
    runs: list[datetime] = []
    clock.enter("test")

    def schedule(begun: datetime | None) -> datetime:
        return clock.now() if begun is None else begun + MINUTE

    async def work() -> None:
        runs.append(clock.true_now())

    task = PeriodicTask(clock, "task", schedule, work).start()
    await clock.sleep(30 * SECOND, "test")
    clock.set_by(step)
    await asyncio.wait_for(clock.sleep(45 * SECOND, "test"), LIMIT)
    task.cancel()
    clock.leave("test")
    assert runs[0] == START
    assert runs[1] <= START + (late or 31 * SECOND)


async def test_a_thread_plans_anew_after_a_step_and_keeps_its_heartbeat() -> None:
    """A worker that waits for a time of day does not wait an hour longer because the wall time was set back."""
    clock, stop = SettableClock(START), threading.Event()
    runs: list[datetime] = []
    clock.enter("test")
    worker = PeriodicThread(
        clock,
        "worker",
        lambda begun: clock.now() if begun is None else begun + 5 * MINUTE,
        lambda: runs.append(clock.true_now()),
        stop,
        heartbeat_every=MINUTE,
    )
    worker.start()
    await clock.sleep(90 * SECOND, "test")
    clock.set_by(-HOUR)
    await asyncio.wait_for(clock.sleep(3 * MINUTE, "test"), LIMIT)
    stop.set()
    clock.leave("test")
    await asyncio.to_thread(worker.thread.join, LIMIT)
    assert runs[0] == START
    assert runs[1] <= START + 92 * SECOND
    assert clock.now() - worker.heartbeat <= MINUTE


async def test_a_kept_answer_ages_although_the_wall_time_went_back() -> None:
    """An answer that is kept for a minute is fetched again after a minute."""
    clock = SettableClock(START)
    fetches = Fetches(clock, 5.0)
    fetched: list[int] = []
    clock.enter("test")

    async def fetch() -> int:
        fetched.append(len(fetched))
        return fetched[-1]

    for _ in range(2):
        await fetches.get("key", period=None, max_age=MINUTE, fetch=fetch)
        clock.set_by(-HOUR)
        await clock.sleep(MINUTE, "test")
    assert len(fetched) == 2


def test_a_pause_is_over_although_the_wall_time_went_back() -> None:
    """Yahoo's pause of a minute lasts a minute, not an hour and a minute."""
    clock, never = SettableClock(START), threading.Event()
    pause = BackOff(clock)
    clock.enter("test")
    pause.refused()
    clock.set_by(-HOUR)
    assert not pause.is_over
    assert clock.wait(MINUTE, "test", never)
    assert pause.is_over
