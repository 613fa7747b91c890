"""The heterogeneous autoregression of the rest of the day: ridge on the log of remaining over implied variance.

Yesterday's, the week's and the month's realised variance, the VIX, the gap, the day's events and above all today's pace
predict the rest of today (Corsi 2009, with today's variance as in Zhang et al. 2023).  Everything is relative to
VIX x share, so one fit serves every symbol, hour and level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.labels import BUCKETS
from magic8_ml.forecast.substitutes import with_substitutes

ALPHA: Final = 10.0
COLUMNS: Final = (
    *("log_realised_1_day", "log_realised_5_days", "variance_premium", "trailing_u"),
    *("log_vix", "vix_change", "abs_gap"),
    *("log_pace", "log_pace_half_hour", "log_realised_so_far", "jump_share", "day_range"),
    *("statement_ahead", "statement_passed", "monthly_expiry", "month_end", "quarter_end"),
    *("log_range_pace", "log_range_pace_half_hour", "downside_half_hour"),
    *("log_pace_quarter_hour", "log_pace_hour", "squared_gap", "log_last_hour"),
)
TIMED: Final = ("log_pace", "log_pace_half_hour", "statement_ahead")
"""Columns whose weight may change over the day, linearly in the logarithm of the minutes left."""

_LIMIT: Final = 4.0
_HALF_DAY_MINUTES: Final = 195.0
PLACES: Final = np.array([FEATURE_NAMES.index(name) for name in COLUMNS])
"""Where the columns stand among the features."""

_TIMED: Final = np.array([COLUMNS.index(name) for name in TIMED])
_MINUTES: Final = FEATURE_NAMES.index("minutes_to_close")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HarModel:
    """Standardisation of the columns (n_columns,) and weights (n_columns + 13 half hours + n_timed,)."""

    mean: Floats
    deviation: Floats
    weights: Floats

    @classmethod
    def fit(cls, features: Floats, bucket: Integers, target: Floats, alpha: float = ALPHA) -> HarModel:
        """Fit ``target`` (n_rows,), the log of remaining over implied variance."""
        columns = _columns(features)
        known = np.isfinite(columns)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, columns, 0.0).sum(axis=0) / count
        spread = np.sqrt(np.where(known, (columns - mean) ** 2, 0.0).sum(axis=0) / count)
        unfitted = cls(mean=mean, deviation=np.where(spread > 0, spread, np.inf), weights=np.empty(0))
        x = unfitted._terms(features, bucket)
        weights = np.linalg.solve(x.T @ x + alpha * np.eye(x.shape[1]), x.T @ target)
        return cls(mean=mean, deviation=unfitted.deviation, weights=np.asarray(weights, dtype=np.float64))

    def predict(self, features: Floats, bucket: Integers) -> Floats:
        """Return the log of remaining over implied variance, (n_rows,)."""
        return self.explain(features, bucket)[0]

    def explain(self, features: Floats, bucket: Integers) -> tuple[Floats, Floats]:
        """Return the same and what each of :data:`COLUMNS` adds to it, over an average row; (n_rows, n_columns)."""
        parts = self._terms(features, bucket) * self.weights
        n = len(COLUMNS)
        own = parts[:, :n].copy()
        own[:, _TIMED] += parts[:, n + BUCKETS :]
        # row by row the same sum in the same order: one row alone gives the bits it gives among others
        return np.asarray(parts.sum(axis=1)), own

    def as_json(self) -> dict[str, Any]:
        """Return the plain form that :meth:`from_json` reads; a column that never changed has no deviation (null)."""
        deviation = [float(d) if np.isfinite(d) else None for d in self.deviation]
        return {"mean": self.mean.tolist(), "deviation": deviation, "weights": self.weights.tolist()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> HarModel:
        """Read the plain form; raises ValueError when its lengths are not those of the columns."""
        deviation = [np.inf if d is None else d for d in data["deviation"]]
        model = cls(
            mean=np.array(data["mean"], dtype=np.float64),
            deviation=np.array(deviation, dtype=np.float64),
            weights=np.array(data["weights"], dtype=np.float64),
        )
        n = len(COLUMNS)
        if (len(model.mean), len(model.deviation), len(model.weights)) != (n, n, n + BUCKETS + len(TIMED)):
            raise ValueError("the regression was fitted on other columns")
        return model

    def _terms(self, features: Floats, bucket: Integers) -> Floats:
        scaled = np.clip((_columns(features) - self.mean) / self.deviation, -_LIMIT, _LIMIT)
        scaled = np.where(np.isnan(scaled), 0.0, scaled)  # what is missing counts as average
        hour = np.log(features[:, _MINUTES] / _HALF_DAY_MINUTES)[:, None]
        half_hours = (bucket[:, None] == np.arange(BUCKETS)).astype(np.float64)
        return np.concatenate((scaled, half_hours, scaled[:, _TIMED] * hour), axis=1)


def _columns(features: Floats) -> Floats:
    return np.asarray(with_substitutes(features)[:, PLACES])
