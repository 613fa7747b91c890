"""Boosted trees on the same target as the regression; each tree is grown on a draw of DAYS, not of rows.

Rows of one day share one future: a tree that sees half of a day's rows has seen the day.  So every round drops whole
days, over all symbols; the booster remains one, and one call answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xgboost as xgb

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostingSettings:
    """Capacity, fixed in advance; a leaf holds at least ``leaf_share`` of the rows drawn, a round ``day_share``."""

    rounds: int = 100
    max_leaves: int = 8
    learning_rate: float = 0.05
    reg_lambda: float = 20.0
    colsample: float = 0.7
    leaf_share: float = 0.01
    day_share: float = 0.6
    seed: int = 8

    def parameters(self, target: Floats) -> dict[str, Any]:
        """Return the parameters of XGBoost; for squared error ``min_child_weight`` counts rows."""
        return {
            "base_score": float(target.mean()),
            "tree_method": "hist",
            "grow_policy": "lossguide",
            "max_depth": 0,
            "max_bin": _BINS,
            "max_leaves": self.max_leaves,
            "learning_rate": self.learning_rate,
            "reg_lambda": self.reg_lambda,
            "colsample_bytree": self.colsample,
            "min_child_weight": max(1.0, self.leaf_share * self.day_share * len(target)),
            "seed": self.seed,
            "nthread": 1,
        }


_BINS: Final = 64


def fit_boosted(features: Floats, day: Integers, target: Floats, settings: BoostingSettings) -> xgb.Booster:
    """Fit ``target`` (n_rows,) by squared error; the same rows in the same order give the same bytes."""
    draws = np.random.default_rng(settings.seed)
    days, place = np.unique(day, return_inverse=True)

    def gradient(predicted: Floats, _: xgb.DMatrix) -> tuple[Floats, Floats]:
        drawn = (draws.random(len(days)) < settings.day_share)[place].astype(np.float64)
        return (predicted - target) * drawn, drawn

    rows = xgb.QuantileDMatrix(features, target, max_bin=_BINS, nthread=1)
    booster = xgb.train(settings.parameters(target), rows, settings.rounds, obj=gradient)
    booster.feature_names = list(FEATURE_NAMES)  # named afterwards: the library would compare them in every round
    return booster


def predict_boosted(booster: xgb.Booster, features: Floats) -> Floats:
    """Return the log of remaining over implied variance, (n_rows,); NaN features take their own branch."""
    return _margin(booster, _matrix(features))


def explain_boosted(booster: xgb.Booster, features: Floats) -> tuple[Floats, Floats]:
    """Return the same and its exact tree attributions (SHAP), (n_rows, n_features): over the average prediction."""
    matrix = _matrix(features)
    parts = booster.predict(matrix, pred_contribs=True, validate_features=False)
    return _margin(booster, matrix), np.asarray(parts[:, :-1], dtype=np.float64)


def _matrix(features: Floats) -> xgb.DMatrix:
    # one matrix for both questions: making it costs more than either answer
    return xgb.DMatrix(features, nthread=1)


def _margin(booster: xgb.Booster, matrix: xgb.DMatrix) -> Floats:
    return np.asarray(booster.predict(matrix, output_margin=True, validate_features=False), dtype=np.float64)
