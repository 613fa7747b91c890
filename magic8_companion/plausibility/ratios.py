"""The ratio of two symbols on one index: an ETF and its index, or an index and its tenth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.codes import ReasonCode
from magic8_companion.plausibility.finding import Implausible

SAME_INDEX: Final = (("SPY", "SPX"), ("XSP", "SPX"), ("SPY", "XSP"), ("QQQ", "NDX"), ("IWM", "RUT"))
LARGEST_DEVIATION: Final = 0.01
"""Share by which a ratio may deviate from its median of today's newest bars."""

_BARS: Final = 12
_FEWEST_BARS: Final = 3


def implausible_ratios(prices: Mapping[str, float], today: Mapping[str, Bars]) -> dict[str, Implausible]:
    """Return what is wrong by symbol.

    Of a pair whose ratio is off, the symbol is named whose price has left its own last bar by half the deviation; both
    are when neither has.

    Parameters
    ----------
    prices
        Finite, positive prices of one moment.
    today
        Today's bars by symbol, at least one each.
    """
    found: dict[str, Implausible] = {}
    for pair in SAME_INDEX:
        if any(symbol not in prices or symbol not in today for symbol in pair):
            continue
        usual = _usual_ratio(today[pair[0]], today[pair[1]])
        deviation = 0.0 if usual is None else prices[pair[0]] / prices[pair[1]] / usual - 1
        if abs(deviation) <= LARGEST_DEVIATION:
            continue
        moved = [name for name in pair if 2 * abs(prices[name] / today[name].close[-1] - 1) >= abs(deviation)]
        for name in moved or pair:
            sentence = f"{'/'.join(pair)} is {deviation:+.2%} from its ratio today; {LARGEST_DEVIATION:.0%} can be"
            found.setdefault(name, Implausible(reason=ReasonCode.INDEX_RATIO, sentence=sentence))
    return found


def _usual_ratio(first: Bars, second: Bars) -> float | None:
    _, left, right = np.intersect1d(first.starts, second.starts, assume_unique=True, return_indices=True)
    if len(left) < _FEWEST_BARS:
        return None
    return float(np.median(first.close[left[-_BARS:]] / second.close[right[-_BARS:]]))
