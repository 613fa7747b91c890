"""One event of a day, and since when the market knows of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from magic8_companion.domain.codes import Code
from magic8_companion.domain.trading_day import new_york_label, utc_text


class EventKind(Code):
    """The kinds that this project names; a user's file may add kinds of its own."""

    FOMC_STATEMENT = "fomc_statement"
    CPI = "cpi"
    EMPLOYMENT_SITUATION = "employment_situation"
    MONTHLY_EXPIRY = "monthly_expiry"
    QUARTERLY_EXPIRY = "quarterly_expiry"
    VIX_EXPIRY = "vix_expiry"
    MONTH_END = "month_end"
    QUARTER_END = "quarter_end"
    HALF_DAY = "half_day"


UNTIMED: Final = frozenset(
    (
        EventKind.MONTHLY_EXPIRY,
        EventKind.QUARTERLY_EXPIRY,
        EventKind.VIX_EXPIRY,
        EventKind.MONTH_END,
        EventKind.QUARTER_END,
    )
)
"""Kinds that concern a whole day."""

EVENT_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""The form of a kind's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event of a New York day.

    Parameters
    ----------
    at
        Its time, tz-aware UTC; None for an event of the whole day, such as an expiry.
    known_from
        When the market learnt of it, tz-aware UTC; None if it was always known, as an expiry by rule.
    cancelled_at
        When it was called off; None if it was not.
    """

    kind: str
    day: date
    at: datetime | None = None
    scheduled: bool = True
    known_from: datetime | None = None
    cancelled_at: datetime | None = None

    def is_known(self, now: datetime) -> bool:
        """Tell whether the event was expected, or had happened, as far as the market knew at ``now``."""
        announced = self.known_from is None or self.known_from <= now
        return announced and (self.cancelled_at is None or now < self.cancelled_at)

    @property
    def summary(self) -> str:
        """Return kind and New York time, such as ``fomc_statement 14:00 ET``."""
        return self.kind if self.at is None else f"{self.kind} {new_york_label(self.at)}"

    @property
    def published(self) -> dict[str, Any]:
        """Return the event as it stands in a document.

        >>> Event(kind="month_end", day=date(2025, 1, 31)).published
        {'event': 'month_end', 'at': None, 'scheduled': True}
        """
        at = None if self.at is None else utc_text(self.at)
        return {"event": str(self.kind), "at": at, "scheduled": self.scheduled}
