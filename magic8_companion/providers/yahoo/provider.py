"""The provider ``yahoo``: delayed bars, prices and chains without a broker account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd

from magic8_companion.domain.bar_lengths import DAY, interval_length, utc_midnight
from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.connection import CONNECTED, DEGRADED, ConnectionState
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import DELAYED
from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.domain.trading_day import BAR, new_york_day, new_york_instant, previous_session, require_session
from magic8_companion.ports import Clock, MarketData, Monitored
from magic8_companion.providers.bar_requests import bars_at, first_day
from magic8_companion.providers.config import DEFAULTS
from magic8_companion.providers.yahoo.chains import SOURCE, chain_of
from magic8_companion.providers.yahoo.charts import chart_bars, chart_rows, require_price
from magic8_companion.providers.yahoo.library import Library, YahooChart
from magic8_companion.providers.yahoo.patience import BackOff, Pace
from magic8_companion.providers.yahoo.session import BoundedSession
from magic8_companion.providers.yahoo.threads import in_thread
from magic8_companion.providers.yahoo.tickers import Ticker, bar_tickers, chain_ticker
from magic8_companion.providers.yahoo.watch import Watch
from magic8_companion.recordings.bar_file import RawBars
from magic8_companion.steady_clock import SteadyClock

INTRADAY_DAYS: Final = 59
"""Yahoo keeps 5-minute bars for 60 calendar days."""

PRICE_AGE: Final = timedelta(seconds=20)
"""A chart younger than this serves price requests."""

_OUTAGES: Final = frozenset({"rate_limited", "source_down", "bad_answer", "timeout"})
_OTHER_TICKER: Final = frozenset({"no_data", "bars_gap", "bad_bars", "no_bars_yet"})

T = TypeVar("T")


class YahooProvider:
    """Yahoo Finance through yfinance; all its data are marked as delayed.

    Parameters
    ----------
    clock
        Decides which bars are complete and how long to pause after a rejection.
    timeout_seconds
        Time limit of one HTTP request to Yahoo; one call may need two or three.
    strikes_each_side
        Strikes of a chain below and above the one at the money.
    server
        Address of a simulated Yahoo, such as ``http://127.0.0.1:8009``, for tests and rehearsals; None uses Yahoo
        itself.
    """

    name = SOURCE
    status = DELAYED
    loop_bound = False
    history_days = INTRADAY_DAYS
    history_reach_days = INTRADAY_DAYS

    def __init__(
        self,
        clock: Clock,
        *,
        timeout_seconds: float = 10.0,
        strikes_each_side: int = DEFAULTS.strikes_each_side,
        server: str | None = None,
    ) -> None:
        self._clock, self._steady, self._strikes_each_side = clock, SteadyClock(clock), strikes_each_side
        self._limit_seconds = 3 * timeout_seconds
        self._back_off = BackOff(clock)
        self._library = Library(BoundedSession(timeout_seconds, server, None if server else Pace()), self._back_off)
        self._newest: dict[str, tuple[datetime, Ticker, YahooChart]] = {}
        self._connection: ConnectionState | None = None
        self._watch = Watch(clock, lambda symbol: self._bars(symbol, "5m", "1d"))
        self._open = True

    async def get_spot_price(self, symbol: str) -> float:
        """Return the last price of the running session, in points.

        Raises
        ------
        DataUnavailable
            ``market_closed``, ``no_bars_yet``, or a reason of :class:`Library`.
        """
        symbol = canonical_symbol(symbol)
        session = require_session(new_york_day(self._clock.now()))
        kept = self._newest.get(symbol)
        if kept is None or self._steady.now() - kept[0] > PRICE_AGE:
            await self._bars(symbol, "5m", "1d")
            kept = self._newest[symbol]
        return require_price(kept[2], symbol, kept[1], session)

    async def get_historical_data(self, symbol: str, interval: str, period: str) -> pd.DataFrame:
        """Return the canonical frame of complete bars; 5-minute bars reach back 59 days.

        The frame's ``attrs`` hold its source, ticker and status.

        Raises
        ------
        DataUnavailable
            ``interval_unavailable``, ``period_unavailable``, ``market_closed``, ``no_bars_yet``, ``bars_gap``,
            ``bad_bars``, or a reason of :class:`Library`.
        """
        bars, ticker = await self._bars(canonical_symbol(symbol), interval, period)
        frame = bars.frame()
        frame.attrs = {"source": self.name, "status": self.status, "ticker": ticker.label}
        return frame

    async def get_option_chain(self, symbol: str) -> dict[str, Any]:
        """Return today's 0DTE chain as the envelope of the host contract.

        Raises
        ------
        DataUnavailable
            ``no_chain``, ``no_0dte_chain``, ``no_quotes``, ``bad_chain``, ``market_closed``, or a reason of
            :class:`Library`.
        """
        self._require_open()
        symbol = canonical_symbol(symbol)
        ticker, day = chain_ticker(symbol), require_session(new_york_day(self._clock.now())).day
        tables = await self._call(lambda: self._library.options(ticker, day), f"Yahoo's options of {ticker}")
        return chain_of(tables, symbol, day, self._clock.now(), self._strikes_each_side).as_envelope()

    async def read_history(self, symbol: str, first: date, last: date) -> RawBars:
        """Return Yahoo's 5-minute rows of [first, last] for a collector.

        Raises
        ------
        DataUnavailable
            ``no_data`` when Yahoo has no rows, or a reason of :class:`Library`.
        """
        self._require_open()
        symbol, today = canonical_symbol(symbol), new_york_day(self._clock.now())
        for ticker in bar_tickers(symbol):
            chart = await self._chart(ticker, BAR, first, today)
            raw = chart_rows(chart, symbol, ticker, BAR, self._clock.now())
            begin, end = np.searchsorted(raw.starts, [to_ns(utc_midnight(first)), to_ns(utc_midnight(last) + DAY)])
            if end > begin:
                here = slice(begin, end)
                return replace(raw, starts=raw.starts[here], prices=raw.prices[:, here], volume=raw.volume[here])
        raise DataUnavailable("no_data", f"Yahoo has no 5-minute bars of {symbol} from {first} to {last}")

    def is_connected(self) -> bool:
        """Return whether requests to Yahoo are possible now: open, and not paused after a rejection."""
        return self._open and self._back_off.is_over

    async def watch(self, symbols: Sequence[str]) -> None:
        """Start to request the charts of symbols every 15 s while the NYSE is open."""
        if self._watch.is_due and self._connection is None:
            self._note_outage(DataUnavailable("feed_silent", "the first request to Yahoo is in progress"))
        self._watch.start([canonical_symbol(symbol) for symbol in symbols])

    def connection(self) -> ConnectionState | None:
        """Return the state after the newest responses, from any thread; None before the first request."""
        state, outages = self._connection, self._watch.outages
        if state is None or state.outage or not outages:
            return state
        worst = next(iter(outages.values()))
        return ConnectionState(
            source=self.name,
            state=DEGRADED,
            why=worst.reason,
            sentence=worst.detail,
            outages={symbol: refusal.reason for symbol, refusal in outages.items()},
        )

    async def close(self) -> None:
        """Close the provider; a second call does nothing.  Open requests end by their time-out."""
        self._open = False
        self._watch.stop()
        self._library.close()

    async def _bars(self, symbol: str, interval: str, period: str) -> tuple[Bars, Ticker]:
        self._require_open()
        length, today = interval_length(interval), new_york_day(self._clock.now())
        first = first_day(period, today)
        refusals = []
        for ticker in bar_tickers(symbol):
            try:
                chart = await self._chart(ticker, length, first, today)
                now = self._clock.now()
                if length < DAY:
                    self._newest[symbol] = self._steady.now(), ticker, chart
                source = chart_bars(chart, symbol, ticker, BAR if length < DAY else DAY, now)
                return bars_at(source, symbol, interval, period, now), ticker
            except DataUnavailable as error:
                if error.reason not in _OTHER_TICKER:
                    raise
                refusals.append(error)
        raise refusals[0]

    async def _chart(self, ticker: Ticker, length: timedelta, first: date, today: date) -> YahooChart:
        if length == DAY:
            interval, start = "1d", utc_midnight(first)
        else:
            interval = "5m"
            first = min(first, previous_session(today).day)  # a response without rows proves nothing
            start = new_york_instant(max(first, today - timedelta(days=INTRADAY_DAYS)), time(0))
        return await self._call(
            lambda: self._library.chart(ticker.name, interval, start), f"Yahoo's chart of {ticker.name}"
        )

    async def _call(self, request: Callable[[], T], what: str) -> T:
        try:
            answer = await in_thread(request, what, self._limit_seconds)
        except DataUnavailable as refusal:
            if refusal.reason in _OUTAGES:
                self._note_outage(refusal)
            raise
        self._connection = ConnectionState(source=self.name, state=CONNECTED)
        return answer

    def _note_outage(self, refusal: DataUnavailable) -> None:
        known = self._connection
        since = known.since if known is not None and known.outage else self._clock.now()
        self._connection = ConnectionState(
            source=self.name,
            state=DEGRADED,
            why=refusal.reason,
            since=since,
            sentence=refusal.detail,
            outage=refusal.reason,
        )

    def _require_open(self) -> None:
        if not self._open:
            raise DataUnavailable("closed", "the provider is closed")


_PORTS: Final[tuple[type[MarketData], type[Monitored]]] = (YahooProvider, YahooProvider)
