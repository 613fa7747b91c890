"""What trading costs in the ledger: three scenarios, always shown together.

The half-spread of a leg is half a tick or a share of its price, whichever is more, and a part of it is paid.  Together
the legs never cost less than the published total for four SPX legs (0.25, 0.75 and 3 bp of spot), a quarter of it per
contract.  Fees are those of ``options.costs``.  Spreads are wider before 10:00; no entry is that early.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.options.costs import fees_of
from magic8_companion.options.expiry import Product
from magic8_ml.history.ledger_structures import CONTRACTS, QUANTITY

_COARSE_FROM: Final = 3.0
_LEGS: Final = 4


class Scenario(NamedTuple):
    """``spread_share`` of a leg's price is its half-spread, ``fill`` of which is paid; ``basis_points`` of spot."""

    name: str
    spread_share: float
    fill: float
    basis_points: float


SCENARIOS: Final = (
    Scenario("low", 0.005, 0.25, 0.25),
    Scenario("base", 0.02, 0.50, 0.75),
    Scenario("high", 0.04, 1.00, 3.00),
)


def slippage(legs: Floats, spot: Floats, product: Product) -> Floats:
    """Return the points lost to the spread, (n, 6, 3 scenarios), at leg prices (n, 6, 4) and spot (n,)."""
    half_tick = np.where(legs < _COARSE_FROM, product.tick, product.coarse_tick) / 2
    floor = spot[:, None] * CONTRACTS / _LEGS / 10_000
    crossed = [
        np.maximum(
            case.fill * (np.abs(QUANTITY) * np.maximum(half_tick, case.spread_share * legs)).sum(axis=2),
            case.basis_points * floor,
        )
        for case in SCENARIOS
    ]
    return np.stack(crossed, axis=2)


def fees(legs: Floats, symbol: str) -> Floats:
    """Return dollars of fees per structure, (n, 6), at leg prices (n, 6, 4)."""
    return np.asarray((np.abs(QUANTITY) * fees_of(symbol).per_contract(legs)).sum(axis=2))
