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
from queue import SimpleQueue
from typing import Any, Final, Generic, Protocol, TypeVar, cast, runtime_checkable

import pandas as pd

from magic8_companion.domain.errors import DataUnavailable, PluginUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.ml_result import MLResult, Unavailable
from magic8_ml.forecast.contract_call import delta_features, parse_answer, prediction_arguments
from magic8_ml.forecast.ml_config import MLConfig
from magic8_ml.forecast.prediction_inputs import PredictionInputs, fresh_bars

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

_NO_MODEL: Final = Unavailable(reason="no_model")


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
    """Asks ``ml_system`` and turns every failure into a published reason; ``ml_system`` is None when none is usable."""

    def __init__(self, ml_system: MLSystem | None, options: MLPluginConfig, why_not: Unavailable = _NO_MODEL) -> None:
        self.ml_system = ml_system
        self.why_not = why_not
        self._options = options
        self._limited: TimeLimited[MLResult] = TimeLimited("ml_prediction")

    @classmethod
    def load(cls, options: MLPluginConfig) -> GuardedPredictor:
        """Load the model under ``options.path``; without a usable one every answer is its reason."""
        try:
            return cls(_load(options), options)
        except PluginUnavailable as error:
            return cls(None, options, Unavailable(reason=error.reason, detail=error.detail))
        except ImportError as error:
            return cls(None, options, Unavailable(reason="no_model", detail=f"{error}; run: pip install -e '.[ml]'"))

    def health(self) -> Mapping[str, Any]:
        """Return what the model says of itself: its version, until when it may serve, why a newer one does not."""
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
        system, options = self.ml_system, self._options
        if system is None:
            return self.why_not
        try:
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
