"""The two stages as a trader reads them: nine joint cells of direction and volatility regime, and their strategies.

A long butterfly sells realised volatility around a pin, so it belongs to LOW volatility; a condor lives with a quiet
drift or an ordinary day around the middle; a vertical needs the market to go somewhere.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.bars import Floats
from magic8_companion.domain.strategy import BUTTERFLY, IRON_CONDOR, NO_TRADE, TIE_ORDER, VERTICAL

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


def choose(joint: Floats, ranks: Floats, threshold: float) -> npt.NDArray[np.int64]:
    """Choose one outcome per row, as an index of :data:`OUTCOMES`: the highest rank, equals in the order of ties.

    No_Trade is chosen when (high, neutral) is the likeliest of the nine cells and no strategy ranks at ``threshold``.

    >>> choose(np.full((1, 3, 3), 1 / 9), np.array([[0.7, 0.9, 0.9, 0.1]]), 0.65).tolist()
    [1]
    """
    by_tie = ranks[:, _TIE_COLUMNS]
    best = _TIE_COLUMNS[by_tie.argmax(axis=1)]  # argmax keeps the first of equals
    likeliest = joint[:, DIRECTIONS.index(NEUTRAL), REGIMES.index(HIGH)] == joint.max(axis=(1, 2))
    return np.where(likeliest & (by_tie.max(axis=1) < threshold), OUTCOMES.index(NO_TRADE), best)


def _mask(outcome: str) -> Floats:
    return np.array([[_CELLS[regime][d] == outcome for regime in REGIMES] for d in range(3)], dtype=np.float64)


_MASKS: Final = {outcome: _mask(outcome) for outcome in OUTCOMES}
_TIE_COLUMNS: Final = np.array([OUTCOMES.index(name) for name in TIE_ORDER])
