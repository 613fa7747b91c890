"""The forecast distribution of the five-minute model, ready for one row at a time.

A call of the boosting library on one row takes longer than all the rest; its trees are walked in flat arrays instead,
which gives the same up to the rounding of single precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.forecast.boosted_variance import predict_boosted
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.model_files import TrainedModel
from magic8_ml.forecast.residuals import Residuals
from magic8_ml.trades.forest import Forest


class VarianceForecaster(Protocol):
    """Forecasts the standard deviation of the log return to the close, and knows what it missed by."""

    @property
    def version(self) -> str:
        """Return which model it is."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that it was trained on."""

    @property
    def residuals(self) -> Residuals:
        """Return the past residuals in units of the forecast."""

    def sigma(self, rows: Rows) -> Floats:
        """Return the forecast of each row, (n_rows,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FiveMinuteForecaster:
    """A trained five-minute model; ``bias`` is what its trees start from."""

    model: TrainedModel
    trees: Forest
    bias: float

    @classmethod
    def of(cls, model: TrainedModel) -> FiveMinuteForecaster:
        """Lay out the trees of a model."""
        booster = model.forecaster.variance.booster
        trees = Forest.of([booster])
        middle = np.zeros((1, booster.num_features()))
        bias = predict_boosted(booster, middle)[0] - _tree_sums(trees, middle)[0]
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
        return self.model.forecaster.variance.sigma_with(rows, self.bias + _tree_sums(self.trees, rows.features))


def _tree_sums(trees: Forest, features: Floats) -> Floats:
    rows = np.arange(len(features))
    return trees.sums(features.astype(np.float32), rows, np.zeros(len(rows), dtype=np.int64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResidualMoves:
    """A forecast per trade; ``sigma`` (n,) NaN where there is none, ``bucket`` (n,) the half hour, 0..12.

    ``parts`` pairs residuals with the places of the trades that they serve: one part when one model serves all, one
    per fold in a walk-forward.
    """

    sigma: Floats
    bucket: Integers
    parts: Sequence[tuple[Residuals, Integers]]

    def below(self, returns: Floats) -> Floats:
        """Return P(log return < ``returns``), NaN without forecast; shape (n, m)."""
        return self._by_part(returns, Residuals.below)

    def calls(self, strikes: Floats) -> Floats:
        """Return E[max(settlement / price - strike, 0)], NaN without forecast; shape (n, m)."""
        return self._by_part(strikes, Residuals.call_values)

    def _by_part(self, levels: Floats, evaluate: Callable[[Residuals, Floats, Floats, Integers], Floats]) -> Floats:
        values = np.full(levels.shape, np.nan)
        for residuals, rows in self.parts:
            values[rows] = evaluate(residuals, levels[rows], self.sigma[rows], self.bucket[rows])
        return values
