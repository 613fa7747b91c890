"""Everything that the formulas read, made ready once: terms, payoffs, clock, market and delta row of n trades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.forecast.session_table import session_table
from magic8_ml.trades.payoffs import Payoffs, payoffs_of
from magic8_ml.trades.terms import DeltaRows, MarketContext, TradeTerms


class LookAhead(ValueError):
    """An input is younger than the trade that it would describe: the rows are refused."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureInputs:
    """``session`` (n,) positions on the exchange calendar; ``unit`` (n,) one sigma in points, NaN unknown."""

    terms: TradeTerms
    payoffs: Payoffs
    market: MarketContext
    delta: DeltaRows
    session: Integers
    unit: Floats

    @classmethod
    def of(cls, terms: TradeTerms, market: MarketContext, delta: DeltaRows) -> FeatureInputs:
        """Put them together.

        Raises
        ------
        LookAhead
            When a market or a delta row is younger than its trade.
        ValueError
            When a trade lies outside every session of the calendar, or numbers of rows differ.
        """
        if not len(terms) == len(market.known_at) == len(delta.known_at):
            raise ValueError("trades, markets and delta rows differ in number")
        for name, known_at in (("market", market.known_at), ("delta row", delta.known_at)):
            if (known_at > terms.at).any():
                raise LookAhead(f"the {name} of {int((known_at > terms.at).sum())} trades is younger than the trade")
        return cls(
            terms=terms,
            payoffs=payoffs_of(terms),
            market=market,
            delta=delta,
            session=session_of(terms),
            unit=terms.price * market.sigma,
        )

    def sigmas(self, level: Floats) -> Floats:
        """Return ln(level / price) in sigmas; level (n,) in points."""
        return np.asarray(np.log(level / self.terms.price) / self.market.sigma)


def session_of(terms: TradeTerms) -> Integers:
    """Return the place of each trade's session on the exchange calendar.

    Raises
    ------
    ValueError
        When one lies outside every session.
    """
    table = session_table()
    place = np.searchsorted(table.opens, terms.at, side="right") - 1
    outside = (place < 0) | (terms.at > table.closes[place])
    if outside.any():
        raise ValueError(f"{int(outside.sum())} trades lie outside the sessions of the exchange")
    return place
