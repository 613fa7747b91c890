"""The challenger: two stages of boosted trees, the direction, then the volatility regime given the direction.

It predicts the classes directly, while the forecaster in service reads them off a distribution.  The forecaster must
beat it on the same rows.

Stage 2 has one more column than stage 1, ``direction`` (-1 bearish, 0 neutral, 1 bullish): fitted on the outcome and
evaluated once per possible class.  P(direction) x P(regime | direction) is then a coherent joint of nine cells, from
which every published probability follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xgboost as xgb

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.forecaster import FittedForecaster, Forecast, Past, Rows

STAGE_2_NAMES: Final = (*FEATURE_NAMES, "direction")
_CLASSES: Final = 3
_CODES: Final = np.array([-1.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSettings:
    """Capacity of one stage, fixed in advance; a leaf holds at least ``leaf_share`` of the rows."""

    rounds: int
    max_leaves: int
    learning_rate: float
    reg_lambda: float
    leaf_share: float = 0.01
    colsample: float = 0.7
    seed: int = 8

    def parameters(self, n_rows: int) -> dict[str, Any]:
        """Return the parameters of XGBoost; ``min_child_weight`` is a sum of softmax hessians 2p(1-p), 4/9 a row."""
        return {
            "objective": "multi:softprob",
            "num_class": _CLASSES,
            "tree_method": "hist",
            "grow_policy": "lossguide",
            "max_depth": 0,
            "max_bin": 64,
            "max_leaves": self.max_leaves,
            "learning_rate": self.learning_rate,
            "reg_lambda": self.reg_lambda,
            "colsample_bytree": self.colsample,
            "min_child_weight": max(1.0, self.leaf_share * n_rows * 4 / 9),
            "seed": self.seed,
            "nthread": 1,
        }


DIRECTION_STAGE: Final = StageSettings(rounds=30, max_leaves=4, learning_rate=0.02, reg_lambda=50)
"""Nearly the base rates: the direction is hardly predictable, and the stage must be able to say so."""

VOLATILITY_STAGE: Final = StageSettings(rounds=100, max_leaves=6, learning_rate=0.04, reg_lambda=20)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoStageModel:
    """Both boosters; the same rows give the same probabilities, on any number of threads calling."""

    direction: xgb.Booster
    volatility: xgb.Booster

    def predict(self, rows: Rows) -> Forecast:
        """Return the probabilities of both classes of each row, without trades."""
        joint = self.joint(rows.features)
        return Forecast.partial(len(rows), direction=joint.sum(axis=2), regime=joint.sum(axis=1))

    def joint(self, features: Floats) -> Floats:
        """Return P(direction, regime) of shape (n_rows, 3, 3); each row sums to 1.

        ``features`` has shape (n_rows, n_features) in catalogue order; NaN is "missing" and takes its own branch.
        """
        n_rows = len(features)
        direction = self.direction.inplace_predict(features)
        inputs = np.empty((n_rows, _CLASSES, len(STAGE_2_NAMES)))
        inputs[:, :, :-1] = features[:, None, :]
        inputs[:, :, -1] = _CODES
        regime = self.volatility.inplace_predict(inputs.reshape(n_rows * _CLASSES, -1))
        return _normalised(direction)[:, :, None] * _normalised(regime).reshape(n_rows, _CLASSES, _CLASSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoStageForecaster:
    """Fits both stages on labelled rows."""

    name: str = "two-stage classifiers"

    def fit(self, rows: Rows, past: Past | None = None) -> FittedForecaster:  # noqa: ARG002 - nothing to calibrate
        """Fit both stages; without any label all classes are alike."""
        labelled = rows[rows.labelled]
        if not len(labelled):
            return _UniformForecaster()
        return fit_two_stage(labelled.features, labelled.direction, labelled.regime)


class _UniformForecaster:
    def predict(self, rows: Rows) -> Forecast:
        thirds = np.full((len(rows), _CLASSES), 1 / _CLASSES)
        return Forecast.partial(len(rows), direction=thirds, regime=thirds)


def fit_two_stage(features: Floats, direction: Integers, regime: Integers) -> TwoStageModel:
    """Fit both stages on labelled rows; the same rows in the same order give the same bytes."""
    realised = _CODES[direction][:, None]
    return TwoStageModel(
        direction=_fit(features, direction, FEATURE_NAMES, DIRECTION_STAGE),
        volatility=_fit(np.concatenate((features, realised), axis=1), regime, STAGE_2_NAMES, VOLATILITY_STAGE),
    )


def _fit(features: Floats, classes: Integers, names: tuple[str, ...], settings: StageSettings) -> xgb.Booster:
    parameters = settings.parameters(len(classes))
    rows = xgb.QuantileDMatrix(
        features, classes, feature_names=list(names), max_bin=parameters["max_bin"], nthread=parameters["nthread"]
    )
    return xgb.train(parameters, rows, settings.rounds)


def _normalised(probabilities: Any) -> Floats:  # noqa: ANN401 - the library is untyped
    # float32 sums are off in the 7th digit; the joint is to sum to 1
    exact = np.asarray(probabilities, dtype=np.float64)
    return np.asarray(exact / exact.sum(axis=1, keepdims=True))
