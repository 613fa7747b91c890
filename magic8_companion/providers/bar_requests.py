"""What an interval and a period mean at one instant: the same answer for every source of recorded or simulated bars.

``5m 15m 30m 1h`` are bars of the regular session, stamped by their start and given only when complete.  Longer ones are
made of 5-minute bars, counted from the open; the last one ends with the session.  ``1d`` bars are stamped 00:00 UTC of
the trading date and given when that date is over in UTC.

``Nd`` is today and the N - 1 trading days before it, so ``1d`` is the running session; ``Nw Nmo Ny`` go back by the
calendar.  A day of the past with missing bars is left out; a running session with missing bars is an error.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol

import numpy as np

from magic8_companion.domain.bars import COLUMNS, Bars, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import (
    BAR,
    FIRST_YEAR,
    Session,
    new_york_day,
    new_york_instant,
    new_york_label,
    require_session,
    session_on,
    sessions_between,
)

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
_PERIOD: Final = re.compile(r"([1-9]\d{0,3})(d|w|mo|y)")
_FIRST_DAY: Final = date(FIRST_YEAR, 1, 1)


class BarSource(Protocol):
    """Bars by symbol and day, without a clock: what a folder of files and a simulated market have in common."""

    def today(self, symbol: str, length: timedelta, session: Session, now: datetime) -> Bars:
        """Return the bars of ``session`` that are complete at ``now``; none before the first one is due.

        Their length is ``length`` or a part of it.  Nothing that was recorded after ``now`` may change the answer.

        Raises
        ------
        DataUnavailable
            When a bar that is due is missing or impossible.
        """

    def history(self, symbol: str, length: timedelta, start: datetime, end: datetime) -> Bars:
        """Return the bars of the complete days between two instants; length as in :meth:`today`."""

    def daily(self, symbol: str, first: date, last: date) -> Bars:
        """Return the daily bars of the closed interval [first, last]."""


def bars_at(source: BarSource, symbol: str, interval: str, period: str, now: datetime) -> Bars:
    """Return what ``get_historical_data`` answers at ``now``: never empty, never a bar that is not complete.

    Raises
    ------
    DataUnavailable
        ``interval_unavailable``, ``period_unavailable``, ``market_closed`` (the running session is asked for on a day
        without one), ``no_bars_yet``, ``no_data``, or what the source says.
    """
    length = interval_length(interval)
    today = new_york_day(now)
    first = first_day(period, today)
    if length == DAY:
        bars = source.daily(symbol, first, today).known_at(now)
    else:
        bars = _intraday(source, symbol, length, first, now)
    if not len(bars):
        raise DataUnavailable("no_data", f"{symbol} has no complete {interval} bar from {first} to {today}")
    return bars


def newest_close(source: BarSource, symbol: str, now: datetime) -> float:
    """Return the close of the newest complete 5-minute bar of today's session, in points.

    Raises
    ------
    DataUnavailable
        ``market_closed``, ``no_bars_yet``, or what the source says.
    """
    session = require_session(new_york_day(now))
    bars = source.today(symbol, BAR, session, now) if now >= session.open_at else Bars.empty()
    if not len(bars):
        raise _no_bars_yet(symbol, session, BAR)
    return float(bars.close[-1])


def interval_length(interval: str) -> timedelta:
    """Return the length of a bar.

    >>> interval_length("15m")
    datetime.timedelta(seconds=900)
    """
    if interval not in INTERVALS:
        known = ", ".join(INTERVALS)
        raise DataUnavailable("interval_unavailable", f"there are no bars of {interval!r}; ask for {known}")
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


def first_day(period: str, today: date) -> date:
    """Return the first date of a period that ends with ``today`` (never before the calendar's first year).

    >>> first_day("1d", date(2025, 4, 9)), first_day("3d", date(2025, 4, 9)), first_day("1mo", date(2025, 3, 31))
    (datetime.date(2025, 4, 9), datetime.date(2025, 4, 7), datetime.date(2025, 3, 1))
    """
    match = _PERIOD.fullmatch(period)
    if match is None:
        raise DataUnavailable("period_unavailable", f"{period!r} is no period; ask for Nd, Nw, Nmo or Ny, such as 30d")
    count, unit = int(match[1]), match[2]
    if unit == "d":
        return _sessions_back(today, count - 1)
    if unit == "w":
        return max(_FIRST_DAY, today - timedelta(days=7 * count - 1))
    return max(_FIRST_DAY, _months_back(today, count * (12 if unit == "y" else 1)) + DAY)


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


def _intraday(source: BarSource, symbol: str, length: timedelta, first: date, now: datetime) -> Bars:
    today = new_york_day(now)
    session = session_on(today)
    if first == today:
        session = require_session(today)
    parts = []
    if first < today:
        start, end = (new_york_instant(day, time(0)) for day in (first, today))
        parts.append(aggregate(source.history(symbol, length, start, end), length))
    if session is not None and now >= session.open_at:
        parts.append(aggregate(source.today(symbol, length, session, now), length))
    bars = joined(parts, length)
    if session is not None and not len(bars) and first == today:
        raise _no_bars_yet(symbol, session, length)
    return bars


def _no_bars_yet(symbol: str, session: Session, length: timedelta) -> DataUnavailable:
    due = new_york_label(session.open_at + length)
    return DataUnavailable("no_bars_yet", f"{symbol}: the first bar of {session.day} is complete at {due}")


def _is_whole(bars: Bars, due_end: int) -> bool:
    end = to_ns(bars.last_end)
    session = session_on(bars.last_end.date())
    return end >= due_end or (session is not None and end >= to_ns(session.close_at))


def _sessions_back(today: date, count: int) -> date:
    if count == 0:
        return today
    first = max(_FIRST_DAY, today - timedelta(days=2 * count + 10))  # more than enough: holidays are rare
    sessions = sessions_between(first, today - DAY)
    return sessions[max(0, len(sessions) - count)].day if sessions else today


def _months_back(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))
