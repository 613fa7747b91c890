"""The one feature table: training takes some of its rows, serving the last one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_ml.forecast.feature_catalogue import CATALOGUE
from magic8_ml.forecast.intraday import Today

FeatureTable = Callable[[Today], Floats]
"""Whatever computes the features of a day so far; training can be handed another one, and audits it."""

AVAILABLE_AT: Final = np.array([feature.available_at for feature in CATALOGUE])
"""Minutes after the open from which each column is known, shape (n_features,)."""


def feature_matrix(today: Today) -> Floats:
    """Compute every feature at the end of every bar so far.

    Returns
    -------
    Floats
        Shape (n_bars, n_features), columns in catalogue order, NaN where a value is missing.  Row i depends on bars
        0..i alone: later bars, whatever they are, never change it.
    """
    matrix = np.empty((len(today.bars), len(CATALOGUE)))
    for column, feature in enumerate(CATALOGUE):
        matrix[:, column] = feature.compute(today)
    return matrix
