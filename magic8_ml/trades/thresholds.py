"""Decision thresholds: by expected value, and by F1 and recall for comparison.

Accuracy and F1 favor taking every trade where most trades win, so they decide nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Mask

GRID: Final = tuple(round(0.10 + 0.05 * step, 2) for step in range(16))
"""Candidate thresholds for F1: 0.10, 0.15 .. 0.85."""

RECALL: Final = 0.80
MIN_TRADES: Final = 100


def two_point_threshold(loss: Floats, profit: Floats) -> Floats:
    """Return the probability above which trades with two outcomes have a positive expected value, shape (n,).

    Both in US dollars after fees: p > L / (G + L).  A condor risks $410 for $90, without fees and with fees of $5:

    >>> two_point_threshold(np.array([410.0, 415.0]), np.array([90.0, 85.0])).tolist()
    [0.82, 0.83]
    """
    return loss / (profit + loss)


def best_f1(probability: Floats, won: Mask) -> float | None:
    """Return the candidate with the highest F1, None with fewer than 100 trades or one outcome only.

    >>> best_f1(np.linspace(0, 1, 200), np.arange(200) >= 100)
    0.5
    """
    if not _comparable(won):
        return None
    scores = []
    for threshold in GRID:
        taken = probability >= threshold
        hits = float((taken & won).sum())
        scores.append(2 * hits / float(taken.sum() + won.sum()))
    return GRID[int(np.argmax(scores))]


def recall_threshold(probability: Floats, won: Mask) -> float | None:
    """Return the threshold, to two decimals, with a recall nearest 0.80; None as for F1.

    >>> recall_threshold(np.linspace(0, 1, 201), np.ones(201) * np.arange(201) >= 100)
    0.6
    """
    if not _comparable(won):
        return None
    candidates = np.arange(1, 100) / 100
    winners = np.sort(probability[won])
    recall = 1 - np.searchsorted(winners, candidates, side="left") / len(winners)
    return float(candidates[int(np.abs(recall - RECALL).argmin())])


def _comparable(won: Mask) -> bool:
    return len(won) >= MIN_TRADES and 0 < int(won.sum()) < len(won)
