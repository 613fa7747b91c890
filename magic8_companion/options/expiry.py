"""Time to expiry: years of 365 days, third Fridays, and on which sessions options of a cycle expire.

One year is 31,536,000 seconds everywhere in the option mathematics: a volatility holds only for the clock that it was
computed with.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from magic8_companion.domain.trading_day import next_session, previous_session, session_on

SECONDS_PER_YEAR: Final = 365 * 86_400


class ExpiryCycle(StrEnum):
    """The sessions on which options of a class expire."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"

    def expires_on(self, session: date) -> bool:
        """Tell whether options of this cycle expire on a session: every one, the last of its week, a third Friday.

        >>> [cycle.value for cycle in ExpiryCycle if cycle.expires_on(date(2025, 7, 11))]
        ['daily', 'weekly']
        """
        if self is ExpiryCycle.DAILY:
            return True
        if self is ExpiryCycle.MONTHLY:
            return session == monthly_expiry(session.year, session.month)
        return next_session(session).day.isocalendar().week != session.isocalendar().week


def years_of(seconds: float) -> float:
    """Convert seconds to years of 365 days.

    >>> years_of(31_536_000)
    1.0
    """
    return seconds / SECONDS_PER_YEAR


def monthly_expiry(year: int, month: int) -> date:
    """Return the third Friday, or the session before it when the exchange is shut.

    >>> monthly_expiry(2025, 7), monthly_expiry(2019, 4)
    (datetime.date(2025, 7, 18), datetime.date(2019, 4, 18))
    """
    first = date(year, month, 1)
    friday = first + timedelta(days=(4 - first.weekday()) % 7 + 14)
    return friday if session_on(friday) else previous_session(friday).day
