"""The payoff kernel: what signed legs pay at settlement, their extremes and their break-evens.

A payoff is a straight line between 0, the strikes and the tail beyond the last strike, so only these points can be an
extreme and the sign changes at most once between two of them.  Every structure of the host and of the plugin is
evaluated here: :class:`LegTable` holds many trades as arrays, :class:`Leg` is one leg of one trade.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from magic8_companion.domain.arrays import Floats, Integers, Mask

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LegTable:
    """Legs of many trades, shape (..., n_legs); ``quantity`` and ``is_call`` may have fewer leading axes.

    ``strikes`` ascend.  A trade with fewer legs is padded with quantity 0 at any finite strike; break-evens need the
    last strike there.
    """

    strikes: Floats
    quantity: Floats | Integers
    is_call: Mask

    @property
    def slopes(self) -> tuple[Floats, Floats]:
        """Return the slope of the payoff below the lowest and above the highest strike, shape (...)."""
        below = -(self.quantity * ~self.is_call).sum(axis=-1)
        return np.asarray(below, dtype=float), np.asarray((self.quantity * self.is_call).sum(axis=-1), dtype=float)

    def payoff(self, settlement: Floats) -> Floats:
        """Return points per unit at ``settlement`` (..., n_levels), before the premium.

        >>> fly = LegTable(strikes=np.array([[95.0, 100, 105]]), quantity=np.array([[1, -2, 1]]),
        ...                is_call=np.ones((1, 3), dtype=bool))
        >>> fly.payoff(np.array([[97.0, 100.0, 104.0]])).tolist()
        [[2.0, 5.0, 1.0]]
        """
        side = np.where(self.is_call, 1.0, -1.0)
        shape = np.broadcast_shapes(settlement.shape[:-1], self.strikes.shape[:-1])
        total = np.zeros((*shape, settlement.shape[-1]))
        for leg in range(self.strikes.shape[-1]):
            inside = settlement - self.strikes[..., leg, None]
            inside *= side[..., leg, None]
            np.maximum(inside, 0.0, out=inside)
            inside *= self.quantity[..., leg, None]
            total += inside
        return total

    def extremes(self) -> tuple[Floats, Floats]:
        """Return the least and the greatest payoff, shape (...); infinite where a tail is open above."""
        below, above = self.slopes
        first = self.strikes[..., :1]
        level = np.where(self.quantity != 0, self.strikes, first)
        if below.any():
            level = np.concatenate([np.where(below[..., None] == 0, first, 0.0), level], axis=-1)
        values = self.payoff(level)
        return (
            np.where(above < 0, -np.inf, values.min(axis=-1)),
            np.where(above > 0, np.inf, values.max(axis=-1)),
        )

    def profiles(self, cost: Floats) -> ProfileTable:
        """Return results after ``cost`` (...) points per unit; a credit is negative, NaN is unknown.

        >>> sold = LegTable(strikes=np.array([[5815.0, 5820.0]]), quantity=np.array([[1, -1]]),
        ...                 is_call=np.zeros((1, 2), dtype=bool))
        >>> found = sold.profiles(np.array([-0.9]))
        >>> found.best.tolist(), found.worst.round(9).tolist(), found.breakevens.round(9).tolist()
        ([0.9], [-4.1], [[5819.1]])
        """
        below, above = self.slopes
        level = self.strikes
        if below.any():
            level = np.concatenate([np.zeros_like(level[..., :1]), level], axis=-1)
        result = self.payoff(level) - cost[..., None]
        breakevens, direction = sign_changes(level, result)
        best, worst, first_wins = result.max(axis=-1), result.min(axis=-1), result[..., 0] > _NOISE
        if above.any():
            last, slope = result[..., -1], np.where(above == 0, np.nan, above)
            crossing = np.where(last > _NOISE, above < 0, above > 0)
            beyond = np.where(crossing, level[..., -1] - last / slope, np.nan)
            breakevens = np.concatenate([breakevens, beyond[..., None]], axis=-1)
            direction = np.concatenate([direction, np.where(crossing, np.sign(above), 0.0)[..., None]], axis=-1)
            best, worst = np.where(above > 0, np.inf, best), np.where(above < 0, -np.inf, worst)
        return ProfileTable(best=best, worst=worst, first_wins=first_wins, breakevens=breakevens, direction=direction)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProfileTable:
    """Profit and loss of many trades at settlement, in points per unit; NaN where the cost is unknown.

    ``best`` and ``worst`` (...) are the extreme results, infinite where a tail is open.  ``first_wins`` (...) tells
    whether the trade wins at the lowest level.  ``breakevens`` (..., n_changes) are the levels where the sign changes,
    NaN elsewhere; ``direction`` (..., n_changes) is +1 where the trade wins above the level, -1 where it wins below,
    0 where nothing changes.
    """

    best: Floats
    worst: Floats
    first_wins: Mask
    breakevens: Floats
    direction: Floats

    def win_probability(self, below: Floats) -> Floats:
        """Return the probability of a profit, given P(settlement < level) per break-even, (..., n_changes)."""
        beyond = np.where(self.direction == 0, 0.0, self.direction * (1.0 - below))
        return np.asarray(np.clip(self.first_wins + beyond.sum(axis=-1), 0.0, 1.0))


def sign_changes(level: Floats, result: Floats) -> tuple[Floats, Floats]:
    """Return where a piecewise linear result crosses zero between neighboring levels, and in which direction.

    Shape (..., n - 1) for levels and results of shape (..., n).  A result of exactly zero is not a profit.

    >>> crossing, direction = sign_changes(np.array([90.0, 100.0, 110.0]), np.array([-1.0, 4.0, 4.0]))
    >>> crossing.tolist(), direction.tolist()
    ([92.0, nan], [1.0, 0.0])
    """
    wins = result > _NOISE
    direction = wins[..., 1:].astype(np.float64) - wins[..., :-1]
    changes = direction != 0
    rise = np.where(changes, result[..., 1:] - result[..., :-1], 1.0)
    share = np.where(changes, -result[..., :-1] / rise, np.nan)
    return np.asarray(level[..., :-1] + share * (level[..., 1:] - level[..., :-1])), direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Profit and loss of one trade at settlement per unit, in points.

    ``max_loss`` is positive; None means unlimited.  ``below`` and ``above`` are the results below the lowest and above
    the highest strike (at 0 and far out if the payoff still slopes there: then None).  ``breakevens`` separate the
    levels with a profit from all others: a result of exactly zero is not a profit.
    """

    max_profit: float | None
    max_loss: float | None
    below: float | None
    above: float | None
    breakevens: tuple[float, ...]


def leg_table(legs: Sequence[Leg]) -> LegTable:
    """Return the legs of one trade as a table of shape (n_legs,), in ascending strikes."""
    ordered = sorted(legs, key=_strike)
    return LegTable(
        strikes=np.array([leg.strike for leg in ordered], dtype=float),
        quantity=np.array([leg.quantity for leg in ordered]),
        is_call=np.array([leg.right == _CALL for leg in ordered], dtype=bool),
    )


def payoff(legs: Sequence[Leg], settlement: ArrayLike) -> Floats:
    """Return what the legs of one trade pay at settlement, in points per unit; shape of ``settlement``.

    >>> fly = [Leg(right="C", strike=k, quantity=n) for k, n in ((5805, 1), (5855, -2), (5905, 1))]
    >>> payoff(fly, [5800, 5830, 5855, 5905]).tolist()
    [0.0, 25.0, 50.0, 0.0]
    """
    level = np.asarray(settlement, dtype=float)
    return leg_table(legs).payoff(level.reshape(-1)).reshape(level.shape)


def profile(legs: Sequence[Leg], cost: float) -> Profile:
    """Return extremes and break-evens of one trade at ``cost`` points per unit; a credit is negative.

    The same results as :meth:`LegTable.profiles`, rounded to nine digits and computed with plain floats: for the few
    points of one trade these are several times as fast as arrays, and the message parser needs that.

    >>> vertical = [Leg(right="P", strike=5820, quantity=-1), Leg(right="P", strike=5815, quantity=1)]
    >>> profile(vertical, -0.9)
    Profile(max_profit=0.9, max_loss=4.1, below=-4.1, above=0.9, breakevens=(5819.1,))
    """
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
    found = [_crossing(points, values, place) for place in range(1, len(points)) if wins[place] != wins[place - 1]]
    if last_slope * (-1 if wins[-1] else 1) > 0:
        found.append(_clean(points[-1] - values[-1] / last_slope))
    return tuple(found)


def _crossing(points: Sequence[float], values: Sequence[float], place: int) -> float:
    """Return where the line that ends at a point crosses zero; noise counts as zero."""
    low, high, start, end = points[place - 1], points[place], values[place - 1], values[place]
    if abs(start) < _NOISE:
        return _clean(low)
    return _clean(high if abs(end) < _NOISE else low - start * (high - low) / (end - start))


def _clean(value: float) -> float:
    # no binary noise and no minus zero
    return round(value, _DIGITS) + 0.0
