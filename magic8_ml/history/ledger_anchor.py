"""Adjust model premia by past payoffs, so that the expected gain at mid is 0 per structure and half hour.

A model price is biased, and a strategy could earn that bias.  So the odds of each value (value over width, 0 to 1) are
multiplied by the odds of the mean payoff over the odds of the mean model value.  Both means are over all earlier full
days of the same symbol, price maker, structure and half hour.  Odds keep a value between 0 and 1 and change a small
credit by a factor, not by an amount.  The mean of odds is not the odds of the mean: where prices of one half hour
differ much, 2 to 3 % of the bias remains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit, logit

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.forecast.labels import BUCKETS

MIN_ANCHOR_DAYS: Final = 60
"""No trade is written with fewer days, because its expected value would not be anchored."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anchor:
    """Adjustment of each trade: ``shift`` of the log odds, NaN before 60 ``days`` are known; both (n, n_columns)."""

    shift: Floats
    days: Integers

    def apply(self, value: Floats) -> Floats:
        """Return anchored values in widths."""
        return np.asarray(expit(logit(value) + self.shift))


def past_anchor(day: Integers, bucket: Integers, model_value: Floats, paid: Floats, counts: Mask) -> Anchor:
    """Return the adjustment of each trade from the days before its own.

    Parameters
    ----------
    day
        Position of the trade's day, ascending, shape (n,); only earlier days are used.
    bucket
        Half hour 0..12, shape (n,).
    model_value, paid
        Model value and payoff in widths, shape (n, n_columns).
    counts
        Which trades count as past payoffs, shape (n, n_columns).
    """
    shape = (int(day.max()) + 2 if len(day) else 1, BUCKETS, model_value.shape[1])
    sums = [np.zeros(shape) for _ in range(3)]
    seen = np.where(counts, model_value, 0.0), np.where(counts, paid, 0.0), counts
    for total, values in zip(sums, seen, strict=True):
        np.add.at(total, (day + 1, bucket), values)
    known_days: Integers = np.cumsum(sums[2] > 0, axis=0, dtype=np.int64)[day, bucket]
    model_value_sum, paid_sum, trades = (np.cumsum(total, axis=0)[day, bucket] for total in sums)
    trades = np.where(known_days >= MIN_ANCHOR_DAYS, trades, np.nan)
    # a mean of exactly 0 or 1 has no odds: at most half a trade away from it
    edge = 0.5 / trades
    shift = logit(np.clip(paid_sum / trades, edge, 1 - edge)) - logit(model_value_sum / trades)
    return Anchor(shift=shift, days=known_days)
