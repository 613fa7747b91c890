"""List the entry times, and the volatility that the VIX implies for the rest of the day.

s_imp(t)^2 = (VIX/100)^2/252 x share left at t: the open of the daily VIX row, known from 09:31, times the mean over the
last 120 sessions of RV_rem / (VIX^2/252) at the same distance from the close.  The today-aware price maker multiplies
by pace^0.45, pace = realized variance so far / expected so far.  The share includes the ratio of this symbol's own
variance to the VIX.  It uses only days before today, and no half days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.bars import Bars
from magic8_ml.forecast.labels import bucket_of
from magic8_ml.forecast.session_table import FULL_DAY_BARS, session_table, values_on
from magic8_ml.forecast.variance import implied_day_variance, pace_aware, ratio_or_nan
from magic8_ml.history.ledger_days import SymbolSessions

NAIVE: Final = "naive"
TODAY: Final = "today"
SOURCES: Final = {NAIVE: "vix_share", TODAY: "vix_share_pace"}
"""Price makers, and the recorded source of their implied sigma."""

SHARE_SESSIONS: Final = 120
MIN_SHARE_DAYS: Final = 20
ENTRY_BARS: Final = np.arange(6, 73, 3)
"""Bars done at each entry: every 15 minutes from 10:00 to 15:30; on half days to 12:30, as far from the close."""

_LAST_BARS: Final = 6
_BAR_MINUTES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entries:
    """Entry times, shape (n_entries,), ascending; NaN sigma where the past is too short.

    ``day`` is the position in the days of the symbol, ``done`` counts complete bars, ``left`` those to come; ``lowest``
    and ``highest`` are the extremes of the path from here to the close, for labels only.
    """

    day: Integers
    done: Integers
    left: Integers
    spot: Floats
    settlement: Floats
    lowest: Floats
    highest: Floats
    reference: Mask
    sigma: dict[str, Floats]

    @property
    def bucket(self) -> Integers:
        """Return the half hour, counted from the close."""
        return bucket_of(_BAR_MINUTES * self.left.astype(np.float64))


def entries_of(days: SymbolSessions, vix_daily: Bars) -> Entries:
    """List every entry of every day."""
    at = days.count[:, None] - _LAST_BARS >= ENTRY_BARS
    day, slot = np.nonzero(at)
    done = ENTRY_BARS[slot]
    left = days.count[day] - done
    lowest = np.fmin.accumulate(days.low[:, ::-1], axis=1)[:, ::-1]
    highest = np.fmax.accumulate(days.high[:, ::-1], axis=1)[:, ::-1]
    spot = days.close[day, done - 1]
    naive, pace = _implied(days, vix_daily, day, done, left)
    return Entries(
        day=day,
        done=done,
        left=left,
        spot=spot,
        settlement=days.settlement[day],
        lowest=np.minimum(spot, lowest[day, done]),
        highest=np.maximum(spot, highest[day, done]),
        reference=days.full[day],
        sigma={NAIVE: naive, TODAY: pace_aware(naive, pace)},
    )


def _implied(days: SymbolSessions, vix: Bars, day: Integers, done: Integers, left: Integers) -> tuple[Floats, Floats]:
    variance = implied_day_variance(values_on(vix.starts, vix.open, 0, len(session_table().days))[days.rows])
    squared, nothing = days.squared_returns, np.zeros((len(days.rows), 1))
    so_far = np.concatenate((nothing, np.cumsum(squared, axis=1)), axis=1)
    remaining = np.concatenate((np.cumsum(squared[:, ::-1], axis=1)[:, ::-1], nothing), axis=1)
    usual = days.full & ~np.isnan(variance)
    expected_left = variance[day] * _trailing(remaining, variance, usual, days.rows)[day, FULL_DAY_BARS - left]
    expected_done = variance[day] * _trailing(so_far, variance, usual, days.rows)[day, done]
    return np.sqrt(expected_left), ratio_or_nan(so_far[day, done], expected_done)


def _trailing(realised: Floats, variance: Floats, usual: Mask, rows: Integers) -> Floats:
    # mean over the full days among the 120 sessions before each day; cumulative sums use no later day
    share = realised[usual] / variance[usual, None]
    sums = np.concatenate((np.zeros((1, share.shape[1])), np.cumsum(share, axis=0)))
    first, behind = np.searchsorted(rows[usual], rows - SHARE_SESSIONS), np.searchsorted(rows[usual], rows)
    count = behind - first
    enough = np.where(count >= MIN_SHARE_DAYS, count, np.nan)
    return np.asarray((sums[behind] - sums[first]) / enough[:, None])
