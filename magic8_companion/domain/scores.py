"""Scores of one symbol with the evidence behind every point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from magic8_companion.domain.ml_result import Prediction, Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One rule that spoke: the factor it looked at, what it saw, the points it gave, and why."""

    factor: str
    value: float | str | None
    points: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleScore:
    """The rule score of one strategy; the points of its evidence add up to it before clamping to 0..100."""

    evidence: tuple[Evidence, ...]
    rationale: str

    @property
    def value(self) -> float:
        """Return the sum of points, clamped to 0..100."""
        return min(100.0, max(0.0, sum(item.points for item in self.evidence)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCard:
    """All scores of one symbol at one moment.

    ``scores`` are the published numbers (1 digit): the blend when ``ml`` is a prediction, else the rules alone.
    ``ml`` is None when the ML is switched off.
    """

    symbol: str
    rules: Mapping[str, RuleScore]
    scores: Mapping[str, float]
    ml: Prediction | Unavailable | None = None
    ml_scores: Mapping[str, float] = field(default_factory=dict)
    agreement: Mapping[str, str] = field(default_factory=dict)

    @property
    def ml_status(self) -> str:
        """Return ok, disabled, or ``unavailable:<reason>``."""
        if self.ml is None:
            return "disabled"
        return "ok" if isinstance(self.ml, Prediction) else f"unavailable:{self.ml.reason}"
