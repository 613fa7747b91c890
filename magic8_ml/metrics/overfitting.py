"""How much of a good figure is owed to having tried often."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
from scipy.stats import norm

from magic8_companion.domain.arrays import Floats

_EULER: Final = 0.5772156649015329


def deflated_sharpe(
    sharpe: float, *, trials: int, trial_variance: float, periods: int, skewness: float, kurtosis: float
) -> float:
    """Return the probability that a Sharpe ratio is above what the best of ``trials`` skilless ones shows.

    Bailey and Lopez de Prado 2014.  All Sharpe ratios are per period, not annualised; ``trial_variance`` is their
    variance over the trials and ``kurtosis`` the raw one, 3 for a normal law.

    >>> round(deflated_sharpe(2.5 / 250**0.5, trials=100, trial_variance=0.5 / 250, periods=1250, skewness=-3.0,
    ...                       kurtosis=10.0), 3)
    0.9
    """
    best = 0.0
    if trials > 1:
        extremes = (1 - _EULER) * norm.ppf(1 - 1 / trials) + _EULER * norm.ppf(1 - 1 / (trials * np.e))
        best = float(np.sqrt(trial_variance) * extremes)
    spread = np.sqrt(1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2)
    return float(norm.cdf((sharpe - best) * np.sqrt(periods - 1) / spread))


def sharpe_facts(returns: Floats) -> tuple[float, float, float]:
    """Return Sharpe ratio per period, skewness and raw kurtosis; NaN without variation.

    >>> [round(number, 3) for number in sharpe_facts(np.array([1.0, -1.0, 1.0, -1.0, 1.0, 1.0]))]
    [0.354, -0.707, 1.5]
    """
    centred = returns - returns.mean()
    sigma = float(np.sqrt((centred**2).mean()))
    if sigma == 0:
        return np.nan, np.nan, np.nan
    scaled = centred / sigma
    return float(returns.mean()) / sigma, float((scaled**3).mean()), float((scaled**4).mean())


def probability_of_overfitting(gains: Floats, *, blocks: int = 10) -> float:
    """Return how often the best configuration of one half of the days is below the median of the other (CSCV).

    Bailey, Borwein, Lopez de Prado and Zhu 2017.  ``gains`` has shape (n_days, n_configurations), larger is better;
    every choice of half of the ``blocks`` blocks of days is a first half.  NaN with fewer than two configurations.

    >>> probability_of_overfitting(np.tile([[1.0, 0.0]], (40, 1)))
    0.0
    """
    n_days, count = gains.shape
    if count < 2 or n_days < blocks:
        return float("nan")
    edges = np.linspace(0, n_days, blocks + 1).astype(int)[:-1]
    sums = np.add.reduceat(gains, edges, axis=0)
    halves = np.array([[n in half for n in range(blocks)] for half in combinations(range(blocks), blocks // 2)])
    inside, outside = halves @ sums, ~halves @ sums
    best = inside.argmax(axis=1)
    chosen = outside[np.arange(len(best)), best][:, None]
    rank = ((outside < chosen).sum(axis=1) + 0.5 * ((outside == chosen).sum(axis=1) + 1)) / (count + 1)
    return float((rank < 0.5).mean() + 0.5 * (rank == 0.5).mean())
