"""Flag quotes far from the smile of their chain: late or wrong quotes that look like an edge.

A structure with such a leg looks cheap under any distribution.  Put-call parity finds a leg that contradicts its
partner; this check finds pairs in which both are wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.options.chain_quotes import ChainQuotes, LegFlag, Side
from magic8_companion.options.smile import Smile

_HALF_SPREADS: Final = 3.0
_TICKS: Final = 2.0


def flag_outliers(quotes: ChainQuotes, smile: Smile) -> ChainQuotes:
    """Flag and blank every leg in the trusted range of the smile whose mid is far from it.

    Far is more than three half-spreads and more than two ticks beyond bid or ask.
    """
    call = smile.expected_call(quotes.strikes) * np.exp(-quotes.rate * quotes.years)
    put = call - (quotes.forward - quotes.strikes) * np.exp(-quotes.rate * quotes.years)
    trusted = np.isfinite(smile.vol(quotes.strikes))
    slack = _TICKS * quotes.product.tick
    return replace(
        quotes,
        calls=_flagged(quotes.calls, np.where(trusted, call, np.nan), slack),
        puts=_flagged(quotes.puts, np.where(trusted, put, np.nan), slack),
    )


def _flagged(side: Side, value: Floats, slack: float) -> Side:
    distance, half_spread = np.abs((side.bid + side.ask) / 2 - value), side.half_spread
    far = (distance > _HALF_SPREADS * half_spread) & (distance > half_spread + slack)
    return side.with_flag(far, LegFlag.OFF_SMILE)
