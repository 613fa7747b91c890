"""The adjustments of mode enhanced: what Greeks, traded contracts and gamma walls add to a rule score.

Each is a smooth ramp over one measure of :mod:`magic8_companion.scoring.measures`, with no points in the middle of what
simulated chains show, so that a mode does not lift all scores.  A group gives at most 10 points
either way (gamma 20) and all together at most 20; what a cap takes away is an evidence item of its own, so that the
points of the evidence still add up to the score.  A measure that is not known gives no points and says so.  None of
them has proven on replays that it betters the ranking; that is why they belong to a mode that is not the default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from magic8_companion.domain.blend import published
from magic8_companion.domain.config import setting
from magic8_companion.domain.scores import Evidence, RuleScore
from magic8_companion.domain.strategy import BUTTERFLY, IRON_CONDOR, VERTICAL
from magic8_companion.market_view import MarketView
from magic8_companion.scoring.measures import Measures, gamma_measures, greek_measures, volume_measures
from magic8_companion.scoring.rule import ScoringRule

TOTAL_CAP: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Which groups of adjustments are on; all have an effect in mode enhanced alone."""

    greeks: bool = field(
        default=True, metadata=setting("Whether mode enhanced adjusts scores by Greeks.", advanced=True)
    )
    gamma: bool = field(default=True, metadata=setting("Whether mode enhanced adjusts scores by gamma.", advanced=True))
    volume: bool = field(
        default=True, metadata=setting("Whether mode enhanced adjusts scores by volume.", advanced=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group: how it measures a view, the most it may add or take, and its rules by strategy."""

    name: str
    measure: Callable[[MarketView], Measures]
    cap: float
    rules: Mapping[str, tuple[ScoringRule, ...]]


_LIQUID: Final = ScoringRule(
    factor="liquidity", ramp=((40.0, -5.0), (80.0, 0.0)), why="wide quotes take what is earned"
)

GREEKS: Final = Group(
    name="greeks",
    measure=greek_measures,
    cap=10.0,
    rules={
        BUTTERFLY: (
            ScoringRule(
                factor="butterfly_delta", ramp=((0.01, 3.0), (0.05, 0.0), (0.15, -3.0)), why="a body at the price"
            ),
            ScoringRule(
                factor="butterfly_gamma", ramp=((0.26, 3.0), (0.315, 0.0), (0.37, -3.0)), why="moves undo it slowly"
            ),
            ScoringRule(
                factor="butterfly_theta", ramp=((0.1, -4.0), (0.132, 0.0), (0.16, 4.0)), why="time pays its owner"
            ),
        ),
        IRON_CONDOR: (
            ScoringRule(
                factor="condor_delta", ramp=((0.0, 4.0), (0.02, 0.0), (0.08, -4.0)), why="both sides equally far"
            ),
            ScoringRule(
                factor="condor_vega",
                ramp=((0.8, -2.0), (1.2, 0.0), (1.7, 2.0), (2.2, 0.0), (2.6, -2.0)),
                why="some premium to lose, not so much that a jump of volatility hurts",
            ),
        ),
        VERTICAL: (
            ScoringRule(
                factor="vertical_delta", ramp=((0.26, -3.0), (0.335, 0.0), (0.42, 3.0)), why="it moves with the price"
            ),
            ScoringRule(
                factor="vertical_gamma", ramp=((0.11, 2.0), (0.158, 0.0), (0.2, -2.0)), why="and keeps doing so"
            ),
        ),
    },
)

VOLUME: Final = Group(
    name="volume",
    measure=volume_measures,
    cap=10.0,
    rules={
        BUTTERFLY: (
            _LIQUID,
            ScoringRule(factor="turnover", ramp=((2.0, 4.0), (3.6, 0.0), (6.0, -4.0)), why="little trading: no news"),
        ),
        IRON_CONDOR: (
            _LIQUID,
            ScoringRule(
                factor="flow_tilt", ramp=((0.0, 3.0), (0.15, 0.0), (0.4, -3.0)), why="balanced flow bets on no side"
            ),
        ),
        VERTICAL: (
            _LIQUID,
            ScoringRule(
                factor="flow_tilt", ramp=((0.0, -2.0), (0.15, 0.0), (0.4, 2.0)), why="one-sided flow bets on a side"
            ),
            ScoringRule(factor="turnover", ramp=((2.0, -2.0), (3.6, 0.0), (6.0, 2.0)), why="much trading: new bets"),
        ),
    },
)

GAMMA: Final = Group(
    name="gamma",
    measure=gamma_measures,
    cap=20.0,
    rules={
        BUTTERFLY: (
            ScoringRule(
                factor="gamma_ratio", ramp=((-0.35, -10.0), (0.35, 10.0)), why="dealers long gamma pin the price"
            ),
            ScoringRule(
                factor="nearest_wall", ramp=((0.05, 10.0), (0.25, 0.0), (0.8, -5.0)), why="prices pin at a wall"
            ),
            ScoringRule(
                factor="flip_distance", ramp=((0.1, 5.0), (0.9, 0.0), (2.0, -2.0)), why="hedging is light at the flip"
            ),
        ),
        IRON_CONDOR: (
            ScoringRule(factor="gamma_ratio", ramp=((-0.35, -8.0), (0.35, 8.0)), why="dealers long gamma dampen moves"),
            ScoringRule(
                factor="nearest_wall",
                ramp=((0.05, -10.0), (0.25, 0.0), (0.9, 10.0)),
                why="walls at the wings hold the price, a wall at the price does not",
            ),
        ),
        VERTICAL: (
            ScoringRule(
                factor="gamma_ratio", ramp=((-0.35, 8.0), (0.35, -8.0)), why="dealers short gamma stretch a move"
            ),
            ScoringRule(
                factor="flip_distance", ramp=((0.1, 8.0), (0.9, 0.0), (2.5, -5.0)), why="a move feeds itself there"
            ),
            ScoringRule(
                factor="wall_ahead", ramp=((0.05, -5.0), (0.4, 0.0), (1.2, 3.0)), why="a wall ahead stops the move"
            ),
        ),
    },
)

GROUPS: Final[Mapping[str, Group]] = MappingProxyType({group.name: group for group in (GREEKS, GAMMA, VOLUME)})


def adjusted(rules: Mapping[str, RuleScore], view: MarketView, switches: Switches) -> dict[str, RuleScore]:
    """Return the rule scores with the evidence of every group that is switched on."""
    return with_groups(rules, view, [group for name, group in GROUPS.items() if getattr(switches, name)])


def with_groups(rules: Mapping[str, RuleScore], view: MarketView, groups: Sequence[Group]) -> dict[str, RuleScore]:
    """Return the rule scores with the evidence of some groups."""
    measured = {group.name: group.measure(view) for group in groups}
    return {name: _adjusted(name, score, groups, measured) for name, score in rules.items()}


def _adjusted(strategy: str, score: RuleScore, groups: Sequence[Group], measured: Mapping[str, Measures]) -> RuleScore:
    evidence: list[Evidence] = []
    parts = []
    for group in groups:
        items = [_evidence(rule, measured[group.name]) for rule in group.rules[strategy]]
        items += _cut(f"{group.name}_cap", items, group.cap)
        parts.append(f"{group.name} {_sum(items):+.1f}")
        evidence += items
    evidence += _cut("adjustments_cap", evidence, TOTAL_CAP)
    if not groups:
        parts.append("all switched off")
    rationale = f"{score.rationale} Adjustments: {', '.join(parts)}."
    return RuleScore(evidence=(*score.evidence, *evidence), rationale=rationale)


def _evidence(rule: ScoringRule, measures: Measures) -> Evidence:
    value = measures[rule.factor]
    if value is None:
        return Evidence(factor=rule.factor, value=None, points=0.0, why=f"{rule.why} (not known here: no points)")
    return Evidence(factor=rule.factor, value=round(value, 4), points=rule.points(value), why=rule.why)


def _cut(factor: str, items: Sequence[Evidence], cap: float) -> list[Evidence]:
    total = _sum(items)
    excess = published(total - min(cap, max(-cap, total)))
    if excess == 0:
        return []
    return [Evidence(factor=factor, value=cap, points=-excess, why=f"no more than {cap:g} points either way")]


def _sum(items: Sequence[Evidence]) -> float:
    return published(sum(item.points for item in items))
