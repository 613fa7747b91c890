"""Days made by hand: every bar stands still, except for one dip, one peak and the last close."""

from __future__ import annotations

from datetime import date

import numpy as np

from magic8_companion.domain.bar_lengths import DAY, utc_midnight
from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.trading_day import BAR, require_session
from magic8_companion.settlement.price import DayPrices

DIP, PEAK = 20, 30


def bars_of(day: date, level: float, low: float, high: float, close: float) -> Bars:
    """Return the 5-minute bars of a day that opens at ``level`` and ends at ``close``."""
    session = require_session(day)
    count = session.bar_count
    flat = np.full(count, level)
    lows, highs, closes = flat.copy(), flat.copy(), flat.copy()
    lows[DIP], highs[PEAK], closes[-1] = low, high, close
    lows[-1], highs[-1] = min(level, close), max(level, close)
    step = BAR.total_seconds() * 1e9
    starts = to_ns(session.open_at) + (np.arange(count) * step).astype(np.int64)
    return Bars(starts=starts, open=flat, high=highs, low=lows, close=closes, volume=np.zeros(count))


def row_of(day: date, close: float, bars: Bars) -> Bars:
    """Return a daily row with an official close of its own."""
    low, high = min(close, bars.low.min()), max(close, bars.high.max())
    columns = {"open": bars.open[0], "high": high, "low": low, "close": close, "volume": 0.0}
    arrays = {name: np.array([value], dtype=float) for name, value in columns.items()}
    return Bars(starts=np.array([to_ns(utc_midnight(day))]), length=DAY, **arrays)


def prices_of(day: date, bars: Bars, row: Bars | None = None) -> DayPrices:
    """Return the prices of a day."""
    return DayPrices.of_day(day, bars, Bars.empty(DAY) if row is None else row)
