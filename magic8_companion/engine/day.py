"""The engine: drives trading days on a clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import Self

from magic8_companion.domain.recommendation import CheckpointResult
from magic8_companion.domain.trading_day import Session
from magic8_companion.engine.newsroom import Newsroom
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.engine.options import EngineOptions
from magic8_companion.engine.pipeline import CheckpointPipeline
from magic8_companion.engine.services import HostServices
from magic8_companion.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointOutcome:
    """What became of one scheduled checkpoint: a result, or the reason why there is none."""

    checkpoint_at: datetime
    label: str
    result: CheckpointResult | None = None
    skipped: str | None = None


Progress = Callable[[datetime, str], None]
"""Told the clock's time and, in a few words, what happens there."""


class RecommendationEngine:
    """Run checkpoints on time and keep the published file fresh.

    Use it as ``async with engine:`` on the loop that owns the provider; extensions start inside the block and are
    stopped and joined inside it too, because replayed time goes on for them when the engine has left.  Leaving the
    block publishes the last document, with nothing tradable.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        observer: MarketObserver,
        pipeline: CheckpointPipeline,
        newsroom: Newsroom,
        services: HostServices,
        options: EngineOptions,
        stop: asyncio.Event,
        progress: Progress | None = None,
    ) -> None: ...

    async def __aenter__(self) -> Self:
        """Join the clock, restore today's state, watch the kill switch."""
        raise NotImplementedError

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Publish the last document, with nothing tradable, and leave the clock."""

    async def run_day(self, session: Session) -> tuple[CheckpointOutcome, ...]:
        """Run one session to its close or until ``stop``; return what became of each checkpoint."""
        raise NotImplementedError

    async def run_date(self, day: date) -> tuple[CheckpointOutcome, ...]:
        """Run the session of a date; when the exchange is shut, say so in one sentence and do nothing else."""
        raise NotImplementedError

    async def run_forever(self) -> None:
        """Run session after session until ``stop``."""
        raise NotImplementedError
