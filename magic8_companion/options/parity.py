"""Put-call parity: the forward that the quotes imply, and the legs that contradict it.

A strike's pair of quotes implies the forward K + (call - put) exp(rate * years), known up to the half-spreads of both
legs.  All pairs of a chain must agree on one forward; a pair whose range excludes it has a stale leg.  The stale leg
is the one farther from the volatility of the neighbors that agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Mask
from magic8_companion.options.black_scholes import CALL, PUT, price
from magic8_companion.options.implied_volatility import implied_volatility

_BINARY_NOISE: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleLeg:
    """A quote that contradicts its neighbors; mid and expected price in points."""

    right: str
    strike: float
    mid: float
    expected: float

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.strike:g} {self.right} quotes {self.mid:.2f} where its neighbours imply {self.expected:.2f}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParityReport:
    """The forward by each pair of a chain, in points; arrays have shape (n_strikes,).

    ``forward`` is NaN when no strike has two usable quotes.  ``gap`` is each pair's forward minus the common one and
    ``tolerance`` the sum of its half-spreads; NaN where a quote is missing.
    """

    forward: float
    gap: Floats
    tolerance: Floats
    stale: tuple[StaleLeg, ...]


def check_parity(
    strikes: Floats, call: Floats, put: Floats, tolerance: Floats, years: float, rate: float
) -> ParityReport:
    """Find the common forward and name the stale legs.

    Parameters
    ----------
    call, put
        Mid quotes in points, shape (n_strikes,); NaN is ignored.
    tolerance
        Sum of the half-spreads of both legs, same shape.

    >>> call, put = np.array([6.0, 4.0, 2.0]), np.array([1.0, 2.0, 5.0])
    >>> check_parity(np.array([95.0, 98.0, 103.0]), call, put, np.full(3, 0.1), 0.001, 0.0).forward
    100.0
    """
    pair_forward = strikes + (call - put) * np.exp(rate * years)
    forward = _weighted_median(pair_forward, tolerance)
    gap = pair_forward - forward
    stale = np.abs(gap) > tolerance + _BINARY_NOISE * strikes
    legs = _name_legs(strikes, call, put, forward, years, rate, stale)
    return ParityReport(forward=forward, gap=gap, tolerance=tolerance, stale=legs)


def _weighted_median(values: Floats, errors: Floats) -> float:
    known = np.isfinite(values)
    if not known.any():
        return float("nan")
    order = np.argsort(values[known])
    ordered = values[known][order]
    widest = np.max(errors[known])
    weight = np.cumsum(1.0 / np.square(np.maximum(errors[known][order], 1e-3 * widest + _BINARY_NOISE)))
    middle = weight[-1] / 2
    low, high = np.searchsorted(weight, middle, side="left"), np.searchsorted(weight, middle, side="right")
    return float((ordered[low] + ordered[min(high, len(ordered) - 1)]) / 2)


def _name_legs(
    strikes: Floats, call: Floats, put: Floats, forward: float, years: float, rate: float, stale: Mask
) -> tuple[StaleLeg, ...]:
    if not stale.any():
        return ()
    right = np.where(strikes >= forward, CALL, PUT)
    spot = forward * np.exp(-rate * years)
    vol = implied_volatility(np.where(right > 0, call, put), spot, strikes, years, rate, right).vol
    good = np.isfinite(vol) & ~stale
    if not good.any():
        return ()
    expected_vol = np.interp(strikes, strikes[good], vol[good])
    expected_call = price(spot, strikes, years, rate, expected_vol, CALL)
    expected_put = price(spot, strikes, years, rate, expected_vol, PUT)
    return tuple(
        StaleLeg(right="C", strike=float(strikes[i]), mid=float(call[i]), expected=float(expected_call[i]))
        if abs(call[i] - expected_call[i]) > abs(put[i] - expected_put[i])
        else StaleLeg(right="P", strike=float(strikes[i]), mid=float(put[i]), expected=float(expected_put[i]))
        for i in np.flatnonzero(stale)
    )
