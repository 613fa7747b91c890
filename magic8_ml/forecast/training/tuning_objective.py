"""How good settings are: the QLIKE of the remaining variance on days that the fit had not seen, walking forward."""

from __future__ import annotations

from typing import Final

import numpy as np

from magic8_ml.forecast.boosted_variance import BoostingSettings
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.remaining_variance import RemainingVariance
from magic8_ml.forecast.training.walk_forward import Fold, WalkForwardConfig, folds_of
from magic8_ml.metrics.proper_scores import floored_qlike

BLOCKS: Final = 3
FIRST_SHARE: Final = 0.5


def loss(rows: Rows, settings: BoostingSettings) -> float:
    """Return the mean QLIKE by day over three blocks, each forecast by a fit on the days before it."""
    losses = []
    for fold in judged_folds(rows):
        asked = rows[np.isin(rows.day, fold.test)]
        variance = RemainingVariance.fit(rows[np.isin(rows.day, fold.train)], settings)
        by_row = floored_qlike(variance.sigma(asked.without_outcomes()) ** 2, asked.known.realised)
        _, day = np.unique(asked.day, return_inverse=True)
        losses.append(np.bincount(day, by_row) / np.bincount(day))
    return float(np.concatenate(losses).mean())


def judged_folds(rows: Rows) -> tuple[Fold, ...]:
    """Cut the later half of the days into blocks that are judged; the first half only teaches."""
    count = len(np.unique(rows.day))
    first = round(FIRST_SHARE * count)
    return folds_of(rows.day, WalkForwardConfig(training_days=first, refit_days=-(-(count - first) // BLOCKS)))
