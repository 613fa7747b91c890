"""What a trade costs: fees per contract, and the part of the bid-ask spread that is paid.

Crossing costs a share of each leg's half-spread.  With quotes the half-spread is half of ask minus bid, and
:class:`Fill` names the share.  Without quotes a :class:`SpreadModel` supplies both.  Fees belong to the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.options.chain_quotes import ChainQuotes
from magic8_companion.options.payoff import Leg
from magic8_companion.options.products import Fees, Product

_LEGS: Final = 4  # the published totals are those of four legs


class Fill(StrEnum):
    """Three cost scenarios: filled at the mid, half way, or at the natural price (buy at the ask, sell at the bid)."""

    MID = "mid"
    BETWEEN = "between"
    NATURAL = "natural"

    @property
    def share(self) -> float:
        """Return the share of each leg's half-spread that is paid."""
        return {"mid": 0.0, "between": 0.5, "natural": 1.0}[self.value]


class SpreadModel(NamedTuple):
    """Cost of crossing without quotes.

    The half-spread of a leg is half a tick or ``spread_share`` of its price, whichever is more; ``fill`` of it is paid.
    Together the legs cost at least ``basis_points`` of spot per four contracts.
    """

    name: str
    spread_share: float
    fill: float
    basis_points: float

    @property
    def floor_per_contract(self) -> float:
        """Return the least cost of one contract as a fraction of spot."""
        return self.basis_points / 10_000 / _LEGS

    def slippage(self, quantity: Floats, prices: Floats, spot: Floats, product: Product) -> Floats:
        """Return points lost to the spread, (...), at leg prices (..., n_legs) and ``spot`` that broadcasts to (...).

        >>> from magic8_companion.options.products import product
        >>> legs, prices = np.array([1.0, -2, 1]), np.array([30.0, 12.0, 3.0])
        >>> BASE.slippage(legs, prices, np.array(6000.0), product("SPX")).round(2).item()
        0.57
        """
        half_spread = np.maximum(product.tick_at(prices) / 2, self.spread_share * prices)
        crossed = self.fill * (np.abs(quantity) * half_spread).sum(axis=-1)
        floor = spot * np.abs(quantity).sum(axis=-1) / _LEGS / 10_000
        return np.asarray(np.maximum(crossed, self.basis_points * floor))


LOW: Final = SpreadModel("low", 0.005, 0.25, 0.25)
BASE: Final = SpreadModel("base", 0.02, 0.50, 0.75)
HIGH: Final = SpreadModel("high", 0.04, 1.00, 3.00)
SPREAD_MODELS: Final = (LOW, BASE, HIGH)
"""The three scenarios, always shown together.  Spreads are wider before 10:00: the models do not hold there."""


def net_cost(legs: Sequence[Leg], quotes: ChainQuotes, fill: Fill) -> float:
    """Return what the legs cost in points per unit under a fill scenario; a credit is negative.

    Raises
    ------
    DataUnavailable
        ``bad_leg`` when a strike is not listed or its quote is not usable.
    """
    total = 0.0
    for leg in legs:
        bid, ask = _quote(leg, quotes)
        total += leg.quantity * (bid + ask) / 2 + abs(leg.quantity) * fill.share * (ask - bid) / 2
    return total


def opening_fees(legs: Sequence[Leg], quotes: ChainQuotes, fees: Fees) -> float:
    """Return the dollars that opening one unit of the legs costs."""
    quantity = np.array([leg.quantity for leg in legs], dtype=float)
    return float(fees.of_legs(quantity, np.array([sum(_quote(leg, quotes)) / 2 for leg in legs])))


def _quote(leg: Leg, quotes: ChainQuotes) -> tuple[float, float]:
    side = quotes.calls if leg.right == "C" else quotes.puts
    place = np.flatnonzero(quotes.strikes == leg.strike)
    if not place.size or not side.usable[place[0]]:
        raise DataUnavailable("bad_leg", f"{quotes.symbol} {leg.strike:g} {leg.right} has no usable quote")
    return float(side.bid[place[0]]), float(side.ask[place[0]])
