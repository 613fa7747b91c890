"""Provide the system clock and a clock that replays a day deterministically under the live code.

Wall time says when: sessions, checkpoints, stamps.  Monotonic time says how long: ages, pauses, time-outs.  An operator
or NTP may set the wall time; :class:`ClockWatch` counts how often that happens.

The replay clock gives turns to its participants.  Time moves only while all of them wait.  Then the clock wakes exactly
one: the earliest deadline, ties by participant name.  It runs until it waits again, so two runs of the same day
interleave in the same way although tasks and threads are real.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from magic8_companion.domain.trading_day import require_aware
from magic8_companion.steady_clock import EPOCH

if TYPE_CHECKING:  # the ports load pandas
    from magic8_companion.ports import Clock

LARGEST_SLEW: Final = timedelta(seconds=2)
"""Wall and monotonic time may move apart by this much between two looks; more is a step of the wall time."""

_STOP_POLL_SECONDS: Final = 0.02
_LONGEST_NAP_SECONDS: Final = 1.0
_ONE_READING: Final = timedelta(milliseconds=100)

_log = logging.getLogger(__name__)


class ClockWatch:
    """Counts the steps of wall time; slewing, which changes it by less than ``LARGEST_SLEW`` per look, is no step."""

    def __init__(self) -> None:
        self.steps = 0
        self._apart: timedelta | None = None

    def look(self, wall: datetime, monotonic: timedelta) -> timedelta | None:
        """Compare two readings of the same moment with the last ones; return a step forward (+) or back (-)."""
        apart = (wall - EPOCH) - monotonic
        moved = timedelta() if self._apart is None else apart - self._apart
        self._apart = apart
        if abs(moved) <= LARGEST_SLEW:
            return None
        self.steps += 1
        return moved


class OneTime:
    """What a clock adds whose wall time cannot be set: its monotonic time is its wall time.

    A clock inherits from it and defines ``now`` and the waits for an instant.
    """

    steps: int = 0

    def monotonic(self: Clock) -> timedelta:
        """Return the time since 1970."""
        return self.now() - EPOCH

    async def sleep(self: Clock, length: timedelta, participant: str) -> None:
        """Wait on the loop for a length of time."""
        await self.sleep_until(self.now() + length, participant)

    def wait(self: Clock, length: timedelta, participant: str, stop: threading.Event) -> bool:
        """Block a thread for a length of time (True) or until ``stop`` is set (False)."""
        return self.wait_until(self.now() + length, participant, stop)


class SystemClock:
    """The real time.

    Every wait is cut into naps of at most a second: a suspended machine does not oversleep, and a step of the wall time
    is noticed.
    """

    def __init__(self) -> None:
        self._watch = ClockWatch()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the current instant, tz-aware UTC; counts a step of the wall time."""
        with self._lock:
            while True:
                begun = self.monotonic()
                wall = datetime.now(UTC)  # noqa: TID251  # this is the one place that asks the machine
                if self.monotonic() - begun < _ONE_READING:  # else the process was suspended between the two
                    break
            step = self._watch.look(wall, begun)
        if step is not None:
            _log.warning("This machine's clock was set by %+.1f s", step.total_seconds())
        return wall

    def monotonic(self) -> timedelta:
        """Return the time since the machine started, suspends included.

        Where the system has no such time (macOS), a suspend counts as a step of the wall time.
        """
        boot_time = getattr(time, "CLOCK_BOOTTIME", None)
        elapsed_ns = time.monotonic_ns() if boot_time is None else time.clock_gettime_ns(boot_time)
        return timedelta(microseconds=elapsed_ns / 1000)

    @property
    def steps(self) -> int:
        """Return how many steps of the wall time this clock has seen."""
        self.now()
        return self._watch.steps

    def enter(self, participant: str) -> None:
        """Do nothing: real time does not wait for participants."""

    def leave(self, participant: str) -> None:
        """Do nothing: real time does not wait for participants."""

    async def sleep_until(self, instant: datetime, participant: str) -> None:  # noqa: ARG002
        """Wait on the loop until ``instant`` or a step of the wall time."""
        steps = self.steps
        while (left := (instant - self.now()).total_seconds()) > 0 and self._watch.steps == steps:
            await asyncio.sleep(min(left, _LONGEST_NAP_SECONDS))

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:  # noqa: ARG002
        """Block until ``instant`` or a step of the wall time (True), or until ``stop`` is set (False)."""
        steps = self.steps
        while (left := (instant - self.now()).total_seconds()) > 0 and self._watch.steps == steps:
            if stop.wait(min(left, _LONGEST_NAP_SECONDS)):
                return False
        return not stop.is_set()

    async def sleep(self, length: timedelta, participant: str) -> None:  # noqa: ARG002
        """Wait on the loop for a length of monotonic time."""
        end = self.monotonic() + length
        while (left := (end - self.monotonic()).total_seconds()) > 0:
            await asyncio.sleep(min(left, _LONGEST_NAP_SECONDS))

    def wait(self, length: timedelta, participant: str, stop: threading.Event) -> bool:  # noqa: ARG002
        """Block for a length of monotonic time (True) or until ``stop`` is set (False)."""
        end = self.monotonic() + length
        while (left := (end - self.monotonic()).total_seconds()) > 0:
            if stop.wait(min(left, _LONGEST_NAP_SECONDS)):
                return False
        return not stop.is_set()


@dataclass(order=True, slots=True)
class _Waiter:
    instant: datetime
    participant: str
    number: int
    wake: Callable[[], None] = field(compare=False)


class ReplayClock(OneTime):
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


_PORT: Final[tuple[type[Clock], ...]] = (SystemClock, ReplayClock)
