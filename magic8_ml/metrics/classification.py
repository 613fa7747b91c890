"""How well scores separate two outcomes: scikit-learn's measures, NaN where only one outcome occurs."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from magic8_companion.domain.arrays import Floats, Mask


def auc(score: Floats, happened: Mask) -> float:
    """Return the probability that a random hit scores above a random miss; ties count half.

    >>> auc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, True, False, True]))
    0.875
    """
    if not happened.any() or happened.all():
        return np.nan
    return float(roc_auc_score(happened, score))


def average_precision(score: Floats, happened: Mask) -> float:
    """Return the mean precision at each hit, from the highest score down; ties count together.

    >>> round(average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True])), 3)
    0.833
    """
    return float(average_precision_score(happened, score)) if happened.any() else np.nan


def f1_score(chosen: Mask, happened: Mask) -> float:
    """Return the harmonic mean of precision and recall, NaN where nothing is chosen and nothing happened.

    >>> round(f1_score(np.array([True, True, False]), np.array([True, False, False])), 3)
    0.667
    """
    named = float(chosen.sum() + happened.sum())
    return float(2 * (chosen & happened).sum() / named) if named else np.nan
