"""Option quotes against the price of their underlying and against each other."""

from __future__ import annotations

from typing import Final

import numpy as np

from magic8_companion.domain.codes import ReasonCode
from magic8_companion.options.chain_quotes import ChainProblem, ChainQuotes, LegFlag
from magic8_companion.plausibility.finding import Implausible
from magic8_companion.plausibility.prices import PriceBounds

SHARE_OF_JUMP: Final = 0.1
"""The spot that put-call parity implies may be off by this share of the move that the symbol can make in a bar."""
PAIR_SLACK: Final = 0.0005
"""A pair of call and put is off when it implies a price this share, and its half-spreads, from that of all pairs."""
MOST_PAIRS_OFF: Final = 2 / 3
"""Share of the pairs that may be off; in recorded chains none is."""
MOST_CONTRADICTIONS: Final = 0.5
"""Share of the quoted options of one side, out of the money, that may contradict others before the rest is no guide."""

_NO_QUOTE: Final = int(LegFlag.MISSING | LegFlag.NO_BID)
_CONTRADICTION: Final = int(LegFlag.NEGATIVE | LegFlag.CROSSED | LegFlag.STALE | LegFlag.OFF_SMILE)


def implausible_quotes(quotes: ChainQuotes, spot: float, bounds: PriceBounds) -> Implausible | None:
    """Return why a chain cannot belong to a price, or None.

    Either its strikes do not span the price, or put-call parity implies another one, or most pairs contradict parity.
    """
    if ChainProblem.SPOT_OUTSIDE_STRIKES in quotes.problems or not quotes.strikes[0] <= spot <= quotes.strikes[-1]:
        sentence = f"the strikes {quotes.strikes[0]:g}-{quotes.strikes[-1]:g} do not span the price {spot:g}"
        return Implausible(reason=ReasonCode.SPOT_OUTSIDE_STRIKES, sentence=sentence)
    if not np.isfinite(quotes.forward):
        return unusable_quotes(quotes)
    allowed, move = SHARE_OF_JUMP * bounds.limit, quotes.parity_spot / spot - 1
    if abs(move) > allowed:
        sentence = f"put-call parity implies {quotes.parity_spot:.2f}, {move:+.2%} from {spot:g}; {allowed:.2%} can be"
        return Implausible(reason=ReasonCode.QUOTES_OFF_PARITY, sentence=sentence)
    gap, tolerance = np.abs(quotes.parity.gap), quotes.parity.tolerance
    wrong, known = int((gap > np.maximum(tolerance, PAIR_SLACK * spot)).sum()), int(np.isfinite(gap).sum())
    if wrong > MOST_PAIRS_OFF * known:
        sentence = f"{wrong} of {known} pairs of call and put contradict the price {quotes.parity_spot:.2f} of all"
        return Implausible(reason=ReasonCode.QUOTES_OFF_PARITY, sentence=sentence)
    return None


def unusable_quotes(quotes: ChainQuotes) -> Implausible | None:
    """Return what is wrong when half of the calls, or puts, that are quoted out of the money contradict others."""
    centre = quotes.forward if np.isfinite(quotes.forward) else quotes.spot
    sides = ((quotes.calls, "calls", quotes.strikes >= centre), (quotes.puts, "puts", quotes.strikes <= centre))
    for side, name, outside in sides:
        quoted = int((outside & ((side.flags & _NO_QUOTE) == 0)).sum())
        wrong = int((outside & ((side.flags & _CONTRADICTION) != 0)).sum())
        if wrong and wrong >= MOST_CONTRADICTIONS * quoted:
            sentence = f"{wrong} of {quoted} {name} quoted out of the money contradict each other or their partners"
            return Implausible(reason=ReasonCode.QUOTES_CONTRADICT, sentence=sentence)
    return None
