"""MLSchedulerExtension: a thread that predicts every five minutes and submits the result to the host.

clock ─> slot ─> gates ─> observe every symbol ─> ask the model ─> FiveMinuteResult ─> host.submit
"""

from __future__ import annotations

import logging
import threading
from asyncio import AbstractEventLoop
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from os import PathLike
from pathlib import Path
from typing import Any, Final

import pandas as pd
import schedule

from magic8_companion.domain.codes import DataStatus
from magic8_companion.domain.market_state import DELAYED, LIVE
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.recommendation import FiveMinuteResult
from magic8_companion.domain.strategy import VIX
from magic8_companion.domain.trading_day import NEW_YORK
from magic8_companion.paths import written_path
from magic8_companion.periodic import PeriodicThread
from magic8_companion.ports import Host, MarketData, standalone_host
from magic8_ml.forecast.contract_call import delta_features
from magic8_ml.forecast.five_minute_results import SymbolPrediction, five_minute_result
from magic8_ml.forecast.guarded_predictor import GuardedPredictor, MLSystem
from magic8_ml.forecast.observation_cache import ON_PROVIDER_LOOP, FrameCache, Observations
from magic8_ml.forecast.slots import Gates, SlotSchedule
from magic8_ml.registry.weekly import WeeklyRetraining, retraining_plan

logger = logging.getLogger(__name__)

PARTICIPANT: Final = "ml_5min"
THREAD_NAME: Final = "ml_scheduler"
REFUSED: Final = "should_run_prediction"
FETCH_PAUSE: Final = timedelta(seconds=60)


class MLSchedulerExtension:
    """Predict every slot of the session; without a host it builds private services when it first needs them.

    Parameters
    ----------
    loop, data_provider, symbols, output_dir
        Replacements for the settings of the environment in the private services; ``loop`` owns ``data_provider``.
    host
        The interface of the running process.
    options
        Default: those of the host.
    ml_system
        A model that is already loaded; default: the one under ``options.path``, loaded at once when that is known.

    Attributes
    ----------
    last_update, last_skip_reason
        When data was last fetched; why the last attempt did not run.
    """

    est = NEW_YORK
    utc = UTC

    def __init__(
        self,
        loop: AbstractEventLoop | None = None,
        data_provider: MarketData | None = None,
        *,
        host: Host | None = None,
        options: MLPluginConfig | None = None,
        ml_system: MLSystem | None = None,
        symbols: Sequence[str] | None = None,
        output_dir: str | PathLike[str] | None = None,
    ) -> None:
        folder = None if output_dir is None else written_path(output_dir)
        self._private: dict[str, Any] = dict(loop=loop, provider=data_provider, symbols=symbols, output_dir=folder)
        self._given_host = host
        self._given_options = options
        self._given_symbols = symbols
        self._private_host: Host | None = None
        self._loaded: GuardedPredictor | None = None
        if ml_system is not None:
            self._loaded = GuardedPredictor(ml_system, self._options)
        elif host is not None or options is not None:
            self._loaded = GuardedPredictor.load(self._options)
        self._bar_frames, self._vix_frames = FrameCache(), FrameCache()
        self.last_update: datetime | None = None
        self.last_skip_reason: str | None = None
        self.max_cache_age = timedelta(minutes=30)
        self.cache_cleanup_interval = 10
        self._observations = Observations()
        self._checkpoint: datetime | None = None
        self._last_slot: datetime | None = None
        self._predictions = 0
        self._last_error: str | None = None
        self._busy = threading.Lock()
        self._stop = threading.Event()
        self._slot_stop: threading.Event | None = None
        self._slots: PeriodicThread | None = None
        self._retraining: WeeklyRetraining | None = None
        logger.info("ML Scheduler Extension initialized")

    @property
    def ml_system(self) -> MLSystem | None:
        """The model, or None when none is usable."""
        return self._predictor.ml_system

    @ml_system.setter
    def ml_system(self, ml_system: MLSystem | None) -> None:
        self._predictor.ml_system = ml_system

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols to predict; default: those of the host."""
        return tuple(self._given_symbols or self._host.symbols)

    @symbols.setter
    def symbols(self, symbols: Sequence[str]) -> None:
        self._given_symbols = symbols

    @property
    def bar_data_cache(self) -> dict[str, pd.DataFrame]:
        """Today's bars by symbol as frames, shortened by :meth:`cleanup_cache`; what the model sees is kept apart."""
        return self._bar_frames.frames

    @bar_data_cache.setter
    def bar_data_cache(self, frames: dict[str, pd.DataFrame]) -> None:
        self._bar_frames = FrameCache(frames)

    @property
    def vix_data_cache(self) -> pd.DataFrame | None:
        """Today's VIX bars as a frame, None while none are known."""
        return self._vix_frames.frames.get(VIX)

    @vix_data_cache.setter
    def vix_data_cache(self, frame: pd.DataFrame | None) -> None:
        self._vix_frames = FrameCache(None if frame is None else {VIX: frame})

    @property
    def data_provider(self) -> MarketData:
        """The source of market data; setting it replaces that of the private services."""
        return self._host.provider

    @data_provider.setter
    def data_provider(self, provider: MarketData) -> None:
        self._change_host("provider", provider)

    @property
    def output_dir(self) -> Path:
        """The folder of the published files; setting it replaces that of the private services."""
        return self._host.output_dir

    @output_dir.setter
    def output_dir(self, folder: str | PathLike[str]) -> None:
        self._change_host("output_dir", written_path(folder))

    @property
    def last_checkpoint(self) -> datetime | None:
        """The nominal time of the last executed checkpoint, tz-aware."""
        known = [at for at in (self._checkpoint, self._host.last_checkpoint) if at is not None]
        return max(known, default=None)

    @last_checkpoint.setter
    def last_checkpoint(self, at: datetime | None) -> None:
        self._checkpoint = at

    @property
    def _host(self) -> Host:
        if self._given_host is not None:
            return self._given_host
        if self._private_host is None:
            self._private_host = standalone_host(**self._private)
        return self._private_host

    @property
    def _options(self) -> MLPluginConfig:
        return self._given_options or self._host.options

    @property
    def _predictor(self) -> GuardedPredictor:
        if self._loaded is None:
            self._loaded = GuardedPredictor.load(self._options)
        return self._loaded

    def _change_host(self, name: str, value: object) -> None:
        if self._given_host is not None:
            setattr(self._given_host, name, value)
        else:
            self._private[name], self._private_host = value, None

    def start(self, host: Host) -> None:
        """Start the thread for ``host``; a thread that has ended is replaced.

        With a model whose files are incomplete it starts too: every slot publishes the reason until they are complete.

        Raises
        ------
        PluginUnavailable
            When there is no model: the host continues with its checkpoints alone.
        """
        self._given_host = host
        self._predictor.require_model(PARTICIPANT)
        self.start_scheduler()
        self._start_retraining()

    def start_scheduler(self) -> threading.Thread:
        """Start the daemon thread ``ml_scheduler`` and return it; a running one is returned as it is."""
        if self._slots is not None and self._slots.is_running:
            return self._slots.thread
        options = self._options
        self._busy = threading.Lock()  # a thread that hangs keeps the old lock and cannot block its successor
        self._stop = threading.Event()
        trigger = schedule.Scheduler()  # our own; the clock, not the library, says when its job is due
        trigger.every(options.interval_minutes).minutes.do(self._attempt, self._stop)
        interval = timedelta(minutes=options.interval_minutes)
        delay = timedelta(seconds=options.bar_close_delay_seconds)
        self._slots = PeriodicThread(
            self._host.clock,
            PARTICIPANT,
            SlotSchedule(clock=self._host.clock, interval=interval, delay=delay),
            trigger.run_all,
            self._stop,
            thread_name=THREAD_NAME,
            heartbeat_every=interval,
        )
        self._slots.start()
        logger.info("ML 5-minute scheduler started")
        return self._slots.thread

    def stop(self) -> None:
        """Stop the thread and return at once; it ends with its current wait and submits nothing more."""
        self._stop.set()
        if self._retraining is not None:
            self._retraining.stop()

    def join(self, timeout: float) -> bool:
        """Wait for the thread's end; tell whether it ended."""
        if self._slots is None:
            return True
        self._slots.thread.join(timeout)
        return not self._slots.thread.is_alive()

    def health(self) -> Mapping[str, Any]:
        """Return alive, heartbeat, last_slot, predictions, last_skip_reason, last_error, and the model's own health."""
        return {
            "alive": self._slots is not None and self._slots.thread.is_alive(),
            "heartbeat": self._slots and self._slots.heartbeat,
            "last_slot": self._last_slot,
            "predictions": self._predictions,
            "last_skip_reason": self.last_skip_reason,
            "last_error": self._last_error,
            **self._predictor.health(),
            **({} if self._retraining is None else self._retraining.health()),
        }

    def _start_retraining(self) -> None:
        plan = retraining_plan(self._options)
        running = self._retraining is not None and self._retraining.thread.is_alive()
        if plan is not None and not running and self.data_provider.status in {LIVE, DELAYED}:  # a replay never retrains
            self._retraining = WeeklyRetraining(self._host.clock, plan)
            self._retraining.start()

    def should_run_prediction(self) -> bool:
        """Tell whether the current slot may run; if not, ``last_skip_reason`` says why.

        A subclass may refuse slots; the gates that it finds closed stay closed.
        """
        slot = self._gates().check(self._host.clock.now())
        self.last_skip_reason = slot if isinstance(slot, str) else None
        return self.last_skip_reason is None

    def run_ml_prediction(self, force: bool = False) -> FiveMinuteResult | None:
        """Run the current slot if its gates are open; return what was published, or None.

        ``force`` repeats a slot that is done; it opens no other gate.
        """
        return self._run(threading.Event(), force=force)

    def update_market_data(self) -> None:
        """Observe every symbol, at most once per minute, and fill the caches.

        On the loop that owns the provider it does not wait for that loop: the earlier data stays in use.  Every slot
        calls it, so that a subclass may fill the caches from elsewhere.
        """
        self._update(self._slot_stop or threading.Event())

    def create_delta_features(self, symbol: str, bars: pd.DataFrame) -> pd.DataFrame:  # noqa: ARG002  # the guide's call
        """Return the delta proxies of the last bar: one row at its time, or an empty frame without bars."""
        return delta_features(bars)

    def cleanup_cache(self) -> None:
        """Drop rows older than ``max_cache_age`` from ``bar_data_cache``, and frames that have no aware time index."""
        oldest = pd.Timestamp(self._host.clock.now() - self.max_cache_age)
        frames = self.bar_data_cache
        for symbol, bars in tuple(frames.items()):
            if isinstance(bars.index, pd.DatetimeIndex) and bars.index.tz is not None:
                frames[symbol] = bars[bars.index >= oldest]
            else:
                del frames[symbol]
                logger.warning("Dropped the cached bars of %s: their index is not aware time", symbol)

    def _attempt(self, stop: threading.Event) -> None:
        try:
            self._run(stop)
        except Exception as error:
            self._last_error = f"{type(error).__name__}: {error}"
            self.last_skip_reason = "exception"
            logger.exception("5-minute ML prediction skipped: exception %s", self._last_error)

    def _run(self, stop: threading.Event, *, force: bool = False) -> FiveMinuteResult | None:
        busy = self._busy
        if not busy.acquire(blocking=False):  # waiting could deadlock: the other slot may need our loop
            self._skip("busy")
            return None
        try:
            self._slot_stop = stop
            if not (force or self.should_run_prediction()):
                self._skip(self.last_skip_reason or REFUSED)
                return None
            slot = self._gates().check(self._host.clock.now(), force=force)
            if isinstance(slot, datetime):
                return self._run_slot(slot, stop)
            self._skip(slot)
            return None
        finally:
            self._slot_stop = None
            busy.release()

    def _skip(self, reason: str) -> None:
        self.last_skip_reason = reason
        logger.info("5-minute ML prediction skipped: %s", reason)

    def _gates(self) -> Gates:
        return Gates(
            interval=timedelta(minutes=self._options.interval_minutes),
            checkpoint_pause=timedelta(minutes=self._options.checkpoint_pause_minutes),
            halt_reason=self._host.halt_reason,
            volatility_pause=self._host.volatility_pause,
            last_checkpoint=self.last_checkpoint,
            last_slot=self._last_slot,
        )

    def _run_slot(self, slot: datetime, stop: threading.Event) -> FiveMinuteResult | None:
        logger.info("Running 5-minute ML prediction")
        self.last_skip_reason = None
        self.update_market_data()
        cases = {symbol: self._ask(symbol) for symbol in takewhile(lambda _: not stop.is_set(), self.symbols)}
        if stop.is_set():
            self._skip("stopped")
            return None
        now, source = self._host.clock.now(), self.data_provider.name
        result = five_minute_result(slot, cases, published_at=now, fallback_source=source, options=self._options)
        for symbol, signal in result.signals.items():
            summary = signal.entry.rationale.removeprefix("5-min ML: ")
            logger.info("5-min ML: %s - %s - %s", symbol, summary, signal.entry.confidence)
        for symbol, reason in result.skipped.items():
            logger.info("5-min ML: %s - skipped (%s)", symbol, reason)
            if symbol in result.skipped_details:
                logger.info("Why: %s", result.skipped_details[symbol])
        self._host.submit(result)
        self._last_slot = slot
        self._predictions += 1
        if self._predictions % self.cache_cleanup_interval == 0:
            self.cleanup_cache()
        return result

    def _update(self, stop: threading.Event) -> None:
        now = self._host.clock.now()
        if self.last_update is not None and timedelta(0) <= now - self.last_update < FETCH_PAUSE:
            return
        seen = self._observations.refresh(self._host, self.symbols, stop)
        if ON_PROVIDER_LOOP in self._observations.problems.values():
            logger.warning("called on provider loop: the data seen before stays in use")
            return
        self.last_update = now
        self._bar_frames.keep({symbol: state.bars for symbol, state in seen.items()})
        for symbol, state in seen.items():
            logger.info("Updated %d bars for %s", len(state.bars), symbol)
        if vix := [state.vix_bars for state in seen.values() if state.vix is not None]:
            self._vix_frames.keep({VIX: vix[-1]})
            logger.info("Updated %d VIX bars", len(vix[-1]))

    def _ask(self, symbol: str) -> SymbolPrediction | str:
        at, provider = self._host.clock.now(), self.data_provider
        if (state := self._observations.known_at(symbol, at)) is not None:
            answer, source, status = self._predictor.ask(state), state.data_source, state.data_status
        elif (bars := self.bar_data_cache.get(symbol)) is not None:  # put there by a caller: its age is unknown
            answer = self._predictor.ask_frames(symbol, bars, self.vix_data_cache, at)
            source, status = provider.name, DELAYED if provider.status == LIVE else DataStatus(provider.status)
        else:
            return self._observations.problems.get(symbol, "missing_bars")
        return SymbolPrediction(
            data_source=source, data_status=status, answer=answer, answered_at=self._host.clock.now()
        )
