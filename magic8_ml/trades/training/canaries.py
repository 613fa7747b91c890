"""Proofs that the fit of win probabilities cannot see the future, with numbers for the passport.

    shuffled_labels          results exchanged between days cannot be predicted
    future_shifted_feature   a column that tells the result must help, or skill is measured on something else
    scrambled_future         other trades from a day on: the predictions of earlier days stay, to the bit
    truncated_future         no trades from a day on: the same

They fit the base members and the trees of all trades on the newest days; every node is fitted by the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy.special import expit

from magic8_companion.domain.arrays import Floats
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.canaries import CanaryLosses, SkillCanaries, checked_canaries
from magic8_ml.trades.base_models import fit_base_models
from magic8_ml.trades.levels import DEFAULT, LEVELS
from magic8_ml.trades.sample import Sample
from magic8_ml.trades.training.tree_tasks import TreeTask, TreeTaskInputs, WalkForwardStep, base_logit, run_task
from magic8_ml.trades.trees import TreeSettings

DAYS: Final = 120
"""The newest days that the canaries live on."""

ROWS: Final = 40_000
"""The most trades they look at, every n-th of those days."""

PLANTED: Final = "planted_result"
TRAIN_SHARE: Final = 0.6
_EMBARGO: Final = 1
_SEED: Final = 8
_NOISE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RootPredictions:
    """Log odds of a block of days, (n_rows,), and their losses: squared errors against those of the base rates."""

    logit: Floats
    losses: CanaryLosses


def canaries_of(sample: Sample) -> dict[str, Mapping[str, Any]]:
    """Return the numbers of every canary.

    Raises
    ------
    TrainingRefused
        When a canary fails; the error names it and gives its numbers.
    """
    recent = _recent(sample)
    honest, planted, shuffled = (
        predict_with_root(some) for some in (recent, with_planted_result(recent), with_shuffled_labels(recent))
    )
    skills = SkillCanaries(
        honest=honest.losses,
        shuffled=shuffled.losses,
        planted=planted.losses,
        feature=PLANTED,
        differing=len(planted.logit),
    )
    return checked_canaries(
        _compare(honest, predict_with_root(recent[recent.day <= _last_test_day(recent)])),
        _compare(honest, predict_with_root(with_other_future(recent))),
        skills,
    )


def predict_with_root(sample: Sample) -> RootPredictions:
    """Learn from the first days, leave one out, and predict a block of days after it."""
    train_until, test_span = _cut(sample)
    train = sample[sample.day <= train_until]
    base_models = fit_base_models(train.implied, train.forecast, train.strategy_groups(), train.won, train.day)
    if not base_models:
        raise TrainingRefused("too few trades have a premium or a forecast")
    step = WalkForwardStep(base_models=base_models[-1:], train_until=train_until, test_span=test_span)
    groups = sample.groups()
    shared = TreeTaskInputs(sample=sample, groups=groups, steps=(step,), settings=TreeSettings())
    test = sample[step.is_test(sample.day)]
    logit = base_logit(test, step.base_models) + run_task(shared, TreeTask(LEVELS.index(DEFAULT), 0, 0, 0)).tree_sums
    known = np.isfinite(logit)
    won, base = test.won[known], _base_rates(train, len(sample.trade_keys))[test.key_code[known]]
    chance = expit(logit[known])
    losses = CanaryLosses(predicted=(chance - won) ** 2, baseline=(base - won) ** 2, day=test.day[known], ddof=0)
    return RootPredictions(logit=logit[known], losses=losses)


def with_shuffled_labels(sample: Sample) -> Sample:
    """Return the sample with the results of each symbol and strategy exchanged between days, whole days at a time."""
    rng, won = np.random.default_rng(_SEED), sample.won.copy()
    for code in range(len(sample.trade_keys)):
        rows = np.flatnonzero(sample.key_code == code)
        by_day = np.split(sample.won[rows], np.flatnonzero(np.diff(sample.day[rows])) + 1)
        won[rows] = np.concatenate([by_day[place] for place in rng.permutation(len(by_day))])
    return replace(sample, won=won)


def with_planted_result(sample: Sample) -> Sample:
    """Return the sample with a column more: the result, in noise."""
    noise = np.random.default_rng(_SEED).normal(0.0, _NOISE, len(sample))
    column = (sample.won - 0.5 + noise).astype(np.float32)[:, None]
    features = np.concatenate((sample.features, column), axis=1)
    return replace(sample, names=(*sample.names, PLANTED), features=features)


def with_other_future(sample: Sample) -> Sample:
    """Return the sample with results and features of the days after those that are predicted drawn anew."""
    later = np.flatnonzero(sample.day > _last_test_day(sample))
    drawn = np.random.default_rng(_SEED).permutation(later)
    features, won = sample.features.copy(), sample.won.copy()
    features[later], won[later] = sample.features[drawn], 1 - sample.won[drawn]
    return replace(sample, features=features, won=won)


def _recent(sample: Sample) -> Sample:
    newest = sample[sample.day >= np.unique(sample.day)[-DAYS:][0]]
    return newest[:: -(-len(newest) // ROWS)]


def _cut(sample: Sample) -> tuple[int, tuple[int, int]]:
    # the days behind the middle of the rest are the future of those that are predicted
    days = np.unique(sample.day)
    first = round(TRAIN_SHARE * DAYS) if len(days) > TRAIN_SHARE * DAYS + 3 else len(days) // 2
    start, end = first + _EMBARGO, min((first + DAYS) // 2 + 1, len(days))
    return int(days[first - 1]), (int(days[start]), int(days[end - 1]))


def _last_test_day(sample: Sample) -> int:
    return _cut(sample)[1][1]


def _compare(before: RootPredictions, after: RootPredictions) -> dict[str, Any]:
    same = len(before.logit) == len(after.logit)
    differing = int((before.logit != after.logit).sum()) if same else len(before.logit)
    return {"predictions": len(before.logit), "differing": differing, "features": []}


def _base_rates(train: Sample, n_keys: int) -> Floats:
    wins, count = (np.bincount(train.key_code, weights, n_keys) for weights in (train.won, None))
    return np.asarray((wins + 1) / (count + 2))
