"""When is predicted, and against what the outcome is classed: trailing terciles of the symbol's own recent past.

u = realised over implied sigma of the rest of the day, z = the remaining move in implied sigmas.  Their classes are
trailing terciles of the same statistic, symbol and half hour, so a third of the days falls into each class at any
level of the VIX.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.strategy import BASE_STRATEGIES, BUTTERFLY, IRON_CONDOR, NO_TRADE, VERTICAL
from magic8_ml.forecast.session_table import FULL_DAY_BARS

ENTRY_BARS: Final = np.arange(3, FULL_DAY_BARS - 2, 3)
"""Bars done at each entry time: every 15 minutes, 09:45 to 15:45, so that each of the 13 half hours has entries."""

FIRST_ENTRY: Final = int(ENTRY_BARS[0])
"""Least bars done of a prediction: before it nothing is trained."""

LAST_ENTRY: Final = FULL_DAY_BARS - int(ENTRY_BARS[-1])
"""Least bars left until the close of a prediction."""

LONG_WINDOW: Final = 252
SHORT_WINDOW: Final = 126
MIN_DAYS: Final = 60
BUCKETS: Final = 13
DEFINITION: Final = (
    "u = sqrt(RV_rem)/s_imp, z = ln(S_H/S_t)/s_imp, s_imp from VIX x premium x share of the last 30 sessions;"
    " classes by q33/q67 of the same symbol and 30-minute bucket over 252 sessions (126 while short, none below 60"
    " days), shifted one day"
)
_LONG_ENOUGH: Final = 200

MORNING, MIDDAY, AFTERNOON, LAST_HOUR = range(4)
GROUPS: Final = np.repeat((MORNING, MIDDAY, AFTERNOON, LAST_HOUR), (4, 4, 3, 2))
"""The part of the day of each half hour: to 11:30, to 13:30, to 15:00, the last hour."""

N_GROUPS: Final = 4


def trailing_terciles(days: npt.NDArray[np.int64], values: Floats, at: npt.NDArray[np.int64] | None = None) -> Floats:
    """Return the terciles that were known of a statistic before each day.

    Parameters
    ----------
    days
        Session positions of the days whose values are known, ascending, shape (n_days,).
    values
        The statistic at the entry times of those days, shape (n_days, n_entries).
    at
        Session positions of the days that ask, ascending; default: ``days``.

    Returns
    -------
    Floats
        q33 and q67, shape (n_asking, 13 half hours, 2); NaN where fewer than 60 of the last 252 sessions are known.  A
        day's own value and later ones never enter; the window is counted in sessions, so it never reaches over a gap.
    """
    asking = days if at is None else at
    answer = np.full((len(asking), BUCKETS, 2), np.nan)
    by_bucket = values[:, _ENTRIES_OF_BUCKET]
    for n, day in enumerate(asking.tolist()):
        behind = int(np.searchsorted(days, day))
        first = _window_start(days[:behind], day)
        if behind - first >= MIN_DAYS:
            answer[n] = np.quantile(by_bucket[first:behind], (1 / 3, 2 / 3), axis=(0, 2)).T
    return answer


def _window_start(earlier: npt.NDArray[np.int64], day: int) -> int:
    first = int(np.searchsorted(earlier, day - LONG_WINDOW))
    if len(earlier) - first >= _LONG_ENOUGH:
        return first
    return int(np.searchsorted(earlier, day - SHORT_WINDOW))


def bucket_of(minutes_to_close: Floats) -> npt.NDArray[np.int64]:
    """Return the 30-minute interval of a full day, 0..12, that lies as far from the close.

    >>> bucket_of(np.array([390.0, 360.0, 15.0, 0.0])).tolist()
    [0, 1, 12, 12]
    """
    return BUCKETS - np.clip(np.ceil(minutes_to_close / 30), 1, BUCKETS).astype(np.int64)


ENTRY_BUCKETS: Final = bucket_of(5 * (FULL_DAY_BARS - ENTRY_BARS).astype(np.float64))
# two entries per bucket; the first bucket has but one, which then stands twice and weighs one as every day does
_ENTRIES_OF_BUCKET: Final = np.array([np.flatnonzero(b == ENTRY_BUCKETS)[[0, -1]] for b in range(BUCKETS)])


BEARISH: Final = "bearish"
NEUTRAL: Final = "neutral"
BULLISH: Final = "bullish"
DIRECTIONS: Final = (BEARISH, NEUTRAL, BULLISH)
"""Classes of stage 1, in the order of their probabilities."""

LOW: Final = "low"
NORMAL: Final = "normal"
HIGH: Final = "high"
REGIMES: Final = (LOW, NORMAL, HIGH)
"""Classes of stage 2, in the order of their probabilities."""

OUTCOMES: Final = (*BASE_STRATEGIES, NO_TRADE)
"""What may be answered; ``Forecast.chosen`` indexes it."""

_ADVICE: Final = {  # regime -> strategy of (bearish, neutral, bullish)
    LOW: (IRON_CONDOR, BUTTERFLY, IRON_CONDOR),
    NORMAL: (VERTICAL, IRON_CONDOR, VERTICAL),
    HIGH: (VERTICAL, NO_TRADE, VERTICAL),
}


def suggested_strategy(direction: str, regime: str) -> str:
    """Return the strategy that belongs to a pair of classes.

    >>> suggested_strategy(NEUTRAL, LOW), suggested_strategy(BEARISH, HIGH)
    ('Butterfly', 'Vertical')
    """
    return _ADVICE[regime][DIRECTIONS.index(direction)]
