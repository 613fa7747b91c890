"""The percentile of a number among its past: the exact mid-rank that is published, and a smooth one for the rules.

The mid-rank jumps when a value crosses a past one, and among thirty past days each jump is three per cent.  Rules must
move smoothly, so they read :func:`smooth_rank`, which spreads every past value over a normal kernel.  Look-ahead is the
caller's duty: ``history`` must end before today.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import ndtr

from magic8_companion.domain.arrays import Floats

KERNEL_SHARE: Final = 0.4
"""Width of the kernel as a share of the history's standard deviation."""

NARROWEST: Final = 0.06
"""Least width of the kernel: 1 % more on a log scale moves the percentile by less than 7, whatever the history."""


def mid_rank(value: float, history: Floats) -> float:
    """Return the mid-rank percentile, 0..100: values below count whole, equal ones half.

    >>> mid_rank(2.0, np.array([1.0, 2.0, 3.0, 4.0]))
    37.5
    """
    below = np.count_nonzero(history < value)
    equal = np.count_nonzero(history == value)
    return float(100.0 * (below + 0.5 * equal) / len(history))


def smooth_rank(value: float, history: Floats) -> float:
    """Return the smooth percentile, 0..100, of ``value`` among ``history`` of shape (n,), n > 0.

    Every past value h counts N((value - h) / width), where width is 0.4 standard deviations of the history but at
    least 0.06: so 1 % more can never move the answer by a cliff.  Pass logarithms, or measures of about 1.

    >>> round(smooth_rank(2.2, np.array([1.0, 2.0, 3.0, 4.0])), 1)
    42.6
    """
    width = max(NARROWEST, KERNEL_SHARE * float(history.std()))
    return float(100.0 * ndtr((value - history) / width).mean())
