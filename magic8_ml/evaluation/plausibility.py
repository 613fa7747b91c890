"""Results that are too good to be true: each of them is a bug until proven otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.evaluation.trade_baselines import RECALIBRATED_LOGNORMAL, RECALIBRATED_PREMIUM
from magic8_ml.evaluation.trade_out_of_sample import OutOfSampleTrades
from magic8_ml.evaluation.trade_scores import skill_over
from magic8_ml.evaluation.win_baselines import RECALIBRATED_PRICE
from magic8_ml.metrics.classification import auc
from magic8_ml.metrics.proper_scores import brier

DIRECTION_AUC: Final = 0.60
WIN_SKILL: Final = 0.08
ACCURACY_GAIN: Final = 0.05
YEARLY_SHARPE: Final = 2.0
_SESSIONS: Final = 252
_NEUTRAL: Final = 1
_EVEN: Final = 0.5

_Figure = tuple[str, float, float]
"""Name, value and the most that was ever measured out of sample."""


def _warnings(figures: Sequence[_Figure]) -> list[str]:
    return [
        f"Too good to be true: {name} is {value:.3f}, above {limit:g}. This is a bug until proven otherwise."
        for name, value, limit in figures
        if value > limit
    ]


def implausible_results(out_of_sample: OutOfSample, daily_sharpe: float) -> list[str]:
    """Return a sentence for each figure of the forecast above what was ever measured out of sample."""
    direction = "accuracy of rises and falls above the commoner of the two"
    return _warnings(
        [
            ("AUC of the sign of the move", sign_auc(out_of_sample), DIRECTION_AUC),
            ("win Brier skill over the recalibrated price", _win_skill(out_of_sample), WIN_SKILL),
            ("accuracy of wins above the commoner outcome", _excess_accuracy(out_of_sample), ACCURACY_GAIN),
            (direction, _excess_direction(out_of_sample), ACCURACY_GAIN),
            ("yearly Sharpe ratio of HIGH calls at modelled premia", daily_sharpe * _SESSIONS**0.5, YEARLY_SHARPE),
        ]
    )


def implausible_trade_results(out_of_sample: OutOfSampleTrades) -> list[str]:
    """Return a sentence for each figure of win probabilities above what was ever measured out of sample."""
    won = out_of_sample.rows.won
    accuracy, price = (
        ((chance > _EVEN) == won).mean()
        for chance in (out_of_sample.y_pred, out_of_sample.predicted[RECALIBRATED_PREMIUM.name])
    )
    return _warnings(
        [
            (
                "Brier skill over the recalibrated premium",
                skill_over(out_of_sample, RECALIBRATED_PREMIUM.name).value,
                WIN_SKILL,
            ),
            (
                "Brier skill over the recalibrated lognormal",
                skill_over(out_of_sample, RECALIBRATED_LOGNORMAL.name).value,
                WIN_SKILL,
            ),
            ("accuracy above that of the recalibrated premium", float(accuracy - price), ACCURACY_GAIN),
        ]
    )


def sign_auc(out_of_sample: OutOfSample) -> float:
    """Return how well the direction separates rises from falls; 0.5 is chance."""
    predicted, move = out_of_sample.model.direction, out_of_sample.rows.known.move
    known = np.isfinite(predicted).all(axis=1) & (move != 0)
    return auc(predicted[known, 2] - predicted[known, 0], move[known] > 0)


def _excess_direction(out_of_sample: OutOfSample) -> float:
    # rises from falls alone: volatility predicts "neutral or not", even for a price without a fit
    predicted, rows = out_of_sample.model.direction, out_of_sample.rows
    known = np.isfinite(predicted).all(axis=1) & rows.labelled & (rows.direction != _NEUTRAL)
    if not known.any():
        return float("nan")
    rose = rows.direction[known] > _NEUTRAL
    hits = (predicted[known, 2] > predicted[known, 0]) == rose
    return float(hits.mean() - max(rose.mean(), 1 - rose.mean()))


def _win_skill(out_of_sample: OutOfSample) -> float:
    won, ours, theirs = (
        out_of_sample.settlement.won,
        out_of_sample.model.win,
        out_of_sample.settlement.odds[RECALIBRATED_PRICE],
    )
    known = np.isfinite(ours) & np.isfinite(theirs) & np.isfinite(won)
    if not known.any():
        return float("nan")
    return float(1 - brier(ours[known], won[known]).mean() / brier(theirs[known], won[known]).mean())


def _excess_accuracy(out_of_sample: OutOfSample) -> float:
    # over all structures, each against its own commoner outcome
    right = commoner = count = 0.0
    for _, column, meant in out_of_sample.structures():
        predicted, won = out_of_sample.model.win[meant, column], out_of_sample.settlement.won[meant, column]
        known = np.isfinite(predicted) & np.isfinite(won)
        right += float(((predicted[known] > 0.5) == (won[known] > 0)).sum())
        commoner += max(float(won[known].sum()), float((1 - won[known]).sum()))
        count += float(known.sum())
    return (right - commoner) / count if count else float("nan")
