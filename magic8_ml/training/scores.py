"""Proper scores of three ordered classes; smaller is better, skill is the share of a baseline's loss that is saved."""

from __future__ import annotations

import numpy as np

from magic8_companion.domain.bars import Floats
from magic8_ml.features.labels import Classes


def ranked_probability_score(probabilities: Floats, classes: Classes) -> Floats:
    """Return the RPS per row: squared distance of the cumulative distributions, shape (n_rows,).

    >>> ranked_probability_score(np.array([[0.5, 0.25, 0.25]]), np.array([0], dtype=np.int8)).tolist()
    [0.3125]
    """
    came = classes[:, None] <= np.arange(2)
    return np.asarray(((np.cumsum(probabilities, axis=1)[:, :2] - came) ** 2).sum(axis=1))


def log_loss(probabilities: Floats, classes: Classes) -> Floats:
    """Return -ln(probability of what came) per row, shape (n_rows,).

    >>> log_loss(np.array([[0.5, 0.25, 0.25]]), np.array([1], dtype=np.int8)).round(4).tolist()
    [1.3863]
    """
    return np.asarray(-np.log(probabilities[np.arange(len(classes)), classes]))


def skill(losses: Floats, baseline: Floats) -> float:
    """Return 1 - mean loss / mean baseline loss: 0 is no better than the baseline, 1 perfect.

    >>> skill(np.array([1.0, 2.0]), np.array([2.0, 2.0]))
    0.25
    """
    return float(1 - losses.mean() / baseline.mean())
