"""Compute the profit at the close of the orders of the history, and its bounds, vectorized."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.strategy import BUTTERFLY, HISTORY_STRATEGIES, IRON_CONDOR, SONAR, VERTICAL
from magic8_companion.options.payoff import LegTable
from magic8_companion.options.products import MULTIPLIER
from magic8_ml.history.order_sentences import RIGHTS

_CALL, _PUT, _BOTH = (RIGHTS.index(right) for right in ("CALL", "PUT", "CALL/PUT"))
_STRATEGY: Final = {name: place for place, name in enumerate(HISTORY_STRATEGIES)}
_STRIKE_COUNT: Final = {BUTTERFLY: 3, IRON_CONDOR: 4, SONAR: 4, VERTICAL: 2}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrderLegs(LegTable):
    """Legs (n, 4) of (n,) orders of the history.

    ``known`` (n,) is False where strategy, strikes, right and action do not make a structure.
    """

    known: Mask

    @property
    def contracts(self) -> Integers:
        """Return (n,) contracts of each structure: a butterfly has 4, a vertical 2."""
        return np.asarray(np.abs(self.quantity).sum(axis=1), dtype=np.int64)


def build_structures(strategy: Integers, strikes: Floats, right: Integers, action: Integers) -> OrderLegs:
    """Return the legs of strategy (n,), ascending strikes (n, 4), right (n,) and action (n,).

    A butterfly's middle strike counts twice.  Bought, a butterfly is long its wings, a condor its inner strikes; which
    leg of a vertical is long follows from action and right.
    """
    shape = strikes.shape
    quantity = np.zeros(shape, np.int64)
    is_call = np.repeat((right == _CALL)[:, None], shape[1], axis=1)
    known = np.zeros(shape[0], np.bool_)
    count = (~np.isnan(strikes)).sum(axis=1)
    one_right = (right == _CALL) | (right == _PUT)
    for name, needed in _STRIKE_COUNT.items():
        condor = needed == 4
        rows = (strategy == _STRATEGY[name]) & (count == needed) & ((right == _BOTH) if condor else one_right)
        rows &= action != 0
        known |= rows
        quantity[rows, :needed] = _signs(name, right[rows]) * action[rows, None]
        if condor:
            is_call[rows] = (False, False, True, True)
    return OrderLegs(strikes=np.nan_to_num(strikes), quantity=quantity, is_call=is_call, known=known)


def _signs(strategy: str, right: Integers) -> Integers:
    if strategy == BUTTERFLY:
        return np.tile(np.array([1, -2, 1]), (len(right), 1))
    if strategy == VERTICAL:
        long_low = np.where(right == _CALL, 1, -1)
        return np.column_stack([long_low, -long_low])
    return np.tile(np.array([-1, 1, 1, -1]), (len(right), 1))


def profit_usd(legs: OrderLegs, action: Integers, premium: Floats, price: Floats) -> Floats:
    """Return (n,) US dollars per contract at settlement: debit payoff - premium, credit premium - |payoff|.

    NaN where structure, premium or price are unknown.

    >>> buy, strikes = np.array([1]), np.array([[5860.0, 5910.0, 5960.0, np.nan]])
    >>> fly = build_structures(np.array([0]), strikes, np.array([0]), buy)
    >>> profit_usd(fly, buy, np.array([18.27]), np.array([6003.59])).round(2).tolist()
    [-1827.0]
    """
    result = (legs.payoff(price[:, None])[:, 0] - action * premium) * MULTIPLIER
    return np.where(legs.known, result, np.nan)


def profit_bounds_usd(legs: OrderLegs, action: Integers, premium: Floats) -> tuple[Floats, Floats]:
    """Return (n,) worst and (n,) best US dollars per contract; NaN where structure or premium are unknown."""
    low, high = legs.extremes()
    unknown = ~legs.known
    worst, best = (low - action * premium) * MULTIPLIER, (high - action * premium) * MULTIPLIER
    worst[unknown], best[unknown] = np.nan, np.nan
    return worst, best
