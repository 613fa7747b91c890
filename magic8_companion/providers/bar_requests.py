"""Answer a request for an interval and a period at one instant, in the same way for every source of bars.

The lengths are those of ``domain.bar_lengths``; bars are complete bars of the regular session. ``Nd`` is today and the
N - 1 trading days before it, so ``1d`` is the running session; ``Nw Nmo Ny`` are calendar periods.  A past day with
missing bars is skipped; a running session with missing bars is an error.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, time, timedelta
from typing import Final, Protocol

from magic8_companion.domain.bar_lengths import DAY, aggregate, interval_length, joined
from magic8_companion.domain.bars import Bars
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

_PERIOD: Final = re.compile(r"([1-9]\d{0,3})(d|w|mo|y)")
_FIRST_DAY: Final = date(FIRST_YEAR, 1, 1)


class BarSource(Protocol):
    """Bars by symbol and day, without a clock: a folder of files or a simulated market."""

    def today(self, symbol: str, length: timedelta, session: Session, now: datetime) -> Bars:
        """Return the bars of ``session`` that are complete at ``now``; none before the first one is due.

        Their length is ``length`` or a part of it.  Data recorded after ``now`` must not change the answer.

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
    """Return the answer of ``get_historical_data`` at ``now``: complete bars, never an empty series.

    Raises
    ------
    DataUnavailable
        ``interval_unavailable``, ``period_unavailable``, ``market_closed`` (a request for the running session on a day
        without one), ``no_bars_yet``, ``no_data``, or a reason of the source.
    """
    length = interval_length(interval)
    today = new_york_day(now)
    first = first_day(period, today)
    if length == DAY:
        bars = source.daily(symbol, first, today).known_at(now)
    else:
        bars = _intraday(source, symbol, length, first, now)
    if not len(bars):
        raise DataUnavailable("no_data", f"{symbol}: no complete {interval} bar from {first} to {today}")
    return bars


def newest_close(source: BarSource, symbol: str, now: datetime) -> float:
    """Return the close of the newest complete 5-minute bar of today's session, in points.

    Raises
    ------
    DataUnavailable
        ``market_closed``, ``no_bars_yet``, or a reason of the source.
    """
    session = require_session(new_york_day(now))
    bars = source.today(symbol, BAR, session, now) if now >= session.open_at else Bars.empty()
    if not len(bars):
        raise _no_bars_yet(symbol, session, BAR)
    return float(bars.close[-1])


def first_day(period: str, today: date) -> date:
    """Return the first date of a period that ends with ``today`` (never before the calendar's first year).

    >>> first_day("1d", date(2025, 4, 9)), first_day("3d", date(2025, 4, 9)), first_day("1mo", date(2025, 3, 31))
    (datetime.date(2025, 4, 9), datetime.date(2025, 4, 7), datetime.date(2025, 3, 1))
    """
    match = _PERIOD.fullmatch(period)
    if match is None:
        raise DataUnavailable("period_unavailable", f"{period!r} is not a period; use Nd, Nw, Nmo or Ny, such as 30d")
    count, unit = int(match[1]), match[2]
    if unit == "d":
        return _sessions_back(today, count - 1)
    if unit == "w":
        return max(_FIRST_DAY, today - timedelta(days=7 * count - 1))
    return max(_FIRST_DAY, _months_back(today, count * (12 if unit == "y" else 1)) + DAY)


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


def _sessions_back(today: date, count: int) -> date:
    if count == 0:
        return today
    first = max(_FIRST_DAY, today - timedelta(days=2 * count + 10))  # generous, because holidays are rare
    sessions = sessions_between(first, today - DAY)
    return sessions[max(0, len(sessions) - count)].day if sessions else today


def _months_back(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))
