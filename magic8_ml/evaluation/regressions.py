"""The two linear fits of the baselines: columns standardised, a missing value counts as average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.metrics.refusal import NotFitted

_RIDGE: Final = 1.0
_INVERSE_PENALTY: Final = 0.01
_ENOUGH_ROWS: Final = 8_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scale:
    """Mean and deviation of the known training values, shape (n_columns,)."""

    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, columns: Floats) -> Scale:
        """Measure; a column that is never known or never changes has weight 0."""
        known = np.isfinite(columns)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, columns, 0.0).sum(axis=0) / count
        deviation = np.sqrt(np.where(known, (columns - mean) ** 2, 0.0).sum(axis=0) / count)
        return cls(mean=mean, deviation=deviation)

    def apply(self, columns: Floats) -> Floats:
        """Standardise."""
        scaled = (columns - self.mean) / np.where(self.deviation > 0, self.deviation, np.inf)
        return np.where(np.isfinite(scaled), scaled, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ridge:
    """A fitted line in standardised columns."""

    scale: Scale
    weights: Floats
    level: float

    def predict(self, columns: Floats) -> Floats:
        """Return shape (n_rows,)."""
        return np.asarray(self.level + self.scale.apply(columns) @ self.weights)


def fit_ridge(columns: Floats, target: Floats) -> Ridge:
    """Least squares with a penalty of 1 on standardised weights."""
    scale = Scale.of(columns)
    x, level = scale.apply(columns), float(target.mean())
    weights = np.linalg.solve(x.T @ x + _RIDGE * np.eye(x.shape[1]), x.T @ (target - level))
    return Ridge(scale=scale, weights=weights.astype(np.float64), level=level)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Logit:
    """A fitted multinomial logit; ``weights`` (n_classes, n_columns), ``levels`` (n_classes,)."""

    scale: Scale
    weights: Floats
    levels: Floats

    def predict(self, columns: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_classes)."""
        return np.asarray(softmax(self.scale.apply(columns) @ self.weights.T + self.levels, axis=1))


def fit_logit(columns: Floats, classes: Integers) -> Logit:
    """Fit classes 0..2 with L2 penalty; a class that never occurred keeps the probability of a rare one.

    Rows of a day are alike, so of very many only every second, third ... is looked at.

    Raises
    ------
    NotFitted
        When the library runs out of steps.
    """
    step = max(1, -(-len(columns) // _ENOUGH_ROWS))
    columns, classes = columns[::step], classes[::step]
    scale = Scale.of(columns)
    present = np.unique(classes)
    weights, levels = np.zeros((3, columns.shape[1])), np.full(3, -np.log(len(classes) + 3.0))
    if len(present) < 2:
        levels[present] = 0.0
        return Logit(scale=scale, weights=weights, levels=levels)
    fit = LogisticRegression(C=_INVERSE_PENALTY, solver="newton-cholesky").fit(scale.apply(columns), classes)
    if fit.n_iter_.max() >= fit.max_iter:
        raise NotFitted("the multinomial logit", f"{fit.max_iter} steps did not reach a maximum")
    if len(present) == 2:  # the library states two classes as one line
        weights[present[1]], levels[present] = fit.coef_[0], (0.0, fit.intercept_[0])
    else:
        weights[present], levels[present] = fit.coef_, fit.intercept_
    return Logit(scale=scale, weights=weights, levels=levels)
