"""What a trade costs: fees per contract, and how much of the bid-ask spread is paid.

All rates are parameters.  The defaults are those of a retail account at the end of 2024, in dollars per contract and
leg: 0.65 commission; on SPX an exchange fee of 0.36 below a premium of one point and 0.45 from there on; on XSP 0.07
in legs of ten contracts or more (Cboe fee schedule, November 2024).  The exchange fees of NDX and RUT are assumed to be
those of SPX: check them with your broker.  Options that expire into cash cost nothing at settlement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.options.chain_quotes import ChainQuotes
from magic8_companion.options.payoff import Leg


class Fill(StrEnum):
    """Three cost scenarios: filled at the middle, half way, or at the price that is there to be taken."""

    MID = "mid"
    BETWEEN = "between"
    NATURAL = "natural"

    @property
    def share(self) -> float:
        """Return the share of each leg's half-spread that is paid."""
        return {"mid": 0.0, "between": 0.5, "natural": 1.0}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """Dollars per contract and leg; the exchange fee steps at a premium of ``threshold`` points.

    Legs of fewer than ``free_below`` contracts pay no exchange fee.
    """

    commission: float = 0.65
    exchange_low: float = 0.0
    exchange_high: float = 0.0
    threshold: float = 1.0
    free_below: int = 0

    def per_contract(self, premium: ArrayLike, contracts: int = 1) -> Floats:
        """Return what opening costs per contract, for legs of ``contracts`` at these premia (points).

        >>> fees_of("SPX").per_contract([0.40, 7.0]).tolist()
        [1.01, 1.1]
        """
        low = np.asarray(premium, dtype=float) < self.threshold
        charged = float(contracts >= self.free_below)
        return np.asarray(self.commission + charged * np.where(low, self.exchange_low, self.exchange_high))


_SPX: Final = Fees(exchange_low=0.36, exchange_high=0.45)
_FEES: Final = {
    "SPX": _SPX,
    "NDX": _SPX,
    "RUT": _SPX,
    "XSP": Fees(exchange_low=0.07, exchange_high=0.07, free_below=10),
}


def fees_of(symbol: str) -> Fees:
    """Return the default fees of options on a symbol.

    >>> fees_of("XSP").per_contract(2.0).tolist(), fees_of("XSP").per_contract(2.0, contracts=10).tolist()
    (0.65, 0.72)
    """
    return _FEES.get(symbol, Fees())


def net_cost(legs: Sequence[Leg], quotes: ChainQuotes, fill: Fill) -> float:
    """Return what the legs cost in points per unit under a fill scenario; a credit is negative.

    Raises
    ------
    DataUnavailable
        ``bad_leg`` when a strike is not listed or its quote is not believed.
    """
    total = 0.0
    for leg in legs:
        bid, ask = _quote(leg, quotes)
        total += leg.quantity * (bid + ask) / 2 + abs(leg.quantity) * fill.share * (ask - bid) / 2
    return total


def opening_fees(legs: Sequence[Leg], quotes: ChainQuotes, fees: Fees) -> float:
    """Return the dollars that opening one unit of the legs costs."""
    mids = [sum(_quote(leg, quotes)) / 2 for leg in legs]
    return sum(abs(leg.quantity) * float(fees.per_contract(mid)) for leg, mid in zip(legs, mids, strict=True))


def _quote(leg: Leg, quotes: ChainQuotes) -> tuple[float, float]:
    side = quotes.calls if leg.right == "C" else quotes.puts
    place = np.flatnonzero(quotes.strikes == leg.strike)
    if not place.size or not side.usable[place[0]]:
        raise DataUnavailable("bad_leg", f"{quotes.symbol} {leg.strike:g} {leg.right} has no quote to be believed")
    return float(side.bid[place[0]]), float(side.ask[place[0]])
