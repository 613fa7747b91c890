"""Periodic work on the Clock port: one worker for the loop and one for a thread, with the same schedule.

    schedule(None)   -> the first due time, or None for no work; asked again when the wall time has been set
    schedule(begun)  -> the next due time after the run that began at ``begun``, or None to end

Work at an interval runs on a ``SteadyClock``, work at a time of day on the clock itself.

A worker is a participant of its clock under its name, so a replayed day waits for it and runs it in a fixed order.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from magic8_companion.ports import Clock

Schedule = Callable[[datetime | None], datetime | None]
"""The begin of the last run (None before the first one) -> the next due time, or None to end."""


class PeriodicTask:
    """Runs a coroutine on the running loop at each due time; an exception of ``work`` ends the task.

    Parameters
    ----------
    schedule
        Called after each run for the next due time.
    holds_time
        Whether replayed time waits for a run that is under way.
    """

    def __init__(
        self,
        clock: Clock,
        name: str,
        schedule: Schedule,
        work: Callable[[], Awaitable[None]],
        *,
        holds_time: bool = True,
    ) -> None:
        self._clock, self._name, self._schedule, self._work = clock, name, schedule, work
        self._holds_time = holds_time
        self.task: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None]:
        """Start the task and return it; it leaves the clock when it ends, for whatever reason."""
        if self._holds_time:
            self._clock.enter(self._name)
        self.task = asyncio.get_running_loop().create_task(self._run(), name=self._name)
        if self._holds_time:
            self.task.add_done_callback(lambda _: self._clock.leave(self._name))
        return self.task

    def stop(self) -> None:
        """Cancel the task, if there is one."""
        if self.task is not None:
            self.task.cancel()

    async def _run(self) -> None:
        begun, steps = None, self._clock.steps
        while (due := self._schedule(begun)) is not None:
            await self._clock.sleep_until(due, self._name)
            if self._clock.steps == steps:
                begun = self._clock.now()
                await self._work()
            if self._clock.steps != steps:
                begun, steps = None, self._clock.steps


class PeriodicThread:
    """Runs a function on a daemon thread at each due time, until ``stop`` is set; ``work`` must not raise.

    A run that takes longer than its period delays the next one; missed runs are not repeated unless the schedule
    returns their times.

    Parameters
    ----------
    heartbeat_every
        Longest wait without a new ``heartbeat``; None waits for each due time at once.
    """

    def __init__(
        self,
        clock: Clock,
        participant: str,
        schedule: Schedule,
        work: Callable[[], None],
        stop: threading.Event,
        *,
        thread_name: str | None = None,
        heartbeat_every: timedelta | None = None,
    ) -> None:
        self._clock, self._participant, self._schedule, self._work = clock, participant, schedule, work
        self._stop, self._heartbeat_every = stop, heartbeat_every
        self.heartbeat = clock.now()
        self.thread = threading.Thread(target=self._run, name=thread_name or participant, daemon=True)

    @property
    def is_running(self) -> bool:
        """Tell whether the thread is alive and nobody has stopped it."""
        return self.thread.is_alive() and not self._stop.is_set()

    def start(self) -> None:
        """Start the thread as a participant of the clock."""
        self._clock.enter(self._participant)  # before the thread runs: replayed time must wait for its first wait
        self.thread.start()

    def _run(self) -> None:
        try:
            begun, steps = None, self._clock.steps
            while (due := self._schedule(begun)) is not None and self._wait_until(due, steps):
                if self._clock.steps == steps:
                    begun = self._clock.now()
                    self._work()
                if self._clock.steps != steps:
                    begun, steps = None, self._clock.steps
        finally:
            self._clock.leave(self._participant)

    def _wait_until(self, due: datetime, steps: int) -> bool:
        while True:
            self.heartbeat = self._clock.now()
            step = due if self._heartbeat_every is None else min(due, self.heartbeat + self._heartbeat_every)
            if not self._clock.wait_until(step, self._participant, self._stop):
                return False
            if self._clock.now() >= due or self._clock.steps != steps:
                return True
