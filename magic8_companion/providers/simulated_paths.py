"""Simulate the 5-minute path of a day, given the move of the whole day.

Within the day volatility has a U-shape and clusters.  The path is a Brownian bridge in volatility time to the move of
the day, so a bar predicts only the volatility of the next one.  All arrays are padded to 78 bars; bars after the end of
a half day have weight 0.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.providers.simulated_days import FULL_DAY_BARS, VIX_PER_UNIT, FactorDays, MarketDays, stream

_VARIANCE_PER_30_MINUTES: Final = (13.9, 13.6, 9.4, 7.9, 6.2, 5.1, 5.7, 5.7, 5.0, 6.0, 6.1, 5.6, 10.0)
_VOLUME_PER_30_MINUTES: Final = (12.2, 8.8, 7.3, 6.6, 5.8, 5.1, 4.7, 4.6, 4.7, 6.0, 6.1, 7.7, 20.4)
_CLUSTERS: Final = (0.96, 0.45)  # autoregression from bar to bar, deviation of the log variance
_BURSTS: Final = 0.45
VIX_BRIDGE: Final = 0.105
"""Standard deviation of the VIX state around its daily trend, per day."""


def variance_shares(bar_count: int) -> Floats:
    """Return the expected share of each bar in the day's variance, shape (78,).

    The measured U-shape (SPY, per 30 minutes); a half day has the same shape in 42 bars.

    >>> round(float(variance_shares(78)[:6].sum()), 3)
    0.139
    """
    return _shares(_VARIANCE_PER_30_MINUTES, bar_count)


def volume_shares(bar_count: int) -> Floats:
    """Return the expected share of each bar in the day's volume, shape (78,)."""
    return _shares(_VOLUME_PER_30_MINUTES, bar_count)


def draws(seed: int, name: str, ordinals: list[int], rows: int) -> Floats:
    """Return standard normals of some days, shape (n_days, rows, 78); each day has its own stream."""
    shape = (rows, FULL_DAY_BARS)
    return np.stack([stream(seed, name, ordinal).standard_normal(shape) for ordinal in ordinals])


def factor_path(seed: int, name: str, days: MarketDays, own: FactorDays, rows: slice) -> tuple[Floats, Floats]:
    """Return returns and deviations of each bar in units, shape (n_days, 78) each."""
    counts = days.bar_counts[rows]
    shocks, clusters, bursts = draws(seed, f"path {name}", days.ordinals[rows].tolist(), 3).transpose(1, 0, 2)
    shape = np.stack([variance_shares(int(count)) for count in counts])
    weights = shape * np.exp(_clustered(clusters) + _BURSTS * bursts)
    weights /= weights.sum(axis=1, keepdims=True)
    deviations = np.sqrt(weights) * own.deviation[rows, None]
    free = deviations * shocks
    returns = free + weights * (own.move[rows, None] - free.sum(axis=1, keepdims=True))
    returns[np.arange(len(counts)), own.jump_bar[rows]] += own.jump[rows]
    return returns, deviations


def vix_path(seed: int, days: MarketDays, market_returns: Floats, rows: slice) -> Floats:
    """Return the state of the VIX at the end of each bar, shape (n_days, 78): against the market, then to its close."""
    elapsed = np.minimum((np.arange(FULL_DAY_BARS) + 1) / days.bar_counts[rows, None], 1.0)
    noise = draws(seed, "path VIX", days.ordinals[rows].tolist(), 1)[:, 0]
    walk = np.cumsum(noise * np.sqrt(np.diff(elapsed, axis=1, prepend=0.0)), axis=1)
    bridge = VIX_BRIDGE * (walk - elapsed * walk[:, -1:])
    against = VIX_PER_UNIT * np.cumsum(market_returns, axis=1)
    rest = (days.vix_close - days.vix_open)[rows, None] - against[:, -1:]
    return np.asarray(days.vix_open[rows, None] + against + rest * elapsed + bridge)


def extremes(seed: int, name: str, ordinals: list[int], returns: Floats, deviations: Floats) -> tuple[Floats, Floats]:
    """Return how far the log price rose above and fell below each bar's open, shape (n_days, 78) each.

    The maximum of a Brownian bridge of length 1 from 0 to r is (r + sqrt(r^2 - 2 s^2 ln U)) / 2, U uniform.
    """
    shape = (2, FULL_DAY_BARS)
    uniform = np.stack([stream(seed, f"range {name}", ordinal).random(shape) for ordinal in ordinals])
    reach = np.sqrt(returns[:, None] ** 2 - 2 * deviations[:, None] ** 2 * np.log1p(-uniform))
    return (returns + reach[:, 0]) / 2, (returns - reach[:, 1]) / 2


def _shares(per_30_minutes: tuple[float, ...], bar_count: int) -> Floats:
    edges = np.linspace(0, bar_count, len(per_30_minutes) + 1)
    total = np.concatenate([[0.0], np.cumsum(per_30_minutes)]) / sum(per_30_minutes)
    return np.diff(np.interp(np.arange(FULL_DAY_BARS + 1), edges, total))


def _clustered(shocks: Floats) -> Floats:
    memory, deviation = _CLUSTERS
    state = np.empty_like(shocks)
    state[:, 0] = shocks[:, 0]
    for bar in range(1, FULL_DAY_BARS):
        state[:, bar] = memory * state[:, bar - 1] + np.sqrt(1 - memory**2) * shocks[:, bar]
    return deviation * state
