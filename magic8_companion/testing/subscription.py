"""Hold a client's subscriptions: ticks of a contract, or bars that stay up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from magic8_companion.testing.contracts import Instrument
from magic8_companion.testing.wire import Field


@dataclass(slots=True, kw_only=True)
class Subscription:
    """A market-data line; ``sent`` holds the values that the client has, so that only changes are sent."""

    request_id: int
    instrument: Instrument
    generic_ticks: frozenset[int]
    snapshot: bool
    begins_at: datetime
    delayed: bool = False
    without_greeks: bool = False
    silent: bool = False
    announced: int = 0
    sent: dict[tuple[int, int], tuple[Field, ...]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class BarUpdates:
    """A history request that stays up to date; ``newest`` returns the fields of its last bars, oldest first."""

    newest: Callable[[], list[tuple[Field, ...]]]
    sent: list[tuple[Field, ...]] = field(default_factory=list)
