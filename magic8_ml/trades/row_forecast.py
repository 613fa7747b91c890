"""The forecast distribution of the five-minute model, ready for one row at a time.

A call of the boosting library on one row takes longer than all the rest; its trees are walked in flat arrays instead,
which gives the same up to the rounding of single precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_ml.forecast.boosted_variance import predict_boosted
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.model_files import TrainedModel
from magic8_ml.forecast.residuals import Residuals
from magic8_ml.trades.forest import Forest


class Forecasts(Protocol):
    """Forecasts the standard deviation of the log return to the close, and knows what it missed by."""

    @property
    def version(self) -> str:
        """Return which model it is."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that it has learnt."""

    @property
    def residuals(self) -> Residuals:
        """Return the past residuals in units of the forecast."""

    def sigma(self, rows: Rows) -> Floats:
        """Return the forecast of each row, (n_rows,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FiveMinuteForecasts:
    """A trained five-minute model; ``bias`` is what its trees start from."""

    model: TrainedModel
    trees: Forest
    bias: float

    @classmethod
    def of(cls, model: TrainedModel) -> FiveMinuteForecasts:
        """Lay out the trees of a model."""
        booster = model.forecaster.variance.booster
        trees = Forest.of([booster])
        middle = np.zeros((1, booster.num_features()))
        bias = predict_boosted(booster, middle)[0] - _sums(trees, middle)[0]
        return cls(model=model, trees=trees, bias=float(bias))

    @property
    def version(self) -> str:
        """Return the version of the model."""
        return self.model.version

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols whose bars it has seen."""
        return self.model.symbols

    @property
    def residuals(self) -> Residuals:
        """Return the residuals of its walk-forward."""
        return self.model.forecaster.residuals

    def sigma(self, rows: Rows) -> Floats:
        """Return the forecast of each row."""
        return self.model.forecaster.variance.sigma_with(rows, self.bias + _sums(self.trees, rows.features))


def _sums(trees: Forest, features: Floats) -> Floats:
    rows = np.arange(len(features))
    return trees.sums(features.astype(np.float32), rows, np.zeros(len(rows), dtype=np.int64))
