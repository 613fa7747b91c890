"""The volatility smile of one 0DTE expiry, fitted to out-of-the-money quotes and checked for arbitrage.

In standard deviations z = ln(K / F) / s, s the at-the-money total volatility, a 0DTE smile is a hyperbola:

    vol(z) / atm = level + tilt (z - centre) + bend sqrt((z - centre)^2 + width^2),    bend >= |tilt|

Centre and width are searched on a grid that is refined twice; the other three follow from weighted least squares, each
quote weighted by its vega over its half-spread, outliers down-weighted after Huber.  To leading order in s the implied
density is phi (f - z f')^2 / f^3 + phi f'', f the right-hand side, so a convex fit is free of arbitrage to that
order.  Exactly, the fit is trusted on the widest range of quoted strikes on which its distribution rises between 0 and
1.  Beyond that range option values decay exponentially with continuous value and slope, also free of arbitrage.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from magic8_companion.domain.arrays import Floats, Mask
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.options.black_scholes import CALL, PUT, price, vega
from magic8_companion.options.chain_quotes import ChainQuotes
from magic8_companion.options.implied_volatility import Reason, implied_volatility

FEWEST_QUOTES: Final = 6
_ROOT_TWO_PI: Final = float(np.sqrt(2.0 * np.pi))
_REACHES: Final = (3.0, 0.5, 0.1)  # half widths of the three searches, in deviations and in ln width
_GRID: Final = 13
_OUTLIER: Final = 1.5  # half-spreads beyond which a quote loses weight
_RIDGE: Final = 1e-12
_CHECKS: Final = 401
_SLOWEST_DECAY: Final = 0.5  # per standard deviation, of option values beyond the trusted range
_FAINTEST: Final = 0.35  # half-spread over mid above which a quote carries no information
_NARROWEST: Final = 1.0  # standard deviations a trusted range must reach to either side


@dataclass(frozen=True, slots=True, kw_only=True)
class Smile:
    """A fitted smile. ``atm_vol`` per year; ``low`` and ``high`` bound the trusted range in standard deviations.

    ``misfit`` is the root mean square distance of the quotes from the fit in half-spreads, ``used`` their number.
    """

    forward: float
    years: float
    atm_vol: float
    level: float
    tilt: float
    bend: float
    centre: float
    width: float
    low: float
    high: float
    misfit: float
    used: int

    @property
    def atm_total_vol(self) -> float:
        """Return vol * sqrt(years) at the forward, by which strikes are standardised."""
        return float(self.atm_vol * np.sqrt(self.years))

    def standardise(self, strikes: ArrayLike) -> Floats:
        """Return ln(strike / forward) in standard deviations."""
        return np.asarray(np.log(np.asarray(strikes, dtype=float) / self.forward) / self.atm_total_vol)

    def vol(self, strikes: ArrayLike) -> Floats:
        """Return the volatility per year at each strike, NaN outside the trusted range."""
        z = self.standardise(strikes)
        shape, _ = self.shape(z)
        return np.where((z >= self.low) & (z <= self.high), self.atm_vol * shape, np.nan)

    def shape(self, z: Floats) -> tuple[Floats, Floats]:
        """Return vol over at-the-money vol at standardised strikes, and its derivative."""
        arm = z - self.centre
        root = np.sqrt(arm * arm + self.width**2)
        return self.level + self.tilt * arm + self.bend * root, self.tilt + self.bend * arm / root

    def cdf(self, levels: ArrayLike) -> Floats:
        """Return the risk-neutral probability of settling at or below each level."""
        z = self.standardise(levels)
        inside = np.clip(z, self.low, self.high)
        probability = self._inner_cdf(inside)
        decay = self._decay(inside)
        # the slope of a value that falls off as exp(-decay * distance), which scales with 1 / strike
        fade = np.exp(-np.where(z < inside, *decay) * np.abs(z - inside) - self.atm_total_vol * (z - inside))
        return np.where(z < inside, probability * fade, 1.0 - (1.0 - probability) * np.where(z > inside, fade, 1.0))

    def expected_call(self, strikes: ArrayLike) -> Floats:
        """Return the expected payoff max(settlement - strike, 0) in points, undiscounted."""
        strikes = np.asarray(strikes, dtype=float)
        z = self.standardise(strikes)
        inside = np.clip(z, self.low, self.high)
        below, above = self._decay(inside)
        call = self._inner_value(inside, CALL) * np.exp(-above * (z - inside))
        put = self._inner_value(inside, PUT) * np.exp(-below * (inside - z))
        return np.where(z < inside, self.forward - strikes + put, call)

    def trusted_range(self) -> tuple[float, float]:
        """Return the widest range around the forward, within the present one, that implies a proper distribution.

        There probabilities rise between 0 and 1, and tails that start at its ends fall off fast enough.
        """
        z = np.linspace(self.low, self.high, _CHECKS)
        with np.errstate(all="ignore"):  # NaN is not proper
            probability = self._inner_cdf(z)
            below, above = self._decay(z)
        rises = np.append(np.diff(probability) > 0, True)
        proper = rises & (probability > 0) & (probability < 1) & (np.where(z < 0, below, above) > _SLOWEST_DECAY)
        broken, middle = np.flatnonzero(~proper), int(np.searchsorted(z, 0.0))
        first = broken[broken < middle].max(initial=-1) + 1
        last = broken[broken >= middle].min(initial=_CHECKS) - 1
        return float(z[first]), float(z[last])

    def _inner_cdf(self, z: Floats) -> Floats:
        # N(-d2) + phi(d2) d(total vol) / d(ln strike)
        shape, slope = self.shape(z)
        total = self.atm_total_vol * shape
        minus_d2 = z / shape + total / 2
        return np.asarray(ndtr(minus_d2) + np.exp(-0.5 * minus_d2 * minus_d2) / _ROOT_TWO_PI * slope)

    def _inner_value(self, z: ArrayLike, right: float) -> Floats:
        z = np.asarray(z, dtype=float)
        strikes = self.forward * np.exp(self.atm_total_vol * z)
        return price(self.forward, strikes, 1.0, 0.0, self.atm_total_vol * self.shape(z)[0], right)

    def _decay(self, z: Floats) -> tuple[Floats, Floats]:
        # fall of the put towards lower and of the call towards higher strikes, relative, per standard deviation
        probability = self._inner_cdf(z)
        point = self.forward * np.exp(self.atm_total_vol * z) * self.atm_total_vol
        below = point * probability / self._inner_value(z, PUT)
        return below, point * (1.0 - probability) / self._inner_value(z, CALL)


class _Points(NamedTuple):
    z: Floats
    ratio: Floats  # vol / atm_vol
    error: Floats  # half-spread of that


def fit_smile(quotes: ChainQuotes) -> Smile:
    """Fit the out-of-the-money mid quotes of a chain.

    Raises
    ------
    DataUnavailable
        The fatal problem of the chain; ``too_few_quotes`` below six informative ones or with none on one side of the
        forward; ``smile_arbitrage`` when the trusted range does not reach one standard deviation to either side.
    """
    quotes.require_priceable()
    points, atm_vol = _informative_points(quotes)
    smile = _flat(quotes, points, atm_vol)
    trust = np.ones_like(points.z)
    for reach in _REACHES:
        smile = _best_fit(smile, reach, points, trust)
        miss = np.abs(_misses(smile, points))
        trust = _OUTLIER / np.maximum(miss, _OUTLIER)
    low, high = smile.trusted_range()
    if low > -_NARROWEST or high < _NARROWEST:
        raise DataUnavailable("smile_arbitrage", f"the {quotes.symbol} smile is trusted from {low:.1f} to {high:.1f} s")
    return replace(smile, low=low, high=high, misfit=float(np.sqrt(np.mean(np.square(_misses(smile, points))))))


def _informative_points(quotes: ChainQuotes) -> tuple[_Points, float]:
    right = np.where(quotes.strikes >= quotes.forward, CALL, PUT)
    mid = np.where(right > 0, quotes.calls.mid, quotes.puts.mid)
    spread = np.where(right > 0, quotes.calls.half_spread, quotes.puts.half_spread)
    market = (quotes.parity_spot, quotes.strikes, quotes.years, quotes.rate)
    implied = implied_volatility(mid, *market, right)
    known = (implied.reason == Reason.OK) & (spread < _FAINTEST * mid) & _falls_outwards(mid, right)
    if known.sum() < FEWEST_QUOTES or not (known & (right > 0)).any() or not (known & (right < 0)).any():
        raise DataUnavailable("too_few_quotes", f"{known.sum()} quotes of {quotes.symbol} carry a volatility")
    vol, log_strike = implied.vol[known], np.log(quotes.strikes[known] / quotes.forward)
    half_spread = np.maximum(spread[known], quotes.product.tick / 2)
    error = half_spread / vega(quotes.parity_spot, quotes.strikes[known], quotes.years, quotes.rate, vol, CALL)
    atm_vol = float(np.interp(0.0, log_strike, vol))
    return _Points(
        z=log_strike / (atm_vol * np.sqrt(quotes.years)), ratio=vol / atm_vol, error=error / atm_vol
    ), atm_vol


def _falls_outwards(mid: Floats, right: Floats) -> Mask:
    # beyond the strike where quotes stop falling they reflect the tick, not a value
    falls = np.zeros(mid.shape, dtype=bool)
    for side in (np.flatnonzero(right > 0), np.flatnonzero(right < 0)[::-1]):
        quoted = side[np.isfinite(mid[side])]
        cheapest = np.minimum.accumulate(np.append(np.inf, mid[quoted]))[:-1]
        falls[quoted] = mid[quoted] < cheapest
    return falls


def _flat(quotes: ChainQuotes, points: _Points, atm_vol: float) -> Smile:
    # the start of the search
    return Smile(
        forward=quotes.forward,
        years=quotes.years,
        atm_vol=atm_vol,
        level=1.0,
        tilt=0.0,
        bend=0.0,
        centre=0.0,
        width=1.0,
        low=float(points.z[0]),
        high=float(points.z[-1]),
        misfit=0.0,
        used=len(points.z),
    )


def _best_fit(smile: Smile, reach: float, points: _Points, trust: Floats) -> Smile:
    # search a grid of centres and widths around the present ones; the rest is linear least squares
    steps = reach * np.linspace(-1, 1, _GRID)
    centre, width = (axis.ravel()[:, None] for axis in np.meshgrid(smile.centre + steps, smile.width * np.exp(steps)))
    arm = points.z - centre
    design = np.stack([np.ones_like(arm), arm, np.sqrt(arm * arm + width * width) - width], axis=-1)
    weight = trust / np.square(points.error)
    weighted = np.swapaxes(design * weight[:, None], 1, 2)
    moments = weighted @ design + _RIDGE * np.sum(weight) * np.eye(3)
    flat, tilt, bend = np.linalg.solve(moments, (weighted @ points.ratio)[:, :, None])[:, :, 0].T
    fitted = flat[:, None] + tilt[:, None] * arm + bend[:, None] * design[:, :, 2]
    cost = np.sum(weight * np.square(fitted - points.ratio), axis=1)
    cost[(bend < np.abs(tilt)) | (fitted.min(axis=1) <= 0)] = np.inf
    i = int(np.argmin(cost))
    return replace(
        smile,
        level=float(flat[i] - bend[i] * width[i, 0]),
        tilt=float(tilt[i]),
        bend=float(bend[i]),
        centre=float(centre[i, 0]),
        width=float(width[i, 0]),
    )


def _misses(smile: Smile, points: _Points) -> Floats:
    return np.asarray((smile.shape(points.z)[0] - points.ratio) / points.error)
