"""Run time faster than real time, from any start: a trading day in a minute, over real sockets.

Unlike the replay clock it does not wait for participants, so it works over a network; two runs are not identical.
"""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import datetime, timedelta
from typing import Final

from magic8_companion.clocks import OneTime
from magic8_companion.domain.trading_day import require_aware
from magic8_companion.ports import Clock

_LONGEST_NAP_SECONDS: Final = 0.05  # a jump must be noticed soon


class ScaledClock(OneTime):
    """Time that begins at ``start`` and passes ``speed`` times as fast as real time.

    Raises
    ------
    ValueError
        If ``start`` is naive or ``speed`` is not positive.
    """

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        _require_positive(speed)
        self.speed = speed
        self._start = require_aware(start)
        self._begun = time.monotonic()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the current instant, tz-aware UTC."""
        with self._lock:
            return self._now()

    def jump_to(self, instant: datetime) -> None:
        """Go to a later instant at once; waits that end before it end now.

        Raises
        ------
        ValueError
            If the instant lies in the past: time does not run backwards.
        """
        with self._lock:
            if require_aware(instant) < self._now():
                raise ValueError(f"{instant.isoformat()} lies in the past of the clock")
            self._start, self._begun = require_aware(instant), time.monotonic()

    def run_at(self, speed: float) -> None:
        """Continue at another speed from now on.

        Raises
        ------
        ValueError
            If ``speed`` is not positive.
        """
        _require_positive(speed)
        with self._lock:
            self._start, self._begun, self.speed = self._now(), time.monotonic(), speed

    def enter(self, participant: str) -> None:
        """Do nothing: this clock does not wait for participants."""

    def leave(self, participant: str) -> None:
        """Do nothing: this clock does not wait for participants."""

    async def sleep_until(self, instant: datetime, participant: str) -> None:  # noqa: ARG002  # the clock does not wait for participants
        """Wait on the loop until ``instant``."""
        while (left := self._real_seconds_to(instant)) > 0:
            await asyncio.sleep(min(left, _LONGEST_NAP_SECONDS))

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:  # noqa: ARG002  # as above
        """Block until ``instant`` (True) or until ``stop`` is set (False)."""
        while (left := self._real_seconds_to(instant)) > 0:
            if stop.wait(min(left, _LONGEST_NAP_SECONDS)):
                return False
        return not stop.is_set()

    def _now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._begun) * self.speed)

    def _real_seconds_to(self, instant: datetime) -> float:
        return (instant - self.now()).total_seconds() / self.speed


def _require_positive(speed: float) -> None:
    if not speed > 0:
        raise ValueError(f"the speed of a clock must be positive, not {speed}")


_PORT: Final[type[Clock]] = ScaledClock
