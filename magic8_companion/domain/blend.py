"""The linear blend of rules and ML, its rounding, its labels: every number that is published passes here."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from magic8_companion.domain.codes import Confidence
from magic8_companion.domain.ml_result import Prediction
from magic8_companion.domain.strategy import BASE_STRATEGIES

HIGH: Final = Confidence.HIGH
MEDIUM: Final = Confidence.MEDIUM
LOW: Final = Confidence.LOW


def published(value: float, digits: int = 1) -> float:
    """Round as published: to 6 decimals (removes binary noise), then decimal half-up.

    >>> published(35.75), published(29.25), published(74.9)
    (35.8, 29.3, 74.9)
    """
    step = Decimal(1).scaleb(-digits)
    return float(Decimal(str(round(value, 6))).quantize(step, rounding=ROUND_HALF_UP))


def ml_vector(prediction: Prediction) -> dict[str, float]:
    """Return 100 x confidence for the predicted strategy and 0 for the others; No_Trade gives zeros."""
    return {name: 100 * prediction.confidence if name == prediction.strategy else 0.0 for name in BASE_STRATEGIES}


def blend(rules: Mapping[str, float], ml: Mapping[str, float], weight: float) -> dict[str, float]:
    """Return (1 - weight) * rule + weight * ml per strategy, at published precision; nothing else enters.

    >>> blend({"Butterfly": 55, "Iron_Condor": 70, "Vertical": 45},
    ...       {"Butterfly": 0, "Iron_Condor": 84, "Vertical": 0}, 0.35)
    {'Butterfly': 35.8, 'Iron_Condor': 74.9, 'Vertical': 29.3}
    """
    return {name: published((1 - weight) * rules[name] + weight * ml[name]) for name in rules}


def agreement(rule: float, ml: float) -> str:
    """Compare one strategy's two scores: agree (both >= 70), disagree (one >= 70, other <= 30), else mixed."""
    if min(rule, ml) >= 70:
        return "agree"
    return "disagree" if max(rule, ml) >= 70 and min(rule, ml) <= 30 else "mixed"


def label(score: float, high: float, medium: float) -> Confidence:
    """Name a published number: HIGH at or above ``high``, MEDIUM at or above ``medium``, else LOW."""
    if score >= high:
        return HIGH
    return MEDIUM if score >= medium else LOW
