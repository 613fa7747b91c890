"""Results of trades at a premium that pays nothing on average: what is left is choice, not a mispriced model premium.

Modelled premia are off by more than any edge.  So the mean gross result of each structure and half hour on the
training days is taken off, as if the market had charged it; costs come on top, in three scenarios shown together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_ml.evaluation.win_baselines import CanonicalStructures
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.labels import BUCKETS
from magic8_ml.forecast.training.walk_forward import Fold

SCENARIOS: Final[Mapping[str, float]] = {"low": 1 / 3, "base": 1.0, "high": 4.0}
"""Costs as multiples of the base scenario: 0.25, 0.75 and 3 bp of spot for four legs."""


def anchored_gross(rows: Rows, structures: CanonicalStructures, folds: Sequence[Fold]) -> Floats:
    """Return the gross result of each structure at every row, (n_rows, 6), less its past mean; NaN where not tested."""
    gross = structures.gross
    answer = np.full(gross.shape, np.nan)
    for fold in folds:
        train, test = np.isin(rows.day, fold.train), np.isin(rows.day, fold.test)
        usual = _mean_by_bucket(gross[train], rows.bucket[train])
        answer[test] = gross[test] - usual[rows.bucket[test]]
    return answer


def _mean_by_bucket(gross: Floats, bucket: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Floats:
    # a half hour without a past takes the mean of all
    sums, count = np.zeros((BUCKETS, gross.shape[1])), np.zeros((BUCKETS, 1))
    np.add.at(sums, bucket, gross)
    np.add.at(count, bucket, 1)
    return np.where(count > 0, sums / np.maximum(count, 1), gross.mean(axis=0))
