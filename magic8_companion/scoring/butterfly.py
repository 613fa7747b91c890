"""Points of the Butterfly: it pays when little movement is left and the price stays pinned where it is."""

from __future__ import annotations

from typing import Final

from magic8_companion.scoring.rule import ScoringRule

BUTTERFLY_RULES: Final = (
    ScoringRule(
        factor="pace_percentile",
        ramp=((5.0, 30.0), (65.0, 0.0)),
        why="a tape much quieter than priced since the open tends to stay quiet to the close",
    ),
    ScoringRule(
        factor="recent_pace_percentile",
        ramp=((5.0, 20.0), (65.0, 0.0)),
        why="the last half hour says whether the quiet still holds",
    ),
    ScoringRule(
        factor="stretch_percentile",
        ramp=((10.0, 25.0), (80.0, 0.0)),
        why="a price near the mean of its day is pinned, a stretched one is on its way",
    ),
    ScoringRule(
        factor="implied_percentile",
        ramp=((15.0, 15.0), (95.0, 0.0)),
        why="when volatility is low for the year, less than priced is left of the day",
    ),
    ScoringRule(
        factor="gamma_ratio",
        ramp=((-0.5, 0.0), (0.5, 10.0)),
        why="dealers long gamma trade against every move and pin the price",
    ),
)
