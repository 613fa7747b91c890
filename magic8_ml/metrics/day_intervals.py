"""What can be believed of a figure: rows of one day are one observation, and neighbouring days are alike.

Every figure here is a function of sums over days, so a bootstrap draw is a weighted sum of day sums: one matrix
product serves a thousand draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from scipy.special import stdtr

from magic8_companion.domain.arrays import Floats, Integers

Statistic = Callable[[Floats], Floats]

DRAWS: Final = 1000
BLOCK_DAYS: Final = 10
SEED: Final = 8
_CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure with its day-clustered 95 % interval; NaN where there was nothing to measure."""

    value: float
    low: float
    high: float
    n_days: int


def day_sums(columns: Floats, days: Integers) -> Floats:
    """Sum rows of shape (n_rows, n_columns) over their days; ascending days, shape (n_days, n_columns).

    >>> day_sums(np.array([[1.0], [2.0], [4.0]]), np.array([7, 7, 9])).ravel().tolist()
    [3.0, 4.0]
    """
    unique, place = np.unique(days, return_inverse=True)
    return np.stack([np.bincount(place, column, len(unique)) for column in columns.T], axis=1)


def block_counts(n_days: int, *, draws: int = DRAWS, block: int = BLOCK_DAYS, seed: int = SEED) -> Floats:
    """Draw how often each day is taken, shape (draws, n_days): whole blocks of days, wrapping round the end.

    With fewer days than five blocks hold, blocks are shorter.
    """
    length = max(1, min(block, n_days // 5))
    starts = np.random.default_rng(seed).integers(0, n_days, (draws, -(-n_days // length)))
    taken = ((starts[:, :, None] + np.arange(length)) % n_days).reshape(draws, -1)[:, :n_days]
    flat = (taken + n_days * np.arange(draws)[:, None]).ravel()
    return np.bincount(flat, minlength=draws * n_days).reshape(draws, n_days).astype(np.float64)


def day_interval(sums: Floats, statistic: Statistic, *, seed: int = SEED) -> Interval:
    """Bootstrap a statistic of day sums over blocks of days (percentile interval).

    Parameters
    ----------
    sums
        Shape (n_days, n_columns), days in order.
    statistic
        Takes totals of shape (..., n_columns), returns shape (...).
    """
    n_days = len(sums)
    if not n_days:
        return Interval(value=np.nan, low=np.nan, high=np.nan, n_days=0)
    drawn = statistic(block_counts(n_days, seed=seed) @ sums)
    tail = (1 - _CONFIDENCE) / 2
    known = drawn[np.isfinite(drawn)]
    low, high = np.quantile(known, (tail, 1 - tail)) if len(known) else (np.nan, np.nan)
    return Interval(value=float(statistic(sums.sum(axis=0))), low=float(low), high=float(high), n_days=n_days)


def skill_interval(losses: Floats, baseline: Floats, days: Integers) -> Interval:
    """Return 1 - loss / baseline loss of paired rows; rows where either is NaN are left out."""
    known = np.isfinite(losses) & np.isfinite(baseline)
    sums = day_sums(np.stack((losses[known], baseline[known]), axis=1), days[known])
    return day_interval(sums, skill_of_totals)


def mean_interval(values: Floats, days: Integers) -> Interval:
    """Return the mean over rows; NaN rows are left out."""
    known = np.isfinite(values)
    sums = day_sums(np.stack((values[known], np.ones(int(known.sum()))), axis=1), days[known])
    return day_interval(sums, ratio_of_totals)


def skill_of_totals(totals: Floats) -> Floats:
    """Return 1 - first / second column."""
    return 1 - ratio_of_totals(totals)


def ratio_of_totals(totals: Floats) -> Floats:
    """Return first / second column, NaN where the second is zero."""
    below = totals[..., 1]
    return np.asarray(totals[..., 0] / np.where(below == 0, np.nan, below))


class DieboldMariano(NamedTuple):
    """Mean daily loss difference over its standard error; ``p_value`` is one-sided, for "the model loses less"."""

    statistic: float
    p_value: float
    n_days: int


def diebold_mariano(losses: Floats, baseline: Floats, days: Integers) -> DieboldMariano:
    """Test paired losses by their daily mean differences (Diebold and Mariano 1995).

    The variance is Newey and West's with 4 (n / 100)^(2/9) lags, the law Student's with n - 1 degrees.
    """
    known = np.isfinite(losses) & np.isfinite(baseline)
    sums = day_sums(np.stack((baseline[known] - losses[known], np.ones(int(known.sum()))), axis=1), days[known])
    gains = sums[:, 0] / sums[:, 1]
    n = len(gains)
    if n < 2:
        return DieboldMariano(np.nan, np.nan, n)
    error = float(np.sqrt(long_run_variance(gains) / n))
    if error == 0:
        return DieboldMariano(np.nan, np.nan, n)
    statistic = float(gains.mean()) / error
    return DieboldMariano(statistic, float(stdtr(n - 1, -statistic)), n)


def long_run_variance(values: Floats, lags: int | None = None) -> float:
    """Return the variance of a mean times n, with Bartlett weights on the autocovariances (Newey and West 1987).

    >>> long_run_variance(np.array([1.0, -1.0, 1.0, -1.0]), lags=1)
    0.25
    """
    n = len(values)
    reach = int(4 * (n / 100) ** (2 / 9)) if lags is None else lags
    centred = values - values.mean()
    covariances = [float(centred[lag:] @ centred[: n - lag]) / n for lag in range(min(reach, n - 1) + 1)]
    weights = [1.0, *(2 * (1 - lag / (reach + 1)) for lag in range(1, len(covariances)))]
    return max(float(np.dot(weights, covariances)), 0.0)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjust p-values for having asked more than once (Holm 1979); NaN stays NaN and counts for nothing.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    ordered = sorted((name for name, p in p_values.items() if np.isfinite(p)), key=p_values.__getitem__)
    answer, worst = dict.fromkeys(p_values, np.nan), 0.0
    for place, name in enumerate(ordered):
        worst = max(worst, min(1.0, (len(ordered) - place) * p_values[name]))
        answer[name] = round(worst, 12)
    return answer
