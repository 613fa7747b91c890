"""The goals of the 5-minute forecast, set in advance, each with the days that its test needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Mask
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.evaluation.baselines import CLIMATOLOGY, HAR_TODAY, VIX_SHARE
from magic8_ml.evaluation.forecaster_scores import covered, direction_rps, regime_rps, variance_qlike
from magic8_ml.evaluation.goals import ALL, Goal, GoalResult, measure
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.evaluation.win_baselines import RECALIBRATED_PRICE
from magic8_ml.metrics.calibration import reliability_line
from magic8_ml.metrics.day_intervals import (
    Interval,
    day_interval,
    day_sums,
    mean_interval,
    ratio_of_totals,
    skill_interval,
)
from magic8_ml.metrics.proper_scores import binary_log_loss, brier


def measure_goals(out_of_sample: OutOfSample, *, is_frozen: bool = False) -> list[GoalResult]:
    """Measure every goal for all symbols together, then for each.

    ``is_frozen``: the model was trained once, and the baselines are refitted on the days that it is scored on.  Then
    the comparison with the best baseline is no goal: the longer a model is frozen, the more of them pass it.
    """
    parts = {ALL: out_of_sample, **{name: out_of_sample.of_symbol(name) for name in out_of_sample.rows.symbols}}
    goals = [goal for goal in GOALS if not (is_frozen and goal.name == BEST_BASELINE)]
    return [measure(goal, part, symbol) for symbol, part in parts.items() if len(part) for goal in goals]


BEST_BASELINE: Final = "qlike_gain_vs_best_baseline"


def _regime(out_of_sample: OutOfSample) -> Interval:
    return _skill(out_of_sample, regime_rps, CLIMATOLOGY.name)


def _regime_today(out_of_sample: OutOfSample) -> Interval:
    return skill_interval(out_of_sample.pace.model, out_of_sample.pace.climatology, out_of_sample.rows.day)


def _direction(out_of_sample: OutOfSample) -> Interval:
    return _skill(out_of_sample, direction_rps, CLIMATOLOGY.name)


def _over_price(out_of_sample: OutOfSample) -> Interval:
    return _skill(out_of_sample, variance_qlike, VIX_SHARE.name)


def _over_har(out_of_sample: OutOfSample) -> Interval:
    return _skill(out_of_sample, variance_qlike, HAR_TODAY.name)


def _over_best(out_of_sample: OutOfSample) -> Interval:
    found = [
        _skill(out_of_sample, variance_qlike, name)
        for name, forecast in out_of_sample.baselines.items()
        if np.isfinite(forecast.sigma).any()
    ]
    return min((one for one in found if np.isfinite(one.value)), key=lambda one: one.value, default=_unknown())


def _skill(out_of_sample: OutOfSample, loss: Callable[..., Floats], baseline: str) -> Interval:
    ours, theirs = (
        loss(forecast, out_of_sample.rows) for forecast in (out_of_sample.model, out_of_sample.baselines[baseline])
    )
    return skill_interval(ours, theirs, out_of_sample.rows.day)


def _win_over(baseline: str, loss: Callable[[Floats, Floats], Floats] = brier) -> Callable[[OutOfSample], Interval]:
    def measure(out_of_sample: OutOfSample) -> Interval:
        settlement = out_of_sample.settlement
        ours, theirs = (
            loss(odds, settlement.won).ravel() for odds in (out_of_sample.model.win, settlement.odds[baseline])
        )
        return skill_interval(ours, theirs, np.repeat(out_of_sample.rows.day, settlement.won.shape[1]))

    return measure


def _log_loss_over_best(out_of_sample: OutOfSample) -> Interval:
    found = [_win_over(name, binary_log_loss)(out_of_sample) for name in out_of_sample.settlement.odds]
    return min((one for one in found if np.isfinite(one.value)), key=lambda one: one.value, default=_unknown())


def _slope(out_of_sample: OutOfSample) -> Interval:
    return _line(out_of_sample)[0]


def _intercept(out_of_sample: OutOfSample) -> Interval:
    return _line(out_of_sample)[1]


def _line(out_of_sample: OutOfSample) -> tuple[Interval, Interval]:
    predicted, won = out_of_sample.model.win.ravel(), out_of_sample.settlement.won.ravel()
    known = np.isfinite(predicted) & np.isfinite(won)
    if not known.any():
        return _unknown(), _unknown()
    days = np.repeat(out_of_sample.rows.day, out_of_sample.settlement.won.shape[1])
    line = reliability_line(predicted[known], won[known], days[known])
    return line.slope, line.intercept


def _coverage(out_of_sample: OutOfSample) -> Interval:
    return mean_interval(covered(out_of_sample.model, out_of_sample.rows), out_of_sample.rows.day)


def _high_share(out_of_sample: OutOfSample) -> Interval:
    return _share_of_calls(out_of_sample, out_of_sample.high)


def _share_of(strategy: int) -> Callable[[OutOfSample], Interval]:
    return lambda out_of_sample: _share_of_calls(out_of_sample, out_of_sample.model.chosen == strategy)


def _share_of_calls(out_of_sample: OutOfSample, hit: Mask) -> Interval:
    return mean_interval(np.where(out_of_sample.answered, hit, np.nan), out_of_sample.rows.day)


def _value_of_high(out_of_sample: OutOfSample) -> Interval:
    """Return the mean net result of HIGH calls less that of the other calls, in units of the largest loss."""
    net, high = out_of_sample.of_call(out_of_sample.settlement.net), out_of_sample.high
    known = np.isfinite(net)
    net, high, days = net[known], high[known], out_of_sample.rows.day[known]
    sums = day_sums(np.stack((net * high, high, net * ~high, ~high), axis=1), days)
    return day_interval(sums, lambda totals: ratio_of_totals(totals[..., :2]) - ratio_of_totals(totals[..., 2:]))


def _unknown() -> Interval:
    return Interval(value=np.nan, low=np.nan, high=np.nan, n_days=0)


GOALS: Final[Sequence[Goal[OutOfSample]]] = (
    Goal(
        name="regime_rpss_vs_climatology",
        meaning="volatility regime against the price: ranked probability skill over climatology",
        measure=_regime,
        floor=0.15,
        needs_days=53,
        above_zero=True,
    ),
    Goal(
        name="regime_rpss_vs_today_price",
        meaning="the same against a price that knows today's pace",
        measure=_regime_today,
        floor=0.05,
        needs_days=53,
        above_zero=True,
    ),
    Goal(
        name="qlike_gain_vs_vix_share",
        meaning="remaining variance: QLIKE saved against VIX x time-of-day share",
        measure=_over_price,
        floor=0.10,
        needs_days=210,
        above_zero=True,
    ),
    Goal(
        name="qlike_gain_vs_har_today",
        meaning="remaining variance: QLIKE saved against HAR with today's realised variance",
        measure=_over_har,
        floor=0.0,
        needs_days=210,
    ),
    Goal(
        name=BEST_BASELINE,
        meaning="remaining variance: QLIKE saved against the best baseline of all",
        measure=_over_best,
        floor=0.0,
        needs_days=210,
    ),
    Goal(
        name="direction_rpss",
        meaning="direction: skill over climatology; the goal is to do no harm",
        measure=_direction,
        floor=-0.005,
        needs_days=53,
    ),
    Goal(
        name="win_bss_vs_climatology",
        meaning="win probability: Brier skill over the base rate of strategy and half hour",
        measure=_win_over(CLIMATOLOGY.name),
        floor=0.0,
        needs_days=471,
        above_zero=True,
    ),
    Goal(
        name="win_bss_vs_recalibrated_price",
        meaning="win probability: Brier skill over the recalibrated odds of the price",
        measure=_win_over(RECALIBRATED_PRICE),
        floor=0.0,
        needs_days=7541,
    ),
    Goal(
        name="win_log_loss_vs_best_baseline",
        meaning="win probability: log loss saved against the best baseline",
        measure=_log_loss_over_best,
        floor=0.0,
        needs_days=7541,
    ),
    Goal(
        name="reliability_slope",
        meaning="win probability: slope of the recalibration line, 1 is perfect",
        measure=_slope,
        floor=0.7,
        ceiling=1.3,
        needs_days=60,
    ),
    Goal(
        name="reliability_intercept",
        meaning="win probability: intercept of the recalibration line, 0 is perfect",
        measure=_intercept,
        floor=-0.15,
        ceiling=0.15,
        needs_days=60,
    ),
    Goal(
        name="coverage_80",
        meaning="remaining move: share inside the 80 % interval",
        measure=_coverage,
        floor=0.75,
        ceiling=0.85,
        needs_days=60,
    ),
    Goal(
        name="high_share",
        meaning="calls at HIGH confidence; a band of sanity: neither never nor always",
        measure=_high_share,
        floor=0.10,
        ceiling=0.45,
        needs_days=60,
    ),
    *(
        Goal(
            name=f"share_{strategy.lower()}",
            meaning=f"calls of {strategy} among all that did not abstain",
            measure=_share_of(place),
            floor=0.05,
            needs_days=60,
        )
        for place, strategy in enumerate(BASE_STRATEGIES)
    ),
    Goal(
        name="value_high_minus_rest",
        meaning="net result per largest loss at modelled premia: HIGH calls less the others",
        measure=_value_of_high,
        floor=0.0,
        needs_days=471,
        above_zero=True,
    ),
)
