"""Trades whose result is known, before features are computed of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_ml.trades.feature_inputs import Inputs
from magic8_ml.trades.feature_table import feature_table
from magic8_ml.trades.payoffs import payoffs_of
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.terms import DeltaRows, MarketContext, TradeTerms

_NOISE_USD: Final = 5e-5
"""Binary noise is no profit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownTrades:
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

    def judgeable(self) -> KnownTrades:
        """Return the trades that can be won and lost.

        The result of the others is no question of probability, and as orders they are refused.
        """
        payoffs = payoffs_of(self.terms)
        hopeless, riskless = payoffs.best <= 0, payoffs.worst >= 0
        keep = ~(hopeless | riskless)
        delta = {item.name: getattr(self.delta, item.name)[keep] for item in fields(DeltaRows)}
        counts = {"nothing_to_win": int(hopeless.sum()), "nothing_to_lose": int((riskless & ~hopeless).sum())}
        return KnownTrades(
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
        inputs = Inputs.of(self.terms, market, self.delta)
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
