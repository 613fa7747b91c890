"""Payoffs at settlement: signed legs, a piecewise linear function, its extremes and its sign changes.

One rule serves every structure: evaluate at 0, at each strike and on the tail beyond the last strike; between these
points the payoff is a straight line, so nothing else can be an extreme or a turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from magic8_companion.domain.arrays import Floats

_CALL: Final = "C"
_DIGITS: Final = 9  # prices have far fewer
_NOISE: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Contracts of one option: ``right`` "C" or "P", ``quantity`` > 0 bought, < 0 sold."""

    right: str
    strike: float
    quantity: int

    @property
    def action(self) -> str:
        """Return BUY or SELL."""
        return "BUY" if self.quantity > 0 else "SELL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Profit and loss at settlement per unit, in points.

    ``max_loss`` is positive; None means unlimited.  ``below`` and ``above`` are the results below the lowest and above
    the highest strike (at 0 and far out if the payoff still slopes there: then None).  ``breakevens`` separate the
    levels with a profit from all others: a result of exactly zero is no profit.
    """

    max_profit: float | None
    max_loss: float | None
    below: float | None
    above: float | None
    breakevens: tuple[float, ...]


def payoff(legs: Sequence[Leg], settlement: ArrayLike) -> Floats:
    """Return what the legs are worth at settlement, in points per unit; shape of ``settlement``.

    >>> fly = [Leg(right="C", strike=k, quantity=n) for k, n in ((5805, 1), (5855, -2), (5905, 1))]
    >>> payoff(fly, [5800, 5830, 5855, 5905]).tolist()
    [0.0, 25.0, 50.0, 0.0]
    """
    level = np.asarray(settlement, dtype=float)
    total = np.zeros_like(level)
    for leg in legs:
        inside = level - leg.strike if leg.right == _CALL else leg.strike - level
        total = total + leg.quantity * np.maximum(inside, 0.0)
    return total


def profile(legs: Sequence[Leg], cost: float) -> Profile:
    """Find extremes and break-evens of the payoff minus ``cost`` (points per unit, a credit is negative).

    >>> vertical = [Leg(right="P", strike=5820, quantity=-1), Leg(right="P", strike=5815, quantity=1)]
    >>> profile(vertical, -0.9)
    Profile(max_profit=0.9, max_loss=4.1, below=-4.1, above=0.9, breakevens=(5819.1,))
    """
    # a handful of points: plain floats are four times as fast here as arrays
    points, values, slopes = _corners(legs, cost)
    first_slope, last_slope = slopes[0], slopes[-1]
    return Profile(
        max_profit=None if last_slope > 0 else _clean(max(values)),
        max_loss=None if last_slope < 0 else _clean(-min(values)),
        below=_clean(values[1]) if first_slope == 0 else None,
        above=_clean(values[-1]) if last_slope == 0 else None,
        breakevens=_breakevens(points, values, last_slope),
    )


def _corners(legs: Sequence[Leg], cost: float) -> tuple[list[float], list[float], list[int]]:
    """Return 0 and the strikes, the result at each, and the slope after each: a leg adds its quantity at its strike."""
    level, value, slope = 0.0, -cost, 0
    for leg in legs:
        if leg.right != _CALL:
            value += leg.quantity * leg.strike
            slope -= leg.quantity
    points, values, slopes = [level], [value], [slope]
    for leg in sorted(legs, key=_strike):
        value += slope * (leg.strike - level)
        level, slope = leg.strike, slope + leg.quantity
        points.append(level)
        values.append(value)
        slopes.append(slope)
    return points, values, slopes


def _strike(leg: Leg) -> float:
    return leg.strike


def _breakevens(points: Sequence[float], values: Sequence[float], last_slope: int) -> tuple[float, ...]:
    wins = [value > _NOISE for value in values]
    found = [_turn(points, values, place) for place in range(1, len(points)) if wins[place] != wins[place - 1]]
    if last_slope * (-1 if wins[-1] else 1) > 0:
        found.append(_clean(points[-1] - values[-1] / last_slope))
    return tuple(found)


def _turn(points: Sequence[float], values: Sequence[float], place: int) -> float:
    """Return where the line that ends at a point crosses zero; noise counts as zero."""
    low, high, start, end = points[place - 1], points[place], values[place - 1], values[place]
    if abs(start) < _NOISE:
        return _clean(low)
    return _clean(high if abs(end) < _NOISE else low - start * (high - low) / (end - start))


def _clean(value: float) -> float:
    # binary noise off, and no minus zero
    return round(value, _DIGITS) + 0.0
