"""Run a whole trading day over real sockets: real time while the host works, fast time while it only waits.

So requests, time-outs and rates are those of a real day, and the waiting time between two scheduled times is skipped.
The clock waits for participants that have entered it, but not for a feed's watchers, which wait without entering.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from datetime import datetime
from typing import Final

from magic8_companion.clocks import OneTime
from magic8_companion.ports import Clock
from magic8_companion.testing.scaled_clock import ScaledClock

_NAP_SECONDS: Final = 0.02


class RehearsalClock(OneTime):
    """Time that begins at ``start``.

    Parameters
    ----------
    start
        The first instant.
    idle_speed
        How many times as fast as real time it passes while every participant waits; None skips to the next scheduled
        time at once, without the feed's activity in between.

    Raises
    ------
    ValueError
        If ``start`` is naive or ``idle_speed`` is not positive.
    """

    def __init__(self, start: datetime, idle_speed: float | None = None) -> None:
        self._time = ScaledClock(start, 1.0 if idle_speed is None else idle_speed)
        self._time.run_at(1.0)
        self._idle_speed = idle_speed
        self._lock = threading.Lock()
        self._awake: set[str] = set()
        self._asleep: dict[str, datetime] = {}

    def now(self) -> datetime:
        """Return the current instant, tz-aware UTC."""
        return self._time.now()

    def enter(self, participant: str) -> None:
        """Register ``participant``: while it does not wait, time passes as in reality."""
        with self._lock:
            self._awake.add(participant)
            self._settle()

    def leave(self, participant: str) -> None:
        """Remove ``participant``."""
        with self._lock:
            self._awake.discard(participant)
            self._asleep.pop(participant, None)
            self._settle()

    async def sleep_until(self, instant: datetime, participant: str) -> None:
        """Wait on the loop until ``instant``."""
        entered = self._fall_asleep(instant, participant)
        try:
            while (left := self._seconds_to(instant)) > 0:
                await asyncio.sleep(min(left, _NAP_SECONDS))
        finally:
            if entered:
                self._wake(participant)

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:
        """Block until ``instant`` (True) or until ``stop`` is set (False)."""
        entered = self._fall_asleep(instant, participant)
        try:
            while (left := self._seconds_to(instant)) > 0:
                if stop.wait(min(left, _NAP_SECONDS)):
                    return False
            return not stop.is_set()
        finally:
            if entered:
                self._wake(participant)

    def _fall_asleep(self, instant: datetime, participant: str) -> bool:
        with self._lock:
            if participant not in self._awake:
                return False
            self._awake.discard(participant)
            self._asleep[participant] = instant
            self._settle()
            return True

    def _wake(self, participant: str) -> None:
        with self._lock:
            if self._asleep.pop(participant, None) is not None:
                self._awake.add(participant)
            self._settle()

    def _settle(self) -> None:
        # the lock is held
        appointment = min(self._asleep.values(), default=None)
        idle = not self._awake and appointment is not None
        if self._idle_speed is not None:
            self._time.run_at(self._idle_speed if idle else 1.0)
        elif appointment is not None and idle:
            with suppress(ValueError):  # it is already due
                self._time.jump_to(appointment)

    def _seconds_to(self, instant: datetime) -> float:
        return (instant - self.now()).total_seconds() / self._time.speed


_PORT: Final[type[Clock]] = RehearsalClock
