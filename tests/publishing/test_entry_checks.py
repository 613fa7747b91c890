"""No document leaves with an entry whose key, side, direction and ticket mean different trades."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from magic8_companion.domain.codes import Confidence
from magic8_companion.domain.errors import PublishError
from magic8_companion.domain.recommendation import RecommendationSet
from magic8_companion.publishing.documents import predictions_document, recommendations_document
from magic8_companion.publishing.schema import PREDICTIONS, RECOMMENDATIONS, validate
from tests.publishing.recommendation_sets import (
    calm,
    five_minute,
    five_minute_result,
    recommendation,
    recommendation_set,
    ticket,
)

SPREAD: dict[str, Any] = {
    "direction": "bearish",
    "side": "bear",
    "right": "P",
    "action": "BUY",
    "structure": "put debit vertical",
}


def overlaid_by(name: str, **changes: Any) -> RecommendationSet:
    """Return a bulletin in which a 5-minute entry decides."""
    strategies = {**calm().strategies, f"{name}_5min": five_minute(88.8, Confidence.HIGH, **changes)}
    return recommendation_set(recommendations={"SPX": recommendation(strategies, f"{name}_5min")})


def test_a_vertical_is_published_with_its_side() -> None:
    """Both files say direction, side, right, action and structure, in this order."""
    document = recommendations_document(overlaid_by("Vertical", **SPREAD), 1)
    validate(document, RECOMMENDATIONS)
    entry = document["recommendations"]["SPX"]["strategies"]["Vertical_5min"]
    assert {key: entry[key] for key in SPREAD} == SPREAD
    assert [key for key in entry if key in SPREAD] == list(SPREAD)
    slot = five_minute_result()
    signal = replace(slot.signals["SPY"], entry=five_minute(72.4, Confidence.MEDIUM, **SPREAD))
    document = predictions_document(replace(slot, signals={"SPY": signal}), 1)
    validate(document, PREDICTIONS)
    entry = document["recommendations"]["SPY"]["strategies"]["Vertical"]
    assert {key: entry[key] for key in SPREAD} == SPREAD


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("Vertical", {"direction": "bullish"}),
        ("Vertical", {"direction": "bearish", "structure": "put debit vertical"}),
        ("Vertical", {"ticket": ticket(), "structure": "iron condor"}),
        ("Butterfly", {"direction": "bullish"}),
        ("Butterfly", SPREAD),
        ("Butterfly", {"structure": "iron condor"}),
        ("Iron_Condor", {"ticket": ticket()}),
        ("Iron_Condor", {"direction": None, "side": "bull"}),
    ],
)
def test_a_contradiction_is_not_published(name: str, changes: dict[str, Any]) -> None:
    """The error names the entry; both documents refuse."""
    with pytest.raises(PublishError, match=f"{name}_5min: "):
        recommendations_document(overlaid_by(name, **changes), 1)
    slot = five_minute_result()
    signal = replace(slot.signals["SPX"], strategy=name, entry=five_minute(88.8, Confidence.HIGH, **changes))
    with pytest.raises(PublishError, match=f"{name}: "):
        predictions_document(replace(slot, signals={"SPX": signal}), 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"direction": "bullish"},
        {"side": "bull"},
        {"side": "long"},
        {"structure": "call debit vertical"},
        {"structure": "spread"},
        {"action": "buy"},
        {"right": "CALL"},
        {"side": ...},
        {"right": ...},
        {"action": ...},
        {"structure": ...},
    ],
)
def test_the_schemas_refuse_what_contradicts_itself(changes: dict[str, Any]) -> None:
    """A document that somebody else wrote is refused, too, and so is a vertical with a missing key."""
    document = recommendations_document(overlaid_by("Vertical", **SPREAD), 1)
    entry = document["recommendations"]["SPX"]["strategies"]["Vertical_5min"]
    changed = {key: value for key, value in {**entry, **changes}.items() if value is not ...}
    document["recommendations"]["SPX"]["strategies"]["Vertical_5min"] = changed
    with pytest.raises(PublishError):
        validate(document, RECOMMENDATIONS)
