"""Watch an extension: start it again and log the reason when it could not be started, has ended or hangs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from magic8_companion.domain.errors import PluginUnavailable
from magic8_companion.periodic import PeriodicTask
from magic8_companion.ports import Clock, Extension, Host
from magic8_companion.steady_clock import SteadyClock

_log = logging.getLogger(__name__)

NAME: Final = "engine.supervisor"
MISSED_INTERVALS: Final = 2


class Supervisor:
    """Checks once per interval and restarts an extension whose heartbeat has stood still for two intervals.

    ``restarts`` counts the restarts.  A start that fails is repeated at every check, because a model may arrive later;
    it is logged once for each reason.
    """

    def __init__(self, extension: Extension, host: Host, clock: Clock, interval: timedelta) -> None:
        self._extension, self._host, self._clock, self._interval = extension, host, SteadyClock(clock), interval
        self._heartbeat: datetime | None = None
        self._beat_at = self._clock.now()
        self._worker = PeriodicTask(self._clock, NAME, self._next_check, self._check)
        self._refusal: str | None = None
        self.restarts = 0

    def start(self, refusal: str | None = None) -> None:
        """Start to watch, as a participant of the clock; ``refusal`` is why the extension could not be started yet."""
        self._refusal = refusal
        self._worker.start()

    async def close(self) -> None:
        """Stop watching; the extension is not touched."""
        if self._worker.task is not None:
            self._worker.stop()
            await asyncio.gather(self._worker.task, return_exceptions=True)

    def _next_check(self, _: datetime | None) -> datetime:
        return self._clock.now() + self._interval

    async def _check(self) -> None:
        if (why := self._problem(self._extension.health())) is None:
            return
        if self._refusal is None:
            _log.error("ML scheduler thread is replaced: %s", why)
            self._extension.stop()
        try:
            await asyncio.to_thread(self._extension.start, self._host)
        except PluginUnavailable as error:
            if str(error) != self._refusal:
                _log.error("The ML scheduler cannot be started: %s", error)  # the sentence is the message
            self._refusal = str(error)
        else:
            _log.info("The ML scheduler runs again")
            self._refusal = None
            self.restarts += 1

    def _problem(self, health: Mapping[str, Any]) -> str | None:
        if not health["alive"]:
            return "it has ended"
        heartbeat: datetime | None = health["heartbeat"]
        if heartbeat != self._heartbeat:
            self._heartbeat, self._beat_at = heartbeat, self._clock.now()
        if heartbeat is not None and self._clock.now() - self._beat_at >= MISSED_INTERVALS * self._interval:
            return f"no heartbeat since {heartbeat:%H:%M:%S}Z"
        return None
