"""Premia that expect nothing at mid: the past-only adjustment of the price maker, per structure and half hour.

A model price has a bias of its own, and whoever trades against it would harvest the bias.  So the odds of every value
(value over width, 0 to 1) are multiplied by how much the odds of what was paid exceeded the odds of what was asked on
average, on all earlier full days of the same symbol, price maker, structure and half hour.  Odds keep a value between 0
and 1 and move a small credit by a factor, not by an amount.  A mean of odds is not the odds of a mean: where prices of
one half hour differ much, two or three hundredths of the bias stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit, logit

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.forecast.labels import BUCKETS

MIN_ANCHOR_DAYS: Final = 60
"""Below this no trade is written: an un-anchored expected value is never quoted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anchor:
    """Adjustment of each trade: ``shift`` of the log odds, NaN before 60 ``days`` are known; both (n, n_columns)."""

    shift: Floats
    days: Integers

    def apply(self, value: Floats) -> Floats:
        """Return anchored values in widths."""
        return np.asarray(expit(logit(value) + self.shift))


def past_anchor(day: Integers, bucket: Integers, model_value: Floats, paid: Floats, counts: Mask) -> Anchor:
    """Learn from the days before each trade's own.

    Parameters
    ----------
    day
        Position of the trade's day, ascending, shape (n,); the day itself and later ones never enter.
    bucket
        Half hour 0..12, shape (n,).
    asked, paid
        Model value and payoff in widths, shape (n, n_columns).
    counts
        Which trades may be learnt from, shape (n, n_columns).
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
