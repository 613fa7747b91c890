"""Proper scores per row: each is smallest, in the mean, for whoever states what they believe.

Ordered classes are scored in :mod:`magic8_ml.metrics.class_scores`; here are win probabilities, variances and whole
distributions.  Smaller is better everywhere.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from magic8_companion.domain.arrays import Floats, Mask

_SMALLEST = 1e-9


def brier(probabilities: Floats, happened: Floats) -> Floats:
    """Return the squared distance of each probability from what came (0 or 1).

    >>> brier(np.array([0.8, 0.8]), np.array([1.0, 0.0])).round(2).tolist()
    [0.04, 0.64]
    """
    return np.asarray((probabilities - happened) ** 2)


def binary_log_loss(probabilities: Floats, happened: Floats) -> Floats:
    """Return -ln(probability of what came); a probability of 0 or 1 is taken as 1e-9 away from it.

    >>> binary_log_loss(np.array([0.8]), np.array([1.0])).round(4).tolist()
    [0.2231]
    """
    said = np.where(happened > 0, probabilities, 1 - probabilities)
    return np.asarray(-np.log(np.maximum(said, _SMALLEST)))


def qlike(forecast: Floats, realised: Floats) -> Floats:
    """Return x - ln x - 1 with x = realised / forecast variance (Patton 2011); NaN where nothing was realised.

    >>> qlike(np.array([1.0, 1.0]), np.array([1.0, 2.0])).round(4).tolist()
    [0.0, 0.3069]
    """
    ratio = np.where(realised > 0, realised, np.nan) / forecast
    return np.asarray(ratio - np.log(ratio) - 1)


def crps_of_quantiles(levels: Floats, quantiles: Floats, came: Floats) -> Floats:
    """Return the continuous ranked probability score from quantiles: twice the pinball loss, each for its share.

    Parameters
    ----------
    levels
        Ascending probabilities of the quantiles, shape (n_levels,); each speaks for the probabilities nearest to it.
    quantiles
        Shape (n_rows, n_levels).
    came
        What came, shape (n_rows,).

    >>> crps_of_quantiles(np.array([0.5]), np.array([[1.0]]), np.array([3.0])).tolist()
    [2.0]
    """
    edges = np.concatenate(([0.0], (levels[1:] + levels[:-1]) / 2, [1.0]))
    miss = came[:, None] - quantiles
    return np.asarray(2 * np.maximum(levels * miss, (levels - 1) * miss) @ np.diff(edges))


def crps_of_ensemble(members: Floats, came: Floats) -> Floats:
    """Return E|X - y| - E|X - X'| / 2 over equally likely members, shape (n_rows, n_members).

    >>> crps_of_ensemble(np.array([[0.0, 2.0]]), np.array([1.0])).tolist()
    [0.5]
    """
    count = members.shape[1]
    ordered = np.sort(members, axis=1)
    rank = 2 * np.arange(1, count + 1) - count - 1
    spread = (ordered * rank).sum(axis=1) / count**2  # half the mean distance of two members
    return np.asarray(np.abs(members - came[:, None]).mean(axis=1) - spread)


def squared_log_error(forecast: Floats, realised: Floats) -> Floats:
    """Return ln(realised / forecast) squared: summed against a reference it gives log R^2.

    >>> squared_log_error(np.array([1.0]), np.array([np.e])).tolist()
    [1.0]
    """
    return np.asarray(np.log(np.where(realised > 0, realised, np.nan) / forecast) ** 2)


def auc(score: Floats, happened: Mask) -> float:
    """Return the probability that a random hit scores above a random miss, equals counting half.

    >>> auc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, True, False, True]))
    0.875
    """
    hits, misses = int(happened.sum()), int((~happened).sum())
    if not hits or not misses:
        return float("nan")
    return float((rankdata(score)[happened].sum() - hits * (hits + 1) / 2) / (hits * misses))
