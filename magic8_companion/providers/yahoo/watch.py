"""Request the chart of each watched symbol regularly, because Yahoo does not report its own outages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import new_york_day, session_on
from magic8_companion.periodic import PeriodicTask
from magic8_companion.ports import Clock
from magic8_companion.steady_clock import SteadyClock

EVERY: Final = timedelta(seconds=15)
"""If a request takes 10 s to fail, an outage is detected within 25 s."""

SHARE: Final = timedelta(seconds=2)
"""Minimum seconds between two rounds per symbol: watching uses at most 30 requests per minute."""

_NO_OUTAGE: Final = frozenset({"market_closed", "no_bars_yet", "closed"})

_PARTICIPANT: Final = "yahoo"


class Watch:
    """Tracks the outages of single symbols while the NYSE is open."""

    def __init__(self, clock: Clock, read_price: Callable[[str], Awaitable[object]]) -> None:
        self._clock, self._steady, self._read_price = clock, SteadyClock(clock), read_price
        self._outages: Mapping[str, DataUnavailable] = {}
        self._symbols: Sequence[str] = ()
        self._worker = PeriodicTask(self._steady, _PARTICIPANT, self._next_round, self._ask_all, holds_time=False)

    @property
    def outages(self) -> Mapping[str, DataUnavailable]:
        """Return the symbols without data and the reasons, from any thread."""
        task = self._worker.task
        if task is not None and task.done() and not task.cancelled():
            task.result()  # only a bug ends it
        return self._outages

    @property
    def is_due(self) -> bool:
        """Return whether prices are due now."""
        now = self._clock.now()
        session = session_on(new_york_day(now))
        return session is not None and session.contains(now)

    def start(self, symbols: Sequence[str]) -> None:
        """Start the requests on the running loop; a second call does nothing."""
        if self._worker.task is None:
            self._symbols = symbols
            self._worker.start()

    def stop(self) -> None:
        """Stop the requests."""
        self._worker.stop()

    def _next_round(self, begun: datetime | None) -> datetime:
        return self._steady.now() if begun is None else begun + max(EVERY, len(self._symbols) * SHARE)

    async def _ask_all(self) -> None:
        if self.is_due:
            answers = await asyncio.gather(*map(self._refusal, self._symbols))
            self._outages = {symbol: why for symbol, why in zip(self._symbols, answers, strict=True) if why is not None}
        else:
            self._outages = {}

    async def _refusal(self, symbol: str) -> DataUnavailable | None:
        try:
            await self._read_price(symbol)
        except DataUnavailable as refusal:
            return None if refusal.reason in _NO_OUTAGE else refusal
        return None
