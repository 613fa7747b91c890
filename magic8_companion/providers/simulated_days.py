"""Simulate the daily level of the market: one row per trading day 2015..2030, in one pass from one seed.

A row holds all that a day needs from its past (volatility level, price level), so each day can be simulated alone.
Moves are in *units*: the standard deviation of one day that the VIX implies for the market, ``VIX / 100 / sqrt(252)``.

The numbers fit SPY 2018-2020 and 2024-2025 with the VIX: the log variance of a day over the implied one
has a deviation of 0.74 and autocorrelations 0.53, 0.42, 0.32, 0.12 at lags 1, 2, 5, 22; the log of the VIX moves by
-0.09 per unit within the day and by -0.054 over night, and has mean 2.84 and deviation 0.33.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.trading_day import FIRST_YEAR, LAST_YEAR, Session, sessions_between
from magic8_companion.providers.simulated_symbols import MARKET, SimulatedUnderlying

FULL_DAY_BARS: Final = 78
MEAN_VARIANCE: Final = 0.44
"""Mean variance of the market's day, open to close, in squared units; below 1: the VIX exceeds realized moves."""
UNITS_PER_VIX: Final = 100 * math.sqrt(252)
VIX_PER_UNIT: Final = -0.19
"""Change of the VIX state per unit of the market's move within the day."""

_HALF_DAY_VARIANCE: Final = 0.55
_SLOW: Final = (0.955, 0.47)  # autoregression, stationary deviation of the log variance
_FAST: Final = (0.50, 0.41)
_NOISE: Final = 0.35
_GAP: Final = 0.45
_VIX_FLOOR: Final = 8.0
_VIX_ROOM: Final = 90.0
_VIX_MEAN: Final = 2.25
_VIX_PULL: Final = 0.035
_VIX_PER_GAP: Final = -0.12
_VIX_PER_SQUARE: Final = 0.025
_LARGEST_SQUARE: Final = 6.0  # a crash raises the VIX up to a limit
_VIX_NIGHT_NOISE: Final = 0.07
_VIX_DAY_NOISE: Final = 0.10
_LEVEL_PULL: Final = 1 / 400  # mean reversion of prices, overnight only and too slow to trade


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorDays:
    """The moves of one factor, in units; every array has shape (n_days,).

    ``deviation`` is that of the diffusive move from open to close and ``move`` its outcome; ``jump`` is added in
    the bar ``jump_bar`` (0 on days without a jump); ``gap`` is the move of the night before.
    """

    gap: Floats
    deviation: Floats
    move: Floats
    jump: Floats
    jump_bar: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketDays:
    """Every trading day of the calendar; arrays of shape (n_days,); :func:`vix_level` reads the states of the VIX."""

    sessions: tuple[Session, ...]
    ordinals: npt.NDArray[np.int64]
    bar_counts: npt.NDArray[np.int64]
    factor: FactorDays
    vix_open: Floats
    vix_close: Floats

    @property
    def unit(self) -> Floats:
        """Return one unit of each day as a log return, by the VIX of the open."""
        return vix_level(self.vix_open) / UNITS_PER_VIX

    def rows(self, first: date, last: date) -> slice:
        """Return the rows of the days in [first, last]."""
        left, right = np.searchsorted(self.ordinals, [first.toordinal(), last.toordinal() + 1])
        return slice(int(left), int(right))


def stream(seed: int, *keys: str | int) -> np.random.Generator:
    """Return a random generator for some names and days, independent of all others.

    >>> stream(8, "SPX", 5).random() == stream(8, "SPX", 5).random() != stream(8, "SPX", 6).random()
    True
    """
    numbers = [key if isinstance(key, int) else int.from_bytes(key.encode(), "big") for key in keys]
    return np.random.default_rng(np.random.SeedSequence([seed, *numbers]))


def vix_level(state: Floats) -> Floats:
    """Return the VIX in points: it moves little when it is low, and stays above 8 and below 98.

    >>> vix_level(np.array([-9.0, 2.3, 9.0])).round(1)
    array([ 8., 17., 97.])
    """
    return _VIX_FLOOR + 1 / (np.exp(-state) + 1 / _VIX_ROOM)


def market_days(seed: int) -> MarketDays:
    """Simulate the market and the VIX day by day."""
    sessions = sessions_between(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))
    bar_counts = np.array([session.bar_count for session in sessions], dtype=np.int64)
    factor = factor_days(seed, MARKET, bar_counts)
    noise = stream(seed, "VIX").standard_normal((len(sessions), 2))
    moves = factor.move + factor.jump
    nights = _VIX_PER_GAP * factor.gap + _VIX_NIGHT_NOISE * noise[:, 0]
    days = (
        VIX_PER_UNIT * moves
        + _VIX_PER_SQUARE * (np.minimum(moves**2, _LARGEST_SQUARE) - MEAN_VARIANCE)
        + _VIX_DAY_NOISE * noise[:, 1]
    )
    closes = _pulled(nights + days, _VIX_PULL, _VIX_MEAN)
    return MarketDays(
        sessions=sessions,
        ordinals=np.array([session.day.toordinal() for session in sessions], dtype=np.int64),
        bar_counts=bar_counts,
        factor=factor,
        vix_open=closes - days,
        vix_close=closes,
    )


def factor_days(seed: int, underlying: SimulatedUnderlying, bar_counts: npt.NDArray[np.int64]) -> FactorDays:
    """Simulate the part of an underlying that is its own (of the market, all of it), in units of the market."""
    count = len(bar_counts)
    random = stream(seed, "days", underlying.name)
    slow, fast, noise, move, gap, size = random.standard_normal((count, 6)).T
    uniform, place = random.random((count, 2)).T
    state = _autoregressive(slow, *_SLOW) + _autoregressive(fast, *_FAST)
    spread = _SLOW[1] ** 2 + _FAST[1] ** 2 + _NOISE**2
    length = np.where(bar_counts == FULL_DAY_BARS, 1.0, _HALF_DAY_VARIANCE)
    deviation = np.sqrt(MEAN_VARIANCE * length) * np.exp((state + _NOISE * noise) / 2 - spread / 4)
    jumps = uniform < underlying.jumps
    return FactorDays(
        gap=_GAP * gap * np.exp(state / 4),
        deviation=deviation,
        move=deviation * move,
        jump=np.where(jumps, deviation * (0.4 * np.sign(size) + 0.3 * size), 0.0),
        jump_bar=np.where(jumps, (place * bar_counts).astype(np.int64), 0),
    )


def log_opens(days: MarketDays, own: FactorDays, underlying: SimulatedUnderlying) -> Floats:
    """Return the log price of an underlying at every open, shape (n_days,)."""
    night = np.append(days.unit[0], vix_level(days.vix_close[:-1]) / UNITS_PER_VIX)
    gaps = night * (underlying.beta * days.factor.gap + underlying.own * own.gap)
    moves = days.unit * (
        underlying.beta * (days.factor.move + days.factor.jump) + underlying.own * (own.move + own.jump)
    )
    return _pulled(gaps + moves, _LEVEL_PULL, np.log(underlying.level)) - moves


def _autoregressive(shocks: Floats, memory: float, deviation: float) -> Floats:
    scale = np.sqrt(1 - memory**2)
    path = accumulate(shocks.tolist(), lambda state, shock: memory * state + scale * shock)
    return deviation * np.fromiter(path, dtype=np.float64, count=len(shocks))


def _pulled(steps: Floats, pull: float, mean: float) -> Floats:
    path = accumulate(steps.tolist(), lambda level, step: level + pull * (mean - level) + step, initial=float(mean))
    return np.fromiter(path, dtype=np.float64, count=len(steps) + 1)[1:]
