"""One observed symbol -> a prediction, or the reason why there is none.  The same path serves live and replay."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Integers
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.ml_plugin_config import DEFAULTS
from magic8_companion.domain.ml_result import MLResult, Prediction, RemainingMove, Unavailable
from magic8_companion.domain.strategy import BASE_STRATEGIES, BUTTERFLY, IRON_CONDOR, NO_TRADE, VERTICAL
from magic8_companion.domain.ticket import ModelledTrade
from magic8_ml.forecast.confidence import REFERENCE_SESSIONS
from magic8_ml.forecast.day_history import DayHistoryCache
from magic8_ml.forecast.distribution_forecaster import MODEL_NAME
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES, OPTIONAL, feature_matrix
from magic8_ml.forecast.forecaster import Forecast, Rows
from magic8_ml.forecast.intraday import Today, today_of
from magic8_ml.forecast.labels import DIRECTIONS, FIRST_ENTRY, LAST_ENTRY, OUTCOMES, REGIMES, bucket_of
from magic8_ml.forecast.model_files import TrainedModel
from magic8_ml.forecast.prediction_inputs import PredictionInputs, fresh_bars
from magic8_ml.forecast.rationale import explanation_of, rationale_of, statement_notes
from magic8_ml.forecast.session_table import BAR_MINUTES, session_table
from magic8_ml.forecast.structures import SPREADS, modelled_trade, price_structures
from magic8_ml.forecast.symbol_families import ALL_SYMBOLS, family_of, match_symbol
from magic8_ml.forecast.terciles import Terciles
from magic8_ml.registry.measured import measured_of


def serving_rows(inputs: PredictionInputs, bars: Bars, terciles: Terciles, histories: DayHistoryCache) -> Rows:
    """Compute the row at the end of the newest of today's ``bars`` by the very functions that training uses.

    The VIX is today's first value, as in training, whatever the source delivers later in the day.

    Raises
    ------
    DataUnavailable
        ``missing_bars``, ``history_short``, ``market_closed``, ``time_not_learnt`` at a time of day that is never
        trained, ``no_movement`` when nothing is left to move, or ``abstained`` when the model has no terciles.
    """
    position = session_table().position(inputs.session.day)
    history = histories.before(inputs.symbol, position, inputs.history, inputs.vix_daily)
    today = today_of(bars, history, float(inputs.vix_today.open[0]))
    _require_trained_time(today)
    return rows_at(today, np.array([len(bars) - 1]), inputs.symbol, terciles)


def rows_at(today: Today, at: Integers, symbol: str | None, terciles: Terciles) -> Rows:
    """Return the rows at the ends of some of today's bars, without outcomes.

    Parameters
    ----------
    at
        Positions of the bars, ascending, shape (n_rows,).
    symbol
        None for a symbol that is not known, which gets the terciles of all together.

    Raises
    ------
    DataUnavailable
        ``no_movement`` when nothing is left to move, ``abstained`` when the model has no terciles.
    """
    sigma = today.sigma_left()[at]
    if not (sigma > 0).all():
        raise DataUnavailable("no_movement", "prices of earlier days stood still for the rest of the day")
    name = ALL_SYMBOLS if symbol is None else match_symbol(symbol, terciles.regime)
    if np.isnan(terciles.regime[name]).any():
        raise DataUnavailable("abstained", "too few recent days were learnt to say what is low and high")
    n_rows, bucket = len(at), bucket_of(today.minutes_to_close[at])
    nothing = np.full((n_rows, 2), np.nan)  # of what only baselines and training know
    return Rows(
        symbols=(symbol or ALL_SYMBOLS,),
        symbol=np.zeros(n_rows, dtype=np.int64),
        day=np.full(n_rows, today.history.row),
        bucket=bucket,
        bars_done=at + 1,
        half_day=np.full(n_rows, session_table().sessions[today.history.row].is_half_day),
        features=feature_matrix(today)[at],
        spot=today.bars.close[at],
        sigma_vix=sigma,
        sigma_today=today.sigma_left(with_pace=True)[at],
        sigma_share=nothing[:, 0],
        regime_terciles=terciles.regime[name][bucket],
        direction_terciles=terciles.direction[name][bucket],
        regime_terciles_today=nothing,
    )


def _require_trained_time(today: Today) -> None:
    bars_done, minutes_left = len(today.bars), float(today.minutes_to_close[-1])
    if bars_done < FIRST_ENTRY or minutes_left < LAST_ENTRY * BAR_MINUTES:
        raise DataUnavailable(
            ReasonCode.TIME_UNTRAINED,
            f"the model was trained on times from {FIRST_ENTRY * BAR_MINUTES} minutes after the open"
            f" to {LAST_ENTRY * BAR_MINUTES} minutes before the close",
        )


REGIME_FEATURES: Final = frozenset({"log_vix", "variance_premium", "trailing_u", "log_realised_5_days"})
"""Features that tell the state of the market before the open: when one was never seen like this, the regime is new."""

_PROBABILITY_DECIMALS: Final = 4
_TO_STATEMENT: Final = FEATURE_NAMES.index("minutes_to_statement")


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """Predicts with one model; any thread may call it."""

    model: TrainedModel
    max_bar_age: timedelta = timedelta(minutes=DEFAULTS.max_bar_age_minutes)
    max_vix_age: timedelta = timedelta(minutes=DEFAULTS.max_vix_age_minutes)
    _histories: DayHistoryCache = field(default_factory=DayHistoryCache, repr=False, compare=False)

    def predict(self, inputs: PredictionInputs) -> MLResult:
        """Answer with a prediction, or ``Unavailable`` with its reason; unfit inputs are an answer, not an error."""
        try:
            rows = self._row(inputs)
        except DataUnavailable as error:
            return Unavailable(reason=error.reason, detail=error.detail)
        return self._prediction(
            rows, in_sample=inputs.session.day <= date.fromisoformat(self.model.manifest["last_day"])
        )

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
        offenders = self.model.bounds.offenders(rows.features[0], FEATURE_NAMES, OPTIONAL)
        if offenders:
            reason = "regime_unseen" if REGIME_FEATURES & set(offenders) else "out_of_distribution"
            raise DataUnavailable(reason, f"never seen like this: {', '.join(offenders)}")

    def _prediction(self, rows: Rows, *, in_sample: bool) -> Prediction:
        forecaster = self.model.forecaster
        forecast, effects = forecaster.explain(rows)
        direction = dict(zip(DIRECTIONS, forecast.direction[0].tolist(), strict=True))
        regime = dict(zip(REGIMES, forecast.regime[0].tolist(), strict=True))
        explanation = explanation_of(rows.features[0], effects[0])
        notes = statement_notes(float(rows.features[0, _TO_STATEMENT]))
        chosen_vertical, win = int(forecast.vertical[0]), _by_strategy(forecast.win[0].tolist())
        likeliest = (max(direction, key=direction.__getitem__), max(regime, key=regime.__getitem__))
        return Prediction(
            strategy=OUTCOMES[int(forecast.chosen[0])],
            confidence=confidence_of(forecast),
            direction=likeliest[0],
            direction_probabilities=direction,
            volatility_regime=likeliest[1],
            regime_probabilities=regime,
            model_version=self.model.version,
            rationale=rationale_of(
                forecast,
                forecaster.odds.slopes,
                likeliest,
                explanation,
                in_sample=in_sample,
                notes=notes,
            ),
            win_probability=win,
            implied_probability=_by_strategy(forecast.implied[0].tolist()),
            move=RemainingMove(
                scale=float(forecast.sigma[0]), residuals=forecaster.residuals.points_at(int(rows.bucket[0]))
            ),
            explanation=explanation,
            vertical=SPREADS[chosen_vertical],
            modelled=_modelled(rows, chosen_vertical, win),
            model=MODEL_NAME,
            rank_days=self._rank_days(rows.symbols[0]),
            measured=measured_of(self.model.manifest),
            notes=notes,
        )

    def _rank_days(self, symbol: str) -> int:
        # the references that the forecaster uses for this symbol; manifests of earlier trainings do not count them
        days = self.model.manifest.get("reference_days") or {}
        return int(days.get(match_symbol(symbol, self.model.forecaster.references.edges), REFERENCE_SESSIONS))


def confidence_of(forecast: Forecast) -> float:
    """Return the confidence of the first row's answer: the rank of its best score, of No_Trade what it lacks of 1."""
    rank = float(forecast.call_confidence[0])
    return round(1 - rank, _PROBABILITY_DECIMALS) if OUTCOMES[int(forecast.chosen[0])] == NO_TRADE else rank


def _modelled(rows: Rows, vertical: int, win: dict[str, float]) -> dict[str, ModelledTrade]:
    indices = {BUTTERFLY: 0, IRON_CONDOR: 1, VERTICAL: 2 + vertical}
    trades, spot = price_structures(rows.sigma_today[:1]), float(rows.spot[0])
    return {
        name: modelled_trade(trades, index, spot=spot, win_probability=win[name]) for name, index in indices.items()
    }


def _by_strategy(values: list[float]) -> dict[str, float]:
    return {name: round(value, _PROBABILITY_DECIMALS) for name, value in zip(BASE_STRATEGIES, values, strict=True)}
