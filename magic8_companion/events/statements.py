"""Statements of the Federal Open Market Committee, from a table of facts in the wheel.

Source: the Board's calendars and press releases; 2027 is the tentative schedule.  ``announced`` is the day on which the
schedule of that year was published, where it is known; other scheduled days were published at least a year ahead.  An
unscheduled statement is known from its own time, and a cancelled one until the statement that took its place.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Final

from magic8_companion.domain.trading_day import new_york_instant
from magic8_companion.events.event import Event, EventKind

FIRST_DAY: Final = date(2015, 1, 1)
LAST_DAY: Final = date(2027, 12, 31)
"""The table knows every statement of the days from ``FIRST_DAY`` to ``LAST_DAY`` and nothing of others."""

_KNOWN_AHEAD: Final = timedelta(days=365)


@lru_cache(maxsize=1)
def statements() -> Mapping[date, Event]:
    """Return every statement of the table by its New York day."""
    text = files("magic8_companion.events").joinpath("fomc_statements.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    times = {row["date"]: _instant(row["date"], row["time"]) for row in rows}
    return {date.fromisoformat(row["date"]): _event(row, times) for row in rows}


def _event(row: Mapping[str, str], times: Mapping[str, datetime]) -> Event:
    at = times[row["date"]]
    scheduled = row["scheduled"] == "yes"
    if row["announced"] and scheduled:
        known_from = _instant(row["announced"], "23:59")  # the hour of the announcement is not recorded
    else:
        known_from = at - _KNOWN_AHEAD if scheduled else at
    cancelled = row["cancelled"]
    return Event(
        kind=EventKind.FOMC_STATEMENT,
        day=date.fromisoformat(row["date"]),
        at=at,
        scheduled=scheduled,
        known_from=known_from,
        cancelled_at=times[cancelled] if cancelled else None,
    )


def _instant(day: str, wall: str) -> datetime:
    return new_york_instant(date.fromisoformat(day), time.fromisoformat(wall)).astimezone(UTC)
