"""Labelled trades as columns: the training and test data of every model of win probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.trades.feature_catalogue import (
    OPTIONAL_GROUPS,
    TRADE_FEATURES,
    digest_of,
    feature_named,
    require_catalogued,
)
from magic8_ml.trades.payoffs import reward_at
from magic8_ml.trades.terms import STRATEGIES


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeRows:
    """One row per trade whose outcome is known; arrays have shape (n_rows,).

    ``symbol`` indexes ``symbols``, ``strategy`` the names in :attr:`strategies`; ``day`` is the session's position on
    the exchange calendar, so trades of all symbols of a day share it: it is the unit of independence.
    ``entered_at`` is the decision time, nanoseconds UTC.
    ``features`` (n_rows, n_features): columns ``names``, each of the catalogue; NaN is missing.
    ``implied``: q*, the odds at which a trade of two outcomes breaks even, NaN without a premium.
    ``won``: the result was above zero (exactly zero is a loss).  ``profit``: result in US dollars per unit;
    ``max_risk``: the most that could be lost, positive.

    Raises
    ------
    LeakingColumn
        When a column is none of the catalogue.
    """

    symbols: tuple[str, ...]
    symbol: Integers
    strategy: Integers
    day: Integers
    entered_at: Integers
    features: Floats
    implied: Floats
    won: Mask
    profit: Floats
    max_risk: Floats
    names: tuple[str, ...] = TRADE_FEATURES

    def __post_init__(self) -> None:
        """Refuse columns that the catalogue does not know."""
        require_catalogued(self.names)
        if self.features.shape != (len(self.day), len(self.names)):
            raise ValueError(f"{len(self.day)} rows of {len(self.names)} features are not {self.features.shape}")

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.day)

    def __getitem__(self, rows: Mask | Integers | slice) -> TradeRows:
        """Return some of the rows, in the given order; a slice copies nothing."""
        arrays: dict[str, Any] = {
            item.name: getattr(self, item.name)[rows] for item in fields(self) if item.name not in _NAMES
        }
        return replace(self, **arrays)

    @property
    def strategies(self) -> tuple[str, ...]:
        """Return the names of the strategy codes."""
        return STRATEGIES

    @property
    def digest(self) -> str:
        """Return the sha256 of the columns in their order and version: what a model was fitted on."""
        return digest_of(self.names)

    @property
    def max_reward(self) -> Floats:
        """Return the most that could be won in US dollars, NaN without a premium."""
        return reward_at(self.implied, self.max_risk)

    @property
    def n_days(self) -> int:
        """Count the days."""
        return len(np.unique(self.day))

    def column(self, name: str) -> Floats:
        """Return one feature, shape (n_rows,)."""
        return self.features[:, self.names.index(name)]

    def with_columns(self, names: Sequence[str]) -> TradeRows:
        """Return the same rows with these features only, in this order."""
        places = [self.names.index(name) for name in names]
        return replace(self, names=tuple(names), features=self.features[:, places])

    def of_pair(self, symbol: str, strategy: str) -> Mask:
        """Tell which rows trade a strategy on a symbol."""
        if symbol not in self.symbols:
            return np.zeros(len(self), dtype=np.bool_)
        return np.asarray((self.symbol == self.symbols.index(symbol)) & (self.strategy == STRATEGIES.index(strategy)))

    @property
    def pair(self) -> Integers:
        """Return the place of each row's symbol and strategy in :attr:`pairs`."""
        return self.symbol * len(STRATEGIES) + self.strategy

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return every symbol and strategy that a row could trade, symbols first."""
        return tuple((symbol, strategy) for symbol in self.symbols for strategy in STRATEGIES)


_NAMES: Final = frozenset({"symbols", "names"})


def complete_columns(rows: TradeRows) -> tuple[str, ...]:
    """Return the columns whose missing values say nothing of where a row came from.

    A sporadic group (signal, delta sheet) is left out unless every row has the column, so that the presence of a sheet
    cannot be learnt; columns that no row has are left out, too.
    """
    known = np.isfinite(rows.features).sum(axis=0)
    every, some = known == len(rows), known > 0
    return tuple(
        name
        for place, name in enumerate(rows.names)
        if (every[place] if feature_named(name).group in OPTIONAL_GROUPS else some[place])
    )


def joined_rows(parts: Sequence[TradeRows]) -> TradeRows:
    """Put rows one behind the other; symbol codes are translated to the symbols of all parts.

    Raises
    ------
    ValueError
        When the parts have different columns, or there is none.
    """
    if len({part.names for part in parts}) != 1:
        raise ValueError("rows of different columns cannot be joined")
    symbols = tuple(dict.fromkeys(name for part in parts for name in part.symbols))
    codes = [np.array([symbols.index(name) for name in part.symbols], dtype=np.int64)[part.symbol] for part in parts]
    arrays: dict[str, Any] = {
        item.name: np.concatenate([getattr(part, item.name) for part in parts])
        for item in fields(TradeRows)
        if item.name not in _NAMES | {"symbol"}
    }
    return TradeRows(symbols=symbols, names=parts[0].names, symbol=np.concatenate(codes), **arrays)
