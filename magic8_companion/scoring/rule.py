"""What a rule is: one measure of the view, a ramp that turns it into points, and the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from magic8_companion.domain.blend import published
from magic8_companion.domain.scores import Evidence, RuleScore
from magic8_companion.domain.strategy import BASE_STRATEGIES

FACTORS: Final = (
    *("pace", "pace_percentile", "recent_pace", "recent_pace_percentile", "range", "range_percentile"),
    *("efficiency", "efficiency_percentile", "stretch", "stretch_percentile"),
    *("net_move", "reference_days", "implied_percentile", "gamma_ratio"),
)
"""The measures of ``MarketView.tape``, in every mode; see ``analysis.tape`` for their meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringRule:
    """One line of a table of points.

    ``factor`` names a measure of ``MarketView.tape``.  ``ramp`` holds (value, points) corners, values ascending:
    straight between them, flat outside, so the points can never jump.  A measure that is missing gives the middle
    between the lowest and the highest points, and the evidence says so.

    >>> calm = ScoringRule(factor="pace_percentile", ramp=((30.0, 25.0), (75.0, 0.0)), why="calm")
    >>> calm.points(10.0), calm.points(48.0), calm.points(None)
    (25.0, 15.0, 12.5)
    """

    factor: str
    ramp: tuple[tuple[float, float], ...]
    why: str

    def __post_init__(self) -> None:
        """Refuse a ramp that would divide by zero or run backwards."""
        if len(self.ramp) < 2 or any(right[0] <= left[0] for left, right in pairwise(self.ramp)):
            raise ValueError(f"{self.factor}: a ramp needs two corners or more with ascending values")

    @property
    def most(self) -> float:
        """Return the highest points that the rule can give."""
        return max(points for _, points in self.ramp)

    @property
    def least(self) -> float:
        """Return the lowest points that the rule can give."""
        return min(points for _, points in self.ramp)

    def points(self, value: float | None) -> float:
        """Return the points for a value, at published precision."""
        if value is None:
            return published((self.most + self.least) / 2)
        return published(self._interpolated(value))

    def _interpolated(self, value: float) -> float:
        # a handful of corners: a plain walk is several times faster than an array call
        (first, start), (last, end) = self.ramp[0], self.ramp[-1]
        if value <= first:
            return start
        if value >= last:
            return end
        for (left, below), (right, above) in pairwise(self.ramp):
            if value <= right:
                return below + (above - below) * (value - left) / (right - left)
        raise ValueError(f"{self.factor}: {value} is not a number")

    def evidence(self, tape: Mapping[str, float | None]) -> Evidence:
        """Return the evidence of a tape; raises ``KeyError`` when the factor is missing from it."""
        value = tape[self.factor]
        why = self.why if value is not None else f"{self.why} (not known here: middle points)"
        return Evidence(
            factor=self.factor,
            value=None if value is None else round(value, 4),
            points=self.points(value),
            why=why,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyRules:
    """The table of points of one strategy, as a package registers it under ``magic8.strategies``.

    ``strategy`` is ``Butterfly``, ``Iron_Condor`` or ``Vertical``: readers of the published file know no other.  The
    highest points of the rules add up to 100 and the lowest to 0, so that scores compare across strategies.

    >>> StrategyRules(strategy="Straddle", rules=())
    Traceback (most recent call last):
    ...
    ValueError: strategy 'Straddle' is unknown; use one of Butterfly, Iron_Condor, Vertical
    """

    strategy: str
    rules: tuple[ScoringRule, ...]

    def __post_init__(self) -> None:
        """Refuse a strategy that is not published, an unknown factor, and points that do not run from 0 to 100."""
        if self.strategy not in BASE_STRATEGIES:
            known = ", ".join(BASE_STRATEGIES)
            raise ValueError(f"strategy {self.strategy!r} is unknown; use one of {known}")
        if unknown := [rule.factor for rule in self.rules if rule.factor not in FACTORS]:
            raise ValueError(f"{self.strategy}: factor {unknown[0]!r} is unknown; known are {', '.join(FACTORS)}")
        least, most = sum(rule.least for rule in self.rules), sum(rule.most for rule in self.rules)
        if published(least) != 0.0 or published(most) != 100.0:
            raise ValueError(f"{self.strategy}: the points run from {least:g} to {most:g}, not from 0 to 100")


def score(table: tuple[ScoringRule, ...], tape: Mapping[str, float | None]) -> RuleScore:
    """Apply a table of rules; the points of the evidence add up to the score before it is clamped to 0..100."""
    evidence = tuple(rule.evidence(tape) for rule in table)
    gained = [item.points - rule.least for rule, item in zip(table, evidence, strict=True)]
    missed = [rule.most - item.points for rule, item in zip(table, evidence, strict=True)]
    best, worst = gained.index(max(gained)), missed.index(max(missed))
    rationale = (
        f"For: {_points_text(evidence[best], table[best])}. Against: {_points_text(evidence[worst], table[worst])}."
    )
    return RuleScore(evidence=evidence, rationale=rationale)


def _points_text(item: Evidence, rule: ScoringRule) -> str:
    seen = "unknown" if item.value is None else f"{item.value:.2f}"
    return f"{item.factor} {seen} gives {item.points:.1f} of {rule.most:.0f}"
