"""Symbols that are one asset under several names: what is fitted on one is valid for the others."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

ALL_SYMBOLS: Final = "*"
"""Stands for all symbols together."""

_FAMILIES: Final = (frozenset({"SPX", "SPY", "XSP"}), frozenset({"NDX", "QQQ"}), frozenset({"RUT", "IWM"}))


def family_of(symbol: str) -> frozenset[str]:
    """Return the names of a symbol's asset, its own included.

    >>> sorted(family_of("SPX")), sorted(family_of("AAPL"))
    (['SPX', 'SPY', 'XSP'], ['AAPL'])
    """
    return next((family for family in _FAMILIES if symbol in family), frozenset({symbol}))


def match_symbol(symbol: str, names: Collection[str]) -> str:
    """Return the entry of ``names`` to use for a symbol: its own, a sibling's, or that of all symbols.

    >>> match_symbol("SPX", ("QQQ", "SPY")), match_symbol("AAPL", ("QQQ", "SPY"))
    ('SPY', '*')
    """
    if symbol in names:
        return symbol
    return next((name for name in sorted(names) if name in family_of(symbol)), ALL_SYMBOLS)
