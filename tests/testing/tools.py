"""A clock set by hand, a connected client, and waiting without sleeping."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from magic8_companion.clocks import OneTime
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.testing.contracts import STOCK, UNDERLYINGS
from magic8_companion.testing.market import SimulatedGatewayMarket, tape_at
from magic8_companion.testing.scenario import Scenario, parse_scenario
from magic8_companion.testing.server import SimulatedGateway

ib_async = pytest.importorskip("ib_async", reason="the extra ib is not installed")

DAY = date(2025, 6, 26)
START = datetime(2025, 6, 26, 14, 31, 10, tzinfo=UTC)
LIMIT = 10.0
"""Real seconds after which something that should have happened is a failure."""

MARKET = SimulatedGatewayMarket(seed=8)
"""One market for all tests: it never changes and remembers what it has computed."""

SPOT = tape_at(MARKET, "SPX", START).last
GENERIC = "100,101,106"


class HandClock(OneTime):
    """Time that moves only when a test says so."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)

    def jump_to(self, instant: datetime) -> None:
        """Go to an instant."""
        self._now = instant

    def enter(self, participant: str) -> None: ...

    def leave(self, participant: str) -> None: ...

    async def sleep_until(self, instant: datetime, participant: str) -> None:
        raise NotImplementedError

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:
        raise NotImplementedError


class EmptyMarket:
    """A market that knows nothing but what it is given."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars

    def bars(self, symbol: str, first: date, last: date) -> Bars:
        return self._bars

    def chain(self, symbol: str, at: datetime, strikes_each_side: int) -> OptionChain:
        raise NotImplementedError


class Errors:
    """What a client was told through its error event."""

    def __init__(self, client: Any) -> None:
        self.seen: list[tuple[int, int, str]] = []
        client.errorEvent += self._add

    def _add(self, request_id: int, code: int, text: str, _contract: Any) -> None:
        self.seen.append((request_id, code, text))

    @property
    def codes(self) -> list[int]:
        """Return the codes in the order of their arrival."""
        return [code for _, code, _ in self.seen]

    def text(self, code: int) -> str:
        """Return the sentence of the first error with a code."""
        return next(text for _, seen, text in self.seen if seen == code)


def gateway(clock: HandClock | None = None, **settings: Any) -> SimulatedGateway:
    """Return a gateway on the common market; ``steps`` and the settings of a scenario as keywords."""
    steps = settings.pop("steps", [])
    scenario: Scenario = parse_scenario({"gateway": settings, "steps": steps})
    return SimulatedGateway(MARKET, clock or HandClock(), scenario=scenario, tick_seconds=0.02)


@asynccontextmanager
async def connected(server: SimulatedGateway, client_id: int = 1, **arguments: Any) -> AsyncIterator[Any]:
    """Yield a connected client of the real library."""
    client = ib_async.IB()
    client.RaiseRequestErrors = True
    await client.connectAsync("127.0.0.1", server.port, clientId=client_id, timeout=LIMIT, **arguments)
    try:
        yield client
    finally:
        client.disconnect()
        await eventually(lambda: client_id not in server.client_ids)


async def eventually(condition: Callable[[], Any], limit: float = LIMIT) -> None:
    """Let the loop turn until a condition holds.

    Raises
    ------
    TimeoutError
        If it does not hold within the limit.
    """
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.002)


def index(symbol: str, exchange: str = "CBOE") -> Any:
    """Return the contract of an index."""
    return ib_async.Index(symbol, exchange, "USD", conId=UNDERLYINGS[symbol].con_id if symbol in UNDERLYINGS else 0)


def stock(symbol: str) -> Any:
    """Return the contract of a stock."""
    known = symbol in UNDERLYINGS and UNDERLYINGS[symbol].sec_type == STOCK
    return ib_async.Stock(symbol, "SMART", "USD", conId=UNDERLYINGS[symbol].con_id if known else 0)


def expiry_of(symbol: str, trading_class: str, day: date = DAY, strike: float = 0.0, right: str = "") -> Any:
    """Return a contract that means a whole expiry unless a strike and a right are given."""
    return ib_async.Option(symbol, f"{day:%Y%m%d}", strike, right, "SMART", "100", "USD", tradingClass=trading_class)


async def bars_of(client: Any, contract: Any, **changes: Any) -> list[Any]:
    """Return bars by a request with the usual arguments, but for the changes."""
    arguments = dict(
        endDateTime="", durationStr="1 D", barSizeSetting="5 mins", whatToShow="TRADES", useRTH=True, formatDate=2
    )
    return list(await client.reqHistoricalDataAsync(contract, **(arguments | changes)))


async def near_options(client: Any, symbol: str, trading_class: str, spot: float, count: int) -> list[Any]:
    """Return the contracts of the ``count`` strikes nearest the money, calls and puts."""
    details = await client.reqContractDetailsAsync(expiry_of(symbol, trading_class))
    contracts = sorted((item.contract for item in details), key=lambda one: (abs(one.strike - spot), one.right))
    return contracts[: 2 * count]


def is_complete(ticker: Any) -> bool:
    """Tell whether a quote of an option has everything that can come."""
    held = ticker.callOpenInterest if ticker.contract.right == "C" else ticker.putOpenInterest
    return ticker.modelGreeks is not None and not math.isnan(held)


async def at_the_money(client: Any, right: str = "C") -> Any:
    """Return the qualified option nearest the money."""
    (contract,) = await client.qualifyContractsAsync(expiry_of("SPX", "SPXW", DAY, 5 * round(SPOT / 5), right))
    return contract
