"""Hold the state that all connections of a gateway share: market, clock, faults, limits and log."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from magic8_companion.domain.trading_day import new_york_label
from magic8_companion.ports import Clock
from magic8_companion.testing.active_faults import ActiveFaults
from magic8_companion.testing.listing import Listing
from magic8_companion.testing.market import GatewayMarket
from magic8_companion.testing.option_prices import OptionPrices
from magic8_companion.testing.pacing import HistoryPacingCheck, HistoryRule
from magic8_companion.testing.scenario import GatewaySettings

_KEPT_LINES: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One event; ``connection`` is 0 for the whole gateway."""

    at: datetime
    connection: int
    text: str

    def __str__(self) -> str:
        """Return the line as it is printed."""
        who = f"#{self.connection}" if self.connection else "gateway"
        return f"{self.at:%Y-%m-%d %H:%M:%S}Z {new_york_label(self.at)} {who:>7}  {self.text}"


ViolationKind = Literal[HistoryRule, "message_rate", "lines", "order", "protocol"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that a client has broken."""

    at: datetime
    connection: int
    kind: ViolationKind
    text: str


@dataclass(slots=True, kw_only=True)
class Counts:
    """The numbers of the summary, and the count of tick ``rounds``."""

    rounds: int = 0
    messages: int = 0
    peak_rate: int = 0
    connections: int = 0
    lines: int = 0
    peak_lines: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    errors: Counter[int] = field(default_factory=Counter)


class World:
    """The state of a running gateway."""

    def __init__(
        self, market: GatewayMarket, clock: Clock, settings: GatewaySettings, listener: Callable[[LogLine], None] | None
    ) -> None:
        self.market, self.clock, self.settings = market, clock, settings
        self.listing = Listing(market)
        self.prices = OptionPrices(market)
        self.active_faults = ActiveFaults()
        self.history = HistoryPacingCheck()
        self.counts = Counts()
        self.log: deque[LogLine] = deque(maxlen=_KEPT_LINES)
        self.violations: list[Violation] = []
        self._later: list[tuple[datetime, Callable[[], None]]] = []
        self._listener = listener

    def now(self) -> datetime:
        """Return the current instant of the gateway's clock."""
        return self.clock.now()

    def note(self, text: str, connection: int = 0) -> None:
        """Write a line into the log."""
        line = LogLine(at=self.now(), connection=connection, text=text)
        self.log.append(line)
        if self._listener:
            self._listener(line)

    def violate(self, kind: ViolationKind, text: str, connection: int) -> None:
        """Record that a client broke a rule."""
        self.violations.append(Violation(at=self.now(), connection=connection, kind=kind, text=text))
        self.note(f"VIOLATION {kind}: {text}", connection)

    def take_line(self) -> bool:
        """Use one market-data line and return whether the budget allows it."""
        if self.counts.lines >= self.settings.line_budget:
            return False
        self.counts.lines += 1
        self.counts.peak_lines = max(self.counts.peak_lines, self.counts.lines)
        return True

    def return_line(self) -> None:
        """Release a market-data line."""
        self.counts.lines -= 1

    def later(self, delay_until: datetime, action: Callable[[], None]) -> None:
        """Schedule an action at an instant of the clock."""
        self._later.append((delay_until, action))

    def do_due(self) -> None:
        """Run the actions that are due."""
        now = self.now()
        due = [item for item in self._later if item[0] <= now]
        self._later = [item for item in self._later if item[0] > now]
        for _, action in due:
            action()
