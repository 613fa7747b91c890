"""Read strikes, right and action from the four legs of a trades row without a readable order sentence."""

from __future__ import annotations

from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.strategy import BUTTERFLY, HISTORY_STRATEGIES, VERTICAL
from magic8_ml.history.layouts import LEGS
from magic8_ml.history.order_sentences import BUY, RIGHTS, SELL
from magic8_ml.history.rows import DIRECTIONS, SheetRows
from magic8_ml.history.text_columns import MISSING

_BUYS: Final = DIRECTIONS.index("BUY")
_CALL, _PUT, _BOTH = range(len(RIGHTS))
_BUTTERFLY: Final = HISTORY_STRATEGIES.index(BUTTERFLY)
_VERTICAL: Final = HISTORY_STRATEGIES.index(VERTICAL)


def strike_columns(trades: SheetRows) -> tuple[Floats, Integers, Integers]:
    """Return strikes (n, 4) ascending and padded with NaN, right (n,), -1 if unknown, and action (n,), 0 if unknown."""
    strikes = np.column_stack([trades.numbers[f"strike{leg}"] for leg in LEGS])
    types = np.column_stack([trades.codes_by_column[f"type{leg}"] for leg in LEGS])
    directions = np.column_stack([trades.codes_by_column[f"direction{leg}"] for leg in LEGS])
    calls, puts = (types == _CALL).any(axis=1), (types == _PUT).any(axis=1)
    right = np.select([calls & puts, calls, puts], [_BOTH, _CALL, _PUT], MISSING)
    order = np.argsort(strikes, axis=1, kind="stable")
    # the leg that is long when the structure is bought: a butterfly's low wing, a condor's inner put, and of a
    # vertical the low call or the high put
    low = (trades.strategy == _BUTTERFLY) | ((trades.strategy == _VERTICAL) & (right == _CALL))
    telling = np.take_along_axis(directions, order, axis=1)[np.arange(len(order)), np.where(low, 0, 1)]
    action = np.select([telling == _BUYS, telling != MISSING], [BUY, SELL], 0)
    return np.take_along_axis(strikes, order, axis=1), right, action
