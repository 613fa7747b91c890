"""Which side a checkpoint's Vertical is on when no model says so: that of the day so far."""

from __future__ import annotations

from magic8_companion.domain.codes import VerticalSide
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.structure import BEAR, BULL


def side_of_day(state: MarketState) -> VerticalSide | None:
    """Return bull when the spot is at or above today's open, else bear; None before the first bar."""
    if not len(state.bars):
        return None
    return BULL if state.spot >= float(state.bars.open[0]) else BEAR
