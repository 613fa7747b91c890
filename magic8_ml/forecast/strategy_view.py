"""The two stages as a trader reads them: their classes, and the strategy that belongs to each pair.

A long butterfly sells realised volatility around a pin, so it belongs to LOW volatility; a condor lives with a quiet
drift or an ordinary day around the middle; a vertical needs the market to go somewhere.  The view is advice beside the
choice, which goes by edges.
"""

from __future__ import annotations

from typing import Final

from magic8_companion.domain.strategy import BASE_STRATEGIES, BUTTERFLY, IRON_CONDOR, NO_TRADE, VERTICAL

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

OUTCOMES: Final = (*BASE_STRATEGIES, NO_TRADE)
"""What may be answered; ``Forecast.chosen`` indexes it."""

_ADVICE: Final = {  # regime -> strategy of (bearish, neutral, bullish)
    LOW: (IRON_CONDOR, BUTTERFLY, IRON_CONDOR),
    NORMAL: (VERTICAL, IRON_CONDOR, VERTICAL),
    HIGH: (VERTICAL, NO_TRADE, VERTICAL),
}


def advised(direction: str, regime: str) -> str:
    """Return the strategy that belongs to a pair of classes.

    >>> advised(NEUTRAL, LOW), advised(BEARISH, HIGH)
    ('Butterfly', 'Vertical')
    """
    return _ADVICE[regime][DIRECTIONS.index(direction)]
