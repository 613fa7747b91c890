"""Where the underlying may settle: one face, three makers.

``Lognormal``        one volatility, for reference and where there is no smile
``SmileImplied``     what the market's quotes imply (risk-neutral)
``ScaledResiduals``  what a model predicts: its volatility times residuals seen in the past
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.options.black_scholes import CALL, price
from magic8_companion.options.smile import Smile

_REACH: Final = 40.0  # standard deviations; the slowest tail has lost all but 1e-9 there
_FEWEST: Final = 30


class Distribution(Protocol):
    """A distribution of the settlement value; levels and strikes are price points, shapes are kept."""

    @property
    def mean(self) -> float:
        """Return the expected settlement."""
        ...

    def cdf(self, levels: ArrayLike) -> Floats:
        """Return the probability of settling at or below each level."""
        ...

    def expected_call(self, strikes: ArrayLike) -> Floats:
        """Return the expected value of max(settlement - strike, 0) in points."""
        ...

    def quantile(self, probabilities: ArrayLike) -> Floats:
        """Return the level below which the settlement lies with each probability."""
        ...


def expected_put(distribution: Distribution, strikes: ArrayLike) -> Floats:
    """Return the expected value of max(strike - settlement, 0) in points, by parity.

    >>> float(expected_put(Lognormal(mean=100.0, total_vol=0.01), 100.0).round(4))
    0.3989
    """
    return np.asarray(distribution.expected_call(strikes) - distribution.mean + np.asarray(strikes, dtype=float))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lognormal:
    """One volatility: ``total_vol`` is the standard deviation of ln(settlement)."""

    mean: float
    total_vol: float

    def cdf(self, levels: ArrayLike) -> Floats:
        """Return N(ln(level / mean) / s + s / 2)."""
        log_level = np.log(np.asarray(levels, dtype=float) / self.mean)
        return np.asarray(ndtr(log_level / self.total_vol + self.total_vol / 2))

    def expected_call(self, strikes: ArrayLike) -> Floats:
        """Return the undiscounted Black price."""
        return price(self.mean, strikes, 1.0, 0.0, self.total_vol, CALL)

    def quantile(self, probabilities: ArrayLike) -> Floats:
        """Return mean * exp(s N^-1(p) - s^2 / 2)."""
        return np.asarray(self.mean * np.exp(self.total_vol * ndtri(probabilities) - self.total_vol**2 / 2))


@dataclass(frozen=True, kw_only=True)
class SmileImplied:
    """The risk-neutral distribution of a fitted smile."""

    smile: Smile

    @property
    def mean(self) -> float:
        """Return the forward."""
        return self.smile.forward

    def cdf(self, levels: ArrayLike) -> Floats:
        """Return the probability that the smile implies."""
        return self.smile.cdf(levels)

    def expected_call(self, strikes: ArrayLike) -> Floats:
        """Return the value that the smile implies."""
        return self.smile.expected_call(strikes)

    def quantile(self, probabilities: ArrayLike) -> Floats:
        """Return levels from a table of 4,001 points, exact to about 1e-6 in probability."""
        levels, probability = self._table
        return np.asarray(np.interp(np.asarray(probabilities, dtype=float), probability, levels))

    @cached_property
    def _table(self) -> tuple[Floats, Floats]:
        levels = self.smile.forward * np.exp(self.smile.atm_total_vol * np.linspace(-_REACH, _REACH, 4001))
        return levels, np.maximum.accumulate(self.smile.cdf(levels))


class ScaledResiduals:
    """A model's distribution: mean * exp(scale * residual) over past residuals, each equally likely.

    Parameters
    ----------
    mean
        Expected settlement in points.  The residuals are shifted so that it is met exactly: a model of the size of the
        move says nothing about its direction.
    scale
        Predicted standard deviation of ln(settlement), for example the root of the remaining realised variance.
    residuals
        Past values of ln(settlement / spot) over their own predicted scale, shape (n,), at least 30.  Only residuals
        from before today may be given; this class cannot know.

    Raises
    ------
    DataUnavailable
        ``bad_distribution`` with too few residuals, values that are not finite or a scale that is not positive.
    """

    def __init__(self, *, mean: float, scale: float, residuals: ArrayLike) -> None:
        values = np.sort(np.asarray(residuals, dtype=float).ravel())
        if values.size < _FEWEST or not np.isfinite(values).all() or not (0 < scale < np.inf and 0 < mean < np.inf):
            raise DataUnavailable("bad_distribution", f"{values.size} residuals, scale {scale}, mean {mean}")
        levels = np.exp(scale * values)
        self.mean = mean
        self.levels: Floats = levels * (mean / levels.mean())
        self._above = np.append(np.cumsum(self.levels[::-1])[::-1], 0.0)  # sum of this level and all higher ones

    def cdf(self, levels: ArrayLike) -> Floats:
        """Return the share of levels at or below."""
        return np.asarray(np.searchsorted(self.levels, levels, side="right") / self.levels.size)

    def expected_call(self, strikes: ArrayLike) -> Floats:
        """Return the mean payoff, exactly."""
        strikes = np.asarray(strikes, dtype=float)
        first = np.searchsorted(self.levels, strikes, side="right")
        count = self.levels.size - first
        return np.asarray((self._above[first] - count * strikes) / self.levels.size)

    def quantile(self, probabilities: ArrayLike) -> Floats:
        """Return the lowest level whose cumulative share reaches the probability."""
        place = np.ceil(np.asarray(probabilities, dtype=float) * self.levels.size).astype(int) - 1
        return np.asarray(self.levels[np.clip(place, 0, self.levels.size - 1)])
