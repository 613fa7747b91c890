"""Provide the system clock and a clock that replays a day deterministically under the live code.

The replay clock gives turns to its participants.  Time moves only while all of them wait.  Then the clock wakes exactly
one: the earliest deadline, ties by participant name.  It runs until it waits again, so two runs of the same day
interleave in the same way although tasks and threads are real.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from magic8_companion.domain.trading_day import require_aware

_STOP_POLL_SECONDS: Final = 0.02


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        """Return the current instant, tz-aware UTC."""
        return datetime.now(UTC)  # noqa: TID251  # this is the one place that asks the machine

    def enter(self, participant: str) -> None:
        """Do nothing: real time does not wait for participants."""

    def leave(self, participant: str) -> None:
        """Do nothing: real time does not wait for participants."""

    async def sleep_until(self, instant: datetime, participant: str) -> None:  # noqa: ARG002
        """Wait on the loop until ``instant``; re-reads the time, so a suspended machine does not oversleep."""
        while (left := (instant - self.now()).total_seconds()) > 0:
            await asyncio.sleep(min(left, 1.0))

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:  # noqa: ARG002
        """Block until ``instant`` (True) or until ``stop`` is set (False)."""
        while (left := (instant - self.now()).total_seconds()) > 0:
            if stop.wait(min(left, 1.0)):
                return False
        return not stop.is_set()


@dataclass(order=True, slots=True)
class _Waiter:
    instant: datetime
    participant: str
    number: int
    wake: Callable[[], None] = field(compare=False)


class ReplayClock:
    """Virtual time that starts at ``start`` and moves only while all participants wait.

    Parameters
    ----------
    start
        The first instant.
    speed
        Virtual seconds per real second; None is as fast as possible.  The work of a turn counts: the clock waits only
        for the rest of a step, and it does not catch up lost time.

    Notes
    -----
    A new participant should wait for its turn before it does anything (``sleep_until(now(), name)`` will do):
    earlier work runs in parallel with the caller of :meth:`enter`.  A wait that ends by cancellation or by its
    stop event leaves its participant awake, so time stops until it waits again or leaves.
    """

    def __init__(self, start: datetime, speed: float | None = None) -> None:
        self._now = require_aware(start)
        self._reached_at = time.monotonic()
        self._speed = speed
        self._lock = threading.RLock()
        self._awake: set[str] = set()
        self._waiting: list[_Waiter] = []
        self._numbers = itertools.count()
        self._timer: threading.Timer | None = None

    def now(self) -> datetime:
        """Return the current virtual instant."""
        with self._lock:
            return self._now

    def enter(self, participant: str) -> None:
        """Register ``participant`` as awake: time stops until it waits.

        Raises
        ------
        ValueError
            If the name is in use: turns need unique names.
        """
        with self._lock:
            if participant in self._awake or any(w.participant == participant for w in self._waiting):
                raise ValueError(f"{participant!r} is already a participant of this clock")
            self._awake.add(participant)

    def leave(self, participant: str) -> None:
        """Remove ``participant``; time continues for the others."""
        with self._lock:
            self._awake.discard(participant)
            self._advance()

    async def sleep_until(self, instant: datetime, participant: str) -> None:
        """Wait on the loop for the participant's turn at ``instant``."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()

        def take_turn() -> None:
            if not turn.done():
                turn.set_result(None)

        def wake() -> None:
            loop.call_soon_threadsafe(take_turn)

        waiter = self._park(instant, participant, wake)
        try:
            await turn
        except asyncio.CancelledError:
            self._unpark(waiter)
            raise

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:
        """Block a thread for its turn at ``instant`` (True) or until ``stop`` is set (False)."""
        turn = threading.Event()
        waiter = self._park(instant, participant, turn.set)
        while not turn.wait(_STOP_POLL_SECONDS):
            if stop.is_set():
                self._unpark(waiter)
                return False
        return not stop.is_set()

    def _park(self, instant: datetime, participant: str, wake: Callable[[], None]) -> _Waiter:
        with self._lock:
            waiter = _Waiter(require_aware(instant), participant, next(self._numbers), wake)
            heapq.heappush(self._waiting, waiter)
            self._awake.discard(participant)
            self._advance()
            return waiter

    def _unpark(self, waiter: _Waiter) -> None:
        with self._lock:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
                heapq.heapify(self._waiting)
            self._awake.add(waiter.participant)

    def _advance(self) -> None:
        with self._lock:
            if self._timer is not None:  # the first waiter may have changed since then
                self._timer.cancel()
                self._timer = None
            if self._awake or not self._waiting:
                return
            pause = self._pause_before(self._waiting[0].instant)
            if pause > 0:
                self._timer = threading.Timer(pause, self._advance)
                self._timer.daemon = True
                self._timer.start()
            else:
                self._wake_next()

    def _pause_before(self, instant: datetime) -> float:
        if self._speed is None:
            return 0.0
        step = (instant - self._now) / timedelta(seconds=1) / self._speed
        return step - (time.monotonic() - self._reached_at)

    def _wake_next(self) -> None:
        waiter = heapq.heappop(self._waiting)
        if waiter.instant > self._now:
            self._now = waiter.instant
            self._reached_at = time.monotonic()
        self._awake.add(waiter.participant)
        waiter.wake()
