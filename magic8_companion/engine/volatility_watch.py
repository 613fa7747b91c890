"""Looks at the VIX after every bar close, so that a volatility pause begins and ends without a slot that asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import BAR, Session
from magic8_companion.engine.completeness import bars_due
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.ports import Clock

NAME: Final = "engine.vix"
"""Ranks after ``engine`` and before every plugin: whoever asks at a bar close knows that bar's VIX."""

_log = logging.getLogger(__name__)


class VolatilityWatch:
    """Tells ``changed`` when the pause begins or ends; ``pause`` says what holds now."""

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

    @property
    def is_needed(self) -> bool:
        """Tell whether anybody would pause."""
        return self._options.enable_ml_5min and (
            self._options.pause_vix_level > 0 or self._options.pause_vix_jump_pct > 0
        )

    def start(self, session: Session) -> asyncio.Task[None]:
        """Return the running task of a session; it joins the clock now and leaves it at its end."""
        self._clock.enter(NAME)
        task = asyncio.get_running_loop().create_task(self._run(session), name=NAME)
        task.add_done_callback(lambda _: self._clock.leave(NAME))
        return task

    async def _run(self, session: Session) -> None:
        known = None
        for number in range(max(1, bars_due(session, self._clock.now())), session.bar_count):
            await self._clock.sleep_until(session.open_at + number * BAR + self._options.bar_close_delay, NAME)
            with suppress(DataUnavailable):  # a VIX that cannot be had changes nothing: what was seen last stands
                await self._observer.refresh_vix()
            pause = self._pause()
            if pause != known:
                _log.info("Volatility pause: %s", pause or "over")
                known = pause
                await self._changed()
