"""The one table of trade features: training takes all rows of it at once, serving one or a few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_ml.trades.feature_catalogue import TRADE_FEATURES, feature_named
from magic8_ml.trades.feature_inputs import Inputs
from magic8_ml.trades.terms import DeltaRows, MarketContext, TradeTerms


def trade_features(
    terms: TradeTerms,
    market: MarketContext | None = None,
    delta: DeltaRows | None = None,
    names: Sequence[str] = TRADE_FEATURES,
) -> Floats:
    """Compute features of n trades, shape (n, n_names); each row depends on its own trade, market and delta row alone.

    Without a market or delta row their features are missing (NaN).

    Raises
    ------
    LookAhead
        When a market or delta row is younger than its trade.
    LeakingColumn
        When a name is none of the catalogue.
    """
    market = MarketContext.unknown(len(terms)) if market is None else market
    inputs = Inputs.of(terms, market, DeltaRows.unknown(len(terms)) if delta is None else delta)
    return feature_table(inputs, names)


def feature_table(inputs: Inputs, names: Sequence[str] = TRADE_FEATURES) -> Floats:
    """Compute the same from inputs that were already put together."""
    table = np.empty((len(inputs.terms), len(names)))
    with np.errstate(divide="ignore", invalid="ignore"):
        for place, compute in enumerate(_formulas(tuple(names))):
            table[:, place] = compute(inputs)
    return table


@lru_cache(maxsize=64)
def _formulas(names: tuple[str, ...]) -> tuple[Callable[[Inputs], Floats], ...]:
    return tuple(feature_named(name).compute for name in names)
