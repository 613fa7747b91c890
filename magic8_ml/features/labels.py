"""What is to be predicted at each entry time, as numbers and as classes against the symbol's own recent past.

u = realised over implied sigma of the rest of the day, z = the remaining move in implied sigmas.  Their classes are
trailing terciles of the same statistic, symbol and half hour, so a third of the days falls into each class at any
level of the VIX.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.bars import Floats
from magic8_companion.domain.errors import DataUnavailable
from magic8_ml.features.sessions import FULL_DAY_BARS
from magic8_ml.features.today import Today

Classes = npt.NDArray[np.int8]

ENTRY_BARS: Final = np.arange(3, FULL_DAY_BARS - 2, 3)
"""Bars done at each entry time: every 15 minutes, 09:45 to 15:45, so that each of the 13 half hours has entries."""

LONG_WINDOW: Final = 252
SHORT_WINDOW: Final = 126
MIN_DAYS: Final = 60
BUCKETS: Final = 13
NO_CLASS: Final = -1
DEFINITION: Final = (
    "u = sqrt(RV_rem)/s_imp, z = ln(S_H/S_t)/s_imp, s_imp from VIX x premium x share of the last 30 sessions;"
    " classes by q33/q67 of the same symbol and 30-minute bucket over 252 sessions (126 while short, none below 60"
    " days), shifted one day"
)
_LONG_ENOUGH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one full day, per entry time; ``u`` and ``z`` have shape (n_entries,)."""

    u: Floats
    z: Floats


def outcome_of(today: Today) -> Outcome:
    """Measure u and z of a finished full day at its entry times.  Label side only: it reads the whole day.

    Raises
    ------
    DataUnavailable
        ``no_movement`` when the days before moved at no time after an entry: nothing to compare with.
    """
    at = ENTRY_BARS - 1
    sigma = today.sigma_left()[at]
    if not (sigma > 0).all():
        raise DataUnavailable("no_movement", "prices of earlier days stood still for the rest of the day")
    remaining = np.maximum(today.realised[-1] - today.realised[at], 0.0)
    return Outcome(u=np.sqrt(remaining) / sigma, z=(today.log_close[-1] - today.log_close[at]) / sigma)


def trailing_classes(rows: npt.NDArray[np.int64], values: Floats) -> Classes:
    """Class each day's values against the terciles of the days before it.

    Parameters
    ----------
    rows
        Session positions of the days on the exchange calendar, ascending, shape (n_days,).
    values
        The statistic, shape (n_days, n_entries).

    Returns
    -------
    Classes
        0 below q33, 2 above q67, else 1; -1 where fewer than 60 of the last 252 sessions are known.  A day's own value
        and later ones never enter its terciles; the window is counted in sessions, so it never reaches over a gap.
    """
    answer = np.full(values.shape, NO_CLASS, dtype=np.int8)
    by_bucket = values[:, _ENTRIES_OF_BUCKET]
    for day, row in enumerate(rows):
        first = _window_start(rows[:day], int(row))
        if day - first < MIN_DAYS:
            continue
        low, high = np.quantile(by_bucket[first:day], (1 / 3, 2 / 3), axis=(0, 2))[:, ENTRY_BUCKETS]
        answer[day] = 1 - (values[day] < low) + (values[day] > high)
    return answer


def _window_start(earlier: npt.NDArray[np.int64], row: int) -> int:
    first = int(np.searchsorted(earlier, row - LONG_WINDOW))
    if len(earlier) - first >= _LONG_ENOUGH:
        return first
    return int(np.searchsorted(earlier, row - SHORT_WINDOW))


def bucket_of(minutes_to_close: Floats) -> npt.NDArray[np.int64]:
    """Return the 30-minute interval of a full day, 0..12, that lies as far from the close.

    >>> bucket_of(np.array([390.0, 360.0, 15.0, 0.0])).tolist()
    [0, 1, 12, 12]
    """
    return BUCKETS - np.clip(np.ceil(minutes_to_close / 30), 1, BUCKETS).astype(np.int64)


ENTRY_BUCKETS: Final = bucket_of(5 * (FULL_DAY_BARS - ENTRY_BARS).astype(np.float64))
# two entries per bucket; the first bucket has but one, which then stands twice and weighs one as every day does
_ENTRIES_OF_BUCKET: Final = np.array([np.flatnonzero(b == ENTRY_BUCKETS)[[0, -1]] for b in range(BUCKETS)])
