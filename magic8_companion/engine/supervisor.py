"""Watches an extension: one that has died or hangs is replaced, and the log says so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from magic8_companion.domain.errors import PluginUnavailable
from magic8_companion.ports import Clock, Extension, Host

_log = logging.getLogger(__name__)

NAME: Final = "engine.supervisor"
MISSED_INTERVALS: Final = 2


class Supervisor:
    """Looks once per interval; an extension whose heartbeat is older than two intervals is stopped and started anew.

    ``restarts`` counts the replacements.  An extension that cannot be started again is left alone from then on.
    """

    def __init__(self, extension: Extension, host: Host, clock: Clock, interval: timedelta) -> None:
        self._extension, self._host, self._clock, self._interval = extension, host, clock, interval
        self._task: asyncio.Task[None] | None = None
        self.restarts = 0

    def start(self) -> None:
        """Begin to watch, as a participant of the clock."""
        self._clock.enter(NAME)
        self._task = asyncio.get_running_loop().create_task(self._watch(), name=NAME)
        self._task.add_done_callback(lambda _: self._clock.leave(NAME))  # time must not wait for who has given up

    async def close(self) -> None:
        """Stop watching; the extension is not touched."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await self._clock.sleep_until(self._clock.now() + self._interval, NAME)
            if (why := self._problem(self._extension.health())) is not None:
                _log.error("ML scheduler thread is replaced: %s", why)
                self._extension.stop()
                try:
                    await asyncio.to_thread(self._extension.start, self._host)
                except PluginUnavailable:
                    _log.exception("The ML scheduler cannot be started again")
                    return
                self.restarts += 1

    def _problem(self, health: Mapping[str, Any]) -> str | None:
        if not health["alive"]:
            return "it has ended"
        heartbeat: datetime | None = health["heartbeat"]
        if heartbeat is not None and self._clock.now() - heartbeat > MISSED_INTERVALS * self._interval:
            return f"no heartbeat since {heartbeat:%H:%M:%S}Z"
        return None
