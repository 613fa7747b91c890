"""Build the key of a row: minute, symbol, strategy, strikes with right, and an ordinal among equal rows of its sheet.

All parts are small whole numbers, packed into one 64-bit integer without loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.strategy import HISTORY_STRATEGIES, MAGIC8_SYMBOLS
from magic8_ml.history.order_sentences import Sentences
from magic8_ml.history.rows import SheetRows
from magic8_ml.history.strike_columns import strike_columns
from magic8_ml.history.text_columns import MISSING

_NO_MINUTE: Final = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of the rows of a sheet, every array (n_rows,).

    ``signal`` is minute, symbol and strategy; ``structure`` the index of strikes and right, -1 where the sheet does not
    show them; ``identity`` combines both with the ordinal.
    """

    signal: Integers
    structure: Integers
    identity: Integers

    def take(self, index: Integers) -> Keys:
        """Return the keys at ``index``, in that order."""
        return Keys(signal=self.signal[index], structure=self.structure[index], identity=self.identity[index])


def identify(profit: SheetRows, trades: SheetRows, sentences: Sentences) -> tuple[Keys, Keys]:
    """Return the keys of the profit and of the trades rows of one month; equal rows have equal identities."""
    own_strikes, own_right, _ = strike_columns(trades)
    places = structure_places(np.vstack([sentences.strikes, own_strikes]), np.concatenate([sentences.right, own_right]))
    by_sentence, by_columns = np.append(places[: len(sentences.right)], MISSING), places[len(sentences.right) :]
    written = by_sentence[trades.sentence]
    structures = (by_sentence[profit.sentence], np.where(written == MISSING, by_columns, written))
    first_minute = int(np.concatenate([profit.minute, trades.minute]).min(initial=_NO_MINUTE))
    signals = (_signal(profit, first_minute), _signal(trades, first_minute))
    size = max(int(places.max(initial=MISSING)), 0) + 2
    exact = [signal * size + structure + 1 for signal, structure in zip(signals, structures, strict=True)]
    ordinals = [_ordinal(rows.file, key) for rows, key in zip((profit, trades), exact, strict=True)]
    most = 1 + max(int(ordinal.max(initial=0)) for ordinal in ordinals)
    first, second = (
        Keys(signal=signal, structure=structure, identity=key * most + ordinal)
        for signal, structure, key, ordinal in zip(signals, structures, exact, ordinals, strict=True)
    )
    return first, second


def structure_places(strikes: Floats, right: Integers) -> Integers:
    """Return (n,) the index of each structure among the distinct ones, -1 where strikes or right are missing.

    ``strikes`` (n, 4) ascend, padded with NaN; ``right`` (n,) are indices into RIGHTS.

    >>> nan = np.nan
    >>> structure_places(np.array([[5.0, 6, nan, nan], [5, 6, nan, nan], [nan] * 4, [5, 7, nan, nan]]),
    ...                  np.array([0, 0, 0, 0])).tolist()
    [0, 0, -1, 1]
    """
    places = right + 1
    for column in strikes.T:
        distinct, place = np.unique(np.nan_to_num(column, nan=-1.0), return_inverse=True)
        _, places = np.unique(places * len(distinct) + place, return_inverse=True)
    missing = (right == MISSING) | np.isnan(strikes[:, 0])
    found = np.full(len(right), MISSING, np.int64)
    found[~missing] = np.unique(places[~missing], return_inverse=True)[1]
    return found


def _signal(rows: SheetRows, first_minute: int) -> Integers:
    return ((rows.minute - first_minute) * len(MAGIC8_SYMBOLS) + rows.symbol) * len(HISTORY_STRATEGIES) + rows.strategy


def _ordinal(file: Integers, key: Integers) -> Integers:
    """Return (n_rows,) the number of equal rows above each one in its file."""
    order = np.lexsort((np.arange(len(key)), key, file))
    new = np.ones(len(key), np.bool_)
    new[1:] = (key[order][1:] != key[order][:-1]) | (file[order][1:] != file[order][:-1])
    start = np.flatnonzero(new)[np.cumsum(new) - 1]
    ordinal = np.empty(len(key), np.int64)
    ordinal[order] = np.arange(len(key)) - start
    return ordinal
