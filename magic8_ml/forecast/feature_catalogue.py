"""The ordered catalogue of features: what each is, how far it looks back, when it is known.  Order is identity."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_ml.forecast import feature_formulas as f
from magic8_ml.forecast.intraday import Today


@dataclass(frozen=True, slots=True)
class Feature:
    """One column.

    ``looks_back`` says what it reads, ``available_at`` how many minutes after the open it is known; before that it is
    missing (NaN).  A changed formula takes a higher ``version``, so that no old model is ever fed with it.  An
    ``optional`` feature may be missing on a day of good data: no statement, ranges that cannot be trusted.
    """

    name: str
    looks_back: str
    available_at: int
    unit: str
    compute: Callable[[Today], Floats | float]
    version: int = 1
    optional: bool = False

    @property
    def formula(self) -> str:
        """Return the formula in words: the first sentence of its function."""
        return (self.compute.__doc__ or "").strip().splitlines()[0].removeprefix("Return ").rstrip(".")


_DAY = "today"
_22 = "22 sessions, shift 1"
_30 = "30 sessions, shift 1"
_OPEN = 0
_VIX = 1
"""The VIX's official open is known a minute after the market's."""


def _bar(number: int) -> int:
    return 5 * number


CATALOGUE: Final = (
    Feature("minutes_to_close", "-", _OPEN, "minutes", f.minutes_to_close),
    Feature("half_hours_left", "-", _OPEN, "half hours", f.half_hours_left),
    Feature("weekday", "-", _OPEN, "0..4", f.weekday),
    Feature("share_left", _30, _OPEN, "0..1", f.share_left),
    Feature("log_realised_so_far", _DAY, _bar(1), "log ratio", f.log_realised_so_far),
    Feature("log_pace", "today; 30 sessions, shift 1", _bar(2), "log ratio", f.log_pace),
    Feature("log_pace_half_hour", "30 minutes", _bar(6), "log ratio", f.log_pace_half_hour),
    Feature("log_realised_1_day", "1 session, shift 1", _OPEN, "log ratio", f.log_realised_1_day),
    Feature("log_realised_5_days", "5 sessions, shift 1", _OPEN, "log ratio", f.log_realised_5_days),
    Feature("variance_premium", _22, _OPEN, "log ratio", f.variance_premium),
    Feature("trailing_u", _22, _OPEN, "ratio", f.trailing_u),
    Feature("downside_share", _DAY, _bar(2), "0..1", f.downside_share),
    Feature("jump_share", _DAY, _bar(6), "0..1", f.jump_share),
    Feature("log_vix", "-", _VIX, "log points", f.log_vix),
    Feature("vix_change", "1 session", _VIX, "log ratio", f.vix_change),
    Feature("vix_rank", "252 sessions, shift 1", _VIX, "0..1", f.vix_rank),
    Feature("gap", "1 session", _VIX, "day sigmas", f.gap),
    Feature("abs_gap", "1 session", _VIX, "day sigmas", f.abs_gap),
    Feature("return_since_open", _DAY, _bar(1), "day sigmas", f.return_since_open),
    Feature("return_half_hour", "30 minutes", _bar(6), "day sigmas", f.return_half_hour),
    Feature("return_two_hours", "120 minutes", _bar(24), "day sigmas", f.return_two_hours),
    Feature("day_range", _DAY, _bar(1), "day sigmas", f.day_range),
    Feature("position_in_range", _DAY, _bar(1), "0..1", f.position_in_range),
    Feature("distance_to_vwap", _DAY, _bar(1), "day sigmas", f.distance_to_vwap),
    Feature("minutes_to_statement", "-", _OPEN, "minutes", f.minutes_to_statement, optional=True),
    Feature("statement_ahead", "-", _OPEN, "0 or 1", f.statement_ahead, optional=True),
    Feature("statement_passed", "-", _OPEN, "0 or 1", f.statement_passed, optional=True),
    Feature("monthly_expiry", "-", _OPEN, "0 or 1", f.monthly_expiry_day, optional=True),
    Feature("month_end", "-", _OPEN, "0 or 1", f.month_end, optional=True),
    Feature("quarter_end", "-", _OPEN, "0 or 1", f.quarter_end, optional=True),
    Feature("log_range_pace", "today; 30 sessions, shift 1", _bar(2), "log ratio", f.log_range_pace, optional=True),
    Feature("log_range_pace_half_hour", "30 minutes", _bar(6), "log ratio", f.log_range_pace_half_hour, optional=True),
    Feature("downside_half_hour", "30 minutes", _bar(6), "ratio of sigmas", f.downside_half_hour),
    Feature("log_pace_quarter_hour", "15 minutes", _bar(3), "log ratio", f.log_pace_quarter_hour),
    Feature("log_pace_hour", "60 minutes", _bar(12), "log ratio", f.log_pace_hour),
    Feature("squared_gap", "1 session", _VIX, "day variances", f.squared_gap),
    Feature("log_last_hour", "1 session, shift 1", _OPEN, "log ratio", f.log_last_hour, optional=True),
)

FEATURE_NAMES: Final = tuple(feature.name for feature in CATALOGUE)
OPTIONAL: Final = frozenset(feature.name for feature in CATALOGUE if feature.optional)
"""Names of the features that may be missing on a day of good data."""


def schema_digest() -> str:
    """Return the sha256 of the ordered names and versions: what a model was fitted on, and may be fed with."""
    lines = "\n".join(f"{feature.name} v{feature.version}" for feature in CATALOGUE)
    return hashlib.sha256(lines.encode()).hexdigest()


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
