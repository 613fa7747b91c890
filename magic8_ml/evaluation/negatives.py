"""List the findings against the model in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np

from magic8_companion.reports.numbers import percent
from magic8_ml.evaluation.forecaster_scores import ForecasterScores
from magic8_ml.evaluation.goals import ALL, GoalResult
from magic8_ml.evaluation.records import GroupFigures, Triple

_SKILLS: Final[tuple[tuple[Literal["regime_rpss", "qlike_gain", "win_skill"], str], ...]] = (
    ("regime_rpss", "regime skill over climatology"),
    ("qlike_gain", "variance gain over the price"),
    ("win_skill", "win skill over the base rate"),
)


def negative_results(
    results: Sequence[GoalResult],
    comparisons: Mapping[str, Sequence[ForecasterScores]],
    slices: Mapping[str, Sequence[GroupFigures]],
) -> list[str]:
    """Return missed goals, baselines that were not beaten, and groups without proven skill."""
    return [*_missed(results), *_unbeaten(comparisons), *_weak(slices)]


def _missed(results: Sequence[GoalResult]) -> list[str]:
    # single symbols only where they failed: too few days is reported once, for all symbols
    return [
        f"{e.goal.name} ({e.symbol}) {e.status}: {e.found.value:.3f} [{e.found.low:.3f}, {e.found.high:.3f}],"
        f" goal {_goal(e)}, {e.found.n_days} of {e.goal.needs_days} days needed."
        for e in results
        if e.passed is False or (e.passed is None and e.symbol == ALL)
    ]


def _goal(result: GoalResult) -> str:
    goal = result.goal
    if goal.ceiling is None:
        return f"at least {goal.floor:g}" + (" and proven to be above zero" if goal.above_zero else "")
    return f"{goal.floor:g} to {goal.ceiling:g}"


def _unbeaten(comparisons: Mapping[str, Sequence[ForecasterScores]]) -> list[str]:
    found = []
    for score, lines in comparisons.items():
        for line in lines:
            gain = line.model_gain
            if np.isfinite(line.p_value) and not gain.low > 0:
                verb = "is better than the model" if gain.high < 0 else "is not proven to be beaten"
                found.append(f"{score}: {line.name} {verb} (gain {_span([gain.value, gain.low, gain.high])}).")
    return found


def _weak(slices: Mapping[str, Sequence[GroupFigures]]) -> list[str]:
    return [
        f"{grouping} {group['name']}: {skill} not proven ({_span(group[key])}, {group['days']} days)."
        for grouping, groups in slices.items()
        for group in groups
        for key, skill in _SKILLS
        if _not_proven(group[key])
    ]


def _not_proven(triple: Triple) -> bool:
    value, low, _ = triple
    return value is not None and low is not None and bool(np.isfinite(value)) and not low > 0


def _span(triple: Triple) -> str:
    value, low, high = (percent(number) for number in triple)
    return f"{value} [{low}, {high}]"
