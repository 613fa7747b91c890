"""Selection bias: the Sharpe ratio deflated by the number of trials, and the probability of overfitting (PBO)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np
from scipy.stats import norm

from magic8_companion.domain.arrays import Floats
from magic8_ml.evaluation.forecaster_scores import LossOf, regime_rps, variance_qlike
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.evaluation.records import SelectionBiasRecord
from magic8_ml.forecast.forecaster import Forecast, Rows
from magic8_ml.metrics.day_intervals import day_sums

_EULER: Final = 0.5772156649015329


def daily_returns(out_of_sample: OutOfSample) -> Floats:
    """Return the mean net result of a day's HIGH calls, in units of the largest loss; 0 on days without one."""
    net = out_of_sample.of_call(out_of_sample.settlement.net)
    taken = out_of_sample.high & np.isfinite(net)
    sums = day_sums(np.stack((np.where(taken, net, 0.0), taken), axis=1), out_of_sample.rows.day)
    return np.asarray(sums[:, 0] / np.maximum(sums[:, 1], 1.0))


def selection_bias(
    out_of_sample: OutOfSample, designs: Mapping[str, Forecast], sharpes: Sequence[float], trials: int
) -> SelectionBiasRecord:
    """Return what the number of trials leaves of the figures.

    ``designs`` are the forecasts of every design tried on these rows; ``sharpes`` the daily ratios of all trials.
    """
    returns = daily_returns(out_of_sample)
    sharpe, skewness, kurtosis = sharpe_facts(returns)
    known = [value for value in sharpes if np.isfinite(value)]
    spread = float(np.var(known)) if known else 0.0
    if len(known) < trials:  # a trial whose ratio is not known counts as one without skill, independent of the others
        spread = max(spread, 1 / len(returns))
    deflated = float("nan")
    if np.isfinite(sharpe) and len(returns) > 1:
        deflated = deflated_sharpe(
            sharpe, trials=trials, trial_variance=spread, periods=len(returns), skewness=skewness, kurtosis=kurtosis
        )
    return {
        "sharpe_daily": sharpe,
        "deflated_sharpe": deflated,
        "trials": trials,
        "designs": list(designs),
        "pbo_regime": _overfitting(designs, out_of_sample.rows, regime_rps),
        "pbo_variance": _overfitting(designs, out_of_sample.rows, variance_qlike),
    }


def deflated_sharpe(
    sharpe: float, *, trials: int, trial_variance: float, periods: int, skewness: float, kurtosis: float
) -> float:
    """Return the probability that a Sharpe ratio exceeds the best of ``trials`` without skill.

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


def _overfitting(designs: Mapping[str, Forecast], rows: Rows, loss: LossOf) -> float:
    losses = [loss(forecast, rows) for forecast in designs.values()]
    answering = [one for one in losses if np.isfinite(one).any()]
    if len(answering) < 2:
        return float("nan")
    table = np.stack(answering, axis=1)
    known = np.isfinite(table).all(axis=1)
    return probability_of_overfitting(-day_sums(table[known], rows.day[known]))
