"""One checkpoint from observation to result; a symbol that fails is skipped with its reason."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.market_view import MarketView
from magic8_companion.domain.recommendation import CheckpointResult
from magic8_companion.engine.options import EngineOptions
from magic8_companion.ports import MarketData, Observer, Scorer


class Analyst(Protocol):
    """The analysis as the engine sees it: a plain function."""

    def __call__(self, state: MarketState) -> MarketView:
        """Return the view of a state, or raise ``DataUnavailable``."""


class CheckpointPipeline:
    """Observe, analyse, score, decide."""

    def __init__(
        self, observer: Observer, analyse: Analyst, scorer: Scorer, provider: MarketData, options: EngineOptions
    ) -> None: ...

    async def run(self, checkpoint_at: datetime) -> CheckpointResult:
        """Return the result of the checkpoint; never raises because of one symbol."""
        raise NotImplementedError
