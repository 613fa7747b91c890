"""Reprice a position on a grid of spots, volatilities and times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from magic8_companion.domain.arrays import Floats
from magic8_companion.options.black_scholes import CALL, PUT, price
from magic8_companion.options.implied_volatility import implied_volatility
from magic8_companion.options.payoff import Leg
from magic8_companion.options.smile import Smile


def leg_vols(legs: Sequence[Leg], smile: Smile) -> Floats:
    """Return each leg's volatility under a fitted smile, shape (n_legs,); its tails are inverted from their values."""
    strikes = np.array([leg.strike for leg in legs])
    right = np.where(strikes >= smile.forward, CALL, PUT)
    call = smile.expected_call(strikes)
    value = np.where(right > 0, call, call - smile.forward + strikes)
    return implied_volatility(value, smile.forward, strikes, smile.years, 0.0, right).vol


def scenario_grid(
    legs: Sequence[Leg],
    vols: ArrayLike,
    *,
    spots: ArrayLike,
    vol_factors: ArrayLike,
    years: ArrayLike,
    rate: float = 0.0,
) -> Floats:
    """Return the value in points per unit, shape (n_spots, n_vol_factors, n_years).

    Parameters
    ----------
    vols
        Volatility of each leg per year, shape (n_legs,); each leg keeps its own (sticky strike), times the factor.
    years
        Remaining times; at 0 the value is the payoff.

    >>> fly = [Leg(right="C", strike=k, quantity=n) for k, n in ((95.0, 1), (100.0, -2), (105.0, 1))]
    >>> grid = scenario_grid(fly, [0.2, 0.2, 0.2], spots=[95.0, 100.0], vol_factors=[1.0, 1.5], years=[0.0, 0.01])
    >>> grid[:, :, 0].tolist(), grid.shape
    ([[0.0, 0.0], [5.0, 5.0]], (2, 2, 2))
    """
    spot, factor, time = np.ix_(*(np.asarray(axis, dtype=float) for axis in (spots, vol_factors, years)))
    strikes = np.array([leg.strike for leg in legs])
    right = np.array([CALL if leg.right == "C" else PUT for leg in legs])
    quantity = np.array([leg.quantity for leg in legs], dtype=float)
    vol = factor[..., None] * np.asarray(vols, dtype=float)
    return np.asarray(price(spot[..., None], strikes, time[..., None], rate, vol, right) @ quantity)
