"""Adapt ``ib_async``: receive market data only, and convert its contracts and bars.

Only this module and ``session`` import the library.  Messages about accounts, positions and orders are dropped unread.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, Final

from ib_async import IB, Client, Contract, ContractDetails
from ib_async.objects import BarData
from ib_async.wrapper import Wrapper

from magic8_companion.ports import Clock
from magic8_companion.providers.ib.codes import IBRefusal, ends_request
from magic8_companion.providers.ib.contracts import USD, Listed, Wanted
from magic8_companion.providers.ib.gateway import ErrorCallback, RawBar, SessionOver
from magic8_companion.providers.ib.quotes import MarketDataLine
from magic8_companion.steady_clock import SteadyClock

READING: Final = frozenset({1, 2, 9, 20, 25, 49, 59, 71})
"""The allowed messages: lines and their end, contracts, bars and their end, time, type of data, start."""

_UNREAD: Final = (
    "accountSummary",
    "accountUpdateMulti",
    "commissionReport",
    "completedOrder",
    "execDetails",
    "openOrder",
    "orderStatus",
    "position",
    "tcpDataProcessed",
    "tickGeneric",
    "tickReqParams",
    "updateAccountValue",
    "updatePortfolio",
)


class ReadingWrapper(Wrapper):
    """The library's callbacks: pass answers to requests and ticks to lines, and drop account messages."""

    def __init__(self, ib: IB, clock: Clock, on_error: ErrorCallback) -> None:
        self._clock, self._steady, self._on_error = clock, SteadyClock(clock), on_error
        self.lines: dict[int, MarketDataLine] = {}
        self.arrived_at = self._steady.now()
        super().__init__(ib)
        self.start: Any = self.startReq  # the library does not type them
        self._end: Any = self._endReq
        last_data_at = {
            "tcpDataArrived": self._on_arrival,
            "error": self._on_code,
            "priceSizeTick": self._on_price,
            "tickSize": self._on_count,
            "tickString": self._on_text,
            "marketDataType": self._on_data_type,
            "tickOptionComputation": self._on_greeks,
        }
        for name, handler in (last_data_at | dict.fromkeys(_UNREAD, _drop)).items():
            setattr(self, name, handler)

    def forget(self, key: int | str) -> None:
        """Drop an abandoned request."""
        self._end(key, [])

    def lose_requests(self) -> None:
        """Fail every pending request."""
        for key in [*self._futures]:
            self._end(key, SessionOver("the answer was lost with IB's connection"), success=False)

    def _on_arrival(self) -> None:
        self.arrived_at = self._steady.now()

    def _on_code(self, request: int, code: int, text: str, *_: object) -> None:
        if request in self._futures and ends_request(code):
            self._end(request, IBRefusal(code, text), success=False)
        elif (line := self.lines.get(request)) is not None:
            line.on_code(code, text)
        self._on_error(request, code, text)

    def _on_price(self, request: int, tick: int, price: float, _size: float) -> None:
        if (line := self.lines.get(request)) is not None:
            line.on_price(tick, price, self.arrived_at)

    def _on_count(self, request: int, tick: int, count: float) -> None:
        if (line := self.lines.get(request)) is not None:
            line.on_count(tick, count, self.arrived_at)

    def _on_text(self, request: int, tick: int, text: str) -> None:
        if (line := self.lines.get(request)) is not None:
            line.on_text(tick, text, self.arrived_at, self._steady.wall_time_of(self.arrived_at))

    def _on_data_type(self, request: int, kind: int) -> None:
        if (line := self.lines.get(request)) is not None:
            line.on_data_type(kind)

    def _on_greeks(self, request: int, tick: int, *figures: float) -> None:
        if (line := self.lines.get(request)) is not None:
            _, volatility, delta, _, _, gamma, *_ = figures
            line.on_greeks(tick, volatility, delta, gamma)


class ReadingClient(Client):
    """The library's socket client: rejects every message that does not read market data."""

    MaxRequests = 0  # our own budget sends evenly, the library's sends in bursts

    def send(self, *fields: Any, makeEmpty: bool = True) -> None:  # noqa: ANN401, N803  # the library's signature
        """Send a message.

        Raises
        ------
        PermissionError
            For a message that does not read market data.
        """
        if fields[0] not in READING:
            raise PermissionError(f"message {fields[0]} does not read market data and is never sent")
        super().send(*fields, makeEmpty=makeEmpty)  # type: ignore[no-untyped-call]  # the library does not type it


class Reader(IB):
    """The library's client with our listener; ``requests`` are its calls, which it does not type."""

    def __init__(self, clock: Clock, on_error: ErrorCallback) -> None:
        super().__init__()
        self.listener = ReadingWrapper(self, clock, on_error)
        self.requests: Any = ReadingClient(self.listener)  # type: ignore[no-untyped-call]  # as above
        self.wrapper, self.client = self.listener, self.requests

    def reqPositionsAsync(self) -> asyncio.Future[list[Any]]:  # noqa: N802  # the library's name
        """Return nothing and send nothing: the library requests positions at every start, even read-only.

        The library creates the request before it awaits it, so a coroutine could stay unawaited after a cancellation.
        """
        nothing: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        nothing.set_result([])
        return nothing


def as_ib(contract: Wanted | Listed) -> Contract:
    """Return the contract as the library's type."""
    ib_contract = Contract(
        symbol=contract.symbol,
        secType=contract.kind,
        exchange=contract.exchange,
        currency=USD,
        lastTradeDateOrContractMonth=f"{contract.expiry:%Y%m%d}" if contract.expiry else "",
        tradingClass=contract.trading_class,
        multiplier=contract.multiplier,
    )
    if isinstance(contract, Wanted):
        ib_contract.primaryExchange = contract.primary_exchange
    else:
        ib_contract.conId, ib_contract.strike, ib_contract.right = contract.con_id, contract.strike, contract.right
    return ib_contract


def as_listed(details: ContractDetails) -> Listed:
    """Return a contract as IB lists it."""
    contract = details.contract or Contract()
    expiry = contract.lastTradeDateOrContractMonth
    return Listed(
        con_id=contract.conId,
        symbol=contract.symbol,
        kind=contract.secType,
        exchange=contract.exchange,
        trading_class=contract.tradingClass,
        expiry=datetime.strptime(expiry[:8], "%Y%m%d").date() if expiry else None,  # noqa: DTZ007  # a date has no zone
        strike=contract.strike,
        right=contract.right[:1],
        multiplier=contract.multiplier,
    )


def as_raw_bar(bar: BarData) -> RawBar:
    """Return a bar as IB sent it."""
    return RawBar(start=bar.date, open=bar.open, high=bar.high, low=bar.low, close=bar.close, volume=bar.volume)


def _drop(*_: object) -> None:
    """Drop a message about accounts, positions or orders."""
