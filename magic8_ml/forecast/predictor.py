"""One observed symbol -> a prediction, or the reason why there is none.  The same path serves live and replay."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.ml_plugin_config import DEFAULTS
from magic8_companion.domain.ml_result import MLResult, Prediction, RemainingMove, Unavailable
from magic8_companion.domain.strategy import BASE_STRATEGIES, NO_TRADE
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.forecaster import Forecast, Rows
from magic8_ml.forecast.freshness import fresh_bars
from magic8_ml.forecast.history_cache import Histories
from magic8_ml.forecast.model_files import TrainedModel
from magic8_ml.forecast.prediction_inputs import PredictionInputs
from magic8_ml.forecast.rationale import explanation_of, rationale_of
from magic8_ml.forecast.serving_row import serving_rows
from magic8_ml.forecast.strategy_view import DIRECTIONS, OUTCOMES, REGIMES
from magic8_ml.forecast.structures import SPREADS
from magic8_ml.forecast.symbol_families import family_of

REGIME_FEATURES: Final = frozenset({"log_vix", "variance_premium", "trailing_u", "log_realised_5_days"})
"""Features that tell the state of the market before the open: when one was never seen like this, the regime is new."""

_PROBABILITY_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """Predicts with one model; any thread may call it."""

    model: TrainedModel
    max_bar_age: timedelta = timedelta(minutes=DEFAULTS.max_bar_age_minutes)
    max_vix_age: timedelta = timedelta(minutes=DEFAULTS.max_vix_age_minutes)
    _histories: Histories = field(default_factory=Histories, repr=False, compare=False)

    def predict(self, inputs: PredictionInputs) -> MLResult:
        """Answer with a prediction, or ``Unavailable`` with its reason; unfit inputs are an answer, not an error."""
        try:
            rows = self._row(inputs)
        except DataUnavailable as error:
            return Unavailable(reason=error.reason, detail=error.detail)
        return self._prediction(rows, learnt=inputs.session.day <= date.fromisoformat(self.model.manifest["last_day"]))

    def _row(self, inputs: PredictionInputs) -> Rows:
        bars = fresh_bars(inputs, max_bar_age=self.max_bar_age, max_vix_age=self.max_vix_age)
        self._require_known(inputs.symbol)
        rows = serving_rows(inputs, bars, self.model.forecaster.terciles, self._histories)
        self._require_seen(rows)
        return rows

    def _require_known(self, symbol: str | None) -> None:
        if symbol is not None and not family_of(symbol) & set(self.model.symbols):
            seen = ", ".join(self.model.symbols)
            raise DataUnavailable("abstained", f"the model has never seen {symbol}; it was trained on {seen}")

    def _require_seen(self, rows: Rows) -> None:
        offenders = self.model.bounds.offenders(rows.features[0], FEATURE_NAMES)
        if offenders:
            reason = "regime_unseen" if REGIME_FEATURES & set(offenders) else "out_of_distribution"
            raise DataUnavailable(reason, f"never seen like this: {', '.join(offenders)}")

    def _prediction(self, rows: Rows, *, learnt: bool) -> Prediction:
        forecaster = self.model.forecaster
        forecast, effects = forecaster.explain(rows)
        direction = dict(zip(DIRECTIONS, forecast.direction[0].tolist(), strict=True))
        regime = dict(zip(REGIMES, forecast.regime[0].tolist(), strict=True))
        explanation = explanation_of(rows.features[0], effects[0])
        likeliest = (max(direction, key=direction.__getitem__), max(regime, key=regime.__getitem__))
        return Prediction(
            strategy=OUTCOMES[int(forecast.chosen[0])],
            confidence=confidence_of(forecast),
            direction=likeliest[0],
            direction_probabilities=direction,
            volatility_regime=likeliest[1],
            regime_probabilities=regime,
            model_version=self.model.version,
            rationale=rationale_of(forecast, forecaster.odds.slopes, likeliest, explanation, learnt=learnt),
            win_probability=_by_strategy(forecast.win[0].tolist()),
            implied_probability=_by_strategy(forecast.implied[0].tolist()),
            move=RemainingMove(
                scale=float(forecast.sigma[0]), residuals=forecaster.residuals.points_at(int(rows.bucket[0]))
            ),
            explanation=explanation,
            vertical=SPREADS[int(forecast.vertical[0])],
        )


def confidence_of(forecast: Forecast) -> float:
    """Return the confidence of the first row's answer: its rank, of No_Trade what the best rank lacks of 1."""
    chosen = int(forecast.chosen[0])
    ranks: list[float] = forecast.confidence[0].tolist()
    return round(1 - max(ranks), _PROBABILITY_DECIMALS) if OUTCOMES[chosen] == NO_TRADE else ranks[chosen]


def _by_strategy(values: list[float]) -> dict[str, float]:
    return {name: round(value, _PROBABILITY_DECIMALS) for name, value in zip(BASE_STRATEGIES, values, strict=True)}
