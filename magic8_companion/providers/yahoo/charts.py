"""Build a source of bars from Yahoo's chart: complete bars, and the faults of the others.

Yahoo's data are up to 20 minutes late, so a bar is complete when Yahoo's own time has passed its end.  The newest row
is the running bar, often with an odd stamp.  Empty rows at the end are bars that have not arrived yet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from magic8_companion.domain.bar_lengths import DAY, nanoseconds, utc_midnight
from magic8_companion.domain.bars import Bars, from_ns, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import BAR, Session, session_on, utc_text
from magic8_companion.providers.yahoo.library import YahooChart
from magic8_companion.providers.yahoo.tickers import INDICES, Ticker
from magic8_companion.recordings.bar_checks import checked
from magic8_companion.recordings.bar_file import RawBars
from magic8_companion.recordings.bar_series import BarSeries, series_of

LATEST: Final = timedelta(minutes=30)
"""Yahoo has the whole session after this delay, whatever time it reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartBars:
    """The bars of one chart (see ``bar_requests.BarSource``); ``known_until`` is the end of the newest complete one."""

    series: BarSeries
    known_until: datetime

    def today(self, symbol: str, length: timedelta, session: Session, now: datetime) -> Bars:  # noqa: ARG002  # 5-minute bars make up every length
        """Return the complete bars of ``session``.

        Raises
        ------
        DataUnavailable
            ``bars_gap`` or ``bad_bars`` when one of them is missing or impossible; ``no_bars_yet`` before the first.
        """
        until = min(now, self.known_until)
        if until < session.open_at + BAR <= now:
            late = f"{symbol}: Yahoo, up to 20 minutes late, has no complete bar of {session.day} yet"
            raise DataUnavailable("no_bars_yet", late)
        return self.series.today(session, until)

    def history(self, symbol: str, length: timedelta, start: datetime, end: datetime) -> Bars:  # noqa: ARG002  # as above
        """Return the bars of the complete days between two instants."""
        return self.series.complete.between(start, end)

    def daily(self, symbol: str, first: date, last: date) -> Bars:  # noqa: ARG002  # the chart is of one symbol
        """Return the daily bars of [first, last]."""
        return self.series.bars.between(utc_midnight(first), utc_midnight(last) + DAY)


def chart_bars(chart: YahooChart, symbol: str, ticker: Ticker, length: timedelta, now: datetime) -> ChartBars:
    """Validate the rows of a chart; ``length`` is that of its bars."""
    raw = chart_rows(chart, symbol, ticker, length, now)
    part = checked(raw, None, length)
    faults = tuple(replace(fault, fix="Yahoo may correct it later") for fault in part.faults)
    series = series_of([replace(part, faults=faults)], symbol)
    rows = len(raw.starts)
    until = min(now, chart.traded_at) if not rows else from_ns(int(chart.starts[rows - 1])) + length
    return ChartBars(series=series, known_until=until)


def chart_rows(chart: YahooChart, symbol: str, ticker: Ticker, length: timedelta, now: datetime) -> RawBars:
    """Return the rows of complete bars, in points of the symbol, without validation."""
    rows = _complete_rows(chart, now) if length < DAY else len(chart.starts)
    prices = chart.prices[:, :rows]
    return RawBars(
        file=f"yahoo {ticker.label}",
        symbol=symbol,
        starts=chart.starts[:rows],
        prices=prices if ticker.scale == 1 else np.round(prices * ticker.scale, 4),
        volume=np.zeros(rows) if symbol in INDICES else np.nan_to_num(chart.volume[:rows]),
    )


def require_price(chart: YahooChart, symbol: str, ticker: Ticker, session: Session) -> float:
    """Return the last price of today's session, in points.

    Raises
    ------
    DataUnavailable
        ``no_bars_yet`` when the price is older than today's session, ``no_data`` when it is missing.
    """
    if chart.traded_at < session.open_at:
        seen = utc_text(chart.traded_at)
        raise DataUnavailable("no_bars_yet", f"{symbol}: Yahoo's last price is from {seen}, before today's session")
    if chart.price is None:
        raise DataUnavailable("no_data", f"{symbol}: Yahoo sends no price of {ticker.label}")
    return round(chart.price * ticker.scale, 4)


def _complete_rows(chart: YahooChart, now: datetime) -> int:
    # Counts the leading complete rows: rows at the end are empty, running or off the grid.
    step, starts = nanoseconds(BAR), chart.starts
    newest = to_ns(min(now, chart.traded_at))
    if len(starts):
        newest = max(newest, min(int(starts[-1]), to_ns(now)))  # a later row has begun, so the earlier ones are over
        newest = max(newest, _closed_by(int(starts[-1]), now))
    rows = len(starts)
    while rows and (
        starts[rows - 1] % step or starts[rows - 1] + step > newest or np.isnan(chart.prices[:, rows - 1]).all()
    ):
        rows -= 1
    return rows


def _closed_by(stamp: int, now: datetime) -> int:
    session = session_on(from_ns(stamp).date())
    return to_ns(session.close_at) if session is not None and now >= session.close_at + LATEST else 0
