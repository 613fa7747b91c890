"""The harder question: whether the rest of the day will be wilder than a price expects that knows today's pace.

Forecasters answer for the plain price.  Here their sigma is held against the other one: what they missed by on days
forecast before gives the odds, the shares of the same days the climatology to beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.evaluation.baselines import class_shares, classes_below
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.residuals import Residuals
from magic8_ml.forecast.training.walk_forward import Fold
from magic8_ml.metrics.proper_scores import ranked_probability_score

FEWEST_DAYS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaceLosses:
    """Losses (RPS) of the regime against the price that knows today, (n_rows,); NaN where there is no past to use."""

    model: Floats
    climatology: Floats

    def __getitem__(self, rows: Mask | Integers) -> PaceLosses:
        """Return some of the rows."""
        return PaceLosses(model=self.model[rows], climatology=self.climatology[rows])


def pace_losses(sigma: Floats, rows: Rows, folds: Sequence[Fold]) -> PaceLosses:
    """Score forecasts ``sigma`` (n_rows,) that were each made before their day; ``rows`` have outcomes."""
    usable = np.isfinite(sigma) & np.isfinite(rows.regime_terciles_today).all(axis=1)
    model, climatology = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    for fold in folds:
        before, test = usable & (rows.day <= fold.train.max()), usable & np.isin(rows.day, fold.test)
        if len(np.unique(rows.day[before])) < FEWEST_DAYS or not test.any():
            continue
        past, here = rows[before], rows[test]
        residuals = Residuals.of(sigma[before], past.known, past.bucket)
        edges = (here.regime_terciles_today * here.sigma_today[:, None]) ** 2
        predicted = classes_below(residuals.variance_below(edges, sigma[test], here.bucket))
        shares = class_shares(past.regime_today, past.bucket)[here.bucket]
        model[test], climatology[test] = (ranked_probability_score(p, here.regime_today) for p in (predicted, shares))
    return PaceLosses(model=model, climatology=climatology)
