"""A replayed clock whose wall time can be set and whose machine can be suspended: for proofs about clock steps.

Like the machine's clock it cuts every wait into naps of at most a second and counts the steps that it sees.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Final

from magic8_companion.clocks import ClockWatch, ReplayClock
from magic8_companion.ports import Clock

_LONGEST_NAP: Final = timedelta(seconds=1)


class SettableClock:
    """Virtual time with turns; wall and monotonic time move apart when the wall time is set."""

    def __init__(self, start: datetime) -> None:
        self._turns = ReplayClock(start)
        self._watch = ClockWatch()
        self._set_by = timedelta()
        self._suspended = timedelta()

    def set_by(self, step: timedelta) -> None:
        """Set the wall time forward (+) or back (-)."""
        self._set_by += step

    def suspend(self, length: timedelta) -> None:
        """Let the machine sleep: both times go on, and nothing runs."""
        self._suspended += length

    def now(self) -> datetime:
        """Return the wall time."""
        wall = self._turns.now() + self._suspended + self._set_by
        self._watch.look(wall, self.monotonic())
        return wall

    def true_now(self) -> datetime:
        """Return what the wall time would be had it never been set."""
        return self._turns.now() + self._suspended

    def monotonic(self) -> timedelta:
        """Return the monotonic time, suspends included."""
        return self._turns.monotonic() + self._suspended

    @property
    def steps(self) -> int:
        """Return how many steps of the wall time have been seen."""
        self.now()
        return self._watch.steps

    def enter(self, participant: str) -> None:
        """Register a participant."""
        self._turns.enter(participant)

    def leave(self, participant: str) -> None:
        """Remove a participant."""
        self._turns.leave(participant)

    async def sleep_until(self, instant: datetime, participant: str) -> None:
        """Wait on the loop until ``instant`` or a step of the wall time."""
        steps, turn = self.steps, timedelta()
        while True:
            await self._turns.sleep(turn, participant)
            turn = min(instant - self.now(), _LONGEST_NAP)
            if turn <= timedelta() or self.steps != steps:
                return

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:
        """Block until ``instant`` or a step of the wall time (True), or until ``stop`` is set (False)."""
        steps, turn = self.steps, timedelta()
        while self._turns.wait(turn, participant, stop):
            turn = min(instant - self.now(), _LONGEST_NAP)
            if turn <= timedelta() or self.steps != steps:
                return True
        return False

    async def sleep(self, length: timedelta, participant: str) -> None:
        """Wait on the loop for a length of monotonic time."""
        end, turn = self.monotonic() + length, timedelta()
        while True:
            await self._turns.sleep(turn, participant)
            turn = min(end - self.monotonic(), _LONGEST_NAP)
            if turn <= timedelta():
                return

    def wait(self, length: timedelta, participant: str, stop: threading.Event) -> bool:
        """Block for a length of monotonic time (True) or until ``stop`` is set (False)."""
        end, turn = self.monotonic() + length, timedelta()
        while self._turns.wait(turn, participant, stop):
            turn = min(end - self.monotonic(), _LONGEST_NAP)
            if turn <= timedelta():
                return True
        return False


_PORT: Final[type[Clock]] = SettableClock
