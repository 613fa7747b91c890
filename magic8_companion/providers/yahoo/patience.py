"""Limit the rate of requests to Yahoo, and pause after a rejection.

Yahoo publishes no limit; it accepts about 60 requests per minute from one address.  After a rejection (429) this module
rejects every request until the pause is over.  Each further rejection doubles the pause.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import utc_text
from magic8_companion.ports import Clock
from magic8_companion.steady_clock import SteadyClock

FIRST_PAUSE: Final = timedelta(seconds=60)
LONGEST_PAUSE: Final = timedelta(minutes=15)


class BackOff:
    """The pause after a rejection; thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._steady = SteadyClock(clock)
        self._lock = threading.Lock()
        self._pause = timedelta(0)
        self._until: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Return whether requests are allowed now."""
        return self._until is None or self._steady.now() >= self._until

    def require_over(self) -> None:
        """Raise during the pause.

        Raises
        ------
        DataUnavailable
            ``rate_limited`` with the time of the next attempt.
        """
        until = self._until
        if until is not None and self._steady.now() < until:
            raise DataUnavailable(
                "rate_limited",
                f"Yahoo rejects more requests; the next attempt is at {utc_text(self._steady.wall_time_of(until))}",
            )

    def refused(self, wish_seconds: float = 0.0) -> None:
        """Start or extend the pause; ``wish_seconds`` is Yahoo's ``Retry-After``."""
        with self._lock:
            if not self.is_over:
                return  # simultaneous requests count as one rejection
            self._pause = min(max(2 * self._pause, FIRST_PAUSE), LONGEST_PAUSE)
            wish = min(timedelta(seconds=wish_seconds), LONGEST_PAUSE)
            self._until = self._steady.now() + max(self._pause, wish)

    def answered(self) -> None:
        """End the pause: Yahoo answers again."""
        with self._lock:
            self._pause, self._until = timedelta(0), None


class Pace:
    """A token bucket: ``burst`` requests at once, ``per_second`` on average.

    It counts real seconds, not the clock's, because it protects a real server.
    """

    def __init__(
        self,
        per_second: float = 1.0,
        burst: int = 60,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._per_second, self._burst = per_second, float(burst)
        self._monotonic, self._wait = monotonic, wait or threading.Event().wait
        self._lock = threading.Lock()
        self._left, self._at = self._burst, monotonic()

    def take(self) -> float:
        """Block this thread until a request is allowed; return the seconds waited."""
        with self._lock:
            now = self._monotonic()
            self._left = min(self._burst, self._left + (now - self._at) * self._per_second) - 1
            self._at = now
            pause = max(0.0, -self._left / self._per_second)
        if pause:
            self._wait(pause)
        return pause
