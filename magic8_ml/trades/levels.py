"""The levels of the hierarchical model: all trades, strategy, scale group, symbol, and symbol with strategy.

A trade belongs to one group of each level.  The effect of a group is estimated on top of the levels above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Integers, Mask
from magic8_ml.history.scale_groups import preset_group

DEFAULT: Final = "default"
STRATEGY: Final = "strategy"
SCALE_GROUP: Final = "scale_group"
SYMBOL: Final = "symbol"
SYMBOL_STRATEGY: Final = "symbol_strategy"

LEVELS: Final = (DEFAULT, STRATEGY, SCALE_GROUP, SYMBOL, SYMBOL_STRATEGY)
"""From the root down.  Users see four levels: strategy and scale group together are one of them."""

ALL_TRADES: Final = "default"
"""Key of the only group of the level ``default``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeKey:
    """The attributes that assign a trade to one group of each level."""

    strategy: str
    scale_group: str
    symbol: str

    def group(self, level: str) -> str:
        """Return the key of the trade's group on a level.

        >>> TradeKey(strategy="Sonar", scale_group="medium", symbol="SPX").group("symbol_strategy")
        'SPX_Sonar'
        """
        match level:
            case "default":
                return ALL_TRADES
            case "strategy":
                return self.strategy
            case "scale_group":
                return self.scale_group
            case "symbol":
                return self.symbol
            case _:
                return f"{self.symbol}_{self.strategy}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelGroups:
    """The groups of many trades on one level: ``codes`` (n_rows,) indexes ``keys``."""

    level: str
    keys: tuple[str, ...]
    codes: Integers

    def __getitem__(self, rows: Mask | Integers) -> LevelGroups:
        """Return the groups of some of the rows; the keys stay."""
        return LevelGroups(level=self.level, keys=self.keys, codes=self.codes[rows])


def level_groups(
    trade_keys: Sequence[TradeKey], key_code: Integers, levels: Sequence[str] = LEVELS
) -> tuple[LevelGroups, ...]:
    """Return the groups on each of ``levels`` of rows whose ``key_code`` (n_rows,) indexes ``trade_keys``.

    >>> spx, spy = (TradeKey(strategy="Sonar", scale_group="medium", symbol=name) for name in ("SPX", "SPY"))
    >>> [groups.keys for groups in level_groups([spx, spy], np.array([0, 1]))][3:]
    [('SPX', 'SPY'), ('SPX_Sonar', 'SPY_Sonar')]
    """
    found = []
    for level in levels:
        names = [key.group(level) for key in trade_keys]
        keys = tuple(dict.fromkeys(names))
        code_of_key = np.array([keys.index(name) for name in names], dtype=np.int64)
        found.append(LevelGroups(level=level, keys=keys, codes=code_of_key[key_code]))
    return tuple(found)


def trade_key(symbol: str, strategy: str) -> TradeKey:
    """Return the key of a symbol and strategy, with the preset scale group.

    >>> trade_key("SPX", "Butterfly")
    TradeKey(strategy='Butterfly', scale_group='large', symbol='SPX')
    """
    return TradeKey(symbol=symbol, strategy=strategy, scale_group=preset_group(symbol, strategy))
