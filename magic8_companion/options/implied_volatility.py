"""Implied volatility of a whole chain at once, and a reason wherever a price does not carry one.

The out-of-the-money value b = b(x, s), scaled by the geometric mean of the present values of spot and strike, is
inverted for the total volatility s = vol * sqrt(years).  Newton's rule runs on ln b, whose slope is one over
:func:`mills_difference`; it starts from the inverse of Bachelier's formula, which ln b approaches for small s, and a
bracket halves the step whenever Newton leaves it.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from magic8_companion.domain.arrays import Codes, Floats, Mask
from magic8_companion.options.black_scholes import log_moneyness
from magic8_companion.options.mills_ratio import mills_difference, mills_ratio

_HIGHEST: Final = 16.0  # total volatility whose price equals the upper bound in double precision
_LOWEST: Final = 1e-150
_ROUNDS: Final = 60  # Newton needs 2 to 4
_TIGHT: Final = 1e-9  # relative step after which the quadratic rule has all digits
_ROUNDING: Final = 4 * float(np.finfo(float).eps)
_UNDERFLOW: Final = float(np.finfo(float).smallest_subnormal)
_INFORMATIVE: Final = 1e-9  # relative error of the volatility that rounding of the price may cause
_ROOT_TWO_PI: Final = float(np.sqrt(2.0 * np.pi))


class Reason(IntEnum):
    """Why a price has no implied volatility; OK means it has one."""

    OK = 0
    MISSING = 1  # the price is NaN
    BAD_INPUT = 2  # spot, strike, rate or right are impossible
    EXPIRED = 3  # no time is left
    NEGATIVE = 4
    ZERO = 5
    BELOW_INTRINSIC = 6  # or without any time value above rounding
    ABOVE_BOUND = 7  # a call above the spot, a put above the strike
    NO_INFORMATION = 8  # the time value drowns in the rounding of the price


class ImpliedVolatility(NamedTuple):
    """Decimal volatility per year, NaN where ``reason`` (codes of :class:`Reason`) is not OK."""

    vol: Floats
    reason: Codes


def implied_volatility(
    price: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    right: ArrayLike,
    *,
    dividend_yield: ArrayLike = 0.0,
) -> ImpliedVolatility:
    """Return the volatility whose Black-Scholes price is ``price`` (points), with a reason where there is none.

    >>> float(implied_volatility(2.400461086965663, 49.0, 50.0, 0.3846, 0.05, 1.0).vol.round(12))
    0.2
    >>> Reason(int(implied_volatility(0.5, 50.0, 49.0, 0.3846, 0.05, 1.0).reason)).name
    'BELOW_INTRINSIC'
    """
    inputs = (price, spot, strike, years, rate, right, dividend_yield)
    arrays = np.broadcast_arrays(*(np.asarray(item, dtype=float) for item in inputs))
    with np.errstate(all="ignore"):
        quote = _standardise(*arrays)
        reason = quote.reason
        total_vol, slope = _solve(quote.value, quote.moneyness, reason == Reason.OK)
        # a relative error e of the value moves the answer by e * slope
        drowned = (reason == Reason.OK) & ~(quote.rounding * slope <= _INFORMATIVE * total_vol)
        reason[drowned] = Reason.NO_INFORMATION
        vol = np.where(reason == Reason.OK, total_vol / np.sqrt(arrays[3]), np.nan)
    return ImpliedVolatility(vol=vol, reason=reason)


class _Quote(NamedTuple):
    value: Floats  # out-of-the-money value over the geometric mean of present spot and strike
    rounding: Floats  # relative error of that value which rounding of the price may cause
    moneyness: Floats  # -|ln(forward / strike)|
    reason: Codes


def _standardise(
    price: Floats, spot: Floats, strike: Floats, years: Floats, rate: Floats, right: Floats, dividend_yield: Floats
) -> _Quote:
    present_spot, present_strike = spot * np.exp(-dividend_yield * years), strike * np.exp(-rate * years)
    carry = spot * np.expm1(-dividend_yield * years) - strike * np.expm1(-rate * years)
    value = price - np.maximum(right * (spot - strike + carry), 0.0)
    scale = np.sqrt(present_spot * present_strike)
    rounding = _ROUNDING * price + _UNDERFLOW * (1.0 + scale)
    checks = (
        (Reason.MISSING, np.isnan(price)),
        (Reason.BAD_INPUT, ~(np.isfinite(scale) & (spot > 0) & (strike > 0) & (np.abs(right) == 1))),
        (Reason.EXPIRED, ~(years > 0)),
        (Reason.NEGATIVE, price < 0),
        (Reason.ZERO, price == 0),
        (Reason.BELOW_INTRINSIC, value < -rounding),
        (Reason.NO_INFORMATION, value <= 0),
        (Reason.ABOVE_BOUND, price >= np.where(right > 0, present_spot, present_strike)),
    )
    reason = np.select([wrong for _, wrong in checks], [int(code) for code, _ in checks], int(Reason.OK))
    return _Quote(
        value=value / scale,
        rounding=rounding / value,
        moneyness=-np.abs(log_moneyness(spot, strike, years, rate, dividend_yield)),
        reason=reason.astype(np.uint8),
    )


def _solve(value: Floats, moneyness: Floats, solvable: Mask) -> tuple[Floats, Floats]:
    # total volatility and d s / d ln value of every solvable element; NaN for the others
    target, x = np.log(value[solvable]), moneyness[solvable]
    low, high = np.zeros_like(x), np.full_like(x, _HIGHEST)
    guess = np.clip(_bachelier_guess(target, x), _LOWEST, _HIGHEST)
    for _ in range(_ROUNDS):
        distance = x / guess
        mills = mills_difference(distance, guess / 2)
        miss = np.log(mills / _ROOT_TWO_PI) - 0.5 * distance * distance - guess * guess / 8 - target
        low, high = np.where(miss < 0, guess, low), np.where(miss < 0, high, guess)
        newton = guess - miss * mills
        better = np.where((newton > low) & (newton < high), newton, (low + high) / 2)
        moved, guess = np.abs(better - guess), better
        if not np.any(moved > _TIGHT * guess):
            break
    total_vol, slope = np.full(value.shape, np.nan), np.full(value.shape, np.nan)
    total_vol[solvable], slope[solvable] = guess, mills_difference(x / guess, guess / 2)
    return total_vol, slope


def _bachelier_guess(target: Floats, x: Floats) -> Floats:
    # value = s (phi(y) - y N(-y)) with y = |x| / s, so value / |x| depends on y alone
    log_ratio, log_y = _bachelier_table()
    away = np.abs(x)
    wanted = target - np.log(away)
    out = away * np.exp(-np.interp(-wanted, log_ratio, log_y))
    near = _ROOT_TWO_PI * (np.exp(target) + away / 2)
    return np.where(wanted < -log_ratio[0], out, near)


@lru_cache(maxsize=1)
def _bachelier_table() -> tuple[Floats, Floats]:
    # -ln(value / |x|), ascending, against ln y
    y = np.geomspace(1e-2, 60.0, 1000)
    ratio = 1.0 - y * mills_ratio(-y)
    return 0.5 * y * y + np.log(_ROOT_TWO_PI * y / ratio), np.log(y)
