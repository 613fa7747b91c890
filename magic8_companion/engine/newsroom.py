"""The newsroom: keeps the last checkpoint and the last 5-minute result, merges them and publishes, one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from magic8_companion.domain.recommendation import Bulletin, CheckpointResult, FiveMinuteResult
from magic8_companion.engine.options import EngineOptions
from magic8_companion.ports import Clock, MarketData


class Publishing(Protocol):
    """The one writer of the output folder; any failure is a ``PublishError``.  The newsroom calls it one at a time."""

    def publish(self, bulletin: Bulletin) -> int:
        """Replace ``recommendations.json``, archive the document, return its ``seq``."""

    def publish_predictions(self, result: FiveMinuteResult) -> int:
        """Replace ``ml_predictions_5min.json``, archive the document, return its own ``seq``."""

    def journal(self, line: Mapping[str, Any]) -> None:
        """Append one decision to the journal; values are JSON types or aware datetimes."""

    def save_state(self, checkpoint: CheckpointResult | None, five_minute: FiveMinuteResult | None) -> None:
        """Keep both results for a restart."""

    def restore_state(self) -> tuple[CheckpointResult | None, FiveMinuteResult | None]:
        """Return what was kept last, or (None, None); damaged state counts as none."""


class Newsroom:
    """Merge and publish; every method may be called from any thread."""

    def __init__(self, publishing: Publishing, clock: Clock, provider: MarketData, options: EngineOptions) -> None: ...

    @property
    def halt_reason(self) -> str | None:
        """Return why nothing may be traded (``kill_switch``, ``stopped``), or None."""
        raise NotImplementedError

    @property
    def last_checkpoint(self) -> datetime | None:
        """Return the nominal time of the last checkpoint that was begun."""
        raise NotImplementedError

    @property
    def bulletin(self) -> Bulletin | None:
        """Return what was published last."""
        raise NotImplementedError
