"""The common part of the providers of recorded and simulated bars: a source of bars and a clock."""

from __future__ import annotations

from datetime import date
from typing import Protocol, runtime_checkable

import pandas as pd

from magic8_companion.domain.bar_lengths import DAY, utc_midnight
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.domain.trading_day import BAR
from magic8_companion.ports import Clock
from magic8_companion.providers.bar_requests import BarSource, bars_at, newest_close
from magic8_companion.recordings.bar_file import RawBars


@runtime_checkable
class PlayableDays(Protocol):
    """Checks that a provider of past days offers before a day is played."""

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that have bars, in alphabetical order."""

    def days(self, symbol: str) -> tuple[date, ...]:
        """Return the trading dates on which no 5-minute bar of ``symbol`` is missing, oldest first."""

    def span(self, symbol: str) -> tuple[date, date] | None:
        """Return the first and the last trading date with any bar of ``symbol``, or None without one."""

    def check_day(self, symbol: str, day: date) -> None:
        """Raise if the day cannot be played.

        Raises
        ------
        DataUnavailable
            ``market_closed``, ``no_data`` or the fault of its bars, with a sentence for the user.
        """

    def problems(self) -> tuple[str, ...]:
        """Return one sentence per problem of the bars."""


class ClockedBars:
    """Return bars and spot as known at ``clock.now()``, without later data.

    The coroutines never wait, so they may run on any loop and in any thread.
    """

    name: str
    loop_bound = False
    history_days = 366
    history_reach_days = None

    def __init__(self, source: BarSource, clock: Clock) -> None:
        self._source, self._clock = source, clock
        self._open = True

    async def get_spot_price(self, symbol: str) -> float:
        """Return the close of the newest complete 5-minute bar of the running session, in points.

        Raises
        ------
        DataUnavailable
            ``no_bars_yet`` before the first bar is complete, ``market_closed``, or the fault of the bars.
        """
        self._require_open()
        return newest_close(self._source, canonical_symbol(symbol), self._clock.now())

    async def get_historical_data(self, symbol: str, interval: str, period: str) -> pd.DataFrame:
        """Return the canonical frame of complete bars; ``bar_requests`` explains the arguments.

        Raises
        ------
        DataUnavailable
            ``interval_unavailable``, ``period_unavailable``, ``market_closed``, ``no_bars_yet``, ``no_data``, or the
            fault of the bars.
        """
        return (await self.get_bars(symbol, interval, period)).frame()

    async def get_bars(self, symbol: str, interval: str, period: str) -> Bars:
        """Return the bars of :meth:`get_historical_data` as ``Bars`` (see ``ports.TypedBars``)."""
        self._require_open()
        return bars_at(self._source, canonical_symbol(symbol), interval, period, self._clock.now())

    async def read_history(self, symbol: str, first: date, last: date) -> RawBars:
        """Return the 5-minute bars of [first, last] for a collector, complete days only.

        Raises
        ------
        DataUnavailable
            ``no_data`` when there are none.
        """
        self._require_open()
        symbol, end = canonical_symbol(symbol), min(self._clock.now(), utc_midnight(last) + DAY)
        bars = self._source.history(symbol, BAR, utc_midnight(first), end)
        if not len(bars):
            raise DataUnavailable("no_data", f"{symbol}: no complete days from {first} to {last}")
        return RawBars.of(bars, symbol, self.name)

    def is_connected(self) -> bool:
        """Return whether the provider is open."""
        return self._open

    async def close(self) -> None:
        """Close the provider; a second call does nothing."""
        self._open = False

    def _require_open(self) -> None:
        if not self._open:
            raise DataUnavailable("closed", "the provider is closed")
