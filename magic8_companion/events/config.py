"""The configuration of the event calendar."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from magic8_companion.domain.config import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsConfig:
    """Where the user's events are kept."""

    file: Path = field(
        default=Path("data/events.csv"),
        metadata=setting("File of your own events, such as consumer prices; written by magic8 events update."),
    )
