"""Asks for the chart of each watched symbol again and again, because Yahoo never says by itself that it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import new_york_day, session_on
from magic8_companion.periodic import PeriodicTask
from magic8_companion.ports import Clock

EVERY: Final = timedelta(seconds=15)
"""With a request that takes ten seconds to fail, an outage is known within 25 s."""

SHARE: Final = timedelta(seconds=2)
"""The least time between two rounds per symbol: at most 30 requests a minute go into watching."""

_NO_OUTAGE: Final = frozenset({"market_closed", "no_bars_yet", "closed"})

_PARTICIPANT: Final = "yahoo"


class Watch:
    """The outages of single symbols, while the NYSE is open."""

    def __init__(self, clock: Clock, read_price: Callable[[str], Awaitable[object]]) -> None:
        self._clock, self._read_price = clock, read_price
        self._outages: Mapping[str, DataUnavailable] = {}
        self._symbols: Sequence[str] = ()
        self._worker = PeriodicTask(clock, _PARTICIPANT, self._next_round, self._ask_all, holds_time=False)

    @property
    def outages(self) -> Mapping[str, DataUnavailable]:
        """Return why which symbols cannot be had, from any thread."""
        task = self._worker.task
        if task is not None and task.done() and not task.cancelled():
            task.result()  # only a bug ends it
        return self._outages

    @property
    def is_due(self) -> bool:
        """Tell whether prices are due now."""
        now = self._clock.now()
        session = session_on(new_york_day(now))
        return session is not None and session.contains(now)

    def start(self, symbols: Sequence[str]) -> None:
        """Begin to ask, on the running loop; does nothing the second time."""
        if self._worker.task is None:
            self._symbols = symbols
            self._worker.start()

    def stop(self) -> None:
        """Ask no more."""
        self._worker.stop()

    def _next_round(self, begun: datetime | None) -> datetime:
        return self._clock.now() if begun is None else begun + max(EVERY, len(self._symbols) * SHARE)

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
