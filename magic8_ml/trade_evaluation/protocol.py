"""The face of every model of win probabilities under evaluation, and the walk-forward that it goes through.

    TradeRows ──fit──> FittedWins ──predict──> probabilities (n_rows,)

Rows that are to be predicted are handed over without their results.  A model may say nothing of a row: NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from magic8_companion.domain.bars import Floats
from magic8_ml.trades.rows import TradeRows
from magic8_ml.training.progress import Progress, silent
from magic8_ml.training.walk_forward import Fold


class FittedWins(Protocol):
    """A model that has learnt."""

    def predict(self, rows: TradeRows) -> Floats:
        """Return the probability that each row wins, (n_rows,), NaN where nothing is said."""


class WinModel(Protocol):
    """A way of learning; ``name`` is how reports call it."""

    @property
    def name(self) -> str:
        """Return the name in reports."""

    def fit(self, rows: TradeRows) -> FittedWins:
        """Learn from labelled rows; the same rows give the same model."""


def said_before(model: WinModel, rows: TradeRows, folds: Sequence[Fold], progress: Progress = silent) -> Floats:
    """Return what the model said of each row before its day, (n_rows,), NaN on days that no fold tests.

    Each fit sees the learnt days of its fold alone, over all symbols.
    """
    said = np.full(len(rows), np.nan)
    for n, fold in enumerate(folds):
        if fold.learnt.max() >= fold.tested.min():
            raise ValueError("a fold learns from a day that is not before all days it tests")
        learnt, tested = np.isin(rows.day, fold.learnt), np.isin(rows.day, fold.tested)
        said[tested] = model.fit(rows[learnt]).predict(without_results(rows[tested]))
        progress(f"walk-forward, {model.name}", n + 1, len(folds), int(learnt.sum()))
    return said


def without_results(rows: TradeRows) -> TradeRows:
    """Return the rows as they looked when they were entered."""
    return replace(rows, won=np.zeros(len(rows), dtype=np.bool_), profit=np.full(len(rows), np.nan))
