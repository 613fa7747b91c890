"""When a 5-minute prediction may run: the slots of a session, the gates before them and the schedule of the thread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import Session, new_york_day, next_session, session_on
from magic8_companion.ports import Clock

MARGIN: Final = timedelta(minutes=5)
"""Slots begin this long after the open, and end strictly before this long ahead of the close."""


def slots_of(session: Session, interval: timedelta) -> tuple[datetime, ...]:
    """Return the nominal slot times of a session, tz-aware UTC.

    >>> from datetime import date
    >>> from magic8_companion.domain.trading_day import require_session
    >>> [len(slots_of(require_session(date(2024, 11, day)), timedelta(minutes=5))) for day in (27, 29)]
    [76, 40]
    """
    first = session.open_at + MARGIN
    count = -((first - (session.close_at - MARGIN)) // interval)  # the ceiling: the end itself is no slot
    return tuple(first + number * interval for number in range(count))


def slot_at(at: datetime, interval: timedelta) -> datetime | None:
    """Return the newest slot at or before ``at``, or None outside 09:35 <= New York < 15:55 (half days 12:55)."""
    session = session_on(new_york_day(at))
    if session is None or not session.open_at + MARGIN <= at < session.close_at - MARGIN:
        return None
    first = session.open_at + MARGIN
    return first + (at - first) // interval * interval


def next_slot(after: datetime, interval: timedelta) -> datetime:
    """Return the first slot strictly after ``after``, today or at the next session."""
    session = session_on(new_york_day(after))
    later = [] if session is None else [slot for slot in slots_of(session, interval) if slot > after]
    return later[0] if later else slots_of(next_session(new_york_day(after)), interval)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """Everything that may prevent a slot; ``checkpoint_pause`` counts from a checkpoint's nominal time."""

    interval: timedelta
    checkpoint_pause: timedelta
    halt_reason: str | None
    volatility_pause: str | None
    last_checkpoint: datetime | None
    last_slot: datetime | None

    def check(self, at: datetime, *, force: bool = False) -> datetime | str:
        """Return the slot that may run at ``at``, or the reason of the first closed gate.

        ``force`` opens only the last gate: it repeats a slot that is done.
        """
        if self.halt_reason is not None:
            return self.halt_reason
        session = session_on(new_york_day(at))
        if session is None:
            return "market_closed"
        slot = slot_at(at, self.interval)
        if slot is None:
            return "before_first_slot" if at < session.open_at + MARGIN else "after_last_slot"
        return self._closed(slot, force=force) or slot

    def _closed(self, slot: datetime, *, force: bool) -> str | None:
        since = None if self.last_checkpoint is None else slot - self.last_checkpoint
        if since is not None and timedelta(0) <= since < self.checkpoint_pause:
            return "checkpoint_pause"
        if self.volatility_pause is not None:
            return "volatility_pause"
        return "slot_done" if slot == self.last_slot and not force else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotSchedule:
    """The due times of a worker: ``delay`` after each slot's nominal time.

    The first run is due at once when a slot is under way or the session is shut: the gates decide.  A slot that was
    missed because the run before it took too long is skipped; only the newest one runs.
    """

    clock: Clock
    interval: timedelta
    delay: timedelta

    def __call__(self, begun: datetime | None) -> datetime:
        """Return the time of the first run, or of the run after the one that began at ``begun``."""
        return self._first() if begun is None else self._after(begun)

    def _first(self) -> datetime:
        now = self.clock.now()
        try:
            slot = slot_at(now, self.interval)
        except DataUnavailable:
            return now
        return now if slot is None else slot + self.delay

    def _after(self, begun: datetime) -> datetime:
        try:
            return next_slot(begun, self.interval) + self.delay
        except DataUnavailable:  # beyond the calendar: the gates give that reason at every interval
            return begun + self.interval
