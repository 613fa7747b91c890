"""Odds of a structure: win and touch probability, expected value and CVaR.

Expected value is the integral of the payoff over the distribution minus premium and fees.  Probability times gain minus
the rest times loss is not a substitute: a fifth of the mass lies between the strikes of a condor, and most of it
between those of a butterfly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from magic8_companion.domain.arrays import Floats
from magic8_companion.options.distribution import Distribution, expected_put
from magic8_companion.options.payoff import Leg, payoff, profile

TAIL: Final = 0.05
PIN: Final = 0.001
_ATOMS: Final = 10_000
_REFLECTIONS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """Odds of one unit under one distribution, money in dollars.

    ``win_probability`` of a net result above zero at settlement; ``touch_probability`` that the underlying touches a
    short strike before; ``cvar`` is the mean loss of the worst 5 % of outcomes, positive; ``pin_probability`` that it
    settles within 0.1 % of a short strike, where shares may or may not be assigned after the close.
    """

    win_probability: float
    touch_probability: float
    expected_value: float
    cvar: float
    pin_probability: float


def evaluate(
    legs: Sequence[Leg], cost: float, distribution: Distribution, *, fees: float = 0.0, multiplier: float = 100.0
) -> Odds:
    """Return the odds of one unit bought at ``cost`` points (a credit is negative) plus ``fees`` dollars.

    >>> from magic8_companion.options.distribution import Lognormal
    >>> from magic8_companion.options.structures import vertical
    >>> odds = evaluate(vertical([6000, 6010], "C"), 5.0, Lognormal(mean=6005.0, total_vol=0.004))
    >>> round(odds.win_probability, 3), round(odds.expected_value, 2)
    (0.499, -0.78)
    """
    net_cost = cost + fees / multiplier
    outcomes = np.sort(payoff(legs, distribution.quantile((np.arange(_ATOMS) + 0.5) / _ATOMS))) - net_cost
    shorts = np.array(sorted({leg.strike for leg in legs if leg.quantity < 0}))
    near = distribution.cdf(shorts * (1 + PIN)) - distribution.cdf(shorts * (1 - PIN))
    return Odds(
        win_probability=win_probability(legs, net_cost, distribution),
        touch_probability=touch_probability(shorts, distribution),
        expected_value=multiplier * (expected_payoff(legs, distribution) - net_cost),
        cvar=-multiplier * float(outcomes[: round(TAIL * _ATOMS)].mean()),
        pin_probability=min(1.0, float(near.sum())),
    )


def expected_payoff(legs: Sequence[Leg], distribution: Distribution) -> float:
    """Return the mean payoff at settlement in points per unit."""
    strikes = np.array([leg.strike for leg in legs])
    quantities = np.array([leg.quantity for leg in legs], dtype=float)
    calls = np.array([leg.right == "C" for leg in legs])
    values = np.where(calls, distribution.expected_call(strikes), expected_put(distribution, strikes))
    return float(quantities @ values)


def win_probability(legs: Sequence[Leg], net_cost: float, distribution: Distribution) -> float:
    """Return the probability of a result above zero."""
    edges = profile(legs, net_cost).breakevens
    below = np.concatenate([[0.0], distribution.cdf(np.array(edges)), [1.0]])
    share = np.diff(below)
    first_wins = float(payoff(legs, 0.0)) > net_cost
    return float(share[0 if first_wins else 1 :: 2].sum())


def touch_probability(levels: ArrayLike, distribution: Distribution) -> float:
    """Return the probability that a path touches the nearest level below or above before settlement.

    Levels on one side only: twice the probability of settling beyond (reflection principle, exact for a continuous
    path without drift).  On both sides: the series of reflections between the two.
    """
    distances = np.log(np.asarray(levels, dtype=float) / distribution.mean)
    below, above = distances[distances <= 0], distances[distances >= 0]
    if not below.size or not above.size:
        return float(_reach(distances[np.argmin(np.abs(distances))], distribution)) if distances.size else 0.0
    down, up = float(below.max()), float(above.min())
    extra = np.arange(_REFLECTIONS) * (up - down)
    terms = _reach(down - extra, distribution) + _reach(up + extra, distribution)
    either = float(terms @ (-1.0) ** np.arange(_REFLECTIONS))
    return min(1.0, max(either, float(_reach(down, distribution)), float(_reach(up, distribution))))


def _reach(distance: ArrayLike, distribution: Distribution) -> Floats:
    # probability of touching a level at this log distance from the mean, below it if negative
    below = distribution.cdf(distribution.mean * np.exp(distance))
    return np.asarray(np.minimum(1.0, 2 * np.where(np.asarray(distance) < 0, below, 1 - below)))
