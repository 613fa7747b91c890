"""A clock that moves when it is told to, and a gateway that answers what a test wants."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from magic8_companion.clocks import OneTime
from magic8_companion.domain.trading_day import new_york_instant
from magic8_companion.ports import Clock
from magic8_companion.providers.ib.budget import LineBudget, MessageRate
from magic8_companion.providers.ib.codes import IBRefusal
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.contracts import CALL, PUT, Listed, Wanted
from magic8_companion.providers.ib.gateway import CannotConnect, ErrorCallback, Gateway, RawBar, SessionOver
from magic8_companion.providers.ib.quotes import MarketDataLine
from magic8_companion.providers.ib.waiting import Notifier
from magic8_companion.steady_clock import SteadyClock

DAY = date(2025, 6, 26)
MORNING = new_york_instant(DAY, time(11))
LIVE, FROZEN, DELAYED = 1, 2, 3
LAST, BID, ASK = 4, 1, 2


class SteppedClock(OneTime):
    """A clock that stands still until :meth:`advance`; whoever waits is woken in order."""

    def __init__(self, at: datetime = MORNING) -> None:
        self._now = at
        self.set_by = timedelta()
        self._waiting: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def now(self) -> datetime:
        return self._now + self.set_by

    def monotonic(self) -> timedelta:
        return self._now - datetime(1970, 1, 1, tzinfo=UTC)

    def enter(self, participant: str) -> None:
        raise NotImplementedError

    def leave(self, participant: str) -> None:
        raise NotImplementedError

    async def sleep_until(self, instant: datetime, participant: str) -> None:
        instant -= self.set_by
        if instant <= self._now:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (instant, next(self._numbers), woken))
        await woken

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:
        raise NotImplementedError

    async def advance(self, seconds: float) -> None:
        """Let time pass; everything that is due happens on the way."""
        target = self._now + timedelta(seconds=seconds)
        await settle()
        while self._waiting and self._waiting[0][0] <= target:
            instant, _, woken = heapq.heappop(self._waiting)
            self._now = max(self._now, instant)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self._now = target
        await settle()

    async def leap(self, seconds: float) -> None:
        """Let much time pass at once, as after a suspended night: whoever waited wakes late."""
        self._now += timedelta(seconds=seconds)
        await self.advance(0)


async def settle() -> None:
    """Let everybody run who can."""
    for _ in range(30):
        await asyncio.sleep(0)


class FakeGateway:
    """An open connection; lines are opened at once and say what the test lets them say.

    ``speaks`` is called with each new line; ``answer`` decides what a request returns (a value, an error to raise, or
    None for silence).
    """

    def __init__(self, clock: Clock, on_error: ErrorCallback) -> None:
        self.clock, self.on_error = clock, on_error
        self.messages, self.lines = MessageRate(45), LineBudget(100)
        self.asks_for_delayed = False
        self.opened: list[tuple[MarketDataLine, str]] = []
        self.closed: list[MarketDataLine] = []
        self.asked: list[object] = []
        self.speaks: Callable[[MarketDataLine], None] = say_nothing
        self.answer: Callable[[object], object] = self.default_answer
        self.skew = timedelta(0)
        self.time_is_told = True
        self.last_data_at = SteadyClock(clock).now()
        self.over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._pending: set[asyncio.Future[object]] = set()

    server_version = 178

    @property
    def is_over(self) -> bool:
        return self.over.done()

    @property
    def last_message_at(self) -> datetime:
        return self.last_data_at

    @property
    def open_lines(self) -> list[MarketDataLine]:
        """Return the lines that are open."""
        return [line for line, _ in self.opened if line not in self.closed]

    async def ended(self) -> str:
        return await asyncio.shield(self.over)

    def abort(self, reason: str) -> None:
        if not self.over.done():
            self.over.set_result(reason)
        self.lose_requests()

    async def close(self) -> None:
        self.abort("closed")

    async def contracts(self, wanted: Wanted) -> tuple[Listed, ...]:
        return await self._answered(wanted)  # type: ignore[return-value]  # the test's business

    async def bars(self, contract: Listed, size: str, duration: str, end: str = "") -> tuple[RawBar, ...]:
        return await self._answered((contract.symbol, size, duration))  # type: ignore[return-value]  # as above

    async def gateway_time(self) -> datetime:
        if not self.time_is_told:
            await asyncio.get_running_loop().create_future()
        if self.is_over:
            raise SessionOver("over")
        return (self.clock.now() + self.skew).replace(microsecond=0)

    async def open_line(self, contract: Listed, ticks: str, notifier: Notifier) -> MarketDataLine:
        if self.is_over:
            raise SessionOver("over")
        line = MarketDataLine(contract, SteadyClock(self.clock).now(), notifier, may_be_delayed=self.asks_for_delayed)
        self.opened.append((line, ticks))
        self.speaks(line)
        return line

    def close_line(self, line: MarketDataLine) -> None:
        self.closed.append(line)

    async def ask_for_delayed(self) -> None:
        self.asks_for_delayed = True

    def lose_requests(self) -> None:
        for future in self._pending:
            if not future.done():
                future.set_exception(SessionOver("lost"))

    def default_answer(self, asked: object) -> object:
        """Return one contract for an underlying and calls and puts around 600 for options."""
        if not isinstance(asked, Wanted):
            return IBRefusal(162, "no data")
        if asked.expiry is None:
            return (listed(asked.symbol),)
        return options(asked.symbol, asked.expiry, asked.trading_class)

    async def _answered(self, asked: object) -> object:
        self.asked.append(asked)
        found = self.answer(asked)
        if isinstance(found, Exception):
            raise found
        if found is not None:
            return found
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._pending.add(future)
        try:
            return await future
        finally:
            self._pending.discard(future)


class Openings:
    """Opens fake connections, or fails to; keeps what it opened and when it was asked."""

    def __init__(self, clock: Clock, prepare: Callable[[FakeGateway], None] | None = None) -> None:
        self.clock, self.prepare = clock, prepare
        self.failure: CannotConnect | None = None
        self.tried_at: list[datetime] = []
        self.gateways: list[FakeGateway] = []

    async def __call__(self, on_error: ErrorCallback) -> Gateway:
        self.tried_at.append(SteadyClock(self.clock).now())
        if self.failure is not None:
            raise self.failure
        gateway = FakeGateway(self.clock, on_error)
        if self.prepare is not None:
            self.prepare(gateway)
        self.gateways.append(gateway)
        return gateway

    @property
    def newest(self) -> FakeGateway:
        """Return the connection that was opened last."""
        return self.gateways[-1]

    def seconds(self) -> list[float]:
        """Return when each attempt was made, in seconds after the first."""
        return [(at - self.tried_at[0]).total_seconds() for at in self.tried_at]


def listed(symbol: str = "SPY") -> Listed:
    """Return the contract of a stock."""
    return Listed(con_id=1, symbol=symbol, kind="STK", exchange="SMART")


def options(
    symbol: str, expiry: date, trading_class: str, count: int = 41, middle: float = 600.0
) -> tuple[Listed, ...]:
    """Return calls and puts of strikes a point apart."""
    strikes = [middle + number - count // 2 for number in range(count)]
    return tuple(
        Listed(
            con_id=1000 + 2 * place + (right == PUT),
            symbol=symbol,
            kind="OPT",
            exchange="SMART",
            trading_class=trading_class,
            expiry=expiry,
            strike=strike,
            right=right,
            multiplier="100",
        )
        for place, strike in enumerate(strikes)
        for right in (CALL, PUT)
    )


def say_nothing(_line: MarketDataLine) -> None:
    """Let a line stay silent."""


def speaks_of(clock: Clock, price: float = 600.0) -> Callable[[MarketDataLine], None]:
    """Return what lets an underlying's line tick once, when it is opened."""

    def tick(line: MarketDataLine) -> None:
        line.on_data_type(LIVE)
        line.on_price(LAST, price, SteadyClock(clock).now())

    return tick


OPTIONS = IBConfig(port=4002)
