"""Compute the price maker's mid before the anchor: Black on a smile, rate 0, variance time.

s(K) = s_imp (1 + a k + b k^2), k = ln(K/S)/s_imp, a in -0.12..-0.05 and b in 0.02..0.05: never below 0.82 s_imp.
"""

from __future__ import annotations

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.options import black_scholes
from magic8_ml.history.ledger_structures import CALLS, QUANTITY, SIDE, LedgerStructures


def smile_sigma(spot: Floats, strike: Floats, sigma: Floats, skew: Floats, curvature: Floats) -> Floats:
    """Return the total volatility to the close at each strike.

    >>> one = np.ones(1)
    >>> smile_sigma(100 * one, 99 * one, 0.01 * one, -0.1 * one, 0.03 * one).round(6).tolist()
    [0.011308]
    """
    distance = np.log(strike / spot) / sigma
    return np.asarray(sigma * (1 + skew * distance + curvature * distance**2))


def leg_prices(structures: LedgerStructures, spot: Floats, sigma: Floats, skew: Floats, curvature: Floats) -> Floats:
    """Return the mid of each leg in points, (n, 6, 4), 0 where no leg; all else (n,)."""
    level, root, slope, bend = (values[:, None, None] for values in (spot, sigma, skew, curvature))
    vol = smile_sigma(level, structures.strikes, root, slope, bend)
    right = np.where(CALLS, black_scholes.CALL, black_scholes.PUT)
    return np.nan_to_num(black_scholes.price(level, structures.strikes, 1.0, 0.0, vol, right))


def model_value(structures: LedgerStructures, legs: Floats) -> Floats:
    """Return the value of each structure in widths, (n, 6)."""
    return np.asarray(SIDE * (QUANTITY * legs).sum(axis=2) / structures.width)
