"""Events that follow from the exchange's calendar: expiries, ends of months and quarters, half days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from magic8_companion.domain.trading_day import Session, next_session, previous_session, session_on
from magic8_companion.events.event import Event, EventKind
from magic8_companion.options.expiry import monthly_expiry

_QUARTER_MONTHS: Final = frozenset((3, 6, 9, 12))


def rule_events(session: Session) -> Iterator[Event]:
    """Yield the events of a session that follow from a rule."""
    day = session.day
    if day == monthly_expiry(day.year, day.month):
        yield Event(kind=EventKind.MONTHLY_EXPIRY, day=day)
        if day.month in _QUARTER_MONTHS:
            yield Event(kind=EventKind.QUARTERLY_EXPIRY, day=day)
    if day == vix_expiry(day.year, day.month):
        yield Event(kind=EventKind.VIX_EXPIRY, day=day)
    if is_month_end(day):
        yield Event(kind=EventKind.MONTH_END, day=day)
        if day.month in _QUARTER_MONTHS:
            yield Event(kind=EventKind.QUARTER_END, day=day)
    if session.is_half_day:
        yield Event(kind=EventKind.HALF_DAY, day=day, at=session.close_at)


def vix_expiry(year: int, month: int) -> date:
    """Return the settlement day of the month's VIX futures and options.

    It is the Wednesday 30 days before the next month's third Friday; when the exchange is shut on either of the two,
    the session before that Wednesday (Cboe rulebook, VIX futures: final settlement date).

    >>> vix_expiry(2025, 6), vix_expiry(2019, 3), vix_expiry(2024, 6)
    (datetime.date(2025, 6, 18), datetime.date(2019, 3, 19), datetime.date(2024, 6, 18))
    """
    following = date(year + month // 12, month % 12 + 1, 1)
    friday = following + timedelta(days=(4 - following.weekday()) % 7 + 14)
    wednesday = friday - timedelta(days=30)
    usual = session_on(friday) is not None and session_on(wednesday) is not None
    return wednesday if usual else previous_session(wednesday).day


def is_month_end(day: date) -> bool:
    """Tell whether a session is the last one of its month.

    >>> is_month_end(date(2025, 5, 30)), is_month_end(date(2025, 5, 29))
    (True, False)
    """
    return (day + timedelta(days=1)).month != day.month or next_session(day).day.month != day.month
