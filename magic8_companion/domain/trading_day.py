"""NYSE sessions 2015..2030 from a table of our own, and the only place that knows New York time.

Sources of the table: the NYSE holiday calendar as published for each year; special closures 2018-12-05 (mourning for
President Bush) and 2025-01-09 (mourning for President Carter).  From 2028 on it follows NYSE Rule 7.2.  The tests hold
the table against exchange_calendars.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.errors import DataUnavailable

NEW_YORK: Final = ZoneInfo("America/New_York")
OPEN: Final = time(9, 30)
CLOSE: Final = time(16, 0)
HALF_DAY_CLOSE: Final = time(13, 0)
BAR: Final = timedelta(minutes=5)
FIRST_YEAR: Final = 2015
LAST_YEAR: Final = 2030

# year, full holidays | days that close at 13:00 New York
_TABLE: Final = """
2015 01-01 01-19 02-16 04-03 05-25 07-03 09-07 11-26 12-25 | 11-27 12-24
2016 01-01 01-18 02-15 03-25 05-30 07-04 09-05 11-24 12-26 | 11-25
2017 01-02 01-16 02-20 04-14 05-29 07-04 09-04 11-23 12-25 | 07-03 11-24
2018 01-01 01-15 02-19 03-30 05-28 07-04 09-03 11-22 12-05 12-25 | 07-03 11-23 12-24
2019 01-01 01-21 02-18 04-19 05-27 07-04 09-02 11-28 12-25 | 07-03 11-29 12-24
2020 01-01 01-20 02-17 04-10 05-25 07-03 09-07 11-26 12-25 | 11-27 12-24
2021 01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24 | 11-26
2022 01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26 | 11-25
2023 01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25 | 07-03 11-24
2024 01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25 | 07-03 11-29 12-24
2025 01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25 | 07-03 11-28 12-24
2026 01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25 | 11-27 12-24
2027 01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24 | 11-26
2028 01-17 02-21 04-14 05-29 06-19 07-04 09-04 11-23 12-25 | 07-03 11-24
2029 01-01 01-15 02-19 03-30 05-28 06-19 07-04 09-03 11-22 12-25 | 07-03 11-23 12-24
2030 01-01 01-21 02-18 04-19 05-27 06-19 07-04 09-02 11-28 12-25 | 07-03 11-29 12-24
"""


@lru_cache(maxsize=1)
def _calendar() -> tuple[frozenset[date], frozenset[date]]:
    holidays: set[date] = set()
    half_days: set[date] = set()
    for line in _TABLE.split("\n"):
        if not line:
            continue
        full, half = line.split("|")
        year, *days = full.split()
        holidays.update(date.fromisoformat(f"{year}-{day}") for day in days)
        half_days.update(date.fromisoformat(f"{year}-{day}") for day in half.split())
    return frozenset(holidays), frozenset(half_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One regular trading session; ``open_at`` and ``close_at`` are tz-aware UTC."""

    day: date
    open_at: datetime
    close_at: datetime

    @property
    def is_half_day(self) -> bool:
        """Tell whether the session closes at 13:00 New York."""
        return self.close_at - self.open_at < timedelta(hours=6)

    @property
    def bar_count(self) -> int:
        """Count the 5-minute bars of the session: 78, or 42 on a half day."""
        return int((self.close_at - self.open_at) / BAR)

    def minutes_to_close(self, at: datetime) -> float:
        """Return calendar minutes from ``at`` to the close, never below 0."""
        return max(0.0, (self.close_at - at).total_seconds() / 60)

    def contains(self, at: datetime) -> bool:
        """Tell whether ``at`` lies in [open, close): 16:00:00 sharp is closed."""
        return self.open_at <= at < self.close_at

    def at(self, wall: time) -> datetime:
        """Return the UTC instant of a New York wall time on this day."""
        return new_york_instant(self.day, wall)


def require_aware(at: datetime) -> datetime:
    """Return ``at`` in UTC.

    Raises
    ------
    ValueError
        If ``at`` is naive: a time without zone is a bug, not a default.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone; pass an aware datetime")
    return at.astimezone(UTC)


def new_york_instant(day: date, wall: time) -> datetime:
    """Return the UTC instant of a New York wall time.

    >>> new_york_instant(date(2025, 6, 26), time(10, 30)).isoformat()
    '2025-06-26T14:30:00+00:00'
    """
    return datetime.combine(day, wall, NEW_YORK).astimezone(UTC)


def new_york_day(at: datetime) -> date:
    """Return the New York calendar date of an aware instant."""
    return require_aware(at).astimezone(NEW_YORK).date()


def new_york_label(at: datetime) -> str:
    """Format an instant as published in ``checkpoint_time``.

    >>> new_york_label(datetime(2025, 6, 26, 14, 30, tzinfo=UTC))
    '10:30 ET'
    """
    return require_aware(at).astimezone(NEW_YORK).strftime("%H:%M ET")


def utc_text(at: datetime) -> str:
    """Format an instant as on disk: ISO 8601, UTC, whole seconds, ``Z``.

    >>> utc_text(datetime(2025, 6, 26, 14, 35, 7, 900, tzinfo=UTC))
    '2025-06-26T14:35:07Z'
    """
    return require_aware(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_utc(text: str) -> datetime:
    """Read what :func:`utc_text` writes; any ISO 8601 text with an offset is accepted."""
    return require_aware(datetime.fromisoformat(text))


@lru_cache(maxsize=8192)
def session_on(day: date) -> Session | None:
    """Return the session of a New York date, or None when the exchange is shut.

    Raises
    ------
    DataUnavailable
        ``calendar_range`` outside 2015..2030: the table must be extended, a guess would trade on a holiday.
    """
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise DataUnavailable(ReasonCode.CALENDAR_RANGE, f"the NYSE table covers {FIRST_YEAR}..{LAST_YEAR}, not {day}")
    holidays, half_days = _calendar()
    if day.weekday() >= 5 or day in holidays:
        return None
    close = HALF_DAY_CLOSE if day in half_days else CLOSE
    return Session(day=day, open_at=new_york_instant(day, OPEN), close_at=new_york_instant(day, close))


def require_session(day: date) -> Session:
    """Return the session of ``day``.

    Raises
    ------
    DataUnavailable
        ``market_closed`` on weekends and holidays, with a sentence that says so.
    """
    session = session_on(day)
    if session is None:
        kind = "a weekend" if day.weekday() >= 5 else "an exchange holiday"
        raise DataUnavailable(ReasonCode.MARKET_CLOSED, f"the NYSE is shut on {day} ({kind})")
    return session


def previous_session(day: date) -> Session:
    """Return the last session strictly before ``day``."""
    while True:
        day -= timedelta(days=1)
        if (session := session_on(day)) is not None:
            return session


def next_session(day: date) -> Session:
    """Return the first session strictly after ``day``."""
    while True:
        day += timedelta(days=1)
        if (session := session_on(day)) is not None:
            return session


def sessions_between(first: date, last: date) -> tuple[Session, ...]:
    """Return every session of the closed interval [first, last], in order."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(session for day in days if (session := session_on(day)) is not None)


def market_session(at: datetime) -> str:
    """Name the phase of the exchange at ``at``: pre (from 04:00), regular, post (to 20:00) or closed."""
    local = require_aware(at).astimezone(NEW_YORK)
    session = session_on(local.date())
    if session is None or not time(4) <= local.time() < time(20):
        return "closed"
    if at < session.open_at:
        return "pre"
    return "regular" if session.contains(at) else "post"
