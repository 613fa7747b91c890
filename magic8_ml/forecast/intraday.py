"""Today's bars as running quantities: element i is known at the end of bar i and never changes afterwards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.bars import Bars, from_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import new_york_label
from magic8_ml.forecast.day_history import DayHistory
from magic8_ml.forecast.session_table import BAR_NS, FULL_DAY_BARS, session_table
from magic8_ml.forecast.variance import (
    implied_day_variance,
    implied_sigma_remaining,
    pace_aware,
    range_variance,
    ratio_or_nan,
)

_MINUTE_NS: Final = 60 * 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Today:
    """One session so far; arrays have shape (n_bars,).

    ``share_left`` and ``share_done`` are expected shares of a full day's variance after and before the end of each
    bar; on a half day what is left counts from the early close.  ``implied_day`` is the variance that today's first
    VIX value ``vix_open`` implies for a session, ``sigma_day`` its root: the unit of returns and ranges.
    ``expected_day`` is the same at this symbol's premium, ``pace`` realised variance so far over expected so far.
    ``range_variance`` is the variance so far by the bars' ranges, NaN where earlier ranges contradict the closes.
    """

    bars: Bars
    history: DayHistory
    vix_open: float
    implied_day: float
    sigma_day: float
    expected_day: float
    minutes_to_close: Floats
    log_open: float
    log_close: Floats
    returns: Floats
    realised: Floats
    range_variance: Floats
    share_left: Floats
    share_done: Floats
    pace: Floats

    def sigma_left(self, *, with_pace: bool = False) -> Floats:
        """Return s_imp(t) of the rest of the day, plain VIX x share or with today's pace."""
        plain = implied_sigma_remaining(self.expected_day, self.share_left)
        return pace_aware(plain, self.pace) if with_pace else plain


def today_of(bars: Bars, history: DayHistory, vix_open: float) -> Today:
    """Prepare the bars of the session ``history`` was made for, complete from its open on.

    Raises
    ------
    DataUnavailable
        ``missing_bars`` when there is none, or a hole between the open and the newest bar.
    """
    table = session_table()
    open_ns, close_ns = int(table.opens[history.row]), int(table.closes[history.row])
    _require_unbroken(bars, open_ns)
    done = np.arange(1, len(bars) + 1)
    left = (close_ns - open_ns) // BAR_NS - done
    implied_day = float(implied_day_variance(np.asarray(vix_open)))
    expected_day = implied_day * history.premium
    log_open, log_close = float(np.log(bars.open[0])), np.log(bars.close)
    returns = np.diff(log_close, prepend=log_open)
    by_range = np.cumsum(range_variance(bars.high, bars.low))
    realised, share_done = np.cumsum(returns**2), 1.0 - history.share_left[done]
    return Today(
        bars=bars,
        history=history,
        vix_open=vix_open,
        implied_day=implied_day,
        sigma_day=math.sqrt(implied_day),
        expected_day=expected_day,
        minutes_to_close=left.astype(np.float64) * (BAR_NS / _MINUTE_NS),
        log_open=log_open,
        log_close=log_close,
        returns=returns,
        realised=realised,
        range_variance=by_range if history.has_ranges else np.full_like(by_range, np.nan),
        share_left=history.share_left[FULL_DAY_BARS - left],
        share_done=share_done,
        pace=ratio_or_nan(realised, expected_day * share_done),
    )


def _require_unbroken(bars: Bars, open_ns: int) -> None:
    if not len(bars):
        raise DataUnavailable("missing_bars", "no complete 5-minute bar of today")
    due = open_ns + np.arange(len(bars)) * BAR_NS
    wrong = np.flatnonzero(bars.starts != due)
    if len(wrong):
        at = new_york_label(from_ns(int(due[wrong[0]])))
        raise DataUnavailable("missing_bars", f"today's bar of {at} is missing or has an odd stamp")
