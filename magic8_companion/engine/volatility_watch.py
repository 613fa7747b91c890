"""Fetch the VIX after every bar close, so that a volatility pause begins and ends on time without a 5-minute slot."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import BAR, Session
from magic8_companion.engine.completeness import bars_due
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.periodic import PeriodicTask
from magic8_companion.ports import Clock

NAME: Final = "engine.vix"
"""Sorts after ``engine`` and before every plugin: at a bar close the VIX of that bar is known before plugins run."""

_log = logging.getLogger(__name__)


class VolatilityWatch:
    """Calls ``changed`` when the pause begins or ends; ``pause`` returns the reason of the current pause or None."""

    def __init__(
        self,
        clock: Clock,
        observer: MarketObserver,
        pause: Callable[[], str | None],
        changed: Callable[[], Awaitable[None]],
        options: EngineConfig,
    ) -> None:
        self._clock = clock
        self._observer = observer
        self._pause = pause
        self._changed = changed
        self._options = options
        self._known: str | None = None

    @property
    def is_needed(self) -> bool:
        """Tell whether a pause is configured."""
        options = self._options
        is_used = options.enable_ml_5min or options.pause_checkpoints
        return is_used and (options.pause_vix_level > 0 or options.pause_vix_jump_pct > 0)

    def start(self, session: Session) -> asyncio.Task[None]:
        """Return the running task of a session; it joins the clock now and leaves it at its end."""
        self._known = None
        return PeriodicTask(self._clock, NAME, lambda begun: self._next(session, begun), self._refresh).start()

    def _next(self, session: Session, begun: datetime | None) -> datetime | None:
        bars = max(1, bars_due(session, self._clock.now())) if begun is None else bars_due(session, begun) + 1
        return session.open_at + bars * BAR + self._options.bar_close_delay if bars < session.bar_count else None

    async def _refresh(self) -> None:
        with suppress(DataUnavailable):  # without a new VIX the last one stays in use
            await self._observer.refresh_vix()
        pause = self._pause()
        if pause != self._known:
            _log.info("Volatility pause: %s", pause or "over")
            self._known = pause
            await self._changed()
