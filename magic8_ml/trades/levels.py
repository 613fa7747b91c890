"""The levels of the hierarchy: from everything over strategy, scale group and symbol to one symbol and strategy.

A trade belongs to one node of each level; what a node adds is estimated on what the levels above it leave.
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
"""From the root down; strategy and scale group together are the third of the four levels that users know."""

EVERYTHING: Final = "default"
"""Key of the only node of the level ``default``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeKey:
    """The node of one trade on each level, by key."""

    strategy: str
    scale_group: str
    symbol: str

    def key(self, level: str) -> str:
        """Return the key of the node on a level.

        >>> TradeKey(strategy="Sonar", scale_group="medium", symbol="SPX").key("symbol_strategy")
        'SPX_Sonar'
        """
        match level:
            case "default":
                return EVERYTHING
            case "strategy":
                return self.strategy
            case "scale_group":
                return self.scale_group
            case "symbol":
                return self.symbol
            case _:
                return f"{self.symbol}_{self.strategy}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nodes:
    """The nodes of many trades on one level: ``place`` (n_rows,) indexes ``keys``."""

    level: str
    keys: tuple[str, ...]
    place: Integers

    def __getitem__(self, rows: Mask | Integers) -> Nodes:
        """Return the nodes of some of the rows; the keys stay."""
        return Nodes(level=self.level, keys=self.keys, place=self.place[rows])


def nodes_of(paths: Sequence[TradeKey], path: Integers, levels: Sequence[str] = LEVELS) -> tuple[Nodes, ...]:
    """Return the nodes on each of ``levels`` of rows whose ``path`` (n_rows,) indexes ``paths``.

    >>> spx, spy = (TradeKey(strategy="Sonar", scale_group="medium", symbol=name) for name in ("SPX", "SPY"))
    >>> [nodes.keys for nodes in nodes_of([spx, spy], np.array([0, 1]))][3:]
    [('SPX', 'SPY'), ('SPX_Sonar', 'SPY_Sonar')]
    """
    answer = []
    for level in levels:
        names = [item.key(level) for item in paths]
        keys = tuple(dict.fromkeys(names))
        codes = np.array([keys.index(name) for name in names], dtype=np.int64)
        answer.append(Nodes(level=level, keys=keys, place=codes[path]))
    return tuple(answer)


def trade_key(symbol: str, strategy: str) -> TradeKey:
    """Return the nodes of a symbol and strategy, in the product's scale groups.

    >>> trade_key("SPX", "Butterfly")
    TradeKey(strategy='Butterfly', scale_group='large', symbol='SPX')
    """
    return TradeKey(symbol=symbol, strategy=strategy, scale_group=preset_group(symbol, strategy))
