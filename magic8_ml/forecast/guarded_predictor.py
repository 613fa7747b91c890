"""The one way in which both plugin classes ask a model: fresh inputs only, under a time limit, never raising.

state or frames ─> fresh? ─> ml_system.predict(five arguments), time-boxed ─> Prediction | Unavailable(reason)
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Generic, Protocol, TypeVar, cast, runtime_checkable

import pandas as pd

from magic8_companion.domain.errors import DataUnavailable, PluginUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.ml_result import MLResult, Unavailable
from magic8_ml.forecast.contract_call import delta_features, parse_answer, prediction_arguments
from magic8_ml.forecast.ml_config import MLConfig
from magic8_ml.forecast.prediction_inputs import PredictionInputs, fresh_bars
from magic8_ml.registry.reloading import files_stamp

Answer = TypeVar("Answer")
_Job = tuple["Future[Answer]", Callable[[], Answer]]


class TimeLimited(Generic[Answer]):
    """Runs calls one after another on a daemon thread of its own, each under a time limit.

    A call that overruns is abandoned together with its thread: its late answer is dropped, and the next call gets a
    fresh thread.  The threads are daemons, because an executor of the standard library would hold up the end of the
    process until the overrunning call returns.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._turn = threading.Lock()
        self._jobs: SimpleQueue[_Job[Answer] | None] | None = None

    def run(self, call: Callable[[], Answer], seconds: float) -> Answer:
        """Return what ``call`` returns, or raise what it raises.

        Raises
        ------
        TimeoutError
            When there is no result within ``seconds`` (counted from its turn).
        """
        with self._turn:
            jobs = self._jobs or self._start()
            future: Future[Answer] = Future()
            jobs.put((future, call))
            try:
                return future.result(timeout=seconds)
            except TimeoutError:
                jobs.put(None)
                self._jobs = None
                raise

    def _start(self) -> SimpleQueue[_Job[Answer] | None]:
        jobs: SimpleQueue[_Job[Answer] | None] = SimpleQueue()
        threading.Thread(target=_work, args=(jobs,), name=self._name, daemon=True).start()
        weakref.finalize(self, jobs.put, None)
        self._jobs = jobs
        return jobs


def _work(jobs: SimpleQueue[_Job[Answer] | None]) -> None:
    while (job := jobs.get()) is not None:
        future, call = job
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001  # the caller's thread raises it again
            future.set_exception(error)
        del job, future, call  # an answer must not live until the next call


logger = logging.getLogger(__name__)


class MLSystem(Protocol):
    """What the plugin needs of a model."""

    def predict(
        self,
        discord_delta: Any,  # noqa: ANN401  # frames whose content is the model's business
        discord_trades: Any,  # noqa: ANN401  # as above
        bar_data: Any,  # noqa: ANN401  # as above
        vix_data: Any,  # noqa: ANN401  # as above
        current_time: datetime,
    ) -> Any:  # noqa: ANN401  # whatever comes back is checked
        """Answer a dict with strategy, confidence and details."""


@runtime_checkable
class TypedSystem(Protocol):
    """A model that takes checked inputs as they are; the frames of the contract's call would only be unpacked again."""

    def answer(self, inputs: PredictionInputs) -> MLResult:
        """Answer a prediction, or why there is none."""


class GuardedPredictor:
    """Asks ``ml_system`` and turns every failure into a published reason; ``ml_system`` is None when none is usable.

    A predictor made by :meth:`load` that found no usable model tries again as soon as the files have changed.
    """

    def __init__(self, ml_system: MLSystem | None, options: MLPluginConfig) -> None:
        self.ml_system = ml_system
        self.why_not = Unavailable(reason="no_model")
        self._options = options
        self._refused: tuple[object, ...] | None = None
        self._limited: TimeLimited[Any] = TimeLimited("ml_prediction")

    @classmethod
    def load(cls, options: MLPluginConfig) -> GuardedPredictor:
        """Load the model under ``options.path``; without a usable one every answer is its reason."""
        predictor = cls(None, options)
        predictor._attempt()
        return predictor

    @property
    def awaits_files(self) -> bool:
        """Tell whether files of a model are there that cannot be used as they are."""
        return self.ml_system is None and bool(self._refused)

    def try_again(self) -> MLSystem | Unavailable:
        """Return the model, or why there is none; one that was refused is loaded again when its files have changed."""
        if self.ml_system is not None:
            return self.ml_system
        if self._refused is not None and files_stamp(self._models) != self._refused:
            found = self._attempt()
            if not isinstance(found, Unavailable):
                logger.info("The ML model can be used now and answers from here on")
                return found
            logger.warning("The ML model cannot be used yet: %s", found.detail or found.reason)
        return self.why_not

    def require_model(self, plugin: str) -> None:
        """Let a model pass that answers, or that may answer when its files are complete.

        Raises
        ------
        PluginUnavailable
            When there is no model.
        """
        why = self.try_again()
        if not isinstance(why, Unavailable):
            return
        if not self.awaits_files:
            raise PluginUnavailable(plugin, why.reason, why.detail)
        logger.warning("5-minute ML predictions wait for a usable model: %s", why.detail or why.reason)

    def health(self) -> Mapping[str, Any]:
        """Return what the model says of itself: its version, until when it may serve, why a newer one does not."""
        if self.awaits_files:
            return {"reload_problem": self.why_not.detail or self.why_not.reason}
        health = getattr(self.ml_system, "health", None)
        return health() if callable(health) else {}

    def ask(self, state: MarketState) -> MLResult:
        """Return the model's answer for an observed state; takes at most the ML time limit."""

        def arguments() -> dict[str, Any]:
            delta = delta_features(state.bars[-2:].frame())
            return prediction_arguments(state, discord_delta=delta, discord_trades=pd.DataFrame())

        return self._ask(lambda: PredictionInputs.from_state(state), arguments)

    def ask_frames(self, symbol: str, bars: pd.DataFrame, vix_bars: pd.DataFrame | None, at: datetime) -> MLResult:
        """Return the model's answer for canonical frames as known at ``at``, for callers without a state."""
        vix_data = pd.DataFrame() if vix_bars is None else vix_bars

        def arguments() -> dict[str, Any]:
            bar_data = bars.copy()
            bar_data.attrs["symbol"] = symbol
            return {
                "discord_delta": delta_features(bars),
                "discord_trades": pd.DataFrame(),
                "bar_data": bar_data,
                "vix_data": vix_data,
                "current_time": at.replace(tzinfo=None),
            }

        return self._ask(lambda: PredictionInputs.from_frames(bars, vix_data, at), arguments)

    def _ask(self, inputs: Callable[[], PredictionInputs], arguments: Callable[[], dict[str, Any]]) -> MLResult:
        options = self._options
        try:
            system = self.ml_system
            if system is None:
                system = self._limited.run(self.try_again, options.timeout_seconds)
            if isinstance(system, Unavailable):
                return system
            observed = inputs()
            if isinstance(system, TypedSystem):  # it checks the age of its inputs itself
                return _named(self._limited.run(partial(system.answer, observed), options.timeout_seconds), system)
            fresh_bars(
                observed,
                max_bar_age=timedelta(minutes=options.max_bar_age_minutes),
                max_vix_age=timedelta(minutes=options.max_vix_age_minutes),
            )
            answered = self._limited.run(lambda: parse_answer(system.predict(**arguments())), options.timeout_seconds)
            return _named(answered, system)
        except DataUnavailable as error:
            return Unavailable(reason=error.reason, detail=error.detail)
        except TimeoutError:
            return Unavailable(reason="timeout", detail=f"no answer within {options.timeout_seconds:g} s")
        except Exception as error:
            logger.exception("The ML system failed")
            return Unavailable(reason="exception", detail=f"{type(error).__name__}: {error}")

    def _attempt(self) -> MLSystem | Unavailable:
        stamp = files_stamp(self._models)  # from before the loading: what is written meanwhile counts as new
        try:
            self.ml_system = _load(self._options)
        except PluginUnavailable as error:
            self.why_not, self._refused = Unavailable(reason=error.reason, detail=error.detail), stamp
        except ImportError as error:  # no file of a model mends it
            self.why_not = Unavailable(reason="no_model", detail=f"{error}; run: pip install -e '.[ml]'")
        return self.why_not if self.ml_system is None else self.ml_system

    @property
    def _models(self) -> Path:
        return self._options.path / "models"


def _named(result: MLResult, system: object) -> MLResult:
    # a model that gives no name of its own is called by that of its class
    if isinstance(result, Unavailable) or result.model:
        return result
    return replace(result, model=type(system).__name__)


def _load(options: MLPluginConfig) -> MLSystem:
    from magic8_ml.forecast.ml_system import ProductionMLSystem  # noqa: PLC0415  # the ML libraries load on first use

    models = options.path / "models"
    config = MLConfig(
        confidence_threshold=options.confidence_threshold,
        direction_model_path=models / "direction_model.pkl",  # a stem: only the manifest's files are opened
        volatility_model_path=models / "volatility_model.pkl",
    )
    system = ProductionMLSystem(
        config, max_bar_age_minutes=options.max_bar_age_minutes, max_vix_age_minutes=options.max_vix_age_minutes
    )
    return cast("MLSystem", system)
