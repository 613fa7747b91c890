"""Small arithmetic that keeps "missing" honest: no warning, no infinity, no zero in place of unknown."""

from __future__ import annotations

import numpy as np

from magic8_companion.domain.arrays import Floats


def log_or_nan(values: Floats) -> Floats:
    """Return natural logarithms, NaN where a value is not positive or not known.

    >>> log_or_nan(np.array([1.0, 0.0, np.nan])).tolist()
    [0.0, nan, nan]
    """
    answer = np.full_like(values, np.nan)
    np.log(values, out=answer, where=values > 0)
    return answer


def ratio_or_nan(numerator: Floats, denominator: Floats) -> Floats:
    """Divide, NaN where the denominator is not positive or not known.

    >>> ratio_or_nan(np.array([1.0, 1.0]), np.array([2.0, 0.0])).tolist()
    [0.5, nan]
    """
    sound = denominator > 0
    return np.where(sound, numerator / np.where(sound, denominator, 1.0), np.nan)


def mean_of_known(values: Floats, at_least: int) -> float:
    """Return the mean of the known values, NaN if fewer than ``at_least`` are known.

    >>> mean_of_known(np.array([1.0, np.nan, 3.0]), at_least=2)
    2.0
    """
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) >= at_least else float("nan")
