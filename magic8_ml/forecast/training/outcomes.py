"""What became of a day, seen from its entry times.  Label side only: it reads the whole day."""

from __future__ import annotations

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.errors import DataUnavailable
from magic8_ml.forecast.forecaster import Outcomes
from magic8_ml.forecast.intraday import Today
from magic8_ml.forecast.session_table import FULL_DAY_BARS


def outcomes_of(today: Today, bars_done: Integers) -> Outcomes:
    """Measure a finished full day after so many bars, shape (n_entries,).

    Raises
    ------
    DataUnavailable
        ``no_movement`` when the days before moved at no time after an entry: nothing to compare with.
    """
    if len(today.bars) != FULL_DAY_BARS:
        raise DataUnavailable("incomplete_day", f"{len(today.bars)} bars of {FULL_DAY_BARS}")
    at = bars_done - 1
    if not (today.sigma_left()[at] > 0).all():
        raise DataUnavailable("no_movement", "prices of earlier days stood still for the rest of the day")
    return Outcomes(
        realised=np.maximum(today.realised[-1] - today.realised[at], 0.0),
        move=today.log_close[-1] - today.log_close[at],
        highest=_to_the_close(np.maximum, np.log(today.bars.high))[bars_done] - today.log_close[at],
        lowest=_to_the_close(np.minimum, np.log(today.bars.low))[bars_done] - today.log_close[at],
    )


def _to_the_close(extreme: np.ufunc, values: Floats) -> Floats:
    return np.asarray(extreme.accumulate(values[::-1])[::-1])
