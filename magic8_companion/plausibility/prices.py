"""Bounds of a symbol's price from its own bars: a jump from the newest price, a distance from the day's range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from magic8_companion.domain.bars import Bars, from_ns
from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.trading_day import BAR
from magic8_companion.plausibility.finding import Implausible

LEAST_JUMP: Final = 0.05
"""Move within one bar that any symbol may make."""
MOST_JUMP: Final = 0.10
RANGES: Final = 15.0
"""Between both, a move of this many mean bar ranges."""
DAY_OF_BARS: Final = 78
"""Number of newest bars whose ranges are averaged."""
WILDEST: Final = 0.20
"""No price moves by more: it would halt the whole market for the day."""
WIDEST_GAP: Final = 0.30
"""Move from one session to the next."""

_FEWEST_BARS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBounds:
    """Where a price may be, given bars up to ``closed_at``; ``limit`` is the share it may move within one bar."""

    close: float
    closed_at: datetime
    low: float
    high: float
    limit: float

    @classmethod
    def of(cls, today: Bars, history: Bars) -> PriceBounds:
        """Return the bounds after today's bars; ``history`` are bars of earlier days, ``today`` has at least one."""
        return cls(
            close=float(today.close[-1]),
            closed_at=today.last_end,
            low=float(today.low.min()),
            high=float(today.high.max()),
            limit=_jump_limit(today, history),
        )

    def look(self, price: float, at: datetime, newer: tuple[float, datetime] | None = None) -> Implausible | None:
        """Return why a price at a time cannot be true, or None.

        Parameters
        ----------
        newer
            A plausible price and its time, where one later than ``closed_at`` is known: then the move is counted
            from there.

        >>> from datetime import UTC
        >>> ten = datetime(2025, 6, 26, 14, tzinfo=UTC)
        >>> bounds = PriceBounds(close=600.0, closed_at=ten, low=598.0, high=602.0, limit=0.05)
        >>> bounds.look(610.0, ten), bounds.look(540.0, ten).reason
        (None, 'price_jump')
        """
        if not (math.isfinite(price) and price > 0):
            return Implausible(reason=ReasonCode.BAD_SPOT, sentence=f"{price:g} is no price")
        known, since = newer if newer is not None and newer[1] > self.closed_at else (self.close, self.closed_at)
        allowed = min(self.limit * math.sqrt(max(1.0, (at - since) / BAR)), WILDEST)
        move = price / known - 1
        if abs(move) > allowed:
            reason = ReasonCode.BAD_SPOT if abs(move) > WILDEST else ReasonCode.PRICE_JUMP
            sentence = f"the price {price:g} is {move:+.1%} from {known:g} at {since:%H:%M:%S}Z; {allowed:.1%} can be"
            return Implausible(reason=reason, sentence=sentence)
        if not self.low * (1 - 2 * self.limit) <= price <= self.high * (1 + 2 * self.limit):
            sentence = (
                f"the price {price:g} is more than {2 * self.limit:.1%} outside today's {self.low:g}-{self.high:g}"
            )
            return Implausible(reason=ReasonCode.PRICE_JUMP, sentence=sentence)
        return None


def implausible_bars(today: Bars, history: Bars) -> Implausible | None:
    """Return why today's bars cannot be true, or None: a move within a bar, or since the last session."""
    previous = np.concatenate((today.open[:1], today.close[:-1]))
    moves = np.maximum(today.high / previous - 1, 1 - today.low / previous)
    widest = int(moves.argmax())
    if not moves[widest] <= MOST_JUMP:
        at = from_ns(int(today.starts[widest]))
        sentence = (
            f"the bar of {at:%H:%M}Z moves by {moves[widest]:.1%} from {previous[widest]:g}; {MOST_JUMP:.0%} can be"
        )
        return Implausible(reason=ReasonCode.PRICE_JUMP, sentence=sentence)
    gap = float(today.open[0] / history.close[-1] - 1) if len(history) else 0.0
    if not abs(gap) <= WIDEST_GAP:
        sentence = (
            f"today's open {today.open[0]:g} is {gap:+.1%} from the last session's close; {WIDEST_GAP:.0%} can be"
        )
        return Implausible(reason=ReasonCode.PRICE_JUMP, sentence=sentence)
    return None


def _jump_limit(today: Bars, history: Bars) -> float:
    ranges = np.concatenate([(bars.high - bars.low) / bars.close for bars in (history[-DAY_OF_BARS:], today)])
    if len(ranges) < _FEWEST_BARS:
        return MOST_JUMP
    return float(np.clip(RANGES * ranges[-DAY_OF_BARS:].mean(), LEAST_JUMP, MOST_JUMP))
