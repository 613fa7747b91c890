"""Convert columns of text to numbers and codes; each distinct text is parsed once.

A blank is missing (NaN or -1), never 0.  A number that is ambiguous is missing too, and its text is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

MISSING: Final = -1

_PLAIN: Final = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$"
_DECORATED: Final = re.compile(
    r"(?P<open>\()?\s*[$€£]?\s*(?P<sign>[+\-\u2212]?)\s*[$€£]?\s*"
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+)\s*(?P<after>-)?(?P<close>\))?"
)
_NEGATIVE: Final = re.compile(r"^\s*[(\-\u2212]|-\s*$")


def codes(column: pa.ChunkedArray, read: Callable[[str], int | None]) -> npt.NDArray[np.int64]:
    """Return (n_rows,) the code that ``read`` returns for each text; -1 where it is blank or ``read`` returns None."""
    encoded = column.combine_chunks().dictionary_encode()
    read_values = [read(text.strip()) for text in encoded.dictionary.to_pylist()]
    table: npt.NDArray[np.int64] = np.array(
        [MISSING if value is None else value for value in read_values] + [MISSING], dtype=np.int64
    )
    indices = encoded.indices.fill_null(len(read_values)).to_numpy(zero_copy_only=False)
    result: npt.NDArray[np.int64] = table[indices]
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A column of numbers (n_rows,), NaN where missing, and the rows and texts that could not be read."""

    values: npt.NDArray[np.float64]
    unreadable_rows: tuple[int, ...] = ()
    unreadable_texts: tuple[str, ...] = ()


def numbers(column: pa.ChunkedArray) -> Numbers:
    """Read a column of numbers; ignore thousands commas, currency signs and surrounding blanks.

    A negative number may be in parentheses or end with its sign, as accounting programs write it.

    >>> numbers(pa.chunked_array([["(1827.00)", "$-5", "12.50-"]])).values.tolist()
    [-1827.0, -5.0, -12.5]
    >>> read = numbers(pa.chunked_array([["1.5", "$1,250.25", None, " 7 ", "12,5"]]))
    >>> read.values.tolist(), read.unreadable_texts
    ([1.5, 1250.25, nan, 7.0, nan], ('12,5',))
    """
    try:
        values = pc.cast(column, pa.float64())
    except pa.ArrowInvalid:
        return _odd_numbers(column)
    result = values.to_numpy()
    return Numbers(values=result) if not np.isinf(result).any() else _odd_numbers(column)


def _odd_numbers(column: pa.ChunkedArray) -> Numbers:
    plain = pc.match_substring_regex(column, _PLAIN).fill_null(fill_value=False)
    values = pc.cast(pc.if_else(plain, column, pa.scalar(None, pa.string())), pa.float64()).to_numpy().copy()
    odd = np.flatnonzero(~plain.to_numpy())
    rows, texts = [], []
    for row, text in zip(odd.tolist(), column.take(pa.array(odd)).to_pylist(), strict=True):
        if text is None or not text.strip():
            continue
        match = _DECORATED.fullmatch(text.strip())
        value = None if match is None else _value(match)
        if value is not None:
            values[row] = value
        else:
            rows.append(row)
            texts.append(text)
    return Numbers(values=values, unreadable_rows=tuple(rows), unreadable_texts=tuple(texts))


def _value(match: re.Match[str]) -> float | None:
    """Return the number of a decorated text; None where parentheses or signs contradict each other."""
    signs = [match["open"], match["after"], match["sign"]]
    if (match["open"] is None) != (match["close"] is None) or sum(map(bool, signs)) > 1:
        return None
    size = float(match["number"].replace(",", ""))
    return -size if match["open"] or match["after"] or match["sign"] in {"-", "\u2212"} else size


def is_negative(text: str) -> bool:
    """Tell whether a text that could not be read looks like a negative number.

    >>> is_negative("(18.27.00)"), is_negative("-n/k"), is_negative("12,5")
    (True, True, False)
    """
    return _NEGATIVE.search(text) is not None


def text_or_null(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Return a column of text, all missing where the table has none of this name."""
    if name in table.column_names:
        return table[name]
    return pa.chunked_array([pa.nulls(table.num_rows, pa.string())])
