"""Arrange complete sessions of one symbol as matrices: row = day, column = 5-minute bar since the open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.bars import Bars
from magic8_ml.forecast.session_table import BAR_NS, FULL_DAY_BARS, session_table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SymbolSessions:
    """The sessions: ``rows`` (n_days,) of the session table, ascending; ``count`` (n_days,) bars of the day, 78 or 42.

    ``open`` (n_days,); ``high``, ``low``, ``close`` (n_days, 78), NaN after the close of a half day.
    """

    rows: Integers
    count: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats

    @property
    def opens_at(self) -> Integers:
        """Return the opens, nanoseconds UTC."""
        return session_table().opens[self.rows]

    @property
    def full(self) -> Mask:
        """Return which days are full days; half days are not used as a reference."""
        return np.asarray(self.count == FULL_DAY_BARS)

    @property
    def settlement(self) -> Floats:
        """Return the close of the last bar, which is not the official close."""
        return np.asarray(self.close[np.arange(len(self.rows)), self.count - 1])

    @property
    def squared_returns(self) -> Floats:
        """Return squared log returns, 0 after the close; the first of a day starts at its own open."""
        closes = np.log(self.close)
        before = np.concatenate((np.log(self.open)[:, None], closes[:, :-1]), axis=1)
        return np.asarray(np.nan_to_num((closes - before) ** 2))


def symbol_days(bars: Bars) -> SymbolSessions:
    """Split bars into sessions; skip days with missing bars."""
    table = session_table()
    begin, behind = np.searchsorted(bars.starts, table.opens), np.searchsorted(bars.starts, table.closes)
    due = (table.closes - table.opens) // BAR_NS
    rows = np.flatnonzero((behind - begin == due) & (due > 0))
    slots = np.arange(FULL_DAY_BARS)
    inside = slots < due[rows, None]
    places = np.where(inside, begin[rows, None] + slots, begin[rows, None])
    on_time = (bars.starts[places] == table.opens[rows, None] + np.where(inside, slots, 0) * BAR_NS).all(axis=1)
    rows, places, inside = rows[on_time], places[on_time], inside[on_time]
    high, low, close = (np.where(inside, values[places], np.nan) for values in (bars.high, bars.low, bars.close))
    return SymbolSessions(rows=rows, count=due[rows], open=bars.open[places[:, 0]], high=high, low=low, close=close)
