"""Build the four legs of an output row from the trades sheet, else from the order sentence, in the sheet's order."""

from __future__ import annotations

from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.strategy import BUTTERFLY, HISTORY_STRATEGIES
from magic8_ml.history.settlement import OrderLegs

_ASCENDING: Final = np.array([0, 1, 2, 3])
_CONDOR: Final = np.array([2, 3, 1, 0])
"""Short call, long call, short put, long put."""

_BUY, _SELL, _CALL, _PUT, _NONE = 0, 1, 0, 1, -1


def sentence_legs(strategy: Integers, structures: OrderLegs) -> tuple[Floats, Integers, Integers]:
    """Return strikes, directions and types, (n, 4) each, as the trades sheet lists them; NaN and -1 for no leg.

    A butterfly is ascending; a condor and a vertical start with the short leg of the calls, or of their only right.
    """
    order = np.tile(_ASCENDING, (len(strategy), 1))
    condor = structures.quantity[:, 3] != 0
    order[condor] = _CONDOR
    vertical = ~condor & (strategy != HISTORY_STRATEGIES.index(BUTTERFLY))
    long_first = vertical & (structures.quantity[:, 0] > 0)
    order[long_first, :2] = (1, 0)
    quantity = np.take_along_axis(structures.quantity, order, axis=1)
    used = quantity != 0
    strikes = np.where(used, np.take_along_axis(structures.strikes, order, axis=1), np.nan)
    is_call = np.take_along_axis(structures.is_call, order, axis=1)
    return (
        strikes,
        np.where(used, np.where(quantity > 0, _BUY, _SELL), _NONE),
        np.where(used, np.where(is_call, _CALL, _PUT), _NONE),
    )
