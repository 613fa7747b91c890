"""Points of the Vertical: it pays when the day has a direction and the movement to carry it."""

from __future__ import annotations

from typing import Final

from magic8_companion.scoring.rule import ScoringRule

VERTICAL_RULES: Final = (
    ScoringRule(
        factor="efficiency_percentile",
        ramp=((25.0, 0.0), (85.0, 30.0)),
        why="a straight path from the open is a directional day",
    ),
    ScoringRule(
        factor="stretch_percentile",
        ramp=((25.0, 0.0), (85.0, 20.0)),
        why="a price far from the mean of its day has picked a side",
    ),
    ScoringRule(
        factor="range_percentile",
        ramp=((25.0, 0.0), (85.0, 15.0)),
        why="a wide range so far goes with larger moves to the close",
    ),
    ScoringRule(
        factor="recent_pace_percentile",
        ramp=((25.0, 0.0), (85.0, 15.0)),
        why="movement in the last half hour tends to go on, whichever way",
    ),
    ScoringRule(
        factor="implied_percentile",
        ramp=((15.0, 0.0), (85.0, 10.0)),
        why="when volatility is high for the year, more than priced is left of the day",
    ),
    ScoringRule(
        factor="gamma_ratio",
        ramp=((-0.5, 10.0), (0.5, 0.0)),
        why="dealers short gamma trade with every move and stretch it",
    ),
)
