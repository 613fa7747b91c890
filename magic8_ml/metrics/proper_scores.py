"""Proper scores per row: the mean of each is smallest for the true probabilities.

Scored are win probabilities, three ordered classes, variances and whole distributions.  Smaller is better everywhere;
skill is the share of a baseline's loss that is saved.
"""

from __future__ import annotations

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers

_SMALLEST = 1e-9


def brier(probabilities: Floats, happened: Floats) -> Floats:
    """Return the squared distance of each probability from the outcome (0 or 1).

    >>> brier(np.array([0.8, 0.8]), np.array([1.0, 0.0])).round(2).tolist()
    [0.04, 0.64]
    """
    return np.asarray((probabilities - happened) ** 2)


def binary_log_loss(probabilities: Floats, happened: Floats) -> Floats:
    """Return -ln(probability of the outcome); a probability of 0 or 1 counts as 1e-9 away from it.

    >>> binary_log_loss(np.array([0.8]), np.array([1.0])).round(4).tolist()
    [0.2231]
    """
    predicted = np.where(happened > 0, probabilities, 1 - probabilities)
    return np.asarray(-np.log(np.maximum(predicted, _SMALLEST)))


def ranked_probability_score(probabilities: Floats, classes: Integers) -> Floats:
    """Return the RPS per row: squared distance of the cumulative distributions, shape (n_rows,).

    >>> ranked_probability_score(np.array([[0.5, 0.25, 0.25]]), np.array([0])).tolist()
    [0.3125]
    """
    outcome = classes[:, None] <= np.arange(2)
    return np.asarray(((np.cumsum(probabilities, axis=1)[:, :2] - outcome) ** 2).sum(axis=1))


def class_log_loss(probabilities: Floats, classes: Integers) -> Floats:
    """Return -ln(probability of the realized class) per row, shape (n_rows,).

    >>> class_log_loss(np.array([[0.5, 0.25, 0.25]]), np.array([1])).round(4).tolist()
    [1.3863]
    """
    return np.asarray(-np.log(probabilities[np.arange(len(classes)), classes]))


def skill(losses: Floats, baseline: Floats) -> float:
    """Return 1 - mean loss / mean baseline loss: 0 is no better than the baseline, 1 perfect.

    >>> skill(np.array([1.0, 2.0]), np.array([2.0, 2.0]))
    0.25
    """
    return float(1 - losses.mean() / baseline.mean())


def qlike(forecast: Floats, realised: Floats) -> Floats:
    """Return x - ln x - 1 with x = realised / forecast variance (Patton 2011); NaN where the realized variance is 0.

    >>> qlike(np.array([1.0, 1.0]), np.array([1.0, 2.0])).round(4).tolist()
    [0.0, 0.3069]
    """
    ratio = np.where(realised > 0, realised, np.nan) / forecast
    return np.asarray(ratio - np.log(ratio) - 1)


def floored_qlike(forecast: Floats, realised: Floats) -> Floats:
    """Return x - ln x - 1 with x = realised / forecast variance per row (Patton 2011); 0 is perfect.

    A realized variance counts as at least 1e-6 of the forecast, so that the loss exists where no price moved.

    >>> floored_qlike(np.array([1.0, 1.0]), np.array([1.0, 2.0])).round(4).tolist()
    [0.0, 0.3069]
    """
    ratio = np.maximum(realised / forecast, 1e-6)
    return np.asarray(ratio - np.log(ratio) - 1)


def crps_of_quantiles(levels: Floats, quantiles: Floats, realised: Floats) -> Floats:
    """Return the continuous ranked probability score from quantiles: twice the pinball loss, weighted by share.

    Parameters
    ----------
    levels
        Ascending probabilities of the quantiles, shape (n_levels,); each covers the probabilities nearest to it.
    quantiles
        Shape (n_rows, n_levels).
    realised
        Realized values, shape (n_rows,).

    >>> crps_of_quantiles(np.array([0.5]), np.array([[1.0]]), np.array([3.0])).tolist()
    [2.0]
    """
    edges = np.concatenate(([0.0], (levels[1:] + levels[:-1]) / 2, [1.0]))
    miss = realised[:, None] - quantiles
    return np.asarray(2 * np.maximum(levels * miss, (levels - 1) * miss) @ np.diff(edges))


def crps_of_ensemble(members: Floats, realised: Floats) -> Floats:
    """Return E|X - y| - E|X - X'| / 2 over equally likely members, shape (n_rows, n_members).

    >>> crps_of_ensemble(np.array([[0.0, 2.0]]), np.array([1.0])).tolist()
    [0.5]
    """
    count = members.shape[1]
    ordered = np.sort(members, axis=1)
    rank = 2 * np.arange(1, count + 1) - count - 1
    spread = (ordered * rank).sum(axis=1) / count**2  # half the mean distance of two members
    return np.asarray(np.abs(members - realised[:, None]).mean(axis=1) - spread)


def squared_log_error(forecast: Floats, realised: Floats) -> Floats:
    """Return ln(realised / forecast) squared: summed against a reference it gives log R^2.

    >>> squared_log_error(np.array([1.0]), np.array([np.e])).tolist()
    [1.0]
    """
    return np.asarray(np.log(np.where(realised > 0, realised, np.nan) / forecast) ** 2)
