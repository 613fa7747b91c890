"""What plugins may ask of the host (``ports.Host``), from any thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Final

from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.errors import DataUnavailable, PublishError
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.recommendation import FiveMinuteResult
from magic8_companion.domain.trading_day import new_york_day
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.digest import inputs_digest
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.engine.private_loop import PrivateLoop
from magic8_companion.engine.publication import PublicationService
from magic8_companion.engine.volatility_pause import pause_reason
from magic8_companion.ports import Clock, Host, MarketData

LONGEST_OBSERVATION_SECONDS: Final = 60.0


class HostServices:
    """The host as plugins see it.

    A running engine serves on its own loop (:meth:`serve_on`).  Without one (scripts), or when called on that very
    loop, observation takes place on a private loop in a second thread; :meth:`close` ends it.
    """

    clock: Clock
    provider: MarketData
    symbols: tuple[str, ...]
    output_dir: Path
    options: MLPluginConfig

    def __init__(
        self,
        *,
        clock: Clock,
        provider: MarketData,
        observer: MarketObserver,
        publication: PublicationService,
        options: EngineConfig,
        ml_options: MLPluginConfig,
        output_dir: Path,
    ) -> None:
        self.clock = clock
        self.provider = provider
        self.symbols = options.symbols
        self.output_dir = output_dir
        self.options = ml_options
        self._observer = observer
        self._publication = publication
        self._engine_options = options
        self._loop: asyncio.AbstractEventLoop | None = None
        self._private = PrivateLoop("host_services")
        self._on_failure: Callable[[BaseException], object] | None = None

    def serve_on(
        self, loop: asyncio.AbstractEventLoop | None, on_failure: Callable[[BaseException], object] | None = None
    ) -> None:
        """Name the loop that owns the provider while an engine runs (None: no more), and who ends the process."""
        self._loop, self._on_failure = loop, on_failure

    def observe(self, symbol: str, *, with_chain: bool = False) -> MarketState:
        """Return the state of ``symbol`` now.

        Raises
        ------
        DataUnavailable
            ``called_on_provider_loop``, ``timeout``, or why the symbol cannot be observed.
        """
        future = self.observing(symbol, with_chain=with_chain)
        try:
            return future.result(self._limit)
        except TimeoutError as error:
            future.cancel()
            raise DataUnavailable(ReasonCode.TIMEOUT, f"{symbol} was not observed within {self._limit:g} s") from error

    def observing(self, symbol: str, *, with_chain: bool = False) -> Future[MarketState]:
        """Begin to observe ``symbol``; the future holds what :meth:`observe` would return or raise.

        Raises
        ------
        DataUnavailable
            ``called_on_provider_loop``, or ``wrong_loop`` when the provider's loop does not run.
        """
        loop = self._loop_to_observe_on()
        return asyncio.run_coroutine_threadsafe(self._observe(symbol, with_chain), loop)

    async def _observe(self, symbol: str, with_chain: bool) -> MarketState:
        clock_steps = self.clock.steps
        state = await self._observer.observe(symbol, with_chain=with_chain)
        self._publication.note_inputs(symbol, inputs_digest(state), clock_steps)
        return state

    def submit(self, result: FiveMinuteResult) -> int:
        """Publish a 5-minute result through the host's only writer; return the ``seq`` of the merged document.

        Raises
        ------
        PublishError
            When it cannot be written; a running engine ends because of it.
        """
        try:
            return self._publication.submit(result)
        except PublishError as error:
            if self._on_failure is not None:
                self._on_failure(error)
            raise

    @property
    def last_checkpoint(self) -> datetime | None:
        """Return the nominal time of the last checkpoint that was begun."""
        return self._publication.last_checkpoint

    @property
    def halt_reason(self) -> str | None:
        """Return why nothing may be traded, or None."""
        return self._publication.halt_reason

    @property
    def volatility_pause(self) -> str | None:
        """Return why 5-minute predictions and what sells premium pause, or None.

        It follows from the intraday VIX alone.  A source that knows only the daily open cannot tell when a pause
        would end, and no pause is read from it.  An implausible VIX is a pause: nothing is known of it.
        """
        path, now, options = self._observer.vix_path, self.clock.now(), self._engine_options
        if (options.pause_vix_level or options.pause_vix_jump_pct) and (finding := self._observer.vix_finding):
            return finding.sentence
        if path is None or not len(path) or new_york_day(path.first_start) != new_york_day(now):
            return None
        return pause_reason(path, now, level=options.pause_vix_level, jump_pct=options.pause_vix_jump_pct)

    def close(self) -> None:
        """End the private loop, if one was needed."""
        self._private.close()

    @property
    def _limit(self) -> float:
        # Bars, then spot, then the rest: three answers one after the other, and the wait for a bar that is just due.
        options = self._engine_options
        return min(LONGEST_OBSERVATION_SECONDS, 3 * options.request_timeout_seconds + options.bar_wait_seconds)

    def _loop_to_observe_on(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            return self._private.loop()
        if self._loop is not _running_loop():
            return self._loop if self._loop.is_running() else self._instead_of(self._loop)
        if self.provider.loop_bound:
            raise DataUnavailable(
                ReasonCode.CALLED_ON_PROVIDER_LOOP, "the provider's own event loop cannot wait for an observation"
            )
        return self._private.loop()

    def _instead_of(self, loop: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop:
        # waiting for a loop that does not run would take the whole limit and end in a timeout
        if self.provider.loop_bound:
            state = "is closed" if loop.is_closed() else "does not run"
            sentence = f"the event loop that owns the provider {state}; run it in its own thread, or give none"
            raise DataUnavailable(ReasonCode.WRONG_LOOP, sentence)
        return self._private.loop()


_PORT: Final[type[Host]] = HostServices


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
