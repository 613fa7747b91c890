"""The two stages as a trader reads them: nine joint cells of direction and volatility regime, and their strategies.

A long butterfly sells realised volatility around a pin, so it belongs to LOW volatility; a condor lives with a quiet
drift or an ordinary day around the middle; a vertical needs the market to go somewhere.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from magic8_companion.domain.bars import Floats
from magic8_companion.domain.strategy import BUTTERFLY, IRON_CONDOR, NO_TRADE, VERTICAL

BEARISH: Final = "bearish"
NEUTRAL: Final = "neutral"
BULLISH: Final = "bullish"
DIRECTIONS: Final = (BEARISH, NEUTRAL, BULLISH)
"""Classes of stage 1, in the order of their probabilities."""

LOW: Final = "low"
NORMAL: Final = "normal"
HIGH: Final = "high"
REGIMES: Final = (LOW, NORMAL, HIGH)
"""Classes of stage 2, in the order of their probabilities."""

OUTCOMES: Final = (BUTTERFLY, IRON_CONDOR, VERTICAL, NO_TRADE)
"""Columns of :func:`strategy_probabilities`."""

_CELLS: Final = {  # regime -> strategy of (bearish, neutral, bullish)
    LOW: (IRON_CONDOR, BUTTERFLY, IRON_CONDOR),
    NORMAL: (VERTICAL, IRON_CONDOR, VERTICAL),
    HIGH: (VERTICAL, NO_TRADE, VERTICAL),
}


def strategy_probabilities(joint: Floats) -> Floats:
    """Sum the joint cells of each strategy.

    ``joint`` has shape (n_rows, directions, regimes); the answer has shape (n_rows, len(OUTCOMES)) and its rows keep
    the sum of the joint.

    >>> strategy_probabilities(np.full((1, 3, 3), 1 / 9)).round(3).tolist()
    [[0.111, 0.333, 0.444, 0.111]]
    """
    return np.stack([(joint * _MASKS[outcome]).sum(axis=(1, 2)) for outcome in OUTCOMES], axis=1)


def _mask(outcome: str) -> Floats:
    return np.array([[_CELLS[regime][d] == outcome for regime in REGIMES] for d in range(3)], dtype=np.float64)


_MASKS: Final = {outcome: _mask(outcome) for outcome in OUTCOMES}
