"""Select the bars of a request up to the clock's time, with the effects of faults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from magic8_companion.domain.bar_lengths import nanoseconds
from magic8_companion.domain.bars import Bars, from_ns, to_ns
from magic8_companion.domain.trading_day import new_york_day, session_on
from magic8_companion.testing.active_faults import ActiveFaults
from magic8_companion.testing.contracts import Instrument
from magic8_companion.testing.history_request import DAILY, HistoricalDataRequest
from magic8_companion.testing.market import minute_bars, seen_at
from magic8_companion.testing.world import World

_FIVE_MINUTES: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One bar for a client: its start in nanoseconds since the epoch, and whether it is complete."""

    stamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    complete: bool = True


def rows_of(world: World, instrument: Instrument, request: HistoricalDataRequest) -> list[Row]:
    """Return the bars of a request at the gateway's time, the running one last.

    Raises
    ------
    DataUnavailable
        When the market has no data of the symbol in that time.
    """
    end = request.end_at(world.now())
    start = request.start_at(end)
    bars = world.market.bars(instrument.symbol, new_york_day(start), new_york_day(end))
    seen = minute_bars(bars, end) if request.length < _FIVE_MINUTES else seen_at(bars, end)
    rows = _grouped(seen[int(np.searchsorted(seen.starts, to_ns(start))) :], request.length, end)
    running = world.active_faults.find("running_bar")
    if running and not running.fault.flag("included") and rows and not rows[-1].complete:
        rows.pop()
    return rows


def spoiled(rows: list[Row], active_faults: ActiveFaults, symbol: str) -> list[Row]:
    """Return the bars with the effects of faults on the newest complete one."""
    newest = len(rows) - 1
    if rows and not rows[-1].complete:
        newest -= 1
    if newest < 0:
        return rows
    if active_faults.find("bad_bar", symbol):
        rows = [*rows[:newest], replace(rows[newest], high=rows[newest].low - 1.0), *rows[newest + 1 :]]
    if active_faults.find("repeated_bar", symbol):
        rows = [*rows[: newest + 1], *rows[newest:]]
    if gap := active_faults.find("bars_gap", symbol):
        rows = [*rows[: max(0, newest - int(gap.fault.number("count")))], *rows[newest:]]
    return rows


def _grouped(bars: Bars, length: timedelta, end: datetime) -> list[Row]:
    # like a real gateway: bars begin at whole multiples of the hour, so the first hour of a session has 30 minutes
    if not len(bars):
        return []
    step = nanoseconds(length)
    groups = bars.starts // step
    firsts = np.flatnonzero(np.diff(groups, prepend=groups[0] - 1))
    lasts = np.append(firsts[1:], len(bars)) - 1
    columns = (
        groups[firsts] * step if length == DAILY else bars.starts[firsts],
        bars.open[firsts],
        np.maximum.reduceat(bars.high, firsts),
        np.minimum.reduceat(bars.low, firsts),
        bars.close[lasts],
        np.add.reduceat(bars.volume, firsts),
    )
    rows = [
        Row(stamp=stamp, open=opened, high=high, low=low, close=close, volume=volume)
        for stamp, opened, high, low, close, volume in zip(*(column.tolist() for column in columns), strict=True)
    ]
    session = session_on(new_york_day(from_ns(int(bars.starts[-1]))))
    over = session is not None and session.close_at <= end
    rows[-1] = replace(rows[-1], complete=over or (int(groups[-1]) + 1) * step <= to_ns(end))
    return rows
