"""Price and Greeks of European options, vectorized and exact from one day down to one second before settlement.

Every function takes ``spot, strike, years, rate, vol, right`` in this order and broadcasts them.

================  ==================================================================================================
spot, strike      price points, > 0
years             time to settlement, ACT/365 with fractions of seconds (``options.expiry``), >= 0
rate              continuously compounded interest per year
vol               decimal per year, >= 0
right             ``CALL`` (+1) or ``PUT`` (-1), scalar or array; :func:`right_sign` reads "C", "P", "CALL", "PUT"
dividend_yield    continuously compounded per year; the forward is ``spot * exp((rate - dividend_yield) * years)``.
                  0 is Black-Scholes, a yield is Merton's model, a yield equal to the rate is Black-76 (spot = forward)
================  ==================================================================================================

An answer that does not exist is NaN and nothing is ever infinite: NaN inputs, a spot or strike <= 0, a negative time or
volatility, a right that is neither +1 nor -1.  At ``vol * sqrt(years) = 0`` the price is the discounted intrinsic value
and the Greeks are NaN.  Values below about 1e-308 round to 0.

Formulas: Black 1976; Haug, The Complete Guide to Option Pricing Formulas, 2nd ed., ch. 2.  The time value is written
with Mills ratios (``options.mills_ratio``), which keeps the digits that F N(d1) - K N(d2) cancels away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from magic8_companion.domain.arrays import Floats, Mask
from magic8_companion.options.mills_ratio import WIDEST_HALF, mills_difference

CALL: Final = 1.0
PUT: Final = -1.0

_TINY: Final = 1e-150  # total volatility below which Greeks overflow
_ROOT_TWO_PI: Final = float(np.sqrt(2.0 * np.pi))
_SIGNS: Final = {"C": CALL, "CALL": CALL, "P": PUT, "PUT": PUT}


class PriceAndGreeks(NamedTuple):
    """Price and all Greeks, arrays of the broadcast shape, in the units of the single functions."""

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    vanna: Floats
    charm: Floats


class _Terms(NamedTuple):
    spot: Floats
    strike: Floats
    years: Floats
    rate: Floats
    vol: Floats
    right: Floats
    dividend_yield: Floats
    total_vol: Floats
    d1: Floats
    d2: Floats
    spot_discount: Floats
    strike_discount: Floats
    answerable: Mask


def right_sign(right: str | Sequence[str]) -> Floats:
    """Turn "C", "P", "CALL" or "PUT" (any case), or a sequence of them, into +1 and -1.

    >>> right_sign(["C", "put"]).tolist()
    [1.0, -1.0]
    """
    names = [right] if isinstance(right, str) else right
    signs = np.array([_SIGNS[name.upper()] for name in names])
    return signs.reshape(()) if isinstance(right, str) else signs


def log_moneyness(
    spot: ArrayLike, strike: ArrayLike, years: ArrayLike, rate: ArrayLike, dividend_yield: ArrayLike = 0.0
) -> Floats:
    """Return ln(forward / strike) with full relative precision near the money.

    >>> float(log_moneyness(100.0, 100.0, 1.0, 0.05))
    0.05
    """
    spot, strike, years = (np.asarray(item, dtype=float) for item in (spot, strike, years))
    carry = np.subtract(rate, dividend_yield, dtype=float) * years
    return np.asarray(np.log1p((spot - strike) / strike) + carry)


def price(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    *,
    dividend_yield: ArrayLike = 0.0,
) -> Floats:
    """Return the price in points.

    >>> round(float(price(49.0, 50.0, 0.3846, 0.05, 0.20, CALL)), 4)
    2.4005
    """
    with np.errstate(all="ignore"):
        return _price(_terms(spot, strike, years, rate, vol, right, dividend_yield))


def delta(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    *,
    dividend_yield: ArrayLike = 0.0,
) -> Floats:
    """Return the change of the price per point of spot, -1..1.

    >>> round(float(delta(49.0, 50.0, 0.3846, 0.05, 0.20, CALL)), 4)
    0.5216
    """
    with np.errstate(all="ignore"):
        terms = _terms(spot, strike, years, rate, vol, right, dividend_yield)
        return _masked(terms, _delta(terms, ndtr(terms.right * terms.d1)))


def gamma(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    *,
    dividend_yield: ArrayLike = 0.0,
) -> Floats:
    """Return the change of delta per point of spot; equal for call and put.

    >>> round(float(gamma(49.0, 50.0, 0.3846, 0.05, 0.20, PUT)), 4)
    0.0655
    """
    with np.errstate(all="ignore"):
        terms = _terms(spot, strike, years, rate, vol, right, dividend_yield)
        return _masked(terms, _normal_density(terms) / (terms.spot * terms.total_vol))


def vega(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    *,
    dividend_yield: ArrayLike = 0.0,
) -> Floats:
    """Return points per 1.00 of volatility (divide by 100 for one volatility point); equal for call and put.

    >>> round(float(vega(49.0, 50.0, 0.3846, 0.05, 0.20, CALL)), 4)
    12.1052
    """
    with np.errstate(all="ignore"):
        terms = _terms(spot, strike, years, rate, vol, right, dividend_yield)
        return _masked(terms, terms.spot * _normal_density(terms) * np.sqrt(terms.years))


def theta(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    *,
    dividend_yield: ArrayLike = 0.0,
) -> Floats:
    """Return points per YEAR of passing time (divide by 365 for a day, by 525,600 for a minute); mostly negative.

    >>> round(float(theta(49.0, 50.0, 0.3846, 0.05, 0.20, CALL)), 4)
    -4.3054
    """
    with np.errstate(all="ignore"):
        terms = _terms(spot, strike, years, rate, vol, right, dividend_yield)
        owned, paid = ndtr(terms.right * terms.d1), ndtr(terms.right * terms.d2)
        return _masked(terms, _theta(terms, _normal_density(terms), owned, paid))


def vanna(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    *,
    dividend_yield: ArrayLike = 0.0,
) -> Floats:
    """Return the change of delta per 1.00 of volatility; equal for call and put.

    >>> round(float(vanna(49.0, 50.0, 0.3846, 0.05, 0.20, CALL)), 4)
    0.1391
    """
    with np.errstate(all="ignore"):
        terms = _terms(spot, strike, years, rate, vol, right, dividend_yield)
        return _masked(terms, -_normal_density(terms) * terms.d2 / terms.vol)


def charm(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    *,
    dividend_yield: ArrayLike = 0.0,
) -> Floats:
    """Return the change of delta per YEAR of passing time (divide by 525,600 for a minute).

    >>> round(float(charm(49.0, 50.0, 0.3846, 0.05, 0.20, CALL)), 4)
    -0.1968
    """
    with np.errstate(all="ignore"):
        terms = _terms(spot, strike, years, rate, vol, right, dividend_yield)
        return _masked(terms, _charm(terms, _normal_density(terms), ndtr(terms.right * terms.d1)))


def greeks(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    *,
    dividend_yield: ArrayLike = 0.0,
) -> PriceAndGreeks:
    """Return price and all Greeks at the cost of little more than two of them.

    >>> round(float(greeks(49.0, 50.0, 0.3846, 0.05, 0.20, CALL).gamma), 4)
    0.0655
    """
    with np.errstate(all="ignore"):
        terms = _terms(spot, strike, years, rate, vol, right, dividend_yield)
        density, owned, paid = _normal_density(terms), ndtr(terms.right * terms.d1), ndtr(terms.right * terms.d2)
        values = (
            _delta(terms, owned),
            density / (terms.spot * terms.total_vol),
            terms.spot * density * np.sqrt(terms.years),
            _theta(terms, density, owned, paid),
            -density * terms.d2 / terms.vol,
            _charm(terms, density, owned),
        )
        return PriceAndGreeks(_price(terms), *_masked(terms, np.stack(np.broadcast_arrays(*values))))


def _terms(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    dividend_yield: ArrayLike,
) -> _Terms:
    inputs = (spot, strike, years, rate, vol, right, dividend_yield)
    spot_, strike_, years_, rate_, vol_, right_, yield_ = (np.asarray(item, dtype=float) for item in inputs)
    total_vol = vol_ * np.sqrt(years_)
    standardised = log_moneyness(spot_, strike_, years_, rate_, yield_) / np.maximum(total_vol, _TINY)
    answerable = (spot_ > 0) & (strike_ > 0) & (years_ >= 0) & (vol_ >= 0) & (np.abs(right_) == 1)
    return _Terms(
        spot=spot_,
        strike=strike_,
        years=years_,
        rate=rate_,
        vol=vol_,
        right=right_,
        dividend_yield=yield_,
        total_vol=total_vol,
        d1=standardised + total_vol / 2,
        d2=standardised - total_vol / 2,
        spot_discount=np.exp(-yield_ * years_),
        strike_discount=np.exp(-rate_ * years_),
        answerable=answerable,
    )


def _masked(terms: _Terms, value: Floats) -> Floats:
    exists = terms.answerable & (terms.total_vol > _TINY) & np.isfinite(value)
    return np.where(exists, value, np.nan)


def _density(x: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * x * x) / _ROOT_TWO_PI)


def _normal_density(terms: _Terms) -> Floats:
    return terms.spot_discount * _density(terms.d1)


def _price(terms: _Terms) -> Floats:
    half = terms.total_vol / 2
    distance = -np.abs(terms.d1 - half)
    geometric_mean = np.sqrt(terms.spot * terms.spot_discount * terms.strike * terms.strike_discount)
    density = _density(distance) * np.exp(-0.5 * np.square(np.minimum(half, WIDEST_HALF)))
    time_value = geometric_mean * density * mills_difference(distance, half)
    # (spot - strike) first: it is exact near the money, while the two present values would round
    carry = terms.spot * np.expm1(-terms.dividend_yield * terms.years) - terms.strike * np.expm1(
        -terms.rate * terms.years
    )
    value = np.maximum(terms.right * (terms.spot - terms.strike + carry), 0.0) + time_value
    return np.where(terms.answerable & np.isfinite(value), value, np.nan)


def _delta(terms: _Terms, owned: Floats) -> Floats:
    return np.asarray(terms.right * terms.spot_discount * owned)


def _theta(terms: _Terms, density: Floats, owned: Floats, paid: Floats) -> Floats:
    decay = terms.spot * density * terms.vol / (2 * np.sqrt(terms.years))
    dividends = terms.dividend_yield * terms.spot_discount * terms.spot * owned
    return np.asarray(terms.right * (dividends - terms.rate * terms.strike_discount * terms.strike * paid) - decay)


def _charm(terms: _Terms, density: Floats, owned: Floats) -> Floats:
    drift = (terms.rate - terms.dividend_yield) / terms.total_vol - terms.d2 / (2 * terms.years)
    return np.asarray(terms.right * terms.dividend_yield * terms.spot_discount * owned - density * drift)
