"""Volatilities of a chain whose source sent none: those that its own quotes imply until settlement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.options.black_scholes import CALL, PUT
from magic8_companion.options.fitted_chain import FittedChain
from magic8_companion.options.implied_volatility import implied_volatility


def with_volatilities(fitted: FittedChain) -> OptionChain:
    """Return the chain as it is, or with the volatility of each strike's out-of-the-money mid where none was received.

    Sources are never mixed: one volatility of the source is enough to keep to it.  A chain that cannot be priced, and a
    quote without information, stay without.
    """
    chain = fitted.chain
    if any(vol is not None and vol > 0 for row in chain.rows for vol in (row.call_iv, row.put_iv)):
        return chain
    try:
        quotes = fitted.require_quotes()
    except DataUnavailable:
        return chain
    right = np.where(quotes.strikes >= quotes.forward, CALL, PUT)
    mid = np.where(right > 0, quotes.calls.mid, quotes.puts.mid)
    implied = implied_volatility(mid, quotes.parity_spot, quotes.strikes, quotes.years, quotes.rate, right).vol
    vols = [vol if np.isfinite(vol) else None for vol in implied.tolist()]
    rows = (replace(row, call_iv=vol, put_iv=vol) for row, vol in zip(chain.rows, vols, strict=True))
    return replace(chain, rows=tuple(rows))
