"""Bounds of the VIX: its absolute range, its change from bar to bar and from yesterday's close."""

from __future__ import annotations

from typing import Final

import numpy as np

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.market_state import VixReading
from magic8_companion.plausibility.finding import Implausible

LOWEST: Final = 5.0
HIGHEST: Final = 150.0
"""The records since 1990 are 8.56 and 89.53."""
LARGEST_STEP: Final = 2.5
"""Factor between the closes of two bars, or a bar's open and close."""
LARGEST_CHANGE: Final = 3.0
"""Factor between the VIX and the close of the session before; the largest real one is 2.81 (5 August 2024)."""


def implausible_vix(bars: Bars) -> Implausible | None:
    """Return why VIX bars of today cannot be true, or None."""
    if not len(bars):
        return None
    prices = np.stack((bars.open, bars.close), axis=1).ravel()
    for price in (float(bars.low.min()), float(bars.high.max())):
        if not LOWEST <= price <= HIGHEST:
            return _finding(f"the VIX at {price:g} is outside {LOWEST:g}-{HIGHEST:g}")
    steps = prices[1:] / prices[:-1]
    widest = int(np.abs(np.log(steps)).argmax())
    if not 1 / LARGEST_STEP <= steps[widest] <= LARGEST_STEP:
        first, second = prices[widest : widest + 2]
        return _finding(f"the VIX goes from {first:g} to {second:g}; a factor of {LARGEST_STEP:g} can be")
    return None


def implausible_change(reading: VixReading) -> Implausible | None:
    """Return why a VIX cannot follow yesterday's close, or None."""
    before = reading.previous_close
    if before is None or 1 / LARGEST_CHANGE <= reading.value / before <= LARGEST_CHANGE:
        return None
    sentence = (
        f"the VIX at {reading.value:g} is too far from its last close {before:g}; a factor of {LARGEST_CHANGE:g} can be"
    )
    return _finding(sentence)


def _finding(sentence: str) -> Implausible:
    return Implausible(reason=ReasonCode.IMPLAUSIBLE_VIX, sentence=sentence)
