"""The state of a feed's connection: connected, degraded with a reason, or in need of a human."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

CONNECTED: Final = "connected"
DEGRADED: Final = "degraded"
NEEDS_HUMAN: Final = "needs_human"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionState:
    """The connection to ``source`` at one moment.

    ``why`` is a reason in one word since ``since``, None while connected; ``sentence`` says what to do.  ``outage`` is
    why no fresh data arrives at all, ``outages`` the reason of each symbol without fresh data.  While they last, no
    decision from this source's data is published.  Short gaps, and problems that leave prices fresh, are no outages.
    ``delayed`` are the symbols whose prices are delayed now, whatever they were at the time of a decision.
    """

    source: str
    state: str
    why: str | None = None
    since: datetime | None = None
    sentence: str = ""
    outage: str | None = None
    outages: Mapping[str, str] = field(default_factory=dict)
    delayed: frozenset[str] = frozenset()

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that the problem is limited to; empty when it is the whole feed's, or there is none."""
        return tuple(sorted(self.outages)) if self.why in self.outages.values() else ()

    def outage_of(self, symbol: str) -> str | None:
        """Return why a symbol has no fresh data, None if it has."""
        return self.outage or self.outages.get(symbol)
