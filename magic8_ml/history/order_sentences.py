"""Parse the order sentences of the sheets: strikes, right and action, but not the strategy.

The sentence of a Sonar has the name Iron Condor, so the strategy of a row comes only from its column ``Name``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from magic8_companion.domain.strategy import MAGIC8_SYMBOLS
from magic8_ml.history.text_columns import MISSING

RIGHTS: Final = ("CALL", "PUT", "CALL/PUT")
BUY: Final = 1
SELL: Final = -1

_STRIKE: Final = r"\d{1,6}(?:\.\d{1,4})?"
_SENTENCE: Final = (
    r"(?i)^\s*(?P<action>BUY|SELL|BOT|SOLD)\s+[+-]?\d+\s+[A-Z][A-Z _]*?\s+(?P<symbol>[A-Z]{2,5})\s+\d+\s+"
    r"(?:\([A-Z]+\)\s+)?\d{1,2}\s+[A-Z]{3,9}\s+\d{2,4}\s+"
    rf"(?P<k1>{_STRIKE})/(?P<k2>{_STRIKE})(?:/(?P<k3>{_STRIKE}))?(?:/(?P<k4>{_STRIKE}))?"
    r"\s+(?P<right>CALL/PUT|CALL|PUT)\s*@"
)
_WIDTH: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """The parsed distinct sentences.

    ``strikes`` (n, 4) ascend, padded with NaN; ``right`` (n,) is an index into RIGHTS, ``symbol`` (n,) one into
    MAGIC8_SYMBOLS, both -1 where a sentence cannot be read; ``action`` (n,) is BUY, SELL or 0.
    """

    texts: pa.Array
    strikes: npt.NDArray[np.float64]
    right: npt.NDArray[np.int64]
    action: npt.NDArray[np.int64]
    symbol: npt.NDArray[np.int64]


def read_sentences(texts: pa.Array) -> Sentences:
    """Parse (n,) distinct sentences.

    >>> rows = read_sentences(pa.array(["SELL -1 Iron Condor SPX 100 1 Feb 23 5990/6000/5810/5800 CALL/PUT @0.57 LMT"]))
    >>> rows.strikes.tolist(), rows.action.tolist(), RIGHTS[rows.right[0]]
    ([[5800.0, 5810.0, 5990.0, 6000.0]], [-1], 'CALL/PUT')
    """
    parts = pc.extract_regex(texts, _SENTENCE)
    if len(texts) == 0:
        empty = np.empty(0, np.int64)
        return Sentences(texts=texts, strikes=np.empty((0, _WIDTH)), right=empty, action=empty, symbol=empty)
    strikes = np.column_stack([_strike(pc.struct_field(parts, f"k{n}")) for n in (1, 2, 3, 4)])
    strikes.sort(axis=1)
    action = _places(pc.struct_field(parts, "action"), ("BUY", "BOT", "SELL", "SOLD"))
    return Sentences(
        texts=texts,
        strikes=strikes,
        right=_places(pc.struct_field(parts, "right"), RIGHTS),
        action=np.select([action >= 2, action >= 0], [SELL, BUY], 0),
        symbol=_places(pc.struct_field(parts, "symbol"), MAGIC8_SYMBOLS),
    )


def _strike(texts: pa.Array) -> npt.NDArray[np.float64]:
    written = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    values: npt.NDArray[np.float64] = pc.cast(written, pa.float64()).to_numpy(zero_copy_only=False)
    return values


def _places(texts: pa.Array, names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    place = pc.index_in(pc.utf8_upper(texts), pa.array(names))
    result: npt.NDArray[np.int64] = place.fill_null(MISSING).cast(pa.int64()).to_numpy()
    return result
