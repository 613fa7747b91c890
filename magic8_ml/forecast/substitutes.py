"""What stands in for an unknown pace in a regression: the pace of a longer window of the same day.

Trees have a branch for what is missing; a regression would count it as average, although the day so far is known.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES

SUBSTITUTES: Final = (
    ("log_pace_half_hour", "log_pace"),
    ("log_pace_hour", "log_pace"),
    ("log_pace_quarter_hour", "log_pace_half_hour"),
    ("log_range_pace", "log_pace"),
    ("log_range_pace_half_hour", "log_pace_half_hour"),
)
"""Column and what stands in for it, in the order in which they are filled."""

_PLACES: Final = tuple((FEATURE_NAMES.index(name), FEATURE_NAMES.index(other)) for name, other in SUBSTITUTES)


def with_substitutes(features: Floats) -> Floats:
    """Return features, shape (n_rows, n_features), in which unknown paces have those of longer windows."""
    filled = features.copy()
    for place, other in _PLACES:
        missing = np.isnan(filled[:, place])
        filled[missing, place] = filled[missing, other]
    return filled
