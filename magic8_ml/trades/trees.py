"""Boosted trees on top of given log odds: what the features of a trade add to its price and forecast.

Every round is grown on a draw of DAYS, in which each day weighs one: trades of one day share one close, and a tree that
sees half of a day's trades has seen the day.  The number of rounds is fixed in advance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xgboost as xgb
from scipy.special import expit

from magic8_companion.domain.arrays import Floats, Integers, Singles

_BINS: Final = 64
_LARGEST_HESSIAN: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeSettings:
    """Capacity, fixed in advance; a leaf holds at least ``leaf_share`` of the days drawn, a round ``day_share``."""

    rounds: int = 60
    max_leaves: int = 6
    max_depth: int = 4
    learning_rate: float = 0.05
    reg_lambda: float = 10.0
    colsample: float = 0.7
    leaf_share: float = 0.02
    day_share: float = 0.6
    seed: int = 8

    def parameters(self, n_days: int) -> dict[str, Any]:
        """Return the parameters of XGBoost; ``min_child_weight`` is a sum of hessians, each day weighing one."""
        return {
            "base_score": 0.0,
            "tree_method": "hist",
            "grow_policy": "lossguide",
            "max_depth": self.max_depth,
            "max_bin": _BINS,
            "max_leaves": self.max_leaves,
            "learning_rate": self.learning_rate,
            "reg_lambda": self.reg_lambda * _LARGEST_HESSIAN,
            "colsample_bytree": self.colsample,
            "min_child_weight": max(1.0, self.leaf_share * self.day_share * n_days) * _LARGEST_HESSIAN,
            "seed": self.seed,
            "nthread": 1,
        }


def fit_trees(
    features: Singles, logit: Floats, won: Floats, day: Integers, names: tuple[str, ...], settings: TreeSettings
) -> xgb.Booster:
    """Fit what ``logit`` (n_rows,) leaves of ``won`` (n_rows,), by log loss; same rows in the same order, same bytes.

    ``features`` (n_rows, n_features), NaN is missing.
    """
    draws = np.random.default_rng(settings.seed)
    _, place, count = np.unique(day, return_inverse=True, return_counts=True)
    weight, won_singles = (1.0 / count).astype(np.float32), won.astype(np.float32)

    def gradient(logit: Singles, _: xgb.DMatrix) -> tuple[Singles, Singles]:
        drawn = np.where(draws.random(len(count)) < settings.day_share, weight, np.float32(0))[place]
        probability = expit(logit)
        return drawn * (probability - won_singles), drawn * probability * (1 - probability)

    rows = xgb.QuantileDMatrix(features, won_singles, base_margin=logit.astype(np.float32), max_bin=_BINS, nthread=1)
    booster = xgb.train(settings.parameters(len(count)), rows, settings.rounds, obj=gradient)
    booster.feature_names = list(names)  # named afterwards: the library would compare them in every round
    return booster


def leaf_sums(booster: xgb.Booster, features: Singles) -> Floats:
    """Return what the trees add to the log odds of each row, (n_rows,); the library's own walk, for many rows."""
    matrix = xgb.DMatrix(features, nthread=1)
    return np.asarray(booster.predict(matrix, output_margin=True, validate_features=False), dtype=np.float64)
