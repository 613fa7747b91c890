"""Watch the underlyings: one line each, open while the host runs, and detect silence.

While the session is open every line must receive fresh ticks.  A silent line is reopened after 10 s.  A symbol without
a usable price for 10 s, or without a new price for 20 s, is an outage of that symbol.  When all lines are silent for 20
s, the feed is silent and the connection is replaced, unless a market-data farm is known to be down.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import Session, new_york_day, session_on
from magic8_companion.periodic import PeriodicTask
from magic8_companion.ports import Clock
from magic8_companion.providers.ib.budget import LINES_FOR_CHAINS
from magic8_companion.providers.ib.codes import Effect, IBRefusal, effect_of, unavailable
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.connection import Connection
from magic8_companion.providers.ib.connection_health import (
    COMPETING_SESSION,
    FEED_SILENT,
    QUOTES_BROKEN,
    WAIT_FOR_RECONNECT,
    ConnectionIssue,
)
from magic8_companion.providers.ib.contract_cache import ContractCache
from magic8_companion.providers.ib.gateway import Gateway, SessionOver
from magic8_companion.providers.ib.quotes import OLDEST, MarketDataLine
from magic8_companion.providers.ib.symbol_outages import SymbolOutages
from magic8_companion.providers.ib.waiting import PARTICIPANT, Deadline, Notifier, until
from magic8_companion.steady_clock import SteadyClock

QUIET_AFTER: Final = timedelta(seconds=10)
"""A silent line is reopened after this: IB then repeats its values, with their times."""

QUIET_AGAIN_AFTER: Final = timedelta(seconds=30)
"""The same for a single line without any tick since it was opened, such as that of a halted stock."""

LIVE_AGAIN_AFTER: Final = timedelta(minutes=5)
"""Interval at which a delayed line is reopened: live data may be back, and IB does not report it."""

SILENT_AFTER: Final = timedelta(seconds=20)
REFUSED_FOR: Final = timedelta(seconds=60)
FAILED_FOR: Final = timedelta(seconds=5)
SPOT_PATIENCE: Final = timedelta(seconds=5)
"""Time limit for a usable price on a line that has been open for a while."""

SETTLING: Final = timedelta(milliseconds=250)
"""A new line is trusted after this: IB first sends kept values, and their time arrives later."""

_TICK: Final = timedelta(seconds=1)
_OVERSLEPT: Final = timedelta(seconds=5)
_KEEPERS_SHARE: Final = 0.6
_NO_TICKS: Final = (COMPETING_SESSION, FEED_SILENT, QUOTES_BROKEN)

_log = logging.getLogger(__name__)


class Feed:
    """Watches underlyings; the first request for a symbol starts its watch."""

    def __init__(self, clock: Clock, options: IBConfig, connection: Connection, book: ContractCache) -> None:
        self._clock, self._steady, self._options = clock, SteadyClock(clock), options
        self._connection, self._book = connection, book
        self._ticked = Notifier()
        self._lines: dict[str, MarketDataLine] = {}
        self._failures: dict[str, DataUnavailable] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._symbol_outages = SymbolOutages()
        self._delayed_symbols: frozenset[str] = frozenset()
        self._listener: asyncio.Task[None] | None = None
        self._looked_at = self._steady.now()
        self._watching_since: datetime | None = None
        self._last_tick_at: datetime | None = None
        self._excused_at: datetime | None = None
        self._resubscribed_at: datetime | None = None

    @property
    def lines(self) -> Mapping[str, MarketDataLine]:
        """Return the open lines by symbol."""
        return self._lines

    @property
    def prices(self) -> Mapping[str, float]:
        """Return the fresh prices in points, from any thread."""
        found = {symbol: self._spot_of(line) for symbol, line in dict(self._lines).items()}
        return {symbol: price for symbol, price in found.items() if price is not None}

    @property
    def delayed(self) -> bool:
        """Return whether any underlying is delayed."""
        return any(line.delayed for line in self._lines.values())

    def is_delayed(self, symbol: str) -> bool:
        """Return whether one underlying is delayed."""
        return symbol in self._lines and self._lines[symbol].delayed

    @property
    def outages(self) -> Mapping[str, ConnectionIssue]:
        """Return the symbols without fresh data and the reasons, from any thread."""
        if self._listener is not None and self._listener.done() and not self._listener.cancelled():
            self._listener.result()  # the task ends only through a bug
        return self._symbol_outages.outages

    @property
    def delayed_symbols(self) -> frozenset[str]:
        """Return the symbols with delayed data, from any thread."""
        return self._delayed_symbols

    def watch(self, symbols: Sequence[str]) -> None:
        """Start to watch symbols; a symbol without a free line raises at its first request."""
        self._connection.start()
        for symbol in symbols:
            with suppress(DataUnavailable):
                self._keep(symbol)

    async def spot(self, symbol: str, deadline: Deadline) -> float:
        """Return the price of an underlying in points, at most a minute old.

        Raises
        ------
        DataUnavailable
            ``stale_quotes``, ``feed_silent``, ``bad_spot``, ``market_closed``, ``no_permission``,
            ``competing_session``, ``contract_unknown``, ``no_free_line``, or the reason why IB is unavailable.
        """
        self._keep(symbol)
        self._refuse_lasting_issue()

        def answer() -> float | None:
            if symbol in self._failures:
                raise self._failures[symbol]
            self._refuse_lasting_issue()
            line = self._lines.get(symbol)
            return None if line is None else self._spot_of(line)

        while True:
            await self._connection.gateway(deadline)
            found = await until(self._clock, self._patience(symbol, deadline), self._ticked, answer)
            if found is not None:
                self._connection.on_fresh_tick()
                return found
            if self._connection.health.blocked is None or not deadline.seconds_left:
                raise self._why_no_spot(symbol)

    async def close(self) -> None:
        """Stop watching."""
        tasks = [*self._keepers.values(), *([self._listener] if self._listener else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def age_seconds(self, symbol: str) -> float | None:
        """Return the age of the newest price of a symbol, None if there is none."""
        line = self._lines.get(symbol)
        if line is None or line.fresh_at < line.opened_at - OLDEST:
            return None
        return (self._steady.now() - line.fresh_at).total_seconds()

    def _keep(self, symbol: str) -> None:
        loop = asyncio.get_running_loop()
        for task in (self._listener, self._keepers.get(symbol)):
            if task is not None and task.done():
                task.result()  # the task ends only through a bug
        if self._listener is None:
            self._looked_at = self._steady.now()
            self._listener = PeriodicTask(
                self._steady, PARTICIPANT, self._next_look, self._look, holds_time=False
            ).start()
        if symbol not in self._keepers:
            self._require_a_line(symbol)
            self._keepers[symbol] = loop.create_task(self._keep_open(symbol))

    def _require_a_line(self, symbol: str) -> None:
        allowed = self._options.market_data_lines - LINES_FOR_CHAINS
        if len(self._keepers) >= allowed:
            raise DataUnavailable(
                "no_free_line",
                f"{allowed} market-data lines watch other symbols and the rest is reserved for chains: raise "
                f"M8C_IB_MARKET_DATA_LINES if the account has more, or do without {symbol}",
            )

    async def _keep_open(self, symbol: str) -> None:
        while True:
            gateway = await self._next_gateway()
            epoch = self._epoch
            self._failures.pop(symbol, None)
            try:
                await self._watch(symbol, gateway)
            except SessionOver:
                await asyncio.sleep(0)
            except IBRefusal as refusal:
                self._fail(symbol, unavailable(f"the quotes of {symbol}", refusal))
                await self._pause(REFUSED_FOR, epoch)
            except DataUnavailable as failure:
                self._fail(symbol, failure)
                await self._pause(FAILED_FOR, epoch)

    async def _next_gateway(self) -> Gateway:
        while True:
            try:
                return await self._connection.gateway(self._deadline())
            except DataUnavailable:  # a request for a price gets the error from the connection
                await self._steady.sleep_until(self._steady.now() + _TICK, PARTICIPANT)

    async def _watch(self, symbol: str, gateway: Gateway) -> None:
        contract = await self._book.underlying(symbol, self._deadline())
        line = await gateway.open_line(contract, "", self._ticked)
        self._watching_since = self._watching_since or line.opened_at
        self._lines[symbol] = line
        try:
            await self._mind(symbol, line, gateway)
        finally:
            gateway.close_line(line)

    def _deadline(self) -> Deadline:
        # shorter than the time-out of the callers, so that they get the reason
        return Deadline(self._clock, _KEEPERS_SHARE * self._options.request_timeout_seconds)

    async def _mind(self, symbol: str, line: MarketDataLine, gateway: Gateway) -> None:
        # returns when the line has to be opened again
        health, generation = self._connection.health, self._connection.health.generation
        next_look = line.opened_at + SETTLING
        while not gateway.is_over and health.generation == generation:
            await self._steady.sleep_until(next_look, PARTICIPANT)
            overslept = self._steady.now() - next_look > _OVERSLEPT
            next_look = self._steady.now() + _TICK
            if line.refusal is not None:
                await self._take_refusal(line, line.refusal, gateway)
                return
            if self._spot_of(line) is not None:
                self._failures.pop(symbol, None)
                self._connection.on_fresh_tick()
            if line.delayed and self._steady.now() - line.opened_at > LIVE_AGAIN_AFTER:
                return
            if self._is_silent_alone(line) and not overslept:
                _log.info("IB: no new data of %s, subscribing again", symbol)
                break
            self._ticked.notify()  # the result may change with time alone
        if line.partial and line.fresh_at < line.opened_at:  # the part that is not subscribed may be the prices
            await self._delay_if_allowed(line, gateway)

    def _is_silent_alone(self, line: MarketDataLine) -> bool:
        expected_since = self._expected_since()
        if expected_since is None:
            return False
        patience = QUIET_AFTER if line.fresh_at >= line.opened_at else QUIET_AGAIN_AFTER
        return self._steady.now() - max(line.fresh_at, line.opened_at, expected_since) > patience

    async def _take_refusal(self, line: MarketDataLine, refusal: IBRefusal, gateway: Gateway) -> None:
        missing = effect_of(refusal.code) is Effect.NOT_SUBSCRIBED
        if not (missing and self._options.allow_delayed and not line.may_be_delayed):
            raise refusal
        _log.warning("IB: live data are not subscribed, asking for delayed data (%s)", refusal.text)
        await gateway.ask_for_delayed()

    async def _delay_if_allowed(self, line: MarketDataLine, gateway: Gateway) -> None:
        if self._options.allow_delayed and not line.may_be_delayed and not gateway.is_over:
            _log.warning("IB: %s is only partly subscribed and sends no price, asking for delayed data", line.contract)
            await gateway.ask_for_delayed()

    @property
    def _epoch(self) -> tuple[int, int]:
        return self._connection.health.generation, self._connection.good_news

    async def _pause(self, length: timedelta, epoch: tuple[int, int]) -> None:
        # retry after a while, or at once on a new connection or when a farm is OK again
        until_then = self._steady.now() + length
        while self._steady.now() < until_then and self._epoch == epoch:
            await self._steady.sleep_until(self._steady.now() + _TICK, PARTICIPANT)

    def _fail(self, symbol: str, failure: DataUnavailable) -> None:
        self._failures[symbol] = failure
        self._ticked.notify()

    def _next_look(self, looked_at: datetime | None) -> datetime:
        return self._steady.now() if looked_at is None else looked_at + _TICK

    async def _look(self) -> None:
        now = self._steady.now()
        if now - self._looked_at > _OVERSLEPT:  # after a stall the host has not read, so silence proves nothing
            self._watching_since = now
            self._symbol_outages.excuse(now)
        self._looked_at = now
        self._connection.health.expects_data = self._expected_since() is not None
        self._check_silence(now)
        self._check_symbols(now)

    def _check_silence(self, now: datetime) -> None:
        health, expected_since = self._connection.health, self._expected_since()
        if expected_since is None or health.connected_at is None or health.blocked is not None:
            return
        newest = max(line.fresh_at for line in self._lines.values())
        last_data_at = self._last_tick_at = max(newest, self._last_tick_at or newest, expected_since)
        if now - last_data_at >= SILENT_AFTER:
            health.add(FEED_SILENT, f"the market is open, but no tick has arrived for {SILENT_AFTER.seconds} s", now)
        if health.find(QUOTES_BROKEN):  # the gateway has reported it, and a new connection would not help
            self._excused_at = now
        here = max(last_data_at, health.connected_at, self._excused_at or last_data_at)
        if now - here >= SILENT_AFTER:
            self._connection.drop("no tick while the market is open")
        elif now - max(here, self._resubscribed_at or here) >= QUIET_AFTER:
            self._resubscribed_at = now
            health.resubscribe(now)

    def _check_symbols(self, now: datetime) -> None:
        self._delayed_symbols = frozenset(filter(self._is_delayed, self._lines))
        if (session := self._session()) is None:
            self._symbol_outages.rest()
        else:
            answers = {symbol: self._why_unknown(symbol) for symbol in self._keepers}
            is_news = self._connection.health.outage(now) is None
            due_since = self._steady.instant_of(session.open_at)
            self._symbol_outages.look(answers, due_since, now, is_news=is_news)

    def _is_delayed(self, symbol: str) -> bool:
        # until the new line reports its type, use the type of the old line
        line = self._lines[symbol]
        return line.delayed if line.fresh_at >= line.opened_at else symbol in self._delayed_symbols

    def _why_unknown(self, symbol: str) -> DataUnavailable | None:
        line = self._lines.get(symbol)
        if symbol in self._failures:
            return self._failures[symbol]
        if line is not None and self._spot_of(line) is not None and self._steady.now() - line.fresh_at < QUIET_AFTER:
            return None
        return self._why_no_spot(symbol)

    def _expected_since(self) -> datetime | None:
        # ticks are due from here: the session is open and at least one line is open
        session = self._session()
        if session is None or self._watching_since is None:
            return None
        if all(line.refusal is not None for line in self._lines.values()):
            return None
        return max(self._steady.instant_of(session.open_at), self._watching_since)

    def _session(self) -> Session | None:
        now = self._clock.now()
        session = session_on(new_york_day(now))
        return session if session is not None and session.contains(now) else None

    def _patience(self, symbol: str, deadline: Deadline) -> Deadline:
        now, line = self._steady.now(), self._lines.get(symbol)
        if line is None or now - line.opened_at <= SPOT_PATIENCE:
            return deadline
        return deadline.not_after(now + SPOT_PATIENCE)

    def _spot_of(self, line: MarketDataLine) -> float | None:
        now = self._steady.now()
        if now - line.opened_at < SETTLING:
            return None
        return line.spot(max(self._connection.health.trusted_from, now - OLDEST))

    def _refuse_lasting_issue(self) -> None:
        health = self._connection.health
        issue = health.find(*_NO_TICKS)
        if issue is not None and self._steady.now() - issue.since > WAIT_FOR_RECONNECT:
            raise health.refusal(issue)

    def _why_no_spot(self, symbol: str) -> DataUnavailable:
        health, line = self._connection.health, self._lines.get(symbol)
        issue = health.blocked or health.find(*_NO_TICKS)
        if issue is not None:
            return health.refusal(issue)
        if self._session() is None:
            return DataUnavailable("market_closed", f"{symbol}: no recent trades, because the exchange is closed")
        if line is None or not line.answered("last") or self._steady.now() - line.opened_at < SETTLING:
            return DataUnavailable("feed_silent", f"{symbol}: no tick has arrived")
        if line.value("last", line.opened_at) is None or line.is_crossed(line.opened_at):
            return DataUnavailable("bad_spot", f"{symbol}: IB sends no usable price")
        return DataUnavailable("stale_quotes", f"{symbol}: no new ticks; it is halted, or IB repeats old prices")
