"""What a feed says of its connection: connected, degraded and why, or in need of a human."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

CONNECTED: Final = "connected"
DEGRADED: Final = "degraded"
NEEDS_HUMAN: Final = "needs_human"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionState:
    """The connection to ``source`` at one moment.

    ``why`` is a reason in one word since ``since``, None while connected; ``sentence`` says what to do.  ``outage`` is
    why nothing fresh can be had at all: while it lasts nothing that was decided from this source's data is offered.  It
    is None for blips, and for troubles that leave prices fresh.
    """

    source: str
    state: str
    why: str | None = None
    since: datetime | None = None
    sentence: str = ""
    outage: str | None = None
