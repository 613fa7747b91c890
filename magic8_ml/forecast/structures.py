"""The canonical structures: the shapes of Butterfly, Iron_Condor and Vertical for the comparison of odds.

Strikes lie at fixed multiples of the implied sigma s of the rest of the day, so a structure means the same at any hour
and any VIX.  All amounts are fractions of the spot; X is the settlement over the spot.

===============  ==========================  =========================================================
Butterfly        strikes -1, 0, +1           calls 1, -2, 1, bought
Iron_Condor      strikes -1.6, -1, +1, +1.6  shorts at -1 and +1, sold
put credit       strikes -1.35, -0.75        sold
call credit      strikes +0.75, +1.35        sold
call debit       strikes 0, +0.8             bought
put debit        strikes -0.8, 0             bought
===============  ==========================  =========================================================

Without quotes the premium is that of the lognormal at s, plus the modelled cost of trading four legs (0.75 bp of spot,
the base spread model).  Each structure wins on one interval: above ``low`` plus net cost, below ``high`` less net cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from scipy.special import ndtr

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.structure import BUY, CALL, PUT, SELL, VerticalSpread
from magic8_companion.domain.ticket import ModelledTrade, TicketLeg
from magic8_companion.options.costs import BASE
from magic8_companion.options.payoff import LegTable
from magic8_ml.forecast.forecaster import Outcomes

VERTICALS: Final = ("put_credit", "call_credit", "call_debit", "put_debit")
"""The four verticals, in the order of their columns behind Butterfly and Iron_Condor."""

SPREADS: Final = (
    VerticalSpread(right=PUT, action=SELL),
    VerticalSpread(right=CALL, action=SELL),
    VerticalSpread(right=CALL, action=BUY),
    VerticalSpread(right=PUT, action=BUY),
)
"""The same four in the same order, with their side."""

N_STRUCTURES: Final = 2 + len(VERTICALS)
COST_PER_CONTRACT: Final = BASE.floor_per_contract
"""Fraction of spot."""


class Shape(NamedTuple):
    """One structure in units of s: legs in ascending strikes, and the bounds at which it breaks even at zero cost.

    It wins above ``low`` plus its net cost and below ``high`` less its net cost.
    """

    strikes: tuple[float, ...]
    quantity: tuple[int, ...]
    rights: str
    low: float
    high: float

    @property
    def contracts(self) -> int:
        """Return how many options are traded."""
        return sum(abs(number) for number in self.quantity)


SHAPES: Final = (
    Shape((-1.0, 0.0, 1.0), (1, -2, 1), "CCC", -1.0, 1.0),
    Shape((-1.6, -1.0, 1.0, 1.6), (1, -1, -1, 1), "PPCC", -1.0, 1.0),
    Shape((-1.35, -0.75), (1, -1), "PP", -0.75, np.inf),
    Shape((0.75, 1.35), (-1, 1), "CC", -np.inf, 0.75),
    Shape((0.0, 0.8), (1, -1), "CC", 0.0, np.inf),
    Shape((-0.8, 0.0), (-1, 1), "PP", -np.inf, 0.0),
)
_N_LEGS: Final = 4
_POINT_DECIMALS: Final = 2


def _legs() -> LegTable:
    """Return the legs (6, 4) in units of s from the spot, padded with the last strike at quantity 0."""
    return LegTable(
        strikes=np.array([(*shape.strikes, *shape.strikes[-1:] * 3)[:_N_LEGS] for shape in SHAPES]),
        quantity=np.array([(*shape.quantity, 0, 0)[:_N_LEGS] for shape in SHAPES], dtype=np.float64),
        is_call=np.array([[right == "C" for right in f"{shape.rights}CC"[:_N_LEGS]] for shape in SHAPES]),
    )


_LEGS: Final = _legs()
_WORST, _BEST = (values.round(9) for values in _LEGS.extremes())
_STRIKES: Final = np.concatenate([shape.strikes for shape in SHAPES])
_QUANTITY: Final = np.concatenate([shape.quantity for shape in SHAPES]).astype(np.float64)
_FIRST: Final = np.cumsum([0, *(len(shape.strikes) for shape in SHAPES)])[:-1]
# a put is a call plus its strike less the forward, and the bought and sold puts cancel the forward
_PUT_STRIKES: Final = (_LEGS.quantity * ~_LEGS.is_call * _LEGS.strikes).sum(axis=1).round(9)
_LOW, _HIGH = (np.array([shape[n] for shape in SHAPES]) for n in (3, 4))
_CONTRACTS: Final = np.array([shape.contracts for shape in SHAPES])
_LOW_BARRIER: Final = np.array([-1.0, -1.0, -0.75, -np.inf, -np.inf, -np.inf])
_HIGH_BARRIER: Final = np.array([1.0, 1.0, np.inf, 0.75, np.inf, np.inf])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StructureTrades:
    """All six structures per row, columns Butterfly, Iron_Condor and the four verticals; shape (n_rows, 6).

    ``s`` (n_rows,) is the implied sigma; ``cost`` the premium plus costs of trading (a credit is negative); ``low`` and
    ``high`` bound the settlements, as log returns, that end in a gain: ``low`` >= ``high`` where none does.
    """

    s: Floats
    cost: Floats
    low: Floats
    high: Floats

    @property
    def largest_loss(self) -> Floats:
        """Return what can be lost, positive."""
        return np.asarray(self.cost - _WORST * self.s[:, None])

    @property
    def fair_value(self) -> Floats:
        """Return the expected result under the lognormal: minus the costs of trading, in units of the largest loss."""
        return -self.trading_cost

    @property
    def trading_cost(self) -> Floats:
        """Return the modelled cost of trading, in units of the largest loss."""
        return np.asarray(COST_PER_CONTRACT * _CONTRACTS / self.largest_loss)

    @property
    def implied(self) -> Floats:
        """Return the probability of a gain under the lognormal at s."""
        s = self.s[:, None]
        inside = ndtr(self.high / s + s / 2) - ndtr(self.low / s + s / 2)
        return np.asarray(np.maximum(inside, 0.0))

    def net(self, move: Floats) -> Floats:
        """Return the result of settling at log returns ``move`` (n_rows,), in units of the largest loss."""
        distance = np.expm1(move) / self.s  # the settlement in units of s from the spot
        payoff = self.s[:, None] * _LEGS.payoff(distance[:, None, None])[:, :, 0]
        return np.asarray((payoff - self.cost) / self.largest_loss)

    def won(self, move: Floats) -> Mask:
        """Tell which settlements end in a gain; exactly zero is a loss."""
        return np.asarray((move[:, None] > self.low) & (move[:, None] < self.high))

    def touched(self, outcomes: Outcomes) -> Mask:
        """Tell whether the path reached a barrier before the close, (n_rows, 6)."""
        low, high = self.barriers
        return np.asarray((outcomes.lowest[:, None] <= low) | (outcomes.highest[:, None] >= high))

    @property
    def barriers(self) -> tuple[Floats, Floats]:
        """Return the log returns that must not be reached: short strikes, of a butterfly its wings; else infinite."""
        s = self.s[:, None]
        return _log1p(_LOW_BARRIER * s), _log1p(_HIGH_BARRIER * s)

    @property
    def strikes(self) -> Floats:
        """Return every strike of every structure over the spot, (n_rows, 17)."""
        return 1 + _STRIKES * self.s[:, None]

    def value(self, calls: Floats) -> Floats:
        """Return the result from the values of calls on :attr:`strikes`, in units of the largest loss."""
        payoff = np.add.reduceat(_QUANTITY * calls, _FIRST, axis=1) + _PUT_STRIKES * self.s[:, None]
        return np.asarray((payoff - self.cost) / self.largest_loss)


def price_structures(s: Floats) -> StructureTrades:
    """Price the six structures at implied sigmas ``s`` (n_rows,) > 0.

    >>> fair = price_structures(np.array([0.01]))
    >>> fair.implied.round(2).tolist()
    [[0.47, 0.73, 0.8, 0.8, 0.39, 0.39]]
    """
    root = s[:, None]
    strikes = 1 + _STRIKES * root
    d1 = -np.log(strikes) / root + root / 2
    calls = ndtr(d1) - strikes * ndtr(d1 - root)
    premium = np.add.reduceat(_QUANTITY * calls, _FIRST, axis=1) + _PUT_STRIKES * root
    cost = premium + COST_PER_CONTRACT * _CONTRACTS
    hopeless = cost >= _BEST * root
    low = np.where(hopeless, np.inf, _log1p(_LOW * root + cost))
    return StructureTrades(s=s, cost=cost, low=low, high=_log1p(_HIGH * root - cost))


def modelled_trade(trades: StructureTrades, index: int, *, spot: float, win_probability: float) -> ModelledTrade:
    """Return structure ``index`` of the first row at a spot in points, as it is published.

    >>> condor = modelled_trade(price_structures(np.array([0.01])), 1, spot=5000.0, win_probability=0.7)
    >>> [(leg.action, leg.right, leg.strike) for leg in condor.legs], condor.price
    ([('BUY', 'P', 4920.0), ('SELL', 'P', 4950.0), ('SELL', 'C', 5050.0), ('BUY', 'C', 5080.0)], 5.63)
    """
    shape, s = SHAPES[index], float(trades.s[0])
    legs = tuple(
        TicketLeg(
            action=BUY if quantity > 0 else SELL,
            right=right,
            strike=round(spot * (1 + distance * s), _POINT_DECIMALS),
            quantity=abs(quantity),
        )
        for distance, quantity, right in zip(shape.strikes, shape.quantity, shape.rights, strict=True)
    )
    price = round(-float(trades.cost[0, index]) * spot, _POINT_DECIMALS)
    return ModelledTrade(legs=legs, price=price, win_probability=win_probability)


def select_strategies(columns: Floats, vertical: Integers) -> Floats:
    """Pick Butterfly, Iron_Condor and the chosen vertical: (..., n_rows, 6) -> (..., n_rows, 3).

    >>> select_strategies(np.arange(6.0)[None, :], np.array([2])).tolist()
    [[0.0, 1.0, 4.0]]
    """
    chosen = columns[..., np.arange(len(vertical)), 2 + vertical]
    return np.concatenate((columns[..., :2], chosen[..., None]), axis=-1)


def _log1p(values: Floats) -> Floats:
    # a level at or below zero is never reached from above
    with np.errstate(divide="ignore"):
        return np.log1p(np.maximum(values, -1.0))
