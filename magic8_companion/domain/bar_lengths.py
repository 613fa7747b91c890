"""Lengths of bars, and longer bars made of shorter ones.

``5m 15m 30m 1h`` are bars of the regular session, stamped by their start.  Longer ones are made of 5-minute bars,
counted from the open; the last one ends with the session.  ``1d`` bars are stamped 00:00 UTC of the trading date.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import numpy as np

from magic8_companion.domain.bars import COLUMNS, Bars, to_ns
from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import BAR, session_on

DAY: Final = timedelta(days=1)
DAY_NS: Final = 86_400_000_000_000
EPOCH: Final = date(1970, 1, 1)
INTERVALS: Final = {
    "5m": BAR,
    "15m": timedelta(minutes=15),
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "1d": DAY,
}


def interval_length(interval: str) -> timedelta:
    """Return the length of a bar.

    >>> interval_length("15m")
    datetime.timedelta(seconds=900)
    """
    if interval not in INTERVALS:
        known = ", ".join(INTERVALS)
        raise DataUnavailable(ReasonCode.INTERVAL_UNAVAILABLE, f"there are no bars of {interval!r}; ask for {known}")
    return INTERVALS[interval]


def nanoseconds(length: timedelta) -> int:
    """Return a whole number of nanoseconds.

    >>> nanoseconds(timedelta(minutes=5))
    300000000000
    """
    return length // timedelta(microseconds=1) * 1_000


def utc_midnight(day: date) -> datetime:
    """Return 00:00 UTC of a date, the stamp of its daily bar."""
    return datetime.combine(day, time(0), UTC)


def aggregate(bars: Bars, length: timedelta) -> Bars:
    """Return longer bars, counted from the first bar of each day; a last one that is not complete is left out."""
    if bars.length == length or not len(bars):
        return bars
    step = nanoseconds(length)
    days = bars.starts // DAY_NS
    day_firsts = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
    opens = np.repeat(bars.starts[day_firsts], np.diff(day_firsts, append=len(bars)))
    groups = days * (DAY_NS // step) + (bars.starts - opens) // step
    firsts = np.flatnonzero(np.diff(groups, prepend=groups[0] - 1))
    lasts = np.append(firsts[1:], len(bars)) - 1
    whole = Bars(
        starts=bars.starts[firsts],
        open=bars.open[firsts],
        high=np.maximum.reduceat(bars.high, firsts),
        low=np.minimum.reduceat(bars.low, firsts),
        close=bars.close[lasts],
        volume=np.add.reduceat(bars.volume, firsts),
        length=length,
    )
    return whole if _is_whole(bars, int(whole.starts[-1]) + step) else whole[:-1]


def daily_from(bars: Bars) -> Bars:
    """Return one bar per day, stamped 00:00 UTC, of intraday bars of complete days."""
    if not len(bars):
        return Bars.empty(DAY)
    days = bars.starts // DAY_NS
    firsts = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
    lasts = np.append(firsts[1:], len(bars)) - 1
    return Bars(
        starts=days[firsts] * DAY_NS,
        open=bars.open[firsts],
        high=np.maximum.reduceat(bars.high, firsts),
        low=np.minimum.reduceat(bars.low, firsts),
        close=bars.close[lasts],
        volume=np.add.reduceat(bars.volume, firsts),
        length=DAY,
    )


def joined(parts: Sequence[Bars], length: timedelta) -> Bars:
    """Return consecutive series as one."""
    filled = [part for part in parts if len(part)]
    if len(filled) < 2:
        return filled[0] if filled else Bars.empty(length)
    columns = {name: np.concatenate([getattr(part, name) for part in filled]) for name in COLUMNS}
    return Bars(starts=np.concatenate([part.starts for part in filled]), length=length, **columns)


def _is_whole(bars: Bars, due_end: int) -> bool:
    end = to_ns(bars.last_end)
    session = session_on(bars.last_end.date())
    return end >= due_end or (session is not None and end >= to_ns(session.close_at))
