"""Merge the sheets: a blank never replaces a value, and two different known values are counted as a conflict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.history.keys import Keys
from magic8_ml.history.rows import SheetRows
from magic8_ml.history.text_columns import MISSING

_SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Indices of the profit row and the trades row of each output row, (n_out,), -1 where there is none."""

    profit: Integers
    trades: Integers


def fill_only(column: str, values: Floats, other: Floats, conflicts: Counter[str]) -> Floats:
    """Return ``values`` with gaps filled from ``other``; where both are known and differ, keep ``values``.

    >>> conflicts = Counter()
    >>> fill_only("premium", np.array([1.0, np.nan, 2.0]), np.array([np.nan, 3.0, 2.5]), conflicts).tolist(), conflicts
    ([1.0, 3.0, 2.0], Counter({'premium': 1}))
    """
    differ = int((np.abs(values - other) > _SAME).sum())
    if differ:
        conflicts[column] += differ
    return np.where(np.isnan(values), other, values)


def fill_only_places(column: str, values: Integers, other: Integers, conflicts: Counter[str]) -> Integers:
    """Return indices ``values`` with gaps (-1) filled from ``other``, as :func:`fill_only` does for numbers."""
    differ = int(((values != other) & (values != MISSING) & (other != MISSING)).sum())
    if differ:
        conflicts[column] += differ
    return np.where(values == MISSING, other, values)


def drop_later_downloads(rows: SheetRows, keys: Keys, conflicts: Counter[str]) -> tuple[SheetRows, Keys, int]:
    """Keep the earliest row of each identity, fill its gaps from the later ones, and return the number dropped.

    ``rows`` are in download order.
    """
    _, first, place = np.unique(keys.identity, return_index=True, return_inverse=True)
    kept_for = first[place]
    later = np.flatnonzero(kept_for != np.arange(len(rows)))
    if not len(later):
        return rows, keys, 0
    numbers = {
        name: _fill_from_later(f"repeated_day.{name}", column, kept_for, later, conflicts)
        for name, column in rows.numbers.items()
    }
    keep = np.sort(first)
    return replace(rows, numbers=numbers).take(keep), keys.take(keep), len(later)


def _fill_from_later(
    column: str, values: Floats, kept_for: Integers, later: Integers, conflicts: Counter[str]
) -> Floats:
    target = kept_for[later]
    filled = fill_only(column, values[target], values[later], conflicts)
    known = np.flatnonzero(~np.isnan(filled))[::-1]  # backwards: of several later values, keep the earliest
    result = values.copy()
    result[target[known]] = filled[known]
    return result


def pair_up(profit: Keys, trades: Keys) -> Pairs:
    """Join profit and trades rows one to one by identity; return every row of both sheets, sorted by time.

    A row without readable strikes is joined by minute, symbol and strategy if these are unique in both sheets.
    """
    partner = _positions(profit.identity, trades.identity)
    partner[profit.structure == MISSING] = MISSING
    taken = np.zeros(len(trades.identity), np.bool_)
    taken[partner[partner != MISSING]] = True
    loose = _unique_signals(profit, trades)
    use = (partner == MISSING) & (loose != MISSING)
    use &= ~np.append(taken, True)[loose]
    use &= (profit.structure == MISSING) | (np.append(trades.structure, MISSING)[loose] == MISSING)
    partner = np.where(use, loose, partner)
    taken[partner[partner != MISSING]] = True
    alone = np.flatnonzero(~taken)
    identity = np.concatenate([profit.identity, trades.identity[alone]])
    order = np.argsort(identity, kind="stable")
    none = np.full(len(alone), MISSING, np.int64)
    return Pairs(
        profit=np.concatenate([np.arange(len(partner)), none])[order],
        trades=np.concatenate([partner, alone])[order],
    )


def _positions(wanted: Integers, among: Integers) -> Integers:
    """Return (n_wanted,) the index of each key in ``among`` (distinct keys), -1 where it is missing."""
    if not len(among):
        return np.full(len(wanted), MISSING, np.int64)
    order = np.argsort(among)
    place = np.minimum(np.searchsorted(among, wanted, sorter=order), len(among) - 1)
    found = order[place]
    return np.where(among[found] == wanted, found, MISSING)


def _unique_signals(profit: Keys, trades: Keys) -> Integers:
    """Return (n_profit,) the index of the trades row with the same signal, -1 unless it is unique in both sheets."""
    once, where, count = np.unique(trades.signal, return_index=True, return_counts=True)
    only = _positions(profit.signal, once[count == 1])
    found = np.append(where[count == 1], MISSING)[only]
    _, place, own = np.unique(profit.signal, return_inverse=True, return_counts=True)
    return np.where(own[place] == 1, found, MISSING)
