"""Every forecaster by every proper score on the same rows: its skill over climatology, and the model's over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.forecast.forecaster import LEVELS, Forecast, Rows
from magic8_ml.metrics.day_intervals import Interval, diebold_mariano, mean_interval, skill_interval
from magic8_ml.metrics.proper_scores import (
    binary_log_loss,
    brier,
    class_log_loss,
    crps_of_quantiles,
    qlike,
    ranked_probability_score,
    squared_log_error,
)

LossOf = Callable[[Forecast, Rows], Floats]

_NEVER: Final = 1e-9
_LOW, _HIGH = LEVELS.index(0.1), LEVELS.index(0.9)


def regime_rps(forecast: Forecast, rows: Rows) -> Floats:
    """Return the RPS of the volatility regime per row, NaN without label or forecast."""
    return _labelled(ranked_probability_score(forecast.regime, rows.regime), rows)


def direction_rps(forecast: Forecast, rows: Rows) -> Floats:
    """Return the RPS of the direction per row, NaN without label or forecast."""
    return _labelled(ranked_probability_score(forecast.direction, rows.direction), rows)


def variance_qlike(forecast: Forecast, rows: Rows) -> Floats:
    """Return QLIKE of the remaining variance per row."""
    return qlike(forecast.sigma**2, rows.known.realised)


def covered(forecast: Forecast, rows: Rows) -> Floats:
    """Return 1 where the remaining move lies inside the 80 % interval, else 0; NaN without forecast."""
    low, high = forecast.quantiles[:, _LOW], forecast.quantiles[:, _HIGH]
    inside = (rows.known.move >= low) & (rows.known.move <= high)
    return np.where(np.isfinite(low) & np.isfinite(high), inside, np.nan)


def _regime_log_loss(forecast: Forecast, rows: Rows) -> Floats:
    return _labelled(class_log_loss(np.maximum(forecast.regime, _NEVER), rows.regime), rows)


def _direction_log_loss(forecast: Forecast, rows: Rows) -> Floats:
    return _labelled(class_log_loss(np.maximum(forecast.direction, _NEVER), rows.direction), rows)


def _log_error(forecast: Forecast, rows: Rows) -> Floats:
    return squared_log_error(forecast.sigma**2, rows.known.realised)


def _crps(forecast: Forecast, rows: Rows) -> Floats:
    # in implied sigmas, so that a wild day does not outweigh a quiet year
    return crps_of_quantiles(np.array(LEVELS), forecast.quantiles, rows.known.move) / rows.sigma_vix


def _labelled(losses: Floats, rows: Rows) -> Floats:
    return np.where(rows.labelled, losses, np.nan)


LOSSES: Final[Mapping[str, LossOf]] = {
    "regime RPS": regime_rps,
    "regime log loss": _regime_log_loss,
    "direction RPS": direction_rps,
    "direction log loss": _direction_log_loss,
    "remaining variance QLIKE": variance_qlike,
    "remaining variance squared log error": _log_error,
    "remaining move CRPS": _crps,
}
"""Scores of what every forecaster may say; those of trades are in :func:`win_table`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecasterScores:
    """One forecaster under one score: mean loss, skill over climatology, gain of the model over it.

    ``p_value``: Diebold-Mariano, one-sided, that the model loses less than this forecaster; NaN for the model itself.
    """

    name: str
    loss: float
    skill: Interval
    model_gain: Interval
    p_value: float


def loss_table(out_of_sample: OutOfSample, score: str, *, model: str, climatology: str) -> list[ForecasterScores]:
    """Compare the model and every baseline that answers; the model stands first."""
    loss = LOSSES[score]
    losses = {model: loss(out_of_sample.model, out_of_sample.rows)}
    losses |= {name: loss(forecast, out_of_sample.rows) for name, forecast in out_of_sample.baselines.items()}
    return _lines(losses, out_of_sample.rows.day, model, climatology)


def win_table(out_of_sample: OutOfSample, score: str, *, model: str, climatology: str) -> list[ForecasterScores]:
    """Compare win probabilities of all strategies together; ``score`` is "Brier" or "log loss"."""
    loss = {"Brier": brier, "log loss": binary_log_loss}[score]
    won = out_of_sample.settlement.won
    predicted = {model: out_of_sample.model.win, **out_of_sample.settlement.odds}
    losses = {name: loss(odds, won).ravel() for name, odds in predicted.items()}
    return _lines(losses, np.repeat(out_of_sample.rows.day, won.shape[1]), model, climatology)


def _lines(losses: Mapping[str, Floats], days: Integers, model: str, climatology: str) -> list[ForecasterScores]:
    known = np.isfinite(losses[model])
    answering = {name: loss for name, loss in losses.items() if (np.isfinite(loss) & known).any()}
    return [
        ForecasterScores(
            name=name,
            loss=mean_interval(np.where(known, loss, np.nan), days).value,
            skill=skill_interval(np.where(known, loss, np.nan), losses[climatology], days),
            model_gain=skill_interval(losses[model], loss, days),
            p_value=np.nan if name == model else diebold_mariano(losses[model], loss, days).p_value,
        )
        for name, loss in answering.items()
    ]
