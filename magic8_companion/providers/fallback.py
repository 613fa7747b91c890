"""Combine two providers: the second one answers when the first one cannot.

Each answer comes from one source only and names it.  Today's bars decide: the price and earlier bars of a symbol come
from the source of its bars of today, so no series mixes two sources.  A chain may come from the other source; its
envelope names that source.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import pandas as pd

from magic8_companion.domain.connection import ConnectionState
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.market_state import REPLAY, SIMULATED
from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.ports import Clock, MarketData, Monitored, Quoted
from magic8_companion.steady_clock import SteadyClock

logger = logging.getLogger(__name__)

T = TypeVar("T")

BARS: Final = "bars"
PRICE: Final = "price"
CHAIN: Final = "chain"

REST: Final = timedelta(seconds=60)
"""Pause before the first source gets another request of a kind that timed out."""

_RUNNING_DAY: Final = "1d"
_DAILY: Final = "1d"
_NO_FAULT: Final = frozenset(
    {"market_closed", "no_bars_yet", "interval_unavailable", "period_unavailable", "calendar_range", "closed"}
)
"""Reasons caused by the request itself: the other source cannot help."""


class FallbackProvider:
    """Two real feeds behind one port; ``name`` and ``status`` are those of the last source of bars.

    Parameters
    ----------
    first, second
        Real feeds; simulated and recorded data never replace them.
    clock
        Decides when a source that timed out gets another request.
    patience_seconds, chain_patience_seconds
        Time limits of the first source for bars or a price, and for a chain.  The second source gets the rest of the
        caller's time.

    Raises
    ------
    ConfigError
        When one of them is replayed or simulated.
    """

    def __init__(
        self,
        first: MarketData,
        second: MarketData,
        clock: Clock,
        *,
        patience_seconds: float = 7.0,
        chain_patience_seconds: float = 45.0,
    ) -> None:
        for source in (first, second):
            if source.status in {REPLAY, SIMULATED}:
                raise ConfigError([f"provider {source.name} is not a real feed; a fallback needs two real feeds"])
        self._sources = (first, second)
        self._steady = SteadyClock(clock)
        self._patience = {BARS: patience_seconds, PRICE: patience_seconds, CHAIN: chain_patience_seconds}
        self._rests: dict[tuple[str, str], datetime] = {}
        self._of_bars: dict[str, MarketData] = {}
        self._stands_in: set[tuple[str, str]] = set()
        self.name, self.status = first.name, first.status
        self.loop_bound = first.loop_bound or second.loop_bound

    async def get_historical_data(self, symbol: str, interval: str, period: str) -> pd.DataFrame:
        """Return the frame of the first source that has it; its ``attrs`` name the source.

        Bars of earlier days come from the source of today's bars.

        Raises
        ------
        DataUnavailable
            The reason of the first source, with that of the second in its sentence; or the reason of the symbol's
            source.
        """
        symbol = canonical_symbol(symbol)
        source = self._of_bars.get(symbol) if period != _RUNNING_DAY and interval != _DAILY else None
        if source is not None:
            frame = await source.get_historical_data(symbol, interval, period)
        else:
            source, frame = await self._first_able(
                BARS, symbol, lambda source: source.get_historical_data(symbol, interval, period)
            )
        frame.attrs = {"source": source.name, "status": source.status, **frame.attrs}
        if period == _RUNNING_DAY:
            self._of_bars[symbol] = source
        self.name, self.status = source.name, source.status
        return frame

    async def get_spot_price(self, symbol: str) -> float:
        """Return the price from the source of the symbol's bars; pause that source if it has none.

        Raises
        ------
        DataUnavailable
            The reason of that source.
        """
        symbol = canonical_symbol(symbol)
        source = self._of_bars.get(symbol)
        if source is None:
            source, price = await self._first_able(PRICE, symbol, lambda source: source.get_spot_price(symbol))
            return price
        try:
            return await source.get_spot_price(symbol)
        except DataUnavailable as error:
            if source is self._sources[0] and error.reason not in _NO_FAULT:
                self._rests[BARS, symbol] = self._steady.now() + REST
                del self._of_bars[symbol]
            raise

    async def get_option_chain(self, symbol: str) -> dict[str, Any]:
        """Return the envelope of the first source that has it; it carries source and status.

        Raises
        ------
        DataUnavailable
            The reason of the first source, with that of the second in its sentence.
        """
        symbol = canonical_symbol(symbol)
        return (await self._first_able(CHAIN, symbol, lambda source: source.get_option_chain(symbol)))[1]

    def is_connected(self) -> bool:
        """Return whether one of the two can answer now."""
        return any(source.is_connected() for source in self._sources)

    async def watch(self, symbols: Sequence[str]) -> None:
        """Watch symbols on the first source."""
        first = self._sources[0]
        if isinstance(first, Monitored):
            await first.watch(symbols)

    def prices(self) -> Mapping[str, float]:
        """Return the fresh prices of the first source, of symbols whose bars are its own."""
        first = self._sources[0]
        if not isinstance(first, Quoted):
            return {}
        of_bars = dict(self._of_bars)
        return {symbol: price for symbol, price in first.prices().items() if of_bars.get(symbol) is first}

    def connection(self) -> ConnectionState | None:
        """Return the state of the first source; answers of the second carry its own name."""
        first = self._sources[0]
        return first.connection() if isinstance(first, Monitored) else None

    async def close(self) -> None:
        """Close both; may be called twice."""
        for source in self._sources:
            await source.close()

    async def _first_able(
        self, kind: str, symbol: str, request: Callable[[MarketData], Awaitable[T]]
    ) -> tuple[MarketData, T]:
        first, second = self._sources
        try:
            answer = await self._request_first(kind, symbol, request)
        except DataUnavailable as error:
            if error.reason in _NO_FAULT:
                raise
            refusal = error
        else:
            self._stands_in.discard((kind, symbol))
            return first, answer
        try:
            answer = await request(second)
        except DataUnavailable as error:
            detail = f"{first.name}: {refusal.detail or refusal.reason}; {second.name}: {error.detail or error.reason}"
            raise DataUnavailable(refusal.reason, detail) from error
        if (kind, symbol) not in self._stands_in:
            self._stands_in.add((kind, symbol))
            logger.warning("%s of %s now come from %s: %s", kind, symbol, second.name, refusal)
        return second, answer

    async def _request_first(self, kind: str, symbol: str, request: Callable[[MarketData], Awaitable[T]]) -> T:
        until = self._rests.get((kind, symbol))
        if until is not None and self._steady.now() < until:
            pause = (until - self._steady.now()).total_seconds()
            raise DataUnavailable("timeout", f"it timed out recently; the next request is in {pause:.0f} s")
        try:
            async with asyncio.timeout(self._patience[kind]):
                return await request(self._sources[0])
        except TimeoutError as error:
            self._rests[kind, symbol] = self._steady.now() + REST
            detail = f"it did not answer within {self._patience[kind]:g} s"
            raise DataUnavailable("timeout", detail) from error


_PORT: Final[type[MarketData]] = FallbackProvider
