"""One connection to the gateway on ``ib_async``; a session is never reused.

The session is read-only and requests only contracts, bars, ticks and the time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from ib_async import Contract, StartupFetchNONE

from magic8_companion.ports import Clock
from magic8_companion.providers.ib.budget import LineBudget, MessageRate
from magic8_companion.providers.ib.codes import NO_REQUEST, Effect, effect_of
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.contracts import Listed, Wanted
from magic8_companion.providers.ib.gateway import CannotConnect, ErrorCallback, Gateway, RawBar, SessionOver
from magic8_companion.providers.ib.quotes import MarketDataLine
from magic8_companion.providers.ib.waiting import Notifier, within
from magic8_companion.providers.ib.wire import Reader, as_ib, as_listed, as_raw_bar
from magic8_companion.steady_clock import SteadyClock

_DELAYED_DATA: Final = 3
_PARTING_SECONDS: Final = 1.0
_REGULAR_HOURS: Final = True
_UTC_STAMPS: Final = 2
_NO_UPDATES: Final = False
_STREAM: Final[tuple[bool, bool, list[str]]] = (False, False, [])  # no snapshot of either kind, no options


class IBSession:
    """A connection to the gateway; create it with :meth:`open`.

    Parameters
    ----------
    on_error
        Receives every message of the gateway; must not raise.
    """

    def __init__(self, clock: Clock, options: IBConfig, on_error: ErrorCallback) -> None:
        self._clock, self._steady, self._options = clock, SteadyClock(clock), options
        self._on_error = on_error
        self._reader = Reader(clock, self._subscribe_events)
        self._requests = self._reader.requests
        self._requests.apiError += self._finish
        self._requests.apiEnd += self._on_ended
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._client_id_taken = False
        self._cancelling: set[asyncio.Task[None]] = set()
        self.messages = MessageRate(options.messages_per_second)
        self.lines = LineBudget(options.market_data_lines)
        self.asks_for_delayed = False

    @classmethod
    async def open(cls, clock: Clock, options: IBConfig, on_error: ErrorCallback) -> IBSession:
        """Connect, read-only.

        Raises
        ------
        CannotConnect
            ``gateway_unreachable``, ``gateway_silent``, ``client_id_in_use`` or ``gateway_too_old``.
        """
        session = cls(clock, options, on_error)
        try:
            await within(clock, options.connect_timeout_seconds, session._connect())
        except (OSError, TimeoutError, SessionOver) as error:
            reason = session._cannot(error)
            session.abort("the connection attempt failed")
            raise reason from error
        except BaseException:
            session.abort("the host is stopping")
            raise
        return session

    @property
    def server_version(self) -> int:
        """Return the negotiated version of the protocol."""
        return int(self._requests.serverVersion())

    @property
    def is_over(self) -> bool:
        """Return whether the session has ended."""
        return self._over.done()

    @property
    def last_message_at(self) -> datetime:
        """Return when the last data of any kind arrived."""
        return self._reader.listener.arrived_at

    async def ended(self) -> str:
        """Wait for the end of the session and return its reason."""
        return await asyncio.shield(self._over)

    def abort(self, reason: str) -> None:
        """Close the session at once, without waiting for the peer."""
        self._finish(reason)
        transport = self._requests.conn.transport
        if transport is not None:
            transport.abort()

    async def close(self) -> None:
        """Close the session in good order."""
        self._finish("closed")
        connection = self._requests.conn
        transport = connection.transport
        self._reader.disconnect()
        for task in self._cancelling:
            task.cancel()
        if transport is not None:
            notifier = Notifier()
            connection.disconnected += lambda _: notifier.notify()
            try:
                await within(self._clock, _PARTING_SECONDS, notifier.changed())
            except TimeoutError:
                transport.abort()

    async def contracts(self, wanted: Wanted) -> tuple[Listed, ...]:
        """Return every contract that matches; one request, however many there are.

        Raises
        ------
        IBRefusal, SessionOver
        """
        contract = as_ib(wanted)
        found = await self._ask(contract, lambda number: self._requests.reqContractDetails(number, contract))
        return tuple(as_listed(item) for item in found)

    async def bars(self, contract: Listed, size: str, duration: str, end: str = "") -> tuple[RawBar, ...]:
        """Return bars of trades in regular hours, stamped in UTC, the running one included.

        Raises
        ------
        IBRefusal, SessionOver
        """
        ib_contract = as_ib(contract)

        def send(number: int) -> None:
            form = (_REGULAR_HOURS, _UTC_STAMPS, _NO_UPDATES)
            self._requests.reqHistoricalData(number, ib_contract, end, duration, size, "TRADES", *form, [])

        found = await self._ask(ib_contract, send, cancel=self._requests.cancelHistoricalData)
        return tuple(as_raw_bar(item) for item in found)

    async def gateway_time(self) -> datetime:
        """Return the gateway's time, rounded down to the second; the request skips the queue.

        Raises
        ------
        SessionOver
        """
        if self.is_over:
            raise SessionOver(self._over.result())
        self.messages.count(asyncio.get_running_loop().time())
        at: datetime = await self._answer("currentTime", None, lambda _: self._requests.reqCurrentTime())
        return at

    async def open_line(self, contract: Listed, ticks: str, notifier: Notifier) -> MarketDataLine:
        """Open a market-data line as soon as the budgets allow and return the line.

        Raises
        ------
        SessionOver
        """
        await self.lines.take()
        try:
            await self._turn()
            line = MarketDataLine(contract, self._steady.now(), notifier, may_be_delayed=self.asks_for_delayed)
            line.request_id = self._requests.getReqId()
            self._reader.listener.lines[line.request_id] = line
            self._requests.reqMktData(line.request_id, as_ib(contract), ticks, *_STREAM)
        except BaseException:
            self.lines.give_back()
            raise
        return line

    def close_line(self, line: MarketDataLine) -> None:
        """Cancel a line when the budgets allow; later ticks on it are ignored."""
        if self._reader.listener.lines.pop(line.request_id, None) is None:
            return
        gone = line.refusal is not None and effect_of(line.refusal.code) is not Effect.COMPETING_SESSION
        if gone or self.is_over:
            self.lines.give_back()
            return
        task = asyncio.get_running_loop().create_task(self._cancel_line(line))
        self._cancelling.add(task)
        task.add_done_callback(self._cancelling.discard)

    async def ask_for_delayed(self) -> None:
        """Allow delayed data on new lines where live data are not subscribed.

        Raises
        ------
        SessionOver
        """
        if not self.asks_for_delayed:
            self.asks_for_delayed = True
            await self._turn()
            self._requests.reqMarketDataType(_DELAYED_DATA)

    def lose_requests(self) -> None:
        """Fail every pending request, because IB's connection broke."""
        self._reader.listener.lose_requests()

    async def _connect(self) -> None:
        connecting = asyncio.ensure_future(
            self._reader.connectAsync(
                self._options.host,
                self._options.port,
                self._options.client_id,
                timeout=None,
                readonly=True,
                fetchFields=StartupFetchNONE,
            )
        )
        try:
            await asyncio.wait({connecting, self._over}, return_when=asyncio.FIRST_COMPLETED)
            if not connecting.done():
                raise SessionOver(self._over.result())
            await connecting
        finally:
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)

    def _cannot(self, error: Exception) -> CannotConnect:
        options = self._options
        if self._client_id_taken:
            return CannotConnect(
                "client_id_in_use",
                f"another program uses client id {options.client_id} at {options.address}, most likely a second host; "
                "stop it, or give this one another M8C_IB_CLIENT_ID, and start again",
            )
        if self._requests.conn.numMsgSent and isinstance(error, TimeoutError):  # the greeting reached a listener
            return CannotConnect(
                "gateway_silent",
                f"{options.address} accepts connections but does not answer: log in to the gateway and confirm the "
                "second factor",
            )
        if isinstance(error, SessionOver) and "version" in str(error):
            return CannotConnect("gateway_too_old", f"the gateway at {options.address} is too old: {error}; update it")
        return CannotConnect(
            "gateway_unreachable",
            f"no answer at {options.address} ({error}): start TWS or the gateway, enable its API and check the port",
        )

    async def _ask(
        self, contract: Contract, send: Callable[[int], None], cancel: Callable[[int], None] | None = None
    ) -> list[Any]:
        await self._turn()
        number: int = self._requests.getReqId()
        try:
            answers: list[Any] = await self._answer(number, contract, send)
        except asyncio.CancelledError:
            if cancel is not None and not self.is_over:
                self.messages.count(asyncio.get_running_loop().time())
                cancel(number)
            raise
        return answers

    async def _answer(self, key: Any, contract: Contract | None, send: Callable[[Any], None]) -> Any:  # noqa: ANN401  # the library does not type answers
        answer: Awaitable[Any] = self._reader.listener.start(key, contract)
        try:
            send(key)
            return await answer
        except ConnectionError as error:
            raise SessionOver(str(error)) from error
        finally:
            self._reader.listener.forget(key)

    async def _turn(self) -> None:
        await self.messages.turn()
        if self.is_over:
            raise SessionOver(self._over.result())

    async def _cancel_line(self, line: MarketDataLine) -> None:
        try:
            await self._turn()
            self._requests.cancelMktData(line.request_id)
        except SessionOver:
            pass
        finally:
            self.lines.give_back()

    def _subscribe_events(self, number: int, code: int, text: str) -> None:
        effect = effect_of(code)
        if effect is Effect.CLIENT_ID_TAKEN:
            self._client_id_taken = True
        elif effect is Effect.TOO_MANY_MESSAGES:
            self.messages.slow_down(asyncio.get_running_loop().time())
        elif effect is Effect.TOO_MANY_LINES:
            self.lines.shrink()
        elif effect is Effect.LINK_BACK_EMPTY and number == NO_REQUEST:
            self.lose_requests()
        self._on_error(number, code, text)

    def _on_ended(self) -> None:
        self._finish("the gateway closed the connection")

    def _finish(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_result(reason)
        self._reader.listener.lose_requests()


_PORT: Final[type[Gateway]] = IBSession
