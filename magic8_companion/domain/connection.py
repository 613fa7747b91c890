"""What a feed says of its connection: connected, degraded and why, or in need of a human."""

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
    why nothing fresh can be had at all, ``outages`` of which symbols alone, and why.  While they last nothing that was
    decided from this source's data is offered.  Blips, and troubles that leave prices fresh, are none.  ``delayed`` are
    the symbols whose prices come with a delay now, whatever they did when something was decided from them.
    """

    source: str
    state: str
    why: str | None = None
    since: datetime | None = None
    sentence: str = ""
    outage: str | None = None
    outages: Mapping[str, str] = field(default_factory=dict)
    delayed: frozenset[str] = frozenset()

    def outage_of(self, symbol: str) -> str | None:
        """Return why nothing fresh can be had of a symbol, None if it can."""
        return self.outage or self.outages.get(symbol)
