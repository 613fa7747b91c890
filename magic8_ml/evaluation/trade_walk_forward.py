"""The face of every model of win probabilities under evaluation, and the walk-forward that it goes through.

    TradeRows ──fit──> FittedWinEstimator ──predict──> probabilities (n_rows,)

Rows that are to be predicted are handed over without their results.  A model may say nothing of a row: NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.forecast.training.walk_forward import Fold
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress
from magic8_ml.trades.rows import TradeRows


class FittedWinEstimator(Protocol):
    """A fitted model."""

    def predict(self, rows: TradeRows) -> Floats:
        """Return the probability that each row wins, (n_rows,), NaN where it predicts nothing."""


class WinEstimator(Protocol):
    """A way of learning; ``name`` is how reports call it."""

    @property
    def name(self) -> str:
        """Return the name in reports."""

    def fit(self, rows: TradeRows) -> FittedWinEstimator:
        """Learn from labelled rows; the same rows give the same model."""


def predict_walk_forward(
    model: WinEstimator, rows: TradeRows, folds: Sequence[Fold], progress: ProgressCallback = no_progress
) -> Floats:
    """Return the prediction of each row from before its day, (n_rows,), NaN on days that no fold tests.

    Each fit sees the training days of its fold alone, over all symbols.

    Raises
    ------
    ValueError
        When rows do not stand in the order of days, or a fold learns from a day that it tests.
    """
    if (np.diff(rows.day) < 0).any():
        raise ValueError("rows do not stand in the order of days")
    predicted = np.full(len(rows), np.nan)
    for n, fold in enumerate(folds):
        if fold.train.max() >= fold.test.min():
            raise ValueError("a fold learns from a day that is not before all days it tests")
        train, test = span_of(rows, fold.train), span_of(rows, fold.test)
        predicted[test] = model.fit(rows[train]).predict(without_results(rows[test]))
        progress(f"walk-forward, {model.name}", n + 1, len(folds), train.stop)
    return predicted


def span_of(rows: TradeRows, days: Integers) -> slice:
    """Return the rows of a block of days without copying any; the rows stand in the order of days."""
    return slice(int(np.searchsorted(rows.day, days[0])), int(np.searchsorted(rows.day, days[-1], side="right")))


def without_results(rows: TradeRows) -> TradeRows:
    """Return the rows as they looked when they were entered."""
    return replace(rows, won=np.zeros(len(rows), dtype=np.bool_), profit=np.full(len(rows), np.nan))
