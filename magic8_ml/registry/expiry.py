"""Until when a model may serve: so many sessions after the last day it has seen, counted on the NYSE calendar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import next_session, sessions_between
from magic8_ml.registry.passport import PASSPORT


def valid_until(manifest: Mapping[str, Any]) -> date:
    """Return the last session that a model with a valid passport may predict.

    >>> valid_until({"passport": {"frozen": {"day": "2025-06-30", "valid_sessions": 3}}}).isoformat()
    '2025-07-03'
    """
    frozen = manifest[PASSPORT]["frozen"]
    day = date.fromisoformat(frozen["day"])
    try:
        for _ in range(frozen["valid_sessions"]):
            day = next_session(day).day
    except DataUnavailable:  # the calendar ends before the model does, and no prediction goes beyond the calendar
        return date.max
    return day


def sessions_after(day: date, other: date) -> int:
    """Count the sessions after ``day`` up to and including ``other``; none if that is not later.

    >>> sessions_after(date(2025, 7, 3), date(2025, 7, 8))
    2
    """
    return len(sessions_between(day + timedelta(days=1), other))
