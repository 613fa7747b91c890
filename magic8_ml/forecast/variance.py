"""Small arithmetic that keeps "missing" honest: no warning, no infinity, no zero in place of unknown."""

from __future__ import annotations

from typing import Final

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
    is_positive = denominator > 0
    return np.where(is_positive, numerator / np.where(is_positive, denominator, 1.0), np.nan)


def mean_of_known(values: Floats, at_least: int) -> float:
    """Return the mean of the known values, NaN if fewer than ``at_least`` are known.

    >>> mean_of_known(np.array([1.0, np.nan, 3.0]), at_least=2)
    2.0
    """
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) >= at_least else float("nan")


def range_variance(high: Floats, low: Floats) -> Floats:
    """Return the variance of each bar by its range: ln(high / low) squared over 4 ln 2 (Parkinson 1980).

    >>> range_variance(np.array([101.0]), np.array([100.0])).round(9).tolist()
    [3.571e-05]
    """
    return np.asarray(np.log(high / low) ** 2 / _PARKINSON)


_PARKINSON: Final = 4 * float(np.log(2))

SESSIONS_PER_YEAR: Final = 252
PACE_EXPONENT: Final = 0.45
PACE_LIMIT: Final = 16.0
"""A pace outside 1/16..16 says more about the feed than about the day."""

SOURCE: Final = "vix"


def implied_day_variance(vix: Floats) -> Floats:
    """Return the variance of one session at a VIX in index points.

    >>> round(float(np.sqrt(implied_day_variance(np.array(16.0)))), 6)
    0.010079
    """
    return np.asarray((vix / 100) ** 2 / SESSIONS_PER_YEAR)


def implied_sigma_remaining(day_variance: float, share_left: Floats) -> Floats:
    """Return s_imp(t): standard deviation of the log return from t to the close.

    >>> implied_sigma_remaining(0.0001, np.array([1.0, 0.25])).round(6).tolist()
    [0.01, 0.005]
    """
    return np.sqrt(day_variance * share_left)


def pace_aware(sigma_left: Floats, pace: Floats) -> Floats:
    """Scale s_imp(t) by today's pace (realised so far / expected so far); an unknown pace says nothing.

    >>> pace_aware(np.array([0.01, 0.01]), np.array([2.0, np.nan])).round(6).tolist()
    [0.011688, 0.01]
    """
    known = np.clip(np.where(np.isnan(pace), 1.0, pace), 1 / PACE_LIMIT, PACE_LIMIT)
    return np.asarray(sigma_left * known ** (PACE_EXPONENT / 2))
