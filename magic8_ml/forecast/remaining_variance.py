"""Forecast the variance of the rest of the day: the geometric mean of a regression and boosted trees.

Both fit y = ln(realised / implied variance of the rest of the day).  A logarithm's mean is not the logarithm of the
mean, so each is corrected by the mean ratio of outcome to forecast, per part of the day; and each is kept within
0.2 to 5 times VIX x share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xgboost as xgb

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.forecast.boosted_variance import (
    BoostingSettings,
    explain_boosted,
    fit_boosted,
    predict_boosted,
)
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.har import PLACES, HarModel
from magic8_ml.forecast.labels import GROUPS, N_GROUPS

GUARD: Final = (float(np.log(0.2)), float(np.log(5.0)))
_SMALLEST: Final = 1e-3
"""Least share of the implied variance that counts as realised: a logarithm must exist where no price moved."""

_WILDEST: Final = 20.0
"""Upper limit of the ratio of outcome to forecast in the correction, so that one day does not set the level."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RemainingVariance:
    """Both members and their corrections, natural logarithms of shape (4 parts of the day,)."""

    har: HarModel
    booster: xgb.Booster
    har_correction: Floats
    boosted_correction: Floats

    @classmethod
    def fit(cls, rows: Rows, settings: BoostingSettings) -> RemainingVariance:
        """Fit both on rows with outcomes; the same rows in the same order give the same bytes."""
        ratio = np.maximum(rows.known.realised / rows.sigma_vix**2, _SMALLEST)
        target = np.log(ratio)
        har = HarModel.fit(rows.features, rows.bucket, target)
        booster = fit_boosted(rows.features, rows.day, target, settings)
        predictions = (har.predict(rows.features, rows.bucket), predict_boosted(booster, rows.features))
        corrections = [_correction(ratio, log_predicted, rows.bucket) for log_predicted in predictions]
        return cls(har=har, booster=booster, har_correction=corrections[0], boosted_correction=corrections[1])

    def sigma(self, rows: Rows) -> Floats:
        """Return the forecast standard deviation of the log return to the close, (n_rows,)."""
        return self.sigma_with(rows, predict_boosted(self.booster, rows.features))

    def sigma_with(self, rows: Rows, boosted: Floats) -> Floats:
        """Return the same, with the forecast of the trees, (n_rows,), given."""
        return self._combined(rows, self.har.predict(rows.features, rows.bucket), boosted)

    def explain(self, rows: Rows) -> tuple[Floats, Floats]:
        """Return the same and what each feature adds to the log of the forecast variance, (n_rows, n_features).

        Half the exact tree attributions and half the linear terms of the regression, both over an average row.
        """
        boosted, effects = explain_boosted(self.booster, rows.features)
        har, terms = self.har.explain(rows.features, rows.bucket)
        effects[:, PLACES] += terms
        return self._combined(rows, har, boosted), effects / 2

    def _combined(self, rows: Rows, har: Floats, boosted: Floats) -> Floats:
        group = GROUPS[rows.bucket]
        members = (har + self.har_correction[group], boosted + self.boosted_correction[group])
        log_ratio = (np.clip(members[0], *GUARD) + np.clip(members[1], *GUARD)) / 2
        return np.asarray(rows.sigma_vix * np.exp(log_ratio / 2))

    def as_json(self) -> dict[str, Any]:
        """Return the numbers; the booster is a file of its own."""
        return {
            "har": self.har.as_json(),
            "har_correction": self.har_correction.tolist(),
            "boosted_correction": self.boosted_correction.tolist(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], booster: xgb.Booster) -> RemainingVariance:
        """Put numbers and booster together."""
        return cls(
            har=HarModel.from_json(data["har"]),
            booster=booster,
            har_correction=_four(data["har_correction"]),
            boosted_correction=_four(data["boosted_correction"]),
        )


def _correction(ratio: Floats, log_predicted: Floats, bucket: Integers) -> Floats:
    off = np.minimum(ratio / np.exp(log_predicted), _WILDEST)
    parts = [off[GROUPS[bucket] == group] for group in range(N_GROUPS)]
    return np.log([float(part.mean()) if len(part) else float(off.mean()) for part in parts])


def _four(values: Sequence[float]) -> Floats:
    numbers = np.array(values, dtype=np.float64)
    if numbers.shape != (N_GROUPS,):
        raise ValueError(f"{len(values)} corrections, expected one for each of {N_GROUPS} parts of the day")
    return numbers
