"""How good the walk-forward was, in the few numbers that belong to a model: the full account is ``evaluate``'s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.forecast.forecaster import LEVELS, Forecast, Rows
from magic8_ml.forecast.labels import BUCKETS
from magic8_ml.forecast.strategy_view import DIRECTIONS, OUTCOMES, REGIMES
from magic8_ml.forecast.training.walk_forward import Fold
from magic8_ml.metrics.proper_scores import class_log_loss, floored_qlike, ranked_probability_score, skill

HIGH: Final = 0.80
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
class Evaluation:
    """Out-of-fold figures: both stages, QLIKE saved against VIX x share and against the same with today's pace.

    ``coverage``: share of moves inside the 80 % interval; ``chosen``: shares of the answers; ``high``: share of rows
    at which each strategy stood at HIGH.
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
    rows: Rows, tested: Mask, folds: Sequence[Fold], forecast: Forecast, challenger: Forecast | None = None
) -> Evaluation:
    """Score what was said of ``rows[tested]``, against base rates of the same training days."""
    told, base = rows[tested], _base_rates(rows, folds)
    came, variance = told.known, forecast.sigma**2
    own, plain, today = (floored_qlike(v, came.realised) for v in (variance, told.sigma_vix**2, told.sigma_today**2))
    inside = (came.move >= forecast.quantiles[:, _LOW_END]) & (came.move <= forecast.quantiles[:, _HIGH_END])
    chosen = np.bincount(forecast.chosen, minlength=len(OUTCOMES)) / len(forecast)
    high = (forecast.confidence >= HIGH).mean(axis=0)
    stages = _Stages(told, base, forecast, challenger)
    return Evaluation(
        tested_days=len(np.unique(told.day)),
        direction=stages.of("direction", DIRECTIONS),
        volatility=stages.of("regime", REGIMES),
        qlike_gain=round(skill(own, plain), 4),
        qlike_gain_today=round(skill(own, today), 4),
        coverage=round(float(inside.mean()), 4),
        chosen=_named(OUTCOMES, chosen),
        high=_named(BASE_STRATEGIES, high),
    )


class _Stages:
    # both stages are judged alike, on the rows that have a class and base rates worth the name

    def __init__(self, rows: Rows, base: Forecast, said: Forecast, challenger: Forecast | None) -> None:
        judged = rows.labelled & np.isfinite(base.regime[:, 0])
        self._rows, self._base, self._said = rows[judged], base[judged], said[judged]
        self._challenger = None if challenger is None else challenger[judged]

    def of(self, name: str, classes: Sequence[str]) -> StageEvaluation:
        came: Integers = getattr(self._rows, name)
        said, base = (getattr(forecast, name) for forecast in (self._said, self._base))
        baseline = ranked_probability_score(base, came)

        def over_base(probabilities: Floats) -> float:
            return round(skill(ranked_probability_score(probabilities, came), baseline), 4)

        return StageEvaluation(
            shares=_named(classes, np.bincount(came, minlength=len(classes)) / len(came)),
            log_loss=round(float(class_log_loss(said, came).mean()), 4),
            log_loss_climatology=round(float(class_log_loss(base, came).mean()), 4),
            rpss=over_base(said),
            challenger_rpss=None if self._challenger is None else over_base(getattr(self._challenger, name)),
        )


def _base_rates(rows: Rows, folds: Sequence[Fold]) -> Forecast:
    # silent where too few days were learnt, but never everywhere
    learnt = [rows[np.isin(rows.day, fold.train) & rows.labelled] for fold in folds]
    enough = [len(np.unique(part.day)) >= _BASE_DAYS for part in learnt]
    enough[-1] = True
    tested = [np.flatnonzero(np.isin(rows.day, fold.test)) for fold in folds]
    said = [
        _shares(part, rows.bucket[places]) if speaks else Forecast.silent(len(places))
        for part, places, speaks in zip(learnt, tested, enough, strict=True)
    ]
    return Forecast.joined(said)[np.argsort(np.concatenate(tested))]


def _shares(learnt: Rows, asked: Integers) -> Forecast:
    # Laplace-smoothed, per half hour
    said = {}
    for name in ("direction", "regime"):
        counts = np.ones((BUCKETS, 3))
        np.add.at(counts, (learnt.bucket, getattr(learnt, name)), 1)
        said[name] = (counts / counts.sum(axis=1, keepdims=True))[asked]
    return Forecast.silent(len(asked), **said)


def _named(names: Sequence[str], shares: Floats) -> dict[str, float]:
    return {name: round(share, 4) for name, share in zip(names, shares.tolist(), strict=True)}
