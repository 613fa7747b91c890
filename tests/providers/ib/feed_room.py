"""A feed on a fake gateway, and what its lines may say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.connection import Connection
from magic8_companion.providers.ib.contract_cache import ContractCache
from magic8_companion.providers.ib.feed import Feed
from magic8_companion.providers.ib.quotes import MarketDataLine
from magic8_companion.providers.ib.waiting import Deadline
from magic8_companion.steady_clock import SteadyClock
from tests.providers.ib.fakes import (
    LAST,
    MORNING,
    OPTIONS,
    FakeGateway,
    Openings,
    SteppedClock,
    speaks_of,
)


class Room:
    """A feed on a fake gateway."""

    def __init__(self, at: datetime, options: IBConfig, prepare: Callable[[FakeGateway], None] | None) -> None:
        self.clock = SteppedClock(at)
        self.openings = Openings(self.clock, prepare)
        self.connection = Connection(self.clock, options, self.openings)
        self.book = ContractCache(self.clock, self.connection)
        self.feed = Feed(self.clock, options, self.connection, self.book)

    @property
    def instant(self) -> datetime:
        """Return the instant of the provider's own time."""
        return SteadyClock(self.clock).now()

    @property
    def gateway(self) -> FakeGateway:
        """Return the newest connection."""
        return self.openings.newest

    def ask(self, symbol: str = "SPY") -> asyncio.Task[float]:
        """Ask for a spot."""
        return asyncio.create_task(self.feed.spot(symbol, Deadline(self.clock, 13.5)))

    async def spot(self, symbol: str = "SPY", seconds: float = 1) -> float:
        """Return the spot that is known after some seconds."""
        task = self.ask(symbol)
        await self.clock.advance(seconds)
        assert task.done(), "no answer yet"
        return await task

    async def refusal(self, symbol: str = "SPY", seconds: float = 14) -> DataUnavailable:
        """Return why there is no spot after some seconds."""
        with pytest.raises(DataUnavailable) as caught:
            await self.spot(symbol, seconds)
        return caught.value

    async def tick_for(self, seconds: int, price: float = 600.0) -> None:
        """Let every open line tick once a second."""
        for _ in range(seconds):
            for line in self.gateway.open_lines:
                line.on_price(LAST, price, self.instant)
            await self.clock.advance(1)


@asynccontextmanager
async def room(
    at: datetime = MORNING, options: IBConfig = OPTIONS, prepare: Callable[[FakeGateway], None] | None = None
) -> AsyncIterator[Room]:
    """Open a feed and close it."""
    made = Room(at, options, prepare)
    try:
        yield made
    finally:
        await made.feed.close()
        await made.connection.close()


def ticks_once(gateway: FakeGateway) -> None:
    """Let every line of a connection say one price when it is opened."""
    gateway.speaks = speaks_of(gateway.clock)


def remembers(traded_at: datetime, clock: SteppedClock) -> Callable[[MarketDataLine], None]:
    """Return what lets a new line repeat a price, with the time at which it was traded."""

    def speak(line: MarketDataLine) -> None:
        line.on_price(LAST, 600.0, clock.now())
        line.on_text(45, str(int(traded_at.timestamp())), clock.now(), clock.now())

    return speak
