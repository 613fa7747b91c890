"""A provider on a fake gateway whose options say what a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.contracts import OPTION, Wanted
from magic8_companion.providers.ib.provider import IBProvider
from magic8_companion.providers.ib.quotes import MarketDataLine
from tests.providers.ib.fakes import (
    ASK,
    BID,
    LAST,
    MORNING,
    OPTIONS,
    FakeGateway,
    Openings,
    SteppedClock,
)


def option_says(line: MarketDataLine, now: datetime, *, interest: bool = True) -> None:
    """Let the line of an option say everything."""
    line.on_price(BID, 1.0, now)
    line.on_price(ASK, 1.2, now)
    line.on_greeks(13, 0.2, 0.5 if line.contract.right == "C" else -0.5, 0.01)
    line.on_count(29 if line.contract.right == "C" else 30, 11.0, now)
    if interest:
        line.on_count(27 if line.contract.right == "C" else 28, 70.0, now)


class Room:
    """A provider on a fake gateway; ``option`` is what the line of an option says when it is opened."""

    def __init__(self, at: datetime, given: IBConfig) -> None:
        self.clock = SteppedClock(at)
        self.openings = Openings(self.clock, self._prepare)
        self.provider = IBProvider(self.clock, given, self.openings)
        self.option: Callable[[MarketDataLine], None] = lambda line: option_says(line, self.clock.now())
        self.contracts: Callable[[Wanted], object] | None = None

    def ask(self, symbol: str = "SPX") -> asyncio.Task[dict[str, Any]]:
        """Ask for a chain."""
        return asyncio.create_task(self.provider.get_option_chain(symbol))

    async def chain(self, symbol: str = "SPX", seconds: float = 10) -> dict[str, Any]:
        """Return the chain that is there after some seconds."""
        task = self.ask(symbol)
        await self.clock.advance(seconds)
        assert task.done(), "no chain yet"
        return await task

    async def refusal(self, symbol: str = "SPX", seconds: float = 14) -> DataUnavailable:
        """Return why there is no chain."""
        with pytest.raises(DataUnavailable) as caught:
            await self.chain(symbol, seconds)
        return caught.value

    @property
    def option_lines(self) -> list[tuple[MarketDataLine, str]]:
        """Return every option line that was opened, with its ticks."""
        return [
            (line, ticks)
            for gateway in self.openings.gateways
            for line, ticks in gateway.opened
            if line.contract.kind == OPTION
        ]

    def _prepare(self, gateway: FakeGateway) -> None:
        def speak(line: MarketDataLine) -> None:
            if line.contract.kind == OPTION:
                self.option(line)
            else:
                line.on_price(LAST, 600.2, self.clock.now())

        def answer(asked: object) -> object:
            if isinstance(asked, Wanted) and asked.expiry and self.contracts:
                return self.contracts(asked)
            return gateway.default_answer(asked)

        gateway.speaks, gateway.answer = speak, answer


@asynccontextmanager
async def room(at: datetime = MORNING, given: IBConfig = OPTIONS) -> AsyncIterator[Room]:
    """Open a provider and close it."""
    made = Room(at, given)
    try:
        yield made
    finally:
        await made.provider.close()
