"""The provider ``ib``: market data from TWS or IB Gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import partial
from importlib.util import find_spec
from typing import Any, Final

import pandas as pd

from magic8_companion.domain.connection import CONNECTED, DEGRADED, ConnectionState
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.market_state import DELAYED, LIVE
from magic8_companion.domain.strategy import VIX, canonical_symbol
from magic8_companion.domain.trading_day import new_york_day, session_on
from magic8_companion.ports import Clock, MarketData, Monitored, Quoted
from magic8_companion.providers.ib.bars import History
from magic8_companion.providers.ib.chain import SOURCE, Chains
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.connection import Connection
from magic8_companion.providers.ib.connection_health import NOT_CONNECTED
from magic8_companion.providers.ib.contract_cache import ContractCache
from magic8_companion.providers.ib.feed import Feed
from magic8_companion.providers.ib.gateway import ErrorCallback, Gateway, Opener
from magic8_companion.providers.ib.past import SPAN_DAYS, PastBars
from magic8_companion.providers.ib.vix import vix_bars
from magic8_companion.providers.ib.waiting import Deadline
from magic8_companion.recordings.bar_file import RawBars
from magic8_companion.steady_clock import SteadyClock

RUNNING_SESSION: Final = "1d"

_PATIENCE: Final = 0.9
"""Share of the caller's time-out after which a request gives up, so that its reason is published and not "timeout"."""

_CHAIN_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The parts that belong to one event loop."""

    loop: asyncio.AbstractEventLoop
    connection: Connection
    feed: Feed
    history: History
    past: PastBars
    chains: Chains


class IBProvider:
    """Market data of Interactive Brokers; the connection is opened by the first request and kept until :meth:`close`.

    Parameters
    ----------
    opener
        Opens a connection; by default one on ``ib_async``.

    Raises
    ------
    ConfigError
        When ``ib_async`` is not installed.
    """

    name = SOURCE
    loop_bound = True
    history_days = SPAN_DAYS
    history_reach_days = None

    def __init__(self, clock: Clock, options: IBConfig, opener: Opener | None = None) -> None:
        if opener is None and find_spec("ib_async") is None:
            raise ConfigError(["provider ib needs the package ib_async; install the extra: pip install -e '.[ib]'"])
        self._clock, self._steady, self._options = clock, SteadyClock(clock), options
        self._opener = opener or self._open
        self._parts: _Parts | None = None
        self._closed = False
        self._status_of_bars: str | None = None

    @property
    def status(self) -> str:
        """Return the status of the running bars that were returned last; before any, delayed if an underlying is.

        For one symbol, read it right after its bars, or read the frame's ``attrs``.
        """
        return self._status_of_bars or self._worst_status()

    async def get_spot_price(self, symbol: str) -> float:
        """Return the price of an underlying in points, received within the last minute.

        Raises
        ------
        DataUnavailable
            ``stale_quotes``, ``feed_silent``, ``bad_spot``, ``no_permission``, ``competing_session``,
            ``contract_unknown``, ``no_free_line``, ``timeout``, ``ib_disconnected`` or why IB needs a human.
        """
        return await self._here().feed.spot(canonical_symbol(symbol), self._deadline())

    async def get_historical_data(self, symbol: str, interval: str, period: str) -> pd.DataFrame:
        """Return the canonical frame of complete bars; ``bar_requests`` explains the arguments.

        The bars of a running session need fresh quotes of the symbol, which show whether the data are delayed.  The VIX
        is an exception, because it is not watched.

        Raises
        ------
        DataUnavailable
            The reasons of :meth:`get_spot_price`, and ``interval_unavailable``, ``period_unavailable``,
            ``market_closed``, ``no_bars_yet``, ``missing_bars``, ``no_data``, ``pacing``, ``bad_bars``,
            ``history_failed``, ``history_broken``, ``vix_not_asked``.
        """
        parts, name = self._here(), canonical_symbol(symbol)
        if name == VIX:
            attempts = self._options.vix_attempts
            ask = partial(parts.history.bars, VIX, interval, period)
            bars = await vix_bars(lambda: ask(self._deadline(attempts)), attempts)
        else:
            deadline = self._deadline()
            running = period == RUNNING_SESSION and self._is_open()
            if running:
                await parts.feed.spot(name, deadline)
            bars = await parts.history.bars(name, interval, period, deadline)
            if running:
                self._status_of_bars = DELAYED if parts.feed.is_delayed(name) else LIVE
        frame = bars.frame()
        frame.attrs = {"source": self.name, "status": self.status}
        return frame

    async def get_option_chain(self, symbol: str) -> dict[str, Any]:
        """Return today's chain as the envelope of the host contract, with the additional key ``completeness``.

        Raises
        ------
        DataUnavailable
            ``no_0dte_chain``, ``market_closed``, ``unknown_product``, ``chain_incomplete``, or the reasons of
            :meth:`get_spot_price`.
        """
        chains, seconds = self._here().chains, max(_CHAIN_SECONDS, self._options.request_timeout_seconds)
        return await chains.envelope(canonical_symbol(symbol), Deadline(self._clock, seconds))

    async def read_history(self, symbol: str, first: date, last: date) -> RawBars:
        """Return the 5-minute bars of the sessions in [first, last] for a collector, under IB's pacing.

        Raises
        ------
        DataUnavailable
            ``no_data`` when there are none, or the reasons of :meth:`get_historical_data`.
        """
        return await self._here().past.rows(canonical_symbol(symbol), first, last, self.name)

    def is_connected(self) -> bool:
        """Return whether the connection is up and its data are fresh."""
        return self._parts is not None and self._parts.connection.health.state(self._steady.now()) == CONNECTED

    async def watch(self, symbols: Sequence[str]) -> None:
        """Connect and start to watch symbols, except the VIX, of which only bars are read."""
        self._here().feed.watch([name for name in map(canonical_symbol, symbols) if name != VIX])

    def prices(self) -> Mapping[str, float]:
        """Return the fresh prices of the watched symbols in points, from any thread."""
        return {} if self._parts is None else self._parts.feed.prices

    def connection(self) -> ConnectionState | None:
        """Return the published state, from any thread; None before the first request."""
        now, parts = self._steady.now(), self._parts
        if parts is None:
            return None
        health, outages = parts.connection.health, parts.feed.outages
        worst, outage = health.worst or next(iter(outages.values()), None), health.outage(now)
        if worst is None:
            return ConnectionState(
                source=self.name,
                state=CONNECTED,
                since=self._wall_time(health.connected_at),
                delayed=parts.feed.delayed_symbols,
            )
        return ConnectionState(
            source=self.name,
            state=DEGRADED if health.worst is None else health.state(now),
            why=worst.why,
            since=self._wall_time(worst.since),
            sentence=worst.sentence,
            outage=outage,
            outages={} if outage else {symbol: issue.why for symbol, issue in outages.items()},
            delayed=parts.feed.delayed_symbols,
        )

    def health(self) -> Mapping[str, Any]:
        """Return the health for operators: state, reason, start time, what to do, and usage of the budgets."""
        now, parts = self._steady.now(), self._parts
        known: dict[str, Any] = {
            "address": self._options.address,
            "client_id": self._options.client_id,
            "data_status": self._worst_status(),
        }
        if parts is None:
            return {"state": "degraded", "why": NOT_CONNECTED, "since": None, "sentence": "no request yet"} | known
        state, gateway = self.connection(), parts.connection.open_gateway
        return {
            **({} if state is None else asdict(state)),
            **known,
            "connects": parts.connection.connects,
            "server_version": None if gateway is None else gateway.server_version,
            "lines_used": 0 if gateway is None else gateway.lines.used,
            "lines_allowed": self._options.market_data_lines if gateway is None else gateway.lines.capacity,
            "messages_sent": 0 if gateway is None else gateway.messages.sent,
            "history_requests_10min": parts.connection.history.in_window(now),
            "tick_age_seconds": {symbol: parts.feed.age_seconds(symbol) for symbol in sorted(parts.feed.lines)},
        }

    async def close(self) -> None:
        """Close the connection in good order; a second call does nothing."""
        self._closed = True
        parts, self._parts = self._parts, None
        if parts is not None and parts.loop is asyncio.get_running_loop():
            await parts.feed.close()
            await parts.connection.close()

    def _here(self) -> _Parts:
        if self._closed:
            raise DataUnavailable("closed", "the provider is closed")
        loop = asyncio.get_running_loop()
        if self._parts is None or self._parts.loop.is_closed():
            self._parts = self._build(loop)
        if self._parts.loop is not loop:
            raise DataUnavailable("wrong_loop", "the IB connection belongs to another event loop")
        return self._parts

    def _build(self, loop: asyncio.AbstractEventLoop) -> _Parts:
        clock, options = self._clock, self._options
        connection = Connection(clock, options, self._opener)
        book = ContractCache(clock, connection)
        feed = Feed(clock, options, connection, book)
        return _Parts(
            loop=loop,
            connection=connection,
            feed=feed,
            history=History(clock, connection, book),
            past=PastBars(clock, connection, book, options.request_timeout_seconds),
            chains=Chains(clock, options, connection, book, feed),
        )

    def _worst_status(self) -> str:
        return DELAYED if self._parts is not None and self._parts.feed.delayed else LIVE

    def _is_open(self) -> bool:
        now = self._clock.now()
        session = session_on(new_york_day(now))
        return session is not None and session.contains(now)

    def _wall_time(self, instant: datetime | None) -> datetime | None:
        return None if instant is None else self._steady.wall_time_of(instant)

    def _deadline(self, shared_by: int = 1) -> Deadline:
        return Deadline(self._clock, _PATIENCE * self._options.request_timeout_seconds / shared_by)

    async def _open(self, on_error: ErrorCallback) -> Gateway:
        # load the library only when this provider is used
        from magic8_companion.providers.ib.session import IBSession  # noqa: PLC0415  # see above

        return await IBSession.open(self._clock, self._options, on_error)


_PORTS: Final[tuple[type[MarketData], type[Monitored], type[Quoted]]] = (IBProvider, IBProvider, IBProvider)
