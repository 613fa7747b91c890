"""What a chain quotes at the money: the forward, the volatility there, and the price of the straddle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from magic8_companion.domain.option_chain import OptionChain

MEAN_ABSOLUTE_MOVE: Final = 0.7979
"""Mean of |x| for a standard normal x, sqrt(2/pi): an at-the-money straddle costs this many standard deviations."""

_PARITY_STRIKES: Final = 7  # enough that two stale legs cannot move the median


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeQuote:
    """One strike with real bids: strike and mids in points, volatility (mean of the two sides) decimal per year."""

    strike: float
    call: float
    put: float
    volatility: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTheMoney:
    """What a chain says of the rest of the day; None where its quotes do not answer.

    ``volatility_pct`` in per cent per year, ``straddle_range`` one standard deviation as a fraction of spot,
    ``strikes`` how many quoted strikes lie within it.
    """

    volatility_pct: float | None = None
    straddle_range: float | None = None
    strikes: int = 0


def at_the_money(chain: OptionChain) -> AtTheMoney:
    """Read the money from a chain's quotes."""
    quotes = strike_quotes(chain)
    forward = parity_forward(quotes, chain.spot)
    if forward is None:
        return AtTheMoney()
    one_sigma = straddle_range(quotes, forward, chain.spot)
    volatility = atm_volatility(quotes, forward)
    return AtTheMoney(
        volatility_pct=None if volatility is None else 100 * volatility,
        straddle_range=one_sigma,
        strikes=sum(abs(quote.strike - forward) <= one_sigma * chain.spot for quote in quotes),
    )


def strike_quotes(chain: OptionChain) -> tuple[StrikeQuote, ...]:
    """Return the strikes where call and put both have a bid above 0 and an ask not below it, ascending."""
    found = []
    for row in chain.rows:
        call, put = _mid(row.call_bid, row.call_ask), _mid(row.put_bid, row.put_ask)
        if call is not None and put is not None:
            vols = [vol for vol in (row.call_iv, row.put_iv) if vol is not None and vol > 0]
            volatility = sum(vols) / len(vols) if vols else None
            found.append(StrikeQuote(strike=row.strike, call=call, put=put, volatility=volatility))
    return tuple(found)


def parity_forward(quotes: Sequence[StrikeQuote], spot: float) -> float | None:
    """Return the forward of put-call parity: median of K + call - put over the seven quoted strikes nearest to spot.

    Interest is nil on the day of expiry.  None when no strike is quoted, or when the quotes do not enclose the forward.
    """
    near = sorted(quotes, key=lambda quote: abs(quote.strike - spot))[:_PARITY_STRIKES]
    if not near:
        return None
    forward = median(quote.strike + quote.call - quote.put for quote in near)
    return forward if quotes[0].strike <= forward <= quotes[-1].strike else None


def atm_volatility(quotes: Sequence[StrikeQuote], forward: float) -> float | None:
    """Return the volatility (decimal per year) at the forward, linear between the quoted strikes that enclose it."""
    for low, high in pairwise(quotes):
        if low.strike <= forward <= high.strike and low.volatility is not None and high.volatility is not None:
            weight = (forward - low.strike) / (high.strike - low.strike)
            return (1 - weight) * low.volatility + weight * high.volatility
    return None


def straddle_range(quotes: Sequence[StrikeQuote], forward: float, spot: float) -> float:
    """Return one standard deviation of the move to the close, as a fraction of spot.

    It is the mid of the straddle at the quoted strike nearest to the forward, over 0.7979 times spot.

    >>> quote = StrikeQuote(strike=6245.0, call=6.70, put=7.25, volatility=0.149)
    >>> round(straddle_range([quote], 6244.45, 6244.43), 5)
    0.0028
    """
    nearest = min(quotes, key=lambda quote: abs(quote.strike - forward))
    return (nearest.call + nearest.put) / (MEAN_ABSOLUTE_MOVE * spot)


def _mid(bid: float | None, ask: float | None) -> float | None:
    return (bid + ask) / 2 if bid is not None and ask is not None and ask >= bid > 0 else None
