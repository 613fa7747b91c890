"""What plugins may ask of the host (``ports.Host``), from any thread."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.ml_options import MLOptions
from magic8_companion.domain.recommendation import FiveMinuteResult
from magic8_companion.engine.newsroom import Newsroom
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.engine.options import EngineOptions
from magic8_companion.ports import Clock, MarketData


class HostServices:
    """The host as plugins see it.

    Without a running engine (scripts) it observes on a private loop; ``close`` ends that loop's thread.
    """

    clock: Clock
    provider: MarketData
    symbols: tuple[str, ...]
    output_dir: Path
    options: MLOptions

    def __init__(  # the composition root names every part
        self,
        *,
        clock: Clock,
        provider: MarketData,
        observer: MarketObserver,
        newsroom: Newsroom,
        options: EngineOptions,
        ml_options: MLOptions,
        output_dir: Path,
    ) -> None: ...

    def observe(self, symbol: str) -> MarketState:
        """Observe on the loop that owns the provider."""
        raise NotImplementedError

    def submit(self, result: FiveMinuteResult) -> int:
        """Publish a 5-minute result; return the ``seq`` of the merged document."""
        raise NotImplementedError

    @property
    def last_checkpoint(self) -> datetime | None:
        """Return the nominal time of the last executed checkpoint."""
        raise NotImplementedError

    @property
    def halt_reason(self) -> str | None:
        """Return why nothing may be traded, or None."""
        raise NotImplementedError

    @property
    def volatility_pause(self) -> str | None:
        """Return why 5-minute predictions pause, or None."""
        raise NotImplementedError

    def close(self) -> None:
        """End the private loop, if there is one."""
