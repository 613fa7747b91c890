"""Proper scores of three ordered classes; smaller is better, skill is the share of a baseline's loss that is saved."""

from __future__ import annotations

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers


def ranked_probability_score(probabilities: Floats, classes: Integers) -> Floats:
    """Return the RPS per row: squared distance of the cumulative distributions, shape (n_rows,).

    >>> ranked_probability_score(np.array([[0.5, 0.25, 0.25]]), np.array([0])).tolist()
    [0.3125]
    """
    came = classes[:, None] <= np.arange(2)
    return np.asarray(((np.cumsum(probabilities, axis=1)[:, :2] - came) ** 2).sum(axis=1))


def log_loss(probabilities: Floats, classes: Integers) -> Floats:
    """Return -ln(probability of what came) per row, shape (n_rows,).

    >>> log_loss(np.array([[0.5, 0.25, 0.25]]), np.array([1])).round(4).tolist()
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
    """Return x - ln x - 1 with x = realised / forecast variance per row (Patton 2011); 0 is perfect.

    A realised variance counts as at least 1e-6 of the forecast: the loss must exist where no price moved.

    >>> qlike(np.array([1.0, 1.0]), np.array([1.0, 2.0])).round(4).tolist()
    [0.0, 0.3069]
    """
    ratio = np.maximum(realised / forecast, 1e-6)
    return np.asarray(ratio - np.log(ratio) - 1)
