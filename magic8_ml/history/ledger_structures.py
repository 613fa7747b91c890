"""Build the six structures of the ledger on listed strikes, and their payoffs.

===========  ==========================================  ============================================
butterfly    calls 1, -2, 1, bought                      body at the money or on a round strike
iron_condor  sold                                        shorts at delta .10, .16 or .25, equal wings
put_credit   sold below the spot                         short 0.75 to 1 s away
call_credit  sold above the spot                         short 0.75 to 1 s away
call_debit   bought from the money upwards               0.75 to 1 s wide
put_debit    bought from the money downwards             0.75 to 1 s wide
===========  ==========================================  ============================================

Every structure pays between 0 and its ``width``: to the buyer of a debit, or to the counterparty of a credit.  So value
over width is the price of each, and each wins on one interval of settlements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.strategy import BUTTERFLY, IRON_CONDOR, VERTICAL
from magic8_companion.options.payoff import LegTable
from magic8_ml.history.ledger_draws import Draws

NAMES: Final = ("butterfly", "iron_condor", "put_credit", "call_credit", "call_debit", "put_debit")
STRATEGIES: Final = (BUTTERFLY, IRON_CONDOR, VERTICAL, VERTICAL, VERTICAL, VERTICAL)
QUANTITY: Final = np.array(
    [(1, -2, 1, 0), (1, -1, -1, 1), (1, -1, 0, 0), (-1, 1, 0, 0), (1, -1, 0, 0), (-1, 1, 0, 0)], dtype=np.float64
)
"""Contracts per strike (6, 4), strikes ascending; 0 where no leg."""

CALLS: Final = np.array([(1, 1, 1, 1), (0, 0, 1, 1), (0,) * 4, (1,) * 4, (1,) * 4, (0,) * 4], dtype=np.bool_)
SIDE: Final = np.array([1.0, -1.0, -1.0, -1.0, 1.0, 1.0])
"""+1 bought for a debit, -1 sold for a credit."""

WINS_ABOVE: Final = np.array([True, True, True, False, True, False])
WINS_BELOW: Final = np.array([True, True, False, True, False, True])

_PLACES: Final = np.arange(len(NAMES))
_LAST_LEG: Final = np.count_nonzero(QUANTITY, axis=1) - 1
_ROUND_STRIKE: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LedgerStructures:
    """The structures: ``strikes`` (n, 6, 4) ascending, NaN where no leg; ``width`` (n, 6) in points.

    ``is_listed`` (n, 6) is False where the listed strikes are too far apart for the structure to exist.
    """

    strikes: Floats
    width: Floats
    is_listed: Mask

    @property
    def legs(self) -> LegTable:
        """Return the legs (n, 6, 4), padded with quantity 0."""
        return LegTable(strikes=np.nan_to_num(self.strikes), quantity=QUANTITY, is_call=CALLS)

    @property
    def first(self) -> Floats:
        """Return the lowest strike (n, 6)."""
        return self.strikes[:, :, 0]

    @property
    def last(self) -> Floats:
        """Return the highest strike (n, 6)."""
        return self.strikes[:, _PLACES, _LAST_LEG]


def structures_at(spot: Floats, sigma: Floats, draws: Draws, day: Integers, step: float) -> LedgerStructures:
    """Return the six structures at spot (n,) and implied sigma (n,) with the drawn geometry of their days (n,)."""

    def listed(level: Floats) -> Floats:
        return np.asarray(np.round(level / step) * step)

    def wide(widths: Floats) -> Floats:
        return np.maximum(listed(widths[day] * sigma * spot), step)

    money = listed(spot)
    body = _body(spot, sigma, money, draws.at_pin[day], _ROUND_STRIKE * step)
    away = -ndtri(draws.condor_delta[day]) * sigma
    put, call = (listed(spot * np.exp(sign * away + sigma**2 / 2)) for sign in (-1, 1))
    low, high = (listed(spot * np.exp(sign * draws.credit_short[day] * sigma)) for sign in (-1, 1))
    wing, condor, credit, debit = (
        wide(widths) for widths in (draws.butterfly_wing, draws.condor_wing, draws.credit_width, draws.debit_width)
    )
    none = np.full_like(spot, np.nan)
    strikes = (
        (body - wing, body, body + wing, none),
        (put - condor, put, call, call + condor),
        (low - credit, low, none, none),
        (high, high + credit, none, none),
        (money, money + debit, none, none),
        (money - debit, money, none, none),
    )
    table = np.moveaxis(np.array(strikes), 2, 0)
    is_listed = table[:, :, 0] > 0
    is_listed[:, 1] &= put < call
    return LedgerStructures(
        strikes=table, width=np.stack((wing, condor, credit, credit, debit, debit), axis=1), is_listed=is_listed
    )


def paid(structures: LedgerStructures, settlement: Floats) -> Floats:
    """Return the payoff at ``settlement`` (n,), in widths: 0 to 1, shape (n, 6)."""
    return np.asarray(SIDE * structures.legs.payoff(settlement[:, None, None])[:, :, 0] / structures.width)


def _body(spot: Floats, sigma: Floats, money: Floats, at_pin: Mask, round_step: float) -> Floats:
    # a round strike too far away is not a pin
    pin = np.round(spot / round_step) * round_step
    return np.where(at_pin & (np.abs(pin - spot) <= sigma * spot), pin, money)
