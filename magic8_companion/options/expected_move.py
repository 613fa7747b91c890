"""Expected move of the underlying until settlement, from the straddle and from the whole smile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.options.black_scholes import CALL, PUT, price
from magic8_companion.options.chain_quotes import ChainQuotes
from magic8_companion.options.implied_volatility import implied_volatility
from magic8_companion.options.smile import Smile

_REACH: Final = 15.0  # standard deviations of the strip
_STEPS: Final = 1201


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedMove:
    """A move around ``forward``; ``source`` is "straddle" or "smile".

    ``total_vol`` is one standard deviation of ln(settlement), ``absolute`` the mean distance in points.
    """

    source: str
    forward: float
    total_vol: float
    absolute: float

    @property
    def points(self) -> float:
        """Return one standard deviation in points."""
        return self.forward * self.total_vol

    @property
    def band(self) -> tuple[float, float]:
        """Return the levels one standard deviation below and above the forward."""
        return self.forward * float(np.exp(-self.total_vol)), self.forward * float(np.exp(self.total_vol))

    def after(self, variance_share: float) -> ExpectedMove:
        """Scale to a later start: ``variance_share`` of the variance up to settlement is still to come (0..1).

        >>> ExpectedMove(source="smile", forward=6000.0, total_vol=0.004, absolute=19.0).after(0.25).points
        12.0
        """
        root = float(np.sqrt(variance_share))
        return ExpectedMove(
            source=self.source, forward=self.forward, total_vol=self.total_vol * root, absolute=self.absolute * root
        )


def straddle_move(quotes: ChainQuotes) -> ExpectedMove:
    """Read the move from the at-the-money straddle: s = straddle / (0.7979 forward).

    The straddle at the forward itself is priced with the volatility between the two strikes around it.

    Raises
    ------
    DataUnavailable
        The fatal problem of the chain, or ``too_few_quotes`` when one of the two strikes has no informative quote.
    """
    quotes.require_priceable()
    above = int(np.searchsorted(quotes.strikes, quotes.forward))
    pair = quotes.strikes[above - 1 : above + 1]
    mid = np.array([quotes.puts.mid[above - 1], quotes.calls.mid[above]])
    vol = implied_volatility(mid, quotes.parity_spot, pair, quotes.years, quotes.rate, np.array([PUT, CALL])).vol
    if not np.isfinite(vol).all():
        raise DataUnavailable("too_few_quotes", f"{quotes.symbol} has no straddle around {quotes.forward:.2f}")
    total_vol = float(np.interp(quotes.forward, pair, vol) * np.sqrt(quotes.years))
    straddle = 2 * float(price(quotes.forward, quotes.forward, 1.0, 0.0, total_vol, CALL))
    return ExpectedMove(source="straddle", forward=quotes.forward, total_vol=total_vol, absolute=straddle)


def smile_move(smile: Smile) -> ExpectedMove:
    """Read the move from all strikes: s^2 = E[-2 ln(settlement / forward)], the strip of the VIX (Cboe 2023)."""
    z = np.linspace(-_REACH, _REACH, _STEPS)
    strikes = smile.forward * np.exp(smile.atm_total_vol * z)
    call = smile.expected_call(strikes)
    value = np.where(z < 0, call - smile.forward + strikes, call)
    variance = 2 * np.trapezoid(value / strikes, z) * smile.atm_total_vol
    absolute = 2 * float(smile.expected_call(smile.forward))
    return ExpectedMove(source="smile", forward=smile.forward, total_vol=float(np.sqrt(variance)), absolute=absolute)
