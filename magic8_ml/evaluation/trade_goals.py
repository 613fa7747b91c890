"""The goals of win probabilities, set in advance, and the targets of the former plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from magic8_ml.evaluation.goals import Goal
from magic8_ml.evaluation.records import TargetRecord
from magic8_ml.evaluation.trade_baselines import BASE_RATE, RECALIBRATED_LOGNORMAL, RECALIBRATED_PREMIUM
from magic8_ml.evaluation.trade_out_of_sample import OutOfSampleTrades
from magic8_ml.evaluation.trade_scores import classified, correlation, skill_over, taken_less_skipped, triple
from magic8_ml.metrics.calibration import reliability_line
from magic8_ml.metrics.day_intervals import Interval, mean_interval

_EVEN: Final = 0.5


def _over(baseline: str) -> Callable[[OutOfSampleTrades], Interval]:
    def measure(out_of_sample: OutOfSampleTrades) -> Interval:
        return skill_over(out_of_sample, baseline)

    return measure


def _slope(out_of_sample: OutOfSampleTrades) -> Interval:
    return reliability_line(out_of_sample.y_pred, out_of_sample.won, out_of_sample.rows.day).slope


GOALS: Final[Sequence[Goal[OutOfSampleTrades]]] = (
    Goal(
        name="Brier skill over the base rate",
        meaning="over how often each strategy won on each symbol before",
        measure=_over(BASE_RATE.name),
        floor=0.0,
        above_zero=True,
    ),
    Goal(
        name="Brier skill over the recalibrated premium",
        meaning="over the odds that the premium implies, recalibrated on earlier days",
        measure=_over(RECALIBRATED_PREMIUM.name),
        floor=0.0,
    ),
    Goal(
        name="Brier skill over the recalibrated lognormal",
        meaning="over the odds at the implied sigma that knows today's pace: the stronger price",
        measure=_over(RECALIBRATED_LOGNORMAL.name),
        floor=0.0,
    ),
    Goal(
        name="reliability slope",
        meaning="log odds of the outcome on log odds of the prediction: 1 is perfect",
        measure=_slope,
        floor=0.7,
        ceiling=1.3,
    ),
    Goal(
        name="taken less skipped, net per risk",
        meaning="trades of positive expected value against the others, after costs",
        measure=taken_less_skipped,
        floor=0.0,
        above_zero=True,
    ),
)


def former_targets(out_of_sample: OutOfSampleTrades) -> list[TargetRecord]:
    """Return the success figures of the former plan as measured; none of them is a goal here."""
    rows = out_of_sample.rows
    right = ((out_of_sample.y_pred > _EVEN) == rows.won).astype(np.float64)
    found = classified(out_of_sample)
    ratio = rows.column("risk_reward_ratio")
    return [
        {
            "name": "accuracy",
            "hoped": "0.85 to 0.95",
            "found": triple(mean_interval(right, rows.day)),
            "remark": f"the commoner outcome of each symbol and strategy is right in {found['majority']:.3f}",
        },
        {
            "name": "F1 at one half",
            "hoped": "0.91",
            "found": [found["f1"], None, None],
            "remark": f"taking every trade has {2 * rows.won.mean() / (1 + rows.won.mean()):.3f}",
        },
        {
            "name": "correlation of reward/risk with profit in US dollars",
            "hoped": "above 0.7",
            "found": triple(correlation(ratio, rows.profit, rows.day)),
            "remark": "a fair price pays for risk, so none is to be expected",
        },
        {
            "name": "correlation of reward/risk with profit per risk",
            "hoped": "above 0.7",
            "found": triple(correlation(ratio, rows.profit / rows.max_risk, rows.day)),
            "remark": "the same in units of the risk",
        },
        {
            "name": "correlation of expected with realised value per risk",
            "hoped": "-",
            "found": triple(
                correlation(out_of_sample.decisions.value / rows.max_risk, rows.profit / rows.max_risk, rows.day)
            ),
            "remark": "what a decision by expected value rests on",
        },
    ]
