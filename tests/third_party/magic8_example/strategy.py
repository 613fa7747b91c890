"""A strategy: a rule table of one's own for the Vertical."""

from magic8_companion.scoring import ScoringRule, StrategyRules

MOMENTUM = StrategyRules(
    strategy="Vertical",
    rules=(
        ScoringRule(
            factor="efficiency_percentile",
            ramp=((20.0, 0.0), (80.0, 60.0)),
            why="a straight path from the open is a directional day",
        ),
        ScoringRule(
            factor="range_percentile",
            ramp=((20.0, 0.0), (80.0, 40.0)),
            why="a wide range goes with larger moves to the close",
        ),
    ),
)
