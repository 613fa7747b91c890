"""Columns of a parquet table as numpy arrays: numbers with NaN for null, words as codes of given names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from magic8_companion.domain.arrays import Floats, Integers

_UNKNOWN = -1
_MS = 1_000_000


def numbers(table: pa.Table, name: str) -> Floats:
    """Return a column of numbers, NaN for null."""
    return np.asarray(table[name].to_numpy(), dtype=np.float64)


def codes(table: pa.Table, name: str, names: Sequence[str]) -> Integers:
    """Return the places of a column's words in ``names``, -1 for null and for words that are not among them."""
    parts = [np.empty(0, dtype=np.int64)]
    for chunk in table[name].chunks:
        words = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        known = [names.index(word) if word in names else _UNKNOWN for word in words.dictionary.to_pylist()]
        places = words.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
        parts.append(np.array([*known, _UNKNOWN], dtype=np.int64)[places])
    return np.concatenate(parts)


def stamps(table: pa.Table, name: str) -> Integers:
    """Return a column of times in nanoseconds UTC; the column holds milliseconds and no null."""
    return np.asarray(table[name].cast(pa.int64()).to_numpy(), dtype=np.int64) * _MS
