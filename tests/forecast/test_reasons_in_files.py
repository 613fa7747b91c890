"""What stood behind an answer is published: probabilities, the features that moved it, the why of silence."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from magic8_companion.domain.recommendation import FiveMinuteResult
from magic8_companion.publishing.documents import predictions_document
from magic8_companion.publishing.schema import PREDICTIONS, validate
from magic8_companion.publishing.state import StateStore
from tests.forecast.plugin_fakes import FakeHost, answer, extension, moment

DETAILS: dict[str, Any] = {
    "direction": "neutral",
    "volatility_regime": "low",
    "model_version": "test",
    "rationale": "Butterfly: win 0.78, price 0.73",
    "probabilities": {
        "direction": {"bearish": 0.3, "neutral": 0.41239, "bullish": 0.28761},
        "volatility_regime": {"low": 0.5, "normal": 0.3, "high": 0.2},
    },
    "explanation": [
        {"feature": "log_pace", "value": -0.7, "effect": -0.4},
        {"feature": "gap", "value": None, "effect": 0.1},
    ],
}


def slot(reply: object) -> FiveMinuteResult:
    """Run one slot of one symbol."""
    result = extension(FakeHost(moment("10:35:05"), symbols=["SPX"]), reply).run_ml_prediction()
    assert result is not None
    return result


def test_a_prediction_is_published_with_its_reasons() -> None:
    """Probabilities of both stages at 4 decimals, the model's own sentence, and the features that moved it."""
    document = predictions_document(slot(answer("Butterfly", details=DETAILS)), 1)
    validate(document, PREDICTIONS)
    assert document["recommendations"]["SPX"]["ml_5min_metadata"] == {
        "model": "FakeModel",
        "prediction_time": "2025-06-26T14:35:05Z",
        "model_version": "test",
        "direction_probabilities": {"bearish": 0.3, "neutral": 0.4124, "bullish": 0.2876},
        "regime_probabilities": {"low": 0.5, "normal": 0.3, "high": 0.2},
        "rationale": "Butterfly: win 0.78, price 0.73",
        "explanation": DETAILS["explanation"],
    }


@pytest.mark.parametrize(
    ("right", "action", "direction", "side", "structure"),
    [
        ("C", "BUY", "bullish", "bull", "call debit vertical"),
        ("P", "SELL", "bullish", "bull", "put credit vertical"),
        ("P", "BUY", "bearish", "bear", "put debit vertical"),
        ("C", "SELL", "bearish", "bear", "call credit vertical"),
    ],
)
@pytest.mark.parametrize("likeliest", ["bearish", "neutral", "bullish"])
def test_a_vertical_is_published_on_the_side_of_its_own_structure(
    likeliest: str, right: str, action: str, direction: str, side: str, structure: str
) -> None:
    """The likeliest class decides nothing: it remains visible in the direction probabilities."""
    details = DETAILS | {"direction": likeliest, "vertical": {"right": right, "action": action}}
    document = predictions_document(slot(answer("Vertical", 0.9, details=details)), 1)
    validate(document, PREDICTIONS)
    record = document["recommendations"]["SPX"]
    entry = record["strategies"]["Vertical"]
    found = [entry[key] for key in ("direction", "side", "right", "action", "structure")]
    assert found == [direction, side, right, action, structure]
    assert record["ml_5min_metadata"]["direction_probabilities"]["neutral"] == 0.4124


@pytest.mark.parametrize("strategy", ["Butterfly", "Iron_Condor"])
def test_a_trade_without_side_is_neutral(strategy: str) -> None:
    """Neither the likeliest class nor the model's vertical gives a butterfly or a condor a direction."""
    details = DETAILS | {"direction": "bearish", "vertical": {"right": "P", "action": "BUY"}}
    document = predictions_document(slot(answer(strategy, 0.9, details=details)), 1)
    entry = document["recommendations"]["SPX"]["strategies"][strategy]
    assert entry["direction"] == "neutral"
    assert not {"side", "right", "action"} & set(entry)
    assert entry["structure"] == {"Butterfly": "butterfly", "Iron_Condor": "iron condor"}[strategy]


def test_a_vertical_of_a_model_that_names_none_goes_with_its_direction() -> None:
    """A foreign model says a direction only: side and direction agree, and the right stays open."""
    document = predictions_document(slot(answer("Vertical", 0.9, details=DETAILS | {"direction": "bearish"})), 1)
    entry = document["recommendations"]["SPX"]["strategies"]["Vertical"]
    assert (entry["direction"], entry["side"]) == ("bearish", "bear")
    assert entry["structure"] == "bear vertical"


def test_missing_reasons_are_omitted() -> None:
    """A bare answer has its origin and nothing else."""
    document = predictions_document(slot(answer("Butterfly")), 1)
    assert list(document["recommendations"]["SPX"]["ml_5min_metadata"]) == ["model", "prediction_time", "model_version"]
    assert "skipped_details" not in document


def test_a_refusal_is_published_with_its_sentence(caplog: pytest.LogCaptureFixture) -> None:
    """The reason code stays a code; beside it and in the log stand the features that were never seen like this."""
    sentence = "never seen like this: gap, day_range"
    refusal = {"available": False, "reason": "out_of_distribution", "reason_detail": sentence}
    with caplog.at_level(logging.INFO):
        document = predictions_document(slot(refusal), 1)
    validate(document, PREDICTIONS)
    assert document["skipped"] == {"SPX": "out_of_distribution"}
    assert document["skipped_details"] == {"SPX": sentence}
    assert f"Why: {sentence}" in caplog.messages


def test_reasons_survive_a_restart(tmp_path: Path) -> None:
    """The state on disk gives the very same result back."""
    result = slot(answer("Butterfly", details=DETAILS))
    StateStore(tmp_path).save_five_minute(result)
    assert StateStore(tmp_path).load_five_minute(result.published_at) == result
