"""Define the interface of one gateway connection; ``session.IBSession`` is the real one, tests use fakes.

A connection that has ended stays ended; repeat requests on the next one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from magic8_companion.providers.ib.budget import LineBudget, MessageRate
from magic8_companion.providers.ib.contracts import Listed, Wanted
from magic8_companion.providers.ib.quotes import MarketDataLine
from magic8_companion.providers.ib.waiting import Notifier

ErrorCallback = Callable[[int, int, str], None]
"""Receives every message of the gateway: request id (-1: none), code, text; must not raise."""


class SessionOver(Exception):
    """The session has ended, or the request was lost with IB's connection: repeat it on the next session."""


class CannotConnect(Exception):
    """A connection attempt failed; ``why`` is a short code and the text a sentence."""

    def __init__(self, why: str, sentence: str) -> None:
        self.why = why
        super().__init__(sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBar:
    """A bar as IB sent it; ``start`` is an instant, or a date for daily bars."""

    start: datetime | date
    open: float
    high: float
    low: float
    close: float
    volume: float


class Gateway(Protocol):
    """One open connection.  Every coroutine may raise ``SessionOver``."""

    messages: MessageRate
    lines: LineBudget
    asks_for_delayed: bool

    @property
    def server_version(self) -> int:
        """Return the negotiated version of the protocol."""

    @property
    def is_over(self) -> bool:
        """Return whether the connection has ended."""

    @property
    def last_message_at(self) -> datetime:
        """Return when the last data of any kind arrived."""

    async def ended(self) -> str:
        """Wait for the end of the connection and return its reason."""

    def abort(self, reason: str) -> None:
        """Close the connection at once, without waiting for the peer."""

    async def close(self) -> None:
        """Close the connection in good order."""

    async def contracts(self, wanted: Wanted) -> tuple[Listed, ...]:
        """Return every contract that matches, by one request however many there are; raises ``IBRefusal``."""

    async def bars(self, contract: Listed, size: str, duration: str, end: str = "") -> tuple[RawBar, ...]:
        """Return bars of trades in regular hours, stamped in UTC, the running one included; raises ``IBRefusal``."""

    async def gateway_time(self) -> datetime:
        """Return the gateway's time, rounded down to the second."""

    async def open_line(self, contract: Listed, ticks: str, notifier: Notifier) -> MarketDataLine:
        """Open a market-data line as soon as the budgets allow; ``ticks`` are the generic ticks, comma-separated."""

    def close_line(self, line: MarketDataLine) -> None:
        """Cancel a line when the budgets allow; later ticks on it are ignored."""

    async def ask_for_delayed(self) -> None:
        """Allow delayed data on new lines where live data are not subscribed."""

    def lose_requests(self) -> None:
        """Fail every pending request, because IB's connection broke."""


Opener = Callable[[ErrorCallback], Awaitable[Gateway]]
"""Opens a connection; raises ``CannotConnect``."""
