"""Score a walk-forward in the few numbers that belong to a model; ``evaluate`` gives the full account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.forecast.called_trades import HIGH
from magic8_ml.forecast.forecaster import LEVELS, Forecast, Rows
from magic8_ml.forecast.labels import BUCKETS, DIRECTIONS, OUTCOMES, REGIMES
from magic8_ml.forecast.training.walk_forward import Fold
from magic8_ml.metrics.proper_scores import class_log_loss, floored_qlike, ranked_probability_score, skill

_BASE_DAYS: Final = 100
"""Base rates of fewer labelled days are noise, and whatever is compared with noise looks good."""

_LOW_END, _HIGH_END = LEVELS.index(0.1), LEVELS.index(0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEvaluation:
    """One stage out of fold: class shares, log loss of model and base rates, skill in RPS over the base rates.

    ``challenger_rpss`` is the skill of the two-stage classifiers on the same rows, None if they were not asked.
    """

    shares: Mapping[str, float]
    log_loss: float
    log_loss_climatology: float
    rpss: float
    challenger_rpss: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkForwardEvaluation:
    """Out-of-fold figures: both stages, QLIKE saved against VIX x share and against the same with today's pace.

    ``coverage``: share of moves inside the 80 % interval; ``chosen``: shares of the answers; ``high``: share of rows
    at which each strategy was called at HIGH.
    """

    tested_days: int
    direction: StageEvaluation
    volatility: StageEvaluation
    qlike_gain: float
    qlike_gain_today: float
    coverage: float
    chosen: Mapping[str, float]
    high: Mapping[str, float]


def evaluate(
    rows: Rows, test: Mask, folds: Sequence[Fold], forecast: Forecast, challenger: Forecast | None = None
) -> WalkForwardEvaluation:
    """Score the forecasts of ``rows[tested]`` against base rates of the same training days."""
    test_rows, base = rows[test], base_rates(rows, folds)
    outcomes, variance = test_rows.known, forecast.sigma**2
    own, plain, today = (
        floored_qlike(v, outcomes.realised) for v in (variance, test_rows.sigma_vix**2, test_rows.sigma_today**2)
    )
    inside = (outcomes.move >= forecast.quantiles[:, _LOW_END]) & (outcomes.move <= forecast.quantiles[:, _HIGH_END])
    chosen = np.bincount(forecast.chosen, minlength=len(OUTCOMES)) / len(forecast)
    is_call = forecast.chosen[:, None] == np.arange(len(BASE_STRATEGIES))
    high = (is_call & (forecast.call_confidence >= HIGH)[:, None]).mean(axis=0)
    stages = _Stages(test_rows, base, forecast, challenger)
    return WalkForwardEvaluation(
        tested_days=len(np.unique(test_rows.day)),
        direction=stages.of("direction", DIRECTIONS),
        volatility=stages.of("regime", REGIMES),
        qlike_gain=round(skill(own, plain), 4),
        qlike_gain_today=round(skill(own, today), 4),
        coverage=round(float(inside.mean()), 4),
        chosen=_named(OUTCOMES, chosen),
        high=_named(BASE_STRATEGIES, high),
    )


class _Stages:
    # both stages are scored on the rows that have a class and usable base rates

    def __init__(self, rows: Rows, base: Forecast, predicted: Forecast, challenger: Forecast | None) -> None:
        scored = rows.labelled & np.isfinite(base.regime[:, 0])
        self._rows, self._base, self._predicted = rows[scored], base[scored], predicted[scored]
        self._challenger = None if challenger is None else challenger[scored]

    def of(self, name: str, classes: Sequence[str]) -> StageEvaluation:
        outcomes: Integers = getattr(self._rows, name)
        predicted, base = (getattr(forecast, name) for forecast in (self._predicted, self._base))
        baseline = ranked_probability_score(base, outcomes)

        def over_base(probabilities: Floats) -> float:
            return round(skill(ranked_probability_score(probabilities, outcomes), baseline), 4)

        return StageEvaluation(
            shares=_named(classes, np.bincount(outcomes, minlength=len(classes)) / len(outcomes)),
            log_loss=round(float(class_log_loss(predicted, outcomes).mean()), 4),
            log_loss_climatology=round(float(class_log_loss(base, outcomes).mean()), 4),
            rpss=over_base(predicted),
            challenger_rpss=None if self._challenger is None else over_base(getattr(self._challenger, name)),
        )


def base_rates(rows: Rows, folds: Sequence[Fold], fewest_days: int = _BASE_DAYS) -> Forecast:
    """Return the class shares by half hour of each fold's training days, as forecasts of its tested rows.

    A fold with fewer than ``fewest_days`` labelled training days gets none, except the last fold.
    """
    train = [rows[np.isin(rows.day, fold.train) & rows.labelled] for fold in folds]
    enough = [len(np.unique(part.day)) >= fewest_days for part in train]
    enough[-1] = True
    test = [np.flatnonzero(np.isin(rows.day, fold.test)) for fold in folds]
    predicted = [
        _shares(part, rows.bucket[places]) if has_rates else Forecast.partial(len(places))
        for part, places, has_rates in zip(train, test, enough, strict=True)
    ]
    return Forecast.concat(predicted)[np.argsort(np.concatenate(test))]


def _shares(train: Rows, buckets: Integers) -> Forecast:
    # Laplace-smoothed, per half hour
    predicted = {}
    for name in ("direction", "regime"):
        counts = np.ones((BUCKETS, 3))
        np.add.at(counts, (train.bucket, getattr(train, name)), 1)
        predicted[name] = (counts / counts.sum(axis=1, keepdims=True))[buckets]
    return Forecast.partial(len(buckets), **predicted)


def _named(names: Sequence[str], shares: Floats) -> dict[str, float]:
    return {name: round(share, 4) for name, share in zip(names, shares.tolist(), strict=True)}
