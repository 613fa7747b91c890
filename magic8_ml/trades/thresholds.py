"""From which probability on a trade is taken: by money; and, beside it for comparison, by F1 and by recall.

Accuracy and F1 reward taking everything where most trades win: neither decides here.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Mask

GRID: Final = tuple(round(0.10 + 0.05 * step, 2) for step in range(16))
"""Thresholds that F1 chooses from: 0.10, 0.15 .. 0.85."""

RECALL: Final = 0.80
FEWEST_TRADES: Final = 100


def two_point_threshold(loss: Floats, profit: Floats) -> Floats:
    """Return the probability above which trades with two outcomes have a positive expected value, shape (n,).

    Both in dollars after fees: p > L / (G + L).  The condor that risks 410 $ for 90 $, without fees and with 5 $:

    >>> two_point_threshold(np.array([410.0, 415.0]), np.array([90.0, 85.0])).tolist()
    [0.82, 0.83]
    """
    return loss / (profit + loss)


def best_f1(said: Floats, won: Mask) -> float | None:
    """Return the threshold of the grid with the best F1, None with fewer than 100 trades or one class alone.

    >>> best_f1(np.linspace(0, 1, 200), np.arange(200) >= 100)
    0.5
    """
    if not _comparable(won):
        return None
    scores = []
    for threshold in GRID:
        taken = said >= threshold
        hits = float((taken & won).sum())
        scores.append(2 * hits / float(taken.sum() + won.sum()))
    return GRID[int(np.argmax(scores))]


def recall_threshold(said: Floats, won: Mask) -> float | None:
    """Return the threshold, to two decimals, whose recall is nearest 0.80; None as for F1.

    >>> recall_threshold(np.linspace(0, 1, 201), np.ones(201) * np.arange(201) >= 100)
    0.6
    """
    if not _comparable(won):
        return None
    candidates = np.arange(1, 100) / 100
    winners = np.sort(said[won])
    recall = 1 - np.searchsorted(winners, candidates, side="left") / len(winners)
    return float(candidates[int(np.abs(recall - RECALL).argmin())])


def _comparable(won: Mask) -> bool:
    return len(won) >= FEWEST_TRADES and 0 < int(won.sum()) < len(won)
