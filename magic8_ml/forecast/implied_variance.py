"""The variance that the VIX implies for the rest of the day, plain and with today's pace in it.

s_imp(t)^2 = (VIX/100)^2/252 x premium x share left at t.  Premium (realised over implied variance) and share are means
over the symbol's own last 30 sessions, so the VIX serves symbols that are wilder than its index.  The exponent 0.45 of
the pace was set in advance, not fitted.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats

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


def implied_sigma_left(day_variance: float, share_left: Floats) -> Floats:
    """Return s_imp(t): standard deviation of the log return from t to the close.

    >>> implied_sigma_left(0.0001, np.array([1.0, 0.25])).round(6).tolist()
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
