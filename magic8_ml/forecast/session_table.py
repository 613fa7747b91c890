"""The exchange calendar as arrays, so that "the last 30 sessions" is a slice and never runs across a gap unseen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.arrays import Integers
from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import BAR, FIRST_YEAR, LAST_YEAR, Session, sessions_between

BAR_NS: Final = int(BAR.total_seconds()) * 1_000_000_000
DAY_NS: Final = 86_400 * 1_000_000_000
BAR_MINUTES: Final = int(BAR.total_seconds() // 60)
FULL_DAY_BARS: Final = 78


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTable:
    """Every session of the calendar; all arrays have shape (n_sessions,).

    ``days`` are New York dates as days since 1970-01-01; ``opens`` and ``closes`` nanoseconds UTC.
    """

    sessions: tuple[Session, ...]
    days: Integers
    opens: Integers
    closes: Integers

    def position(self, day: date) -> int:
        """Return the index of the session of ``day``.

        Raises
        ------
        DataUnavailable
            ``market_closed`` when the exchange is shut on that day or the calendar does not reach it.
        """
        number = day_number(day)
        found = int(np.searchsorted(self.days, number))
        if found == len(self.days) or self.days[found] != number:
            raise DataUnavailable("market_closed", f"the NYSE calendar has no session on {day}")
        return found


@lru_cache(maxsize=1)
def session_table() -> SessionTable:
    """Return the table, built once."""
    sessions = sessions_between(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))
    return SessionTable(
        sessions=sessions,
        days=np.array([day_number(session.day) for session in sessions], dtype=np.int64),
        opens=np.array([to_ns(session.open_at) for session in sessions], dtype=np.int64),
        closes=np.array([to_ns(session.close_at) for session in sessions], dtype=np.int64),
    )


def day_number(day: date) -> int:
    """Return days since 1970-01-01.

    >>> day_number(date(1970, 1, 2))
    1
    """
    return day.toordinal() - _EPOCH


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC).toordinal()


def complete_days(bars: Bars, first: int, last: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Find the full sessions of table rows [first, last) that have all their 78 bars.

    Returns
    -------
    tuple
        Table rows (n_days,) and, for each, the positions of its bars (n_days, 78).  Half days are never among them:
        they may be predicted, but they describe no ordinary day.
    """
    table = session_table()
    opens = table.opens[first:last]
    full = table.closes[first:last] - opens == FULL_DAY_BARS * BAR_NS
    begin = np.searchsorted(bars.starts, opens)
    enough = full & (begin + FULL_DAY_BARS <= len(bars))
    rows = np.flatnonzero(enough)
    if not len(rows):
        return rows, np.empty((0, FULL_DAY_BARS), dtype=np.int64)
    positions = begin[rows][:, None] + np.arange(FULL_DAY_BARS)
    due = opens[rows][:, None] + np.arange(FULL_DAY_BARS) * BAR_NS
    whole = (bars.starts[positions] == due).all(axis=1)
    return rows[whole] + first, positions[whole]


def values_on(stamps: Integers, values: npt.NDArray[np.float64], first: int, last: int) -> npt.NDArray[np.float64]:
    """Look up daily values on table rows [first, last); NaN where a session has none.

    ``stamps`` are nanoseconds at 00:00 UTC of the trading date.  Rows of days without session are passed over.
    """
    wanted = session_table().days[first:last] * DAY_NS
    found = np.searchsorted(stamps, wanted)
    known = found < len(stamps)
    known[known] = stamps[found[known]] == wanted[known]
    answer = np.full(len(wanted), np.nan)
    answer[known] = values[found[known]]
    return answer
