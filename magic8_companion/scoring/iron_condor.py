"""Points of the Iron Condor: it pays when a calm to normal day keeps to its range."""

from __future__ import annotations

from typing import Final

from magic8_companion.scoring.rule import ScoringRule

IRON_CONDOR_RULES: Final = (
    ScoringRule(
        factor="pace_percentile",
        ramp=((30.0, 25.0), (75.0, 0.0)),
        why="a calm to normal tape breaks its priced range less often",
    ),
    ScoringRule(
        factor="range_percentile",
        ramp=((25.0, 20.0), (70.0, 0.0)),
        why="a day that has kept a narrow range has room left inside the wings",
    ),
    ScoringRule(
        factor="efficiency_percentile",
        ramp=((0.0, 30.0), (55.0, 0.0)),
        why="a price that goes back and forth is bound to its range, one that goes straight leaves it",
    ),
    ScoringRule(
        factor="implied_percentile",
        ramp=((0.0, 7.5), (30.0, 15.0), (60.0, 15.0), (100.0, 0.0)),
        why="too low a volatility pays too little premium, a high one breaks more ranges",
    ),
    ScoringRule(
        factor="gamma_ratio",
        ramp=((-0.5, 0.0), (0.5, 10.0)),
        why="dealers long gamma dampen moves toward the wings",
    ),
)
