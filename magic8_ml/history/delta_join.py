"""Join each row with the latest delta row of its symbol, from its minute or up to four minutes before."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.arrays import Integers
from magic8_companion.domain.strategy import MAGIC8_SYMBOLS
from magic8_ml.history.rows import SheetRows
from magic8_ml.history.text_columns import MISSING

TOLERANCE_MIN: Final = 4
"""Oldest delta row a signal may see, in minutes before its own."""

_SPAN: Final = 1 << 40


def without_repeats(delta: SheetRows) -> SheetRows:
    """Keep one row per symbol and second, from the earliest download, sorted by both."""
    key = delta.symbol * _SPAN + delta.seconds
    _, first = np.unique(key, return_index=True)
    return delta.take(first)


def latest_delta(symbol: Integers, minute: Integers, delta: SheetRows) -> Integers:
    """Return (n_rows,) the index of each row's delta row, -1 where there is none.

    Parameters
    ----------
    symbol, minute
        Of the rows, (n_rows,); minutes in UTC since 1970.
    delta
        Rows sorted by symbol and second, from :func:`without_repeats`.
    """
    if not len(delta):
        return np.full(len(symbol), MISSING, np.int64)
    at = np.searchsorted(delta.symbol * _SPAN + delta.minute, symbol * _SPAN + minute, side="right") - 1
    found = np.maximum(at, 0)
    age = minute - delta.minute[found]
    fits = (at >= 0) & (delta.symbol[found] == symbol) & (age >= 0) & (age <= TOLERANCE_MIN)
    return np.where(fits, found, MISSING)


def own_symbol(symbol: Integers, day: Integers, delta: SheetRows, delta_day: Integers) -> npt.NDArray[np.bool_]:
    """Return (n_rows,) whether the delta sheets cover a row's symbol: those of its day, else of the month."""
    size = len(MAGIC8_SYMBOLS)
    followed = np.unique(delta_day * size + delta.symbol)
    of_day = np.isin(day * size + symbol, followed)
    silent_day = ~np.isin(day, np.unique(delta_day))
    return of_day | (silent_day & np.isin(symbol, np.unique(delta.symbol)))
