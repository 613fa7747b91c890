"""What is known of a day's events at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from magic8_companion.domain.codes import EventsStatus
from magic8_companion.domain.trading_day import new_york_day, new_york_label, session_on
from magic8_companion.events.event import Event, EventKind
from magic8_companion.events.rules import rule_events
from magic8_companion.events.statements import FIRST_DAY, LAST_DAY, statements


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEvents:
    """The events of a session as they were known at one time, in the order of their times.

    An event that is missing here may still happen on a day that the calendar does not cover.
    """

    day: date
    events: tuple[Event, ...] = ()
    status: EventsStatus = EventsStatus.KNOWN

    def of_kind(self, kind: str) -> Event | None:
        """Return the first event of a kind, or None."""
        return next((event for event in self.events if event.kind == kind), None)

    @property
    def published(self) -> tuple[dict[str, Any], ...]:
        """Return the events as they stand in a document."""
        return tuple(event.published for event in self.events)

    @property
    def summary(self) -> str:
        """Return the events for people, with New York times; ``none known`` without any."""
        return ", ".join(event.summary for event in self.events) or "none known"

    @property
    def statement(self) -> Event | None:
        """Return the Federal Reserve's statement of the day, or None."""
        return self.of_kind(EventKind.FOMC_STATEMENT)


class EventCalendar:
    """Built-in events and those of the user.

    Parameters
    ----------
    of_user
        Events of the user's file, such as releases of consumer prices.
    """

    def __init__(self, of_user: Iterable[Event] = ()) -> None:
        by_day: dict[date, list[Event]] = {}
        for event in of_user:
            by_day.setdefault(event.day, []).append(event)
        self._of_user: Mapping[date, list[Event]] = by_day

    def known(self, day: date, now: datetime) -> DayEvents:
        """Return the events of a New York day that the market knew of at ``now``; none when the exchange is shut.

        Raises
        ------
        DataUnavailable
            ``calendar_range`` outside the years of the exchange's calendar.
        """
        session = session_on(day)
        status = EventsStatus.KNOWN if is_covered(day) else EventsStatus.EXPIRED
        if session is None:
            return DayEvents(day=day, status=status)
        table = statements()
        statement = [table[day]] if day in table else []
        found = [*statement, *self._of_user.get(day, ()), *rule_events(session)]
        known = sorted((event for event in found if event.is_known(now)), key=lambda event: event.at or session.open_at)
        return DayEvents(day=day, events=tuple(known), status=status)

    def today(self, now: datetime) -> DayEvents:
        """Return the events of the New York day of ``now``."""
        return self.known(new_york_day(now), now)


def is_covered(day: date) -> bool:
    """Tell whether the table of statements covers a day."""
    return FIRST_DAY <= day <= LAST_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPause:
    """A pause of entries around an event; it ends at ``until``."""

    event: Event
    until: datetime

    @property
    def sentence(self) -> str:
        """Return the reason and the end of the pause, for people."""
        return f"pause until {new_york_label(self.until)} for {self.event.summary}"


def pause_at(events: DayEvents, now: datetime, minutes: Mapping[str, float]) -> EventPause | None:
    """Return the pause that bars entries at ``now``, the one that ends last; None without one.

    Parameters
    ----------
    minutes
        Kind of event -> minutes before and after its time in which no entry may be made.
    """
    windows = _windows(events, minutes)
    pauses = [EventPause(event=event, until=end) for event, begin, end in windows if begin <= now < end]
    return max(pauses, key=lambda pause: pause.until, default=None)


def next_pause_change(events: DayEvents, now: datetime, minutes: Mapping[str, float]) -> datetime | None:
    """Return the next time after ``now`` at which a pause begins or ends, None if no such time follows."""
    edges = (edge for _, begin, end in _windows(events, minutes) for edge in (begin, end))
    return min((edge for edge in edges if edge > now), default=None)


def _windows(events: DayEvents, minutes: Mapping[str, float]) -> list[tuple[Event, datetime, datetime]]:
    timed = [(event, event.at, timedelta(minutes=minutes.get(event.kind, 0))) for event in events.events if event.at]
    return [(event, at - span, at + span) for event, at, span in timed if span]
