"""Where a number stands among its own past: the exact mid-rank that is published, and a smooth one that is scored.

The mid-rank jumps when a value crosses a past one, and among thirty past days each jump is three per cent.  Rules must
move smoothly, so they read :func:`standing`, which spreads every past value over a normal kernel.  Look-ahead is the
caller's duty: ``history`` must end before today.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import ndtr

from magic8_companion.domain.bars import Floats

KERNEL_SHARE: Final = 0.4
"""Width of the kernel as a share of the history's standard deviation."""


def mid_rank(value: float, history: Floats) -> float:
    """Return the mid-rank percentile, 0..100: values below count whole, equal ones half.

    >>> mid_rank(2.0, np.array([1.0, 2.0, 3.0, 4.0]))
    37.5
    """
    below = np.count_nonzero(history < value)
    equal = np.count_nonzero(history == value)
    return float(100.0 * (below + 0.5 * equal) / len(history))


def standing(value: float, history: Floats, narrowest: float) -> float:
    """Return the smooth percentile, 0..100, of ``value`` among ``history`` of shape (n,), n > 0.

    Every past value h counts N((value - h) / width), where width is 0.4 standard deviations of the history but at
    least ``narrowest`` (in the unit of the values): so 1 % more of anything can never move the answer by a cliff.

    >>> round(standing(2.0, np.array([1.0, 2.0, 3.0, 4.0]), 0.1), 1)
    35.0
    """
    width = max(narrowest, KERNEL_SHARE * float(history.std()))
    return float(100.0 * ndtr((value - history) / width).mean())
