"""Enumerate every structure of a chain within limits as arrays: which options, how many of each.

A chain of n strikes holds 2 n options: calls 0..n-1, puts n..2n-1.  A candidate is four of these numbers and four
quantities (0 pads a structure of fewer legs), with its strikes in ascending order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np

from magic8_companion.domain.arrays import Codes, Floats, Integers
from magic8_companion.domain.strategy import BUTTERFLY, IRON_CONDOR, VERTICAL
from magic8_companion.options.payoff import Leg, LegTable


class StructureType(IntEnum):
    """Types of structures; the last four are short butterflies and long iron structures, which win by a move."""

    CALL_BUTTERFLY = 0
    PUT_BUTTERFLY = 1
    IRON_BUTTERFLY = 2
    IRON_CONDOR = 3
    CALL_DEBIT = 4
    PUT_DEBIT = 5
    CALL_CREDIT = 6
    PUT_CREDIT = 7
    SHORT_CALL_BUTTERFLY = 8
    SHORT_PUT_BUTTERFLY = 9
    LONG_IRON_BUTTERFLY = 10
    LONG_IRON_CONDOR = 11

    @property
    def strategy(self) -> str:
        """Return the published strategy name."""
        return _LEGS_OF[self][0]

    @property
    def is_credit(self) -> bool:
        """Tell whether the structure is sold."""
        return self in _CREDITS

    @property
    def is_long_volatility(self) -> bool:
        """Tell whether it is a butterfly or condor whose worst outcome is a settlement in its middle."""
        return self >= StructureType.SHORT_CALL_BUTTERFLY


_CREDITS: Final = frozenset(
    {
        StructureType.IRON_BUTTERFLY,
        StructureType.IRON_CONDOR,
        StructureType.CALL_CREDIT,
        StructureType.PUT_CREDIT,
        StructureType.SHORT_CALL_BUTTERFLY,
        StructureType.SHORT_PUT_BUTTERFLY,
    }
)
_CALLS: Final = (0, 0, 0, 0)
_PUTS: Final = (1, 1, 1, 1)
_IRON: Final = (1, 1, 0, 0)

# per kind: its strategy, whether each leg is a put, and its signed quantity, in the order of the sorted strikes
_LEGS_OF: Final = {
    StructureType.CALL_BUTTERFLY: (BUTTERFLY, _CALLS, (1, -2, 0, 1)),
    StructureType.PUT_BUTTERFLY: (BUTTERFLY, _PUTS, (1, -2, 0, 1)),
    StructureType.IRON_BUTTERFLY: (BUTTERFLY, _IRON, (1, -1, -1, 1)),
    StructureType.IRON_CONDOR: (IRON_CONDOR, _IRON, (1, -1, -1, 1)),
    StructureType.CALL_DEBIT: (VERTICAL, _CALLS, (1, 0, 0, -1)),
    StructureType.PUT_DEBIT: (VERTICAL, _PUTS, (-1, 0, 0, 1)),
    StructureType.CALL_CREDIT: (VERTICAL, _CALLS, (-1, 0, 0, 1)),
    StructureType.PUT_CREDIT: (VERTICAL, _PUTS, (1, 0, 0, -1)),
    StructureType.SHORT_CALL_BUTTERFLY: (BUTTERFLY, _CALLS, (-1, 2, 0, -1)),
    StructureType.SHORT_PUT_BUTTERFLY: (BUTTERFLY, _PUTS, (-1, 2, 0, -1)),
    StructureType.LONG_IRON_BUTTERFLY: (BUTTERFLY, _IRON, (-1, 1, 1, -1)),
    StructureType.LONG_IRON_CONDOR: (IRON_CONDOR, _IRON, (-1, 1, 1, -1)),
}

_CODE: Final = 1e6  # more than there are strikes, per thousandth of a point


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of a trader; widths in points per wing, margin in dollars per unit, shares of the widest wing.

    ``max_spread_share`` bounds the cost of crossing all half-spreads and ``min_short_bid`` (points) the bid of a
    sold leg: both are liquidity limits.  Condors keep their short strikes outside the forward, and butterflies
    their body within ``max_body_distance`` points of it.
    """

    min_width: float = 1.0
    max_width: float = 50.0
    max_margin: float = 5_000.0
    min_credit_share: float = 0.05
    max_debit_share: float = 0.80
    max_spread_share: float = 0.10
    min_short_bid: float = 0.05
    min_win_probability: float = 0.0
    max_body_distance: float = float("inf")
    broken_wings: bool = False
    kinds: tuple[StructureType, ...] = tuple(StructureType)


class Candidates(NamedTuple):
    """m structures: ``kind`` (m,), places of the strikes (m, 4), numbers and quantities of the options (m, 4)."""

    kind: Codes
    strike_index: Integers
    option: Integers
    quantity: Floats

    def leg_table(self, strikes: Floats) -> LegTable:
        """Return all candidates as a table of four legs each."""
        return LegTable(strikes=strikes[self.strike_index], quantity=self.quantity, is_call=self.option < len(strikes))

    def legs(self, i: int, strikes: Floats) -> tuple[Leg, ...]:
        """Return one candidate as legs."""
        return tuple(
            Leg(right="P" if option >= len(strikes) else "C", strike=float(strikes[place]), quantity=int(quantity))
            for place, option, quantity in zip(self.strike_index[i], self.option[i], self.quantity[i], strict=True)
            if quantity
        )


def enumerate_candidates(strikes: Floats, forward: float, limits: Limits) -> Candidates:
    """List all structures within the width limits; shape of ``strikes`` (n,), ascending.

    >>> found = enumerate_candidates(np.array([90.0, 95, 100, 105, 110]), 100.0, Limits(max_width=5))
    >>> [int((found.kind == kind).sum()) for kind in StructureType]
    [3, 3, 3, 3, 4, 4, 4, 4, 3, 3, 3, 3]
    """
    pairs = _pairs(strikes, limits)
    places = {
        BUTTERFLY: _butterflies(strikes, pairs, forward, limits),
        IRON_CONDOR: _condors(strikes, pairs, forward, limits),
        VERTICAL: pairs[:, [0, 0, 1, 1]],
    }
    groups = []
    for kind in limits.kinds:
        strategy, puts, quantities = _LEGS_OF[kind]
        place, put, quantity = places[strategy], np.array(puts), np.array(quantities)
        groups.append(
            Candidates(
                kind=np.full(len(place), kind, dtype=np.uint8),
                strike_index=place,
                option=place + put * len(strikes),
                quantity=np.broadcast_to(quantity.astype(float), place.shape),
            )
        )
    return Candidates(*(np.concatenate(column) for column in zip(*groups, strict=True)))


def _pairs(strikes: Floats, limits: Limits) -> Integers:
    low, high = np.triu_indices(len(strikes), k=1)
    width = strikes[high] - strikes[low]
    kept = (width >= limits.min_width) & (width <= limits.max_width)
    return np.stack([low[kept], high[kept]], axis=1)


def _butterflies(strikes: Floats, pairs: Integers, forward: float, limits: Limits) -> Integers:
    # two pairs that share their middle strike
    wing = _wing(strikes, pairs, limits)
    left, right = _join(pairs[:, 1] + wing, pairs[:, 0] + wing)
    found = np.stack([pairs[left, 0], pairs[left, 1], pairs[left, 1], pairs[right, 1]], axis=1)
    return np.asarray(found[np.abs(strikes[found[:, 1]] - forward) <= limits.max_body_distance])


def _condors(strikes: Floats, pairs: Integers, forward: float, limits: Limits) -> Integers:
    # a pair below the forward and one above it
    puts, calls = pairs[strikes[pairs[:, 1]] <= forward], pairs[strikes[pairs[:, 0]] >= forward]
    left, right = _join(_wing(strikes, puts, limits), _wing(strikes, calls, limits))
    apart = puts[left, 1] < calls[right, 0]
    return np.concatenate([puts[left[apart]], calls[right[apart]]], axis=1)


def _wing(strikes: Floats, pairs: Integers, limits: Limits) -> Floats:
    # the key that the wings of a structure share: their width, scaled so that indices can be added
    width = strikes[pairs[:, 1]] - strikes[pairs[:, 0]]
    return np.zeros_like(width) if limits.broken_wings else np.round(width, 3) * _CODE


def _join(left: Floats, right: Floats) -> tuple[Integers, Integers]:
    # all combinations of equal keys
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    start, end = np.searchsorted(ordered, left, side="left"), np.searchsorted(ordered, left, side="right")
    count = end - start
    first = np.repeat(start - np.cumsum(count) + count, count)
    return np.repeat(np.arange(len(left)), count), order[first + np.arange(count.sum())]
