"""The canaries of a training: proofs that a model cannot see the future, with their limits.

    truncated_future         rows built from data that end at the entry time: every prediction stays, to the bit
    scrambled_future         rows built with other data after the entry time: the same
    future_shifted_feature   a planted feature from the future must add skill, or the skill measures something else
    shuffled_labels          labels exchanged between days cannot be predicted

The forecast and the win probabilities build the rows; the numbers, the limits and the checks are here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.metrics.refusal import TrainingRefused

SHUFFLED_ERRORS: Final = 3.0
"""Shuffled labels may show a skill of at most this many standard errors (by day)."""

SHUFFLED_SKILL: Final = 0.01
"""Or of at most this much: on thousands of days an error is small, and so is this."""

LARGEST_LOSS: Final = 0.50
"""No canary may lose more than this share of the base rates' loss: noise on a short history loses a third, a
diverged fit 60 to 130 %."""

SHIFTED_ERRORS: Final = 2.0
"""A feature taken from tomorrow must add more than this many standard errors (by day, paired) to the skill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityAudit:
    """How many feature values were recomputed, and the features that were not known at their time."""

    values: int
    late: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySkill:
    """Share of the base rates' loss that is saved, with its standard error by day."""

    skill: float
    standard_error: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CanaryLosses:
    """Losses of a canary's predictions and of the base rates fitted with it, per row; ``day`` names each row's day.

    ``ddof``: degrees of freedom that the standard error takes off the number of days.
    """

    predicted: Floats
    baseline: Floats
    day: Integers
    ddof: int = 1

    @property
    def skill(self) -> DaySkill:
        """Return the skill over the base rates."""
        return self._saved(self.baseline, self.predicted)

    def gain_of(self, other: CanaryLosses) -> DaySkill:
        """Return the skill that ``other`` adds on the same rows, paired by day."""
        return self._saved(self.predicted, other.predicted)

    def _saved(self, worse: Floats, better: Floats) -> DaySkill:
        # each day weighs one
        _, number = np.unique(self.day, return_inverse=True)
        weight = np.bincount(number)
        saved, base = (np.bincount(number, loss) / weight for loss in (worse - better, self.baseline))
        skill = float(saved.mean() / base.mean())
        deviation = (saved - skill * base).std(ddof=self.ddof)  # of the ratio of two means
        return DaySkill(skill=skill, standard_error=float(deviation / base.mean() / np.sqrt(len(base))))


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillCanaries:
    """Losses with honest labels, with labels exchanged between days, and with one feature from the future.

    ``feature`` names the planted feature; ``differing``: rows in which the audit detects it.
    """

    honest: CanaryLosses
    shuffled: CanaryLosses
    planted: CanaryLosses
    feature: str
    differing: int

    def as_json(self) -> dict[str, Mapping[str, Any]]:
        """Return the numbers of both canaries by name."""
        return {
            "future_shifted_feature": {
                "feature": self.feature,
                "differing": self.differing,
                "skill": self.planted.skill.skill,
                "honest_skill": self.honest.skill.skill,
                "standard_error": self.honest.gain_of(self.planted).standard_error,
            },
            "shuffled_labels": asdict(self.shuffled.skill),
        }


def check_canary(name: str, numbers: Mapping[str, Any]) -> None:
    """Check the numbers of one canary.

    Raises
    ------
    TrainingRefused
        When the canary fails; the error names it and gives its numbers.
    """
    if problem := CANARIES[name](numbers):
        raise TrainingRefused(f"canary {name}: {problem}")


def checked_canaries(
    truncated: Mapping[str, Any], scrambled: Mapping[str, Any], skills: SkillCanaries
) -> dict[str, Mapping[str, Any]]:
    """Return the numbers of all canaries for the passport.

    Raises
    ------
    TrainingRefused
        When a canary fails; the error names it and gives its numbers.
    """
    canaries = {"truncated_future": truncated, "scrambled_future": scrambled, **skills.as_json()}
    for name, numbers in canaries.items():
        check_canary(name, numbers)
    return canaries


def shuffled_labels_problem(numbers: Mapping[str, float]) -> str | None:
    """Return why the canary of shuffled labels fails, or None: there must be no skill.

    A large loss fails as well: it comes from a fit that diverged and would hide a leak.

    >>> shuffled_labels_problem({"skill": -0.002, "standard_error": 0.004}) is None
    True
    """
    skill, error = float(numbers["skill"]), float(numbers["standard_error"])
    if not (math.isfinite(skill) and error > 0):
        return "it was not measured"
    if skill > max(SHUFFLED_ERRORS * error, SHUFFLED_SKILL):
        return f"shuffled labels are predicted with a skill of {skill:+.1%}: something leaks"
    if skill < -LARGEST_LOSS:
        return f"shuffled labels are predicted with a skill of {skill:+.1%}, far below the base rates: the fit diverged"
    return None


def future_shifted_problem(numbers: Mapping[str, Any]) -> str | None:
    """Return why the canary of a planted future fails, or None: audit and skill must both detect the feature.

    >>> numbers = {"feature": "f", "differing": 9, "skill": 0.4, "honest_skill": 0.2, "standard_error": 0.03}
    >>> future_shifted_problem(numbers) is None
    True
    """
    if not numbers["feature"] or int(numbers["differing"]) < 1:
        return "a feature taken from tomorrow was not noticed: the audit is blind"
    gain, error = float(numbers["skill"]) - float(numbers["honest_skill"]), float(numbers["standard_error"])
    if not (math.isfinite(gain) and error >= 0):
        return "what a feature taken from tomorrow adds was not measured"
    if (lowest := min(float(numbers["skill"]), float(numbers["honest_skill"]))) < -LARGEST_LOSS:
        return f"a skill of {lowest:+.1%} is far below the base rates: the fit diverged"
    if gain <= SHIFTED_ERRORS * error:
        return (
            f"a feature taken from tomorrow adds {gain:+.1%} +- {error:.1%}, which is nothing:"
            " the skill is not measured on what it predicts"
        )
    return None


def unseen_future_problem(numbers: Mapping[str, Any]) -> str | None:
    """Return why a canary of a changed future fails, or None: every prediction must stay, to the bit.

    >>> unseen_future_problem({"predictions": 40, "differing": 3, "features": ["gap"]})
    '3 of 40 predictions look ahead, through gap'
    """
    if int(numbers["predictions"]) < 1:
        return "nothing was predicted"
    if differing := int(numbers["differing"]):
        through = ", ".join(numbers["features"]) or "something that is no feature"
        return f"{differing} of {numbers['predictions']} predictions look ahead, through {through}"
    return None


CANARIES: Final[Mapping[str, Callable[[Mapping[str, Any]], str | None]]] = {
    "truncated_future": unseen_future_problem,
    "scrambled_future": unseen_future_problem,
    "future_shifted_feature": future_shifted_problem,
    "shuffled_labels": shuffled_labels_problem,
}
"""The canaries by name, each with its check: numbers -> what is wrong, or None."""
