"""The one distribution behind every probability: forecast sigma times what it missed by in the past.

Per part of the day two pools of past residuals, each point equally likely:

    move      ln(settlement / spot) / forecast sigma, shifted to mean 0: the forecast has no drift
    variance  ln(realised / forecast variance of the rest of the day)

Direction, quantiles, wins, touches and expected values come from the first, the regime from the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.forecast.forecaster import LEVELS, Outcomes
from magic8_ml.forecast.labels import GROUPS, N_GROUPS

POINTS: Final = 1001
_PROBABILITIES: Final = (np.arange(POINTS) + 0.5) / POINTS
_SMALLEST: Final = 1e-4
"""Least share of the forecast variance that counts as realised: a logarithm must exist where no price moved."""

_DECIMALS: Final = 6
_ORDERS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residuals:
    """Both pools thinned to 1,001 equally likely points, ascending; shape (4 parts of the day, 1001)."""

    move: Floats
    variance: Floats
    _quantiles: Floats = field(init=False, repr=False)
    _powers_above: Floats = field(init=False, repr=False)
    _tuples: tuple[tuple[float, ...], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Sum once what every forecast looks up."""
        object.__setattr__(self, "_quantiles", np.quantile(self.move, LEVELS, axis=1).T)
        powers = np.stack([self.move**n for n in range(_ORDERS)], axis=1)[:, :, ::-1]
        above = np.zeros((N_GROUPS, _ORDERS, POINTS + 1))
        above[:, :, :-1] = np.cumsum(powers, axis=2)[:, :, ::-1] / POINTS
        object.__setattr__(self, "_powers_above", above)
        object.__setattr__(self, "_tuples", tuple(map(tuple, self.move.tolist())))

    @classmethod
    def of(cls, sigma: Floats, outcomes: Outcomes, bucket: Integers) -> Residuals:
        """Measure what forecasts ``sigma`` (n_rows,) missed by; a part of the day without rows takes all of them."""
        move = outcomes.move / sigma
        variance = np.log(np.maximum(outcomes.realised / sigma**2, _SMALLEST))
        pools = [_rows_of_group(bucket, group) for group in range(N_GROUPS)]
        centred = [np.quantile(move[rows], _PROBABILITIES) for rows in pools]
        return cls(
            move=np.round([points - points.mean() for points in centred], _DECIMALS),
            variance=np.round([np.quantile(variance[rows], _PROBABILITIES) for rows in pools], _DECIMALS),
        )

    def below(self, returns: Floats, sigma: Floats, bucket: Integers) -> Floats:
        """Return P(log return to the close < ``returns``); shape of ``returns`` (n_rows, n_levels)."""
        return _below(self.move, returns / sigma[:, None], bucket)

    def between(self, low: Floats, high: Floats, sigma: Floats, bucket: Integers) -> Floats:
        """Return P(low < log return < high), 0 where ``low`` is not below ``high``; shapes (n_rows, n)."""
        below = self.below(np.concatenate((low, high), axis=1), sigma, bucket)
        n = low.shape[1]
        return np.maximum(below[:, n:] - below[:, :n], 0.0)

    def variance_below(self, variances: Floats, sigma: Floats, bucket: Integers) -> Floats:
        """Return P(realised variance < ``variances``); shape (n_rows, n_levels)."""
        with np.errstate(divide="ignore"):
            return _below(self.variance, np.log(variances / sigma[:, None] ** 2), bucket)

    def quantiles(self, sigma: Floats, bucket: Integers) -> Floats:
        """Return the log returns at :data:`~magic8_ml.forecast.forecaster.LEVELS`, (n_rows, n_levels)."""
        return np.asarray(self._quantiles[GROUPS[bucket]] * sigma[:, None])

    def touched(self, low: Floats, high: Floats, sigma: Floats, bucket: Integers) -> Floats:
        """Return P(path reaches ``low`` or ``high`` before the close): twice that of ending beyond, at most 1.

        The reflection principle, exact for one barrier and a continuous path without drift; both barriers together are
        at most their sum.
        """
        return np.minimum(1.0, 2 * (1 - self.between(low, high, sigma, bucket)))

    def call_values(self, strikes: Floats, sigma: Floats, bucket: Integers) -> Floats:
        """Return E[max(X - strike, 0)] for X = settlement / spot with mean 1; shape of ``strikes`` (n_rows, n)."""
        answer = np.empty_like(strikes)
        for group, rows in _groups(bucket):
            points, above = self.move[group], self._powers_above[group]
            answer[rows] = _call_values(points, above, strikes[rows], sigma[rows, None])
        return answer

    def points_at(self, bucket: int) -> tuple[float, ...]:
        """Return the pool of moves at a half hour, in forecast sigmas."""
        return self._tuples[int(GROUPS[bucket])]

    def as_json(self) -> dict[str, Any]:
        """Return the plain form that :meth:`from_json` reads."""
        return {"move": self.move.tolist(), "variance": self.variance.tolist()}

    @classmethod
    def from_json(cls, data: Mapping[str, Sequence[Sequence[float]]]) -> Residuals:
        """Read the plain form; raises ValueError unless both pools are whole and ascending."""
        pools = {name: np.array(data[name], dtype=np.float64) for name in ("move", "variance")}
        for name, pool in pools.items():
            if pool.shape != (N_GROUPS, POINTS) or not (np.diff(pool, axis=1) >= 0).all():
                raise ValueError(f"the residuals of the {name} are not {N_GROUPS} ascending pools of {POINTS}")
        return cls(**pools)


def _rows_of_group(bucket: Integers, group: int) -> Mask | slice:
    rows = GROUPS[bucket] == group
    return rows if rows.any() else slice(None)


def _groups(bucket: Integers) -> Iterator[tuple[int, Mask | slice]]:
    of_row = GROUPS[bucket]
    present = set(of_row.tolist())
    for group in sorted(present):
        yield group, (of_row == group) if len(present) > 1 else slice(None)


def _below(pools: Floats, levels: Floats, bucket: Integers) -> Floats:
    # never 0 or 1: what has not come in the past may come
    answer = np.empty(levels.shape)
    for group, rows in _groups(bucket):
        answer[rows] = (np.searchsorted(pools[group], levels[rows]) + 0.5) / (POINTS + 1)
    return np.where(np.isnan(levels), np.nan, answer)


def _call_values(points: Floats, above: Floats, strikes: Floats, sigma: Floats) -> Floats:
    # X = exp(sigma e) / mean; exp to the third order, so that sums over the points above a strike are looked up
    orders = np.concatenate((np.ones_like(sigma), sigma, sigma**2 / 2, sigma**3 / 6), axis=1)
    mean = orders @ above[:, :1]
    first = np.searchsorted(points, np.log(strikes * mean) / sigma)
    value = (orders.T[:, :, None] * above[:, first]).sum(axis=0) / mean
    return np.asarray(value - strikes * above[0, first])
