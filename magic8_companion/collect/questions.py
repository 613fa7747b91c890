"""List the days to request, and split them into portions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from magic8_companion.domain.trading_day import new_york_day, session_on, sessions_between

SETTLED_AFTER: Final = timedelta(minutes=30)
"""A source may still correct a session during this time after the close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Consecutive days of one symbol for one request to the source."""

    symbol: str
    days: tuple[date, ...]


def collectable_days(since: date, until: date | None, now: datetime, reach_days: int | None) -> tuple[date, ...]:
    """Return the finished sessions of [since, until] that the source still has, oldest first."""
    today = new_york_day(now)
    first = since if reach_days is None else max(since, today - timedelta(days=reach_days))
    sessions = sessions_between(first, min(until or today, today))
    return tuple(session.day for session in sessions if now >= session.close_at + SETTLED_AFTER)


def questions(
    symbols: Sequence[str], days: Sequence[date], span_days: int, is_open: Callable[[str, date], bool]
) -> list[Question]:
    """Return portions of at most ``span_days`` calendar days that cover every open day.

    >>> days = [date(2025, 4, 7), date(2025, 4, 8), date(2025, 4, 9), date(2025, 4, 14)]
    >>> asked = questions(["SPX"], days, 3, lambda symbol, day: day != date(2025, 4, 8))
    >>> [[day.day for day in question.days] for question in asked]
    [[7, 9], [14]]
    """
    found: list[Question] = []
    for symbol in symbols:
        portion: list[date] = []
        for day in days:
            if not is_open(symbol, day):
                continue
            if portion and (day - portion[0]).days >= span_days:
                found.append(Question(symbol=symbol, days=tuple(portion)))
                portion = []
            portion.append(day)
        if portion:
            found.append(Question(symbol=symbol, days=tuple(portion)))
    return found


def bars_due(day: date) -> int:
    """Count the 5-minute bars of a session.

    >>> bars_due(date(2024, 11, 29))
    42
    """
    session = session_on(day)
    return session.bar_count if session is not None else 0
