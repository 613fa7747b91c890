"""One observed symbol -> a prediction, or the reason why there is none.  The same path serves live and replay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from magic8_companion.domain.bars import Bars, Floats
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.ml_result import MLResult, Prediction, Unavailable
from magic8_companion.domain.strategy import BASE_STRATEGIES, NO_TRADE
from magic8_ml.features.catalogue import FEATURE_NAMES
from magic8_ml.features.day_history import DayHistory
from magic8_ml.features.labels import bucket_of
from magic8_ml.features.sessions import session_table
from magic8_ml.features.table import feature_matrix
from magic8_ml.features.today import today_of
from magic8_ml.models.artefact import TrainedModel
from magic8_ml.models.strategy_view import DIRECTIONS, OUTCOMES, REGIMES, choose, strategy_probabilities
from magic8_ml.serving.inputs import DAILY_OPEN, PredictionInputs

CLOSE_RUNNER_UP: Final = 0.05
_SAME_ASSET: Final = (frozenset({"SPX", "SPY", "XSP"}), frozenset({"NDX", "QQQ"}), frozenset({"RUT", "IWM"}))
_MINUTES: Final = FEATURE_NAMES.index("minutes_to_close")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoStagePredictor:
    """Predicts with one model; holds no state, so any thread may call it.

    Below ``confidence_threshold`` no strategy is good enough to speak against No_Trade.
    """

    model: TrainedModel
    confidence_threshold: float = 0.65
    max_bar_age: timedelta = timedelta(minutes=10)
    max_vix_age: timedelta = timedelta(minutes=30)

    def predict(self, inputs: PredictionInputs) -> MLResult:
        """Answer with a prediction, or ``Unavailable`` with its reason; unfit inputs are an answer, not an error."""
        try:
            self._require_known(inputs.symbol)
            today = inputs.today.between(inputs.session.open_at, min(inputs.as_of, inputs.session.close_at))
            self._require_fresh(inputs, today)
            row = serving_row(inputs, today)
        except DataUnavailable as error:
            return Unavailable(reason=error.reason, detail=error.detail)
        if offenders := self.model.bounds.offenders(row, FEATURE_NAMES):
            return Unavailable(reason="out_of_distribution", detail=f"never seen like this: {', '.join(offenders)}")
        return self._view(row)

    def _require_known(self, symbol: str | None) -> None:
        if symbol is None or symbol in self.model.symbols:
            return
        family = next((assets for assets in _SAME_ASSET if symbol in assets), frozenset())
        if not family & set(self.model.symbols):
            seen = ", ".join(self.model.symbols)
            raise DataUnavailable("abstained", f"the model has never seen {symbol}; it was trained on {seen}")

    def _require_fresh(self, inputs: PredictionInputs, today: Bars) -> None:
        if inputs.as_of >= inputs.session.close_at:
            raise DataUnavailable("market_closed", "nothing of the session is left to predict")
        if not len(today):
            raise DataUnavailable("missing_bars", "no complete 5-minute bar of today")
        if (age := inputs.as_of - today.last_end) > self.max_bar_age:
            raise DataUnavailable("stale_bars", f"the newest bar is {_minutes(age)} old")
        if not len(inputs.vix_today):
            raise DataUnavailable("missing_vix", "no VIX of today")
        age = inputs.as_of - inputs.vix_today.last_end
        if inputs.vix_kind != DAILY_OPEN and age > self.max_vix_age:
            raise DataUnavailable("stale_vix", f"the newest VIX is {_minutes(age)} old")

    def _view(self, row: Floats) -> Prediction:
        joint = self.model.stages.joint(row[None, :])
        probabilities = strategy_probabilities(joint)
        ranks = self.model.references.ranks(probabilities, bucket_of(row[_MINUTES : _MINUTES + 1]))
        chosen = int(choose(joint, ranks, self.confidence_threshold)[0])
        direction = dict(zip(DIRECTIONS, joint[0].sum(axis=1).tolist(), strict=True))
        regime = dict(zip(REGIMES, joint[0].sum(axis=0).tolist(), strict=True))
        return Prediction(
            strategy=OUTCOMES[chosen],
            confidence=float(ranks[0, chosen]),
            direction=max(direction, key=direction.__getitem__),
            direction_probabilities=direction,
            volatility_regime=max(regime, key=regime.__getitem__),
            regime_probabilities=regime,
            model_version=self.model.version,
            rationale=_rationale(chosen, probabilities[0].tolist(), ranks[0].tolist()),
        )


def serving_row(inputs: PredictionInputs, today: Bars) -> Floats:
    """Compute the features at the end of the newest bar by the very functions that training uses; (n_features,).

    The VIX is today's first value, as in training, whatever the source delivers later in the day.

    Raises
    ------
    DataUnavailable
        ``missing_bars``, ``history_short`` or ``market_closed``.
    """
    row = session_table().position(inputs.session.day)
    history = DayHistory.before(row, inputs.history, inputs.vix_daily)
    matrix = feature_matrix(today_of(today, history, float(inputs.vix_today.open[0])))
    return np.asarray(matrix[-1])


def _rationale(chosen: int, probabilities: list[float], ranks: list[float]) -> str:
    name, rank = OUTCOMES[chosen], ranks[chosen]
    text = f"{name}: probability {probabilities[chosen]:.2f}, rank {rank:.2f} of the last year at this hour"
    rivals = (other for other in BASE_STRATEGIES if other != name)
    close = [other for other in rivals if 0 <= rank - ranks[OUTCOMES.index(other)] < CLOSE_RUNNER_UP]
    return f"{text}; close behind: {', '.join(close)}" if close and name != NO_TRADE else text


def _minutes(age: timedelta) -> str:
    return f"{age.total_seconds() / 60:.0f} minutes"
