"""Show a clock's monotonic time as instants, for everything that measures how long something takes or is old."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # the ports load pandas
    from magic8_companion.ports import Clock

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The instant at which a monotonic time of zero is shown."""


class SteadyClock:
    """A clock's monotonic time as instants: differences are true lengths of time, the dates mean nothing.

    Ages, pauses and time limits are computed on it as on any clock, and nothing that happens to the wall time changes
    them.  Every view of one clock shows the same time; where wall time cannot be set, it shows wall time.
    """

    steps = 0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """Return the monotonic time as an instant."""
        return EPOCH + self._clock.monotonic()

    def monotonic(self) -> timedelta:
        """Return the clock's monotonic time."""
        return self._clock.monotonic()

    def wall_time_of(self, instant: datetime) -> datetime:
        """Return the wall time, as the clock is set now, at an instant of this view."""
        return self._clock.now() - (self.now() - instant)

    def instant_of(self, wall_time: datetime) -> datetime:
        """Return the instant of this view at a wall time, as the clock is set now."""
        return self.now() - (self._clock.now() - wall_time)

    def enter(self, participant: str) -> None:
        """Register a participant of the clock."""
        self._clock.enter(participant)

    def leave(self, participant: str) -> None:
        """Remove a participant of the clock."""
        self._clock.leave(participant)

    async def sleep_until(self, instant: datetime, participant: str) -> None:
        """Wait on the loop until an instant of this view."""
        await self._clock.sleep(instant - self.now(), participant)

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:
        """Block until an instant of this view (True) or until ``stop`` is set (False)."""
        return self._clock.wait(instant - self.now(), participant, stop)

    async def sleep(self, length: timedelta, participant: str) -> None:
        """Wait on the loop for a length of time."""
        await self._clock.sleep(length, participant)

    def wait(self, length: timedelta, participant: str, stop: threading.Event) -> bool:
        """Block a thread for a length of time (True) or until ``stop`` is set (False)."""
        return self._clock.wait(length, participant, stop)


_PORT: Final[type[Clock]] = SteadyClock
