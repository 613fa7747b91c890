"""What one connection to a gateway can be asked; ``session.Session`` is the real one, tests bring their own.

A connection that has ended stays ended: whoever asks again asks the next one.
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
"""Hears every message of the gateway: request id (-1: none), code, sentence; must not raise."""


class SessionOver(Exception):
    """The session has ended, or what was asked is lost with IB's link: ask again on the next one."""


class CannotConnect(Exception):
    """A connection did not come about; ``why`` is a short code and the text a sentence."""

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
        """Return the version of the protocol that was agreed on."""

    @property
    def is_over(self) -> bool:
        """Tell whether the connection has ended."""

    @property
    def last_message_at(self) -> datetime:
        """Return when anything at all arrived last."""

    async def ended(self) -> str:
        """Wait for the end of the connection and return its reason."""

    def abort(self, reason: str) -> None:
        """End the connection at once, without waiting for a peer that may be gone."""

    async def close(self) -> None:
        """End the connection in good order, as the gateway likes it."""

    async def contracts(self, wanted: Wanted) -> tuple[Listed, ...]:
        """Return every contract that matches, by one request however many there are; raises ``IBRefusal``."""

    async def bars(self, contract: Listed, size: str, duration: str, end: str = "") -> tuple[RawBar, ...]:
        """Return bars of trades in regular hours, stamped in UTC, the running one included; raises ``IBRefusal``."""

    async def gateway_time(self) -> datetime:
        """Return the gateway's time, to the second below."""

    async def open_line(self, contract: Listed, ticks: str, notifier: Notifier) -> MarketDataLine:
        """Open a market-data line as soon as the budgets allow; ``ticks`` are the generic ticks, comma-separated."""

    def close_line(self, line: MarketDataLine) -> None:
        """Cancel a line when its turn comes; nothing that still arrives on it is believed."""

    async def ask_for_delayed(self) -> None:
        """Let the gateway send delayed data on new lines wherever live data are not subscribed."""

    def lose_requests(self) -> None:
        """Give up every pending request: IB's link broke and they died with it."""


Opener = Callable[[ErrorCallback], Awaitable[Gateway]]
"""Opens a connection; raises ``CannotConnect``."""
