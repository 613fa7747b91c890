"""Points of the Vertical: it pays when the day has a direction and the movement to carry it."""

from __future__ import annotations

from typing import Final

from magic8_companion.scoring.rule import Rule

VERTICAL_RULES: Final = (
    Rule(
        factor="efficiency_percentile",
        ramp=((25.0, 0.0), (85.0, 30.0)),
        why="a straight path from the open is a directional day",
    ),
    Rule(
        factor="stretch_percentile",
        ramp=((25.0, 0.0), (85.0, 20.0)),
        why="a price far from the mean of its day has picked a side",
    ),
    Rule(
        factor="range_percentile",
        ramp=((25.0, 0.0), (85.0, 15.0)),
        why="a wide range so far goes with larger moves to the close",
    ),
    Rule(
        factor="recent_pace_percentile",
        ramp=((25.0, 0.0), (85.0, 15.0)),
        why="movement in the last half hour tends to go on, whichever way",
    ),
    Rule(
        factor="implied_percentile",
        ramp=((15.0, 0.0), (85.0, 10.0)),
        why="when volatility is high for the year, more than priced is left of the day",
    ),
    Rule(
        factor="gamma_ratio",
        ramp=((-0.5, 10.0), (0.5, 0.0)),
        why="dealers short gamma trade with every move and stretch it",
    ),
)
