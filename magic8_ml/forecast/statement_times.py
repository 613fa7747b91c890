"""The Federal Reserve's statement of a session, as far as it was known at each time of that day."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.bars import to_ns
from magic8_companion.events.calendar import is_covered
from magic8_companion.events.statements import statements
from magic8_ml.forecast.session_table import session_table

_MINUTE_NS: Final = 60 * 1_000_000_000


class _Statement(NamedTuple):
    at: int
    known_from: int


@lru_cache(maxsize=4096)
def _statement_of(row: int) -> _Statement | None:
    session = session_table().sessions[row]
    event = statements().get(session.day)
    if event is None or event.at is None or (event.cancelled_at is not None and event.cancelled_at <= session.open_at):
        return None
    return _Statement(to_ns(event.at), 0 if event.known_from is None else to_ns(event.known_from))


def minutes_to_statement(row: int, ends: Integers) -> Floats:
    """Return the minutes from each time to the statement of a session, negative after it.

    Parameters
    ----------
    row
        Position of the session in the session table.
    ends
        Times in nanoseconds UTC, shape (n_bars,).

    Returns
    -------
    Floats
        Shape (n_bars,), NaN on a day without statement and before an unscheduled one.
    """
    statement = _statement_of(row)
    if statement is None:
        return np.full(len(ends), np.nan)
    return np.where(ends >= statement.known_from, (statement.at - ends) / _MINUTE_NS, np.nan)


def is_calendar_known(row: int) -> bool:
    """Tell whether the table of statements covers a session: outside of it a day is unknown, not eventless."""
    return is_covered(session_table().sessions[row].day)
