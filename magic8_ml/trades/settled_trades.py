"""Trades whose result is known, before features are computed of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import pyarrow as pa

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.trades.feature_catalogue import feature_table
from magic8_ml.trades.feature_inputs import FeatureInputs
from magic8_ml.trades.payoffs import payoffs_of
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.terms import DeltaRows, MarketContext, TradeTerms

_NOISE_USD: Final = 5e-5
"""Binary noise is no profit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SettledTrades:
    """Terms and results; ``gross`` (n,) US dollars per unit before the fees of the terms.

    ``dropped`` counts the rows that are no such trades, by reason.
    """

    terms: TradeTerms
    delta: DeltaRows
    gross: Floats
    dropped: Mapping[str, int]

    def __len__(self) -> int:
        """Count the trades."""
        return len(self.terms)

    def drop_one_sided(self) -> SettledTrades:
        """Return the trades that can be won and lost.

        The result of the others is no question of probability, and as orders they are refused.
        """
        payoffs = payoffs_of(self.terms)
        cannot_win, cannot_lose = payoffs.best <= 0, payoffs.worst >= 0
        keep = ~(cannot_win | cannot_lose)
        delta = {item.name: getattr(self.delta, item.name)[keep] for item in fields(DeltaRows)}
        counts = {"nothing_to_win": int(cannot_win.sum()), "nothing_to_lose": int((cannot_lose & ~cannot_win).sum())}
        return SettledTrades(
            terms=self.terms[keep],
            delta=DeltaRows(**delta),
            gross=self.gross[keep],
            dropped={**self.dropped, **{reason: count for reason, count in counts.items() if count}},
        )

    def rows(self, market: MarketContext) -> TradeRows:
        """Compute the features; results are net of the fees of the terms, and exactly zero is a loss.

        Raises
        ------
        LookAhead
            When a market or delta row is younger than its trade.
        """
        inputs = FeatureInputs.of(self.terms, market, self.delta)
        profit = self.gross - self.terms.fees
        return TradeRows(
            symbols=self.terms.symbols,
            symbol=self.terms.symbol,
            strategy=self.terms.strategy,
            day=inputs.session,
            entered_at=self.terms.at,
            features=feature_table(inputs),
            implied=inputs.payoffs.implied,
            won=np.asarray(profit > _NOISE_USD),
            profit=profit,
            max_risk=inputs.payoffs.max_risk,
        )


_UNKNOWN = -1
_MS = 1_000_000


def numbers(table: pa.Table, name: str) -> Floats:
    """Return a column of numbers, NaN for null."""
    return np.asarray(table[name].to_numpy(), dtype=np.float64)


def codes(table: pa.Table, name: str, names: Sequence[str]) -> Integers:
    """Return the places of a column's words in ``names``, -1 for null and for words that are not among them."""
    parts = [np.empty(0, dtype=np.int64)]
    for chunk in table[name].chunks:
        texts = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        known = [names.index(text) if text in names else _UNKNOWN for text in texts.dictionary.to_pylist()]
        places = texts.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
        parts.append(np.array([*known, _UNKNOWN], dtype=np.int64)[places])
    return np.concatenate(parts)


def stamps(table: pa.Table, name: str) -> Integers:
    """Return a column of times in nanoseconds UTC; the column holds milliseconds and no null."""
    return np.asarray(table[name].cast(pa.int64()).to_numpy(), dtype=np.int64) * _MS
