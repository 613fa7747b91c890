"""The open interest of a chain as arrays, and what it exposes dealers to.

All exposures are USD of delta.  The sign of each contract is an assumption about who holds it, never a measurement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.options.black_scholes import CALL, PUT, charm, gamma, vanna

CONVENTION: Final = "calls+ puts-"
SHORT_ALL: Final = "calls- puts-"
SIGNS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType({CONVENTION: (1.0, -1.0), SHORT_ALL: (-1.0, -1.0)})
"""What dealers are taken to hold, calls and puts: long the calls and short the puts, or short both."""

_MINUTES_PER_YEAR: Final = 525_600.0
_HOURS_PER_YEAR: Final = 8_760.0
_MIN_MINUTES: Final = 5.0
_ONE_PER_CENT: Final = 0.01
_ROUNDING: Final = 1e-9
_GRID: Final = np.linspace(0.97, 1.03, 241)


class OptionBook:
    """All calls, then all puts, of a chain as arrays of shape (2 * n_strikes,).

    Each option keeps its own volatility while spot moves, interest is nil, and time runs in calendar minutes.  An
    option without open interest or volatility weighs nothing.  ``coverage`` is the share of strikes, 0..1, at which
    both options have a known open interest and, unless it is 0, a volatility.
    """

    def __init__(self, chain: OptionChain, minutes_to_close: float) -> None:
        rows = chain.rows
        vols = _numbers([row.call_iv for row in rows] + [row.put_iv for row in rows])
        interest = _numbers([row.call_oi for row in rows] + [row.put_oi for row in rows])
        known = (vols > 0) & (interest > 0)  # NaN compares false
        half = len(rows)
        usable = ~np.isnan(interest) & (known | (interest == 0))  # without open interest the volatility does not matter
        self.coverage = float(np.mean(usable[:half] & usable[half:])) if half else 0.0
        self.spot = chain.spot
        self.years = max(minutes_to_close, _MIN_MINUTES) / _MINUTES_PER_YEAR
        self.strikes = np.tile([row.strike for row in rows], 2)
        self.vols = np.where(known, vols, 1.0)
        self.interest = np.nan_to_num(interest)
        self.dollars_per_delta = np.where(known, interest, 0.0) * chain.multiplier

    def signs(self, convention: str) -> Floats:
        """Return what a dealer holds of each option, shape (2 * n_strikes,)."""
        return np.repeat(SIGNS[convention], len(self.strikes) // 2)

    def gamma_exposure(self, spots: Floats, convention: str) -> Floats:
        """Return USD of delta per 1 % move, gamma re-priced at each spot; shape (n_spots, 2 * n_strikes)."""
        spot = spots[:, np.newaxis]
        priced = gamma(spot, self.strikes, self.years, 0.0, self.vols, CALL)
        return np.asarray(self.signs(convention) * self.dollars_per_delta * _ONE_PER_CENT * priced * spot * spot)

    def flip(self, convention: str) -> float | None:
        """Return the spot within 3 % at which the re-priced net exposure changes its sign, the nearest one; or None.

        It is a root of the net, not of the strike-wise sums: those change sign where no dealer would.  A net that is
        only rounding, a billionth of the gross, has no sign.
        """
        spots = _GRID * self.spot
        by_option = self.gamma_exposure(spots, convention)
        net, gross = by_option.sum(axis=1), np.abs(by_option).sum(axis=1)
        signed = np.flatnonzero(np.abs(net) > _ROUNDING * gross)
        spots, net = spots[signed], net[signed]
        crossings = np.flatnonzero(np.sign(net[:-1]) != np.sign(net[1:]))
        if not len(crossings):
            return None
        low, high = net[crossings], net[crossings + 1]
        roots = spots[crossings] + (spots[crossings + 1] - spots[crossings]) * low / (low - high)
        return float(roots[np.argmin(np.abs(roots - self.spot))])

    def vanna_exposure(self, convention: str) -> float:
        """Return USD of delta per volatility point (0.01), summed."""
        priced = vanna(self.spot, self.strikes, self.years, 0.0, self.vols, CALL)
        return self._summed(priced * _ONE_PER_CENT, convention)

    def charm_exposure(self, convention: str) -> float:
        """Return USD of delta per hour that passes, summed."""
        half = len(self.strikes) // 2
        right = np.repeat([CALL, PUT], half)
        priced = charm(self.spot, self.strikes, self.years, 0.0, self.vols, right)
        return self._summed(priced / _HOURS_PER_YEAR, convention)

    def max_pain(self) -> float:
        """Return the strike at which the open options would pay their owners least."""
        strikes = self.strikes[: len(self.strikes) // 2]
        calls, puts = np.split(self.interest, 2)
        inside = strikes[:, np.newaxis] - strikes
        paid = np.maximum(inside, 0.0) @ calls + np.maximum(-inside, 0.0) @ puts
        return float(strikes[np.argmin(paid)])

    def _summed(self, per_contract: Floats, convention: str) -> float:
        return float(np.sum(self.signs(convention) * self.dollars_per_delta * self.spot * np.nan_to_num(per_contract)))


def _numbers(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
