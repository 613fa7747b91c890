"""Proofs that the fit of win probabilities cannot see the future, with numbers for the passport.

    shuffled_labels          results exchanged between days cannot be predicted
    future_shifted_feature   a column that tells the result must help, or skill is measured on something else
    scrambled_future         other trades from a day on: what is said of earlier days stays, to the bit
    truncated_future         no trades from a day on: the same

They fit the base members and the trees of all trades on the newest days; every node is fitted by the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
from scipy.special import expit

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.passport import CANARIES
from magic8_ml.trades.base_models import fit_base_models
from magic8_ml.trades.levels import DEFAULT, LEVELS
from magic8_ml.trades.pooling import weigh_days
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """Share of a baseline's Brier loss that is saved, with its standard error by day."""

    skill: float
    standard_error: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RootPredictions:
    """What was said of a block of days; arrays of shape (n_rows,), ``day`` (n_rows,).

    ``losses`` are squared errors, ``base`` those of the base rate of each symbol and strategy.
    """

    logit: Floats
    losses: Floats
    base: Floats
    day: Integers

    @property
    def skill(self) -> Skill:
        """Return the skill over the base rates."""
        return _saved(self.base, self.losses, self.base, self.day)


def canaries_of(sample: Sample) -> dict[str, Mapping[str, Any]]:
    """Return the numbers of every canary.

    Raises
    ------
    TrainingRefused
        Naming the canary that fell silent.
    """
    recent = _recent(sample)
    honest, planted = predict_with_root(recent), predict_with_root(with_planted_result(recent))
    numbers: dict[str, Mapping[str, Any]] = {
        "truncated_future": _compare(honest, predict_with_root(recent[recent.day <= _last_test_day(recent)])),
        "scrambled_future": _compare(honest, predict_with_root(with_other_future(recent))),
        "future_shifted_feature": {
            "feature": PLANTED,
            "differing": len(planted.logit),
            "skill": planted.skill.skill,
            "honest_skill": honest.skill.skill,
            "standard_error": _saved(honest.losses, planted.losses, honest.base, honest.day).standard_error,
        },
        "shuffled_labels": asdict(predict_with_root(with_shuffled_labels(recent)).skill),
    }
    for name, found in numbers.items():
        if problem := CANARIES[name](found):
            raise TrainingRefused(f"canary {name}: {problem}")
    return numbers


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
    return RootPredictions(logit=logit[known], losses=(chance - won) ** 2, base=(base - won) ** 2, day=test.day[known])


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


def _saved(before: Floats, after: Floats, baseline: Floats, day: Integers) -> Skill:
    # (loss before - loss after) / baseline loss; each day weighs one
    weight, cell, _ = weigh_days(np.zeros(len(day), dtype=np.int64), day, 1)
    seen = np.bincount(cell) > 0
    gain, base = (np.bincount(cell, weight * values)[seen] for values in (before - after, baseline))
    skill = gain.sum() / base.sum()
    return Skill(skill=float(skill), standard_error=float(np.sqrt(((gain - skill * base) ** 2).sum()) / base.sum()))
