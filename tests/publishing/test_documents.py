"""Bulletins and 5-minute results become plain documents with the contract's keys, in its order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings

from magic8_companion.domain.errors import PublishError
from magic8_companion.domain.recommendation import FiveMinuteResult, RecommendationSet
from magic8_companion.durable import encode
from magic8_companion.publishing.documents import predictions_document, recommendations_document
from magic8_companion.publishing.schema import PREDICTIONS, RECOMMENDATIONS, validate
from tests.publishing import any_recommendation_set
from tests.publishing.recommendation_sets import (
    calm,
    five_minute_result,
    no_trade,
    overlaid,
    quiet,
    recommendation,
    recommendation_set,
    skipped,
)

slow_to_build = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)


def test_the_frame_of_a_recommendations_document_is_golden() -> None:
    """Every top-level key stands in the contract's order; times are UTC text of whole seconds."""
    document = recommendations_document(recommendation_set(recommendations={}), 7)
    assert list(document.items()) == [
        ("schema_version", "1.1"),
        ("content_hash", "0" * 64),
        ("seq", 7),
        ("timestamp", "2024-03-14T15:05:06Z"),
        ("valid_until", "2024-03-14T15:10:06Z"),
        ("checkpoint_time", "11:00 ET"),
        ("checkpoint_timestamp", "2024-03-14T15:00:00Z"),
        ("system_mode", "standard"),
        ("market_session", "regular"),
        ("data_source", "ib"),
        ("data_status", "live"),
        ("limits", {"document_seconds": 300, "checkpoint_minutes": 35, "ml_5min_minutes": 10, "high_score": 65.0}),
        ("merge_strategy", "overlay"),
        ("halt_reason", None),
        ("kill_switch", None),
        ("events", []),
        ("events_status", "known"),
        ("ml_enhanced", False),
        ("ml_status", "disabled"),
        ("ml_5min_enhanced", True),
        ("last_5min_update", "2024-03-14T15:05:05Z"),
        ("skipped", {"IWM": "stale_bars"}),
        ("recommendations", {}),
    ]


def test_a_symbol_without_overlay_has_the_contracts_keys() -> None:
    """The record of a symbol carries its entries, the best of them, market conditions and states, in this order."""
    record = recommendations_document(recommendation_set(recommendations={"SPX": calm()}), 1)["recommendations"]["SPX"]
    assert list(record) == [
        *("symbol", "strategies", "best_strategy", "best_strategy_source", "best_strategy_key", "market_conditions"),
        *("data_source", "data_status", "ml_enhanced", "ml_status"),
    ]
    assert (record["best_strategy"], record["best_strategy_source"]) == ("Iron_Condor", "checkpoint")


def test_a_scored_entry_is_golden() -> None:
    """A base entry writes what the market says of its ticket even when it is unknown, as null."""
    entry = recommendations_document(recommendation_set(), 1)["recommendations"]["QQQ"]["strategies"]["Iron_Condor"]
    evidence = entry.pop("evidence")
    assert evidence[0] == {"factor": "iv", "value": 31.5, "points": 71.4 / 3, "why": "calm"}
    assert list(entry.items()) == [
        ("score", 71.4),
        ("confidence", "HIGH"),
        ("should_trade", True),
        ("source", "checkpoint"),
        ("valid_until", "2024-03-14T15:35:00Z"),
        ("rule_score", 71.4),
        ("structure", "iron condor"),
        ("rationale", "scored 71.4"),
        ("blocked_by", []),
        ("win_probability", 0.8),
        ("implied_probability", None),
        ("expected_value", None),
        (
            "ticket",
            {
                "expiry": "2024-03-14",
                "legs": [
                    {"action": "SELL", "right": "P", "strike": 5100.0, "quantity": 1},
                    {"action": "BUY", "right": "P", "strike": 5090.0, "quantity": 1},
                    {"action": "SELL", "right": "C", "strike": 5200.0, "quantity": 1},
                    {"action": "BUY", "right": "C", "strike": 5210.0, "quantity": 1},
                ],
                "limit_price": 2.1,
                "max_profit": 210.0,
                "max_loss": 790.0,
                "breakevens": [5097.9, 5202.1],
            },
        ),
    ]


def test_a_5_minute_entry_says_who_made_it_and_for_how_long() -> None:
    """In the merged file a 5-minute entry has source and life, and no key that nobody filled."""
    record = recommendations_document(recommendation_set(), 1)["recommendations"]["SPX"]
    assert list(record["strategies"]["Butterfly_5min"].items()) == [
        ("score", 88.8),
        ("confidence", "HIGH"),
        ("should_trade", True),
        ("source", "ml_5min"),
        ("valid_until", "2024-03-14T15:15:00Z"),
        ("ml_confidence", 0.888),
        ("direction", "neutral"),
        ("volatility_regime", "low"),
        ("rationale", "5-min ML: (88.8%)"),
        ("blocked_by", []),
    ]
    assert list(record)[-1] == "ml_5min_metadata"


def test_no_trade_has_seven_keys_of_its_own() -> None:
    """A No_Trade entry carries a numeric confidence even when no model spoke."""
    silent = replace(no_trade("nothing scored"), ml_confidence=None)
    record = recommendation({**quiet().strategies, "No_Trade": silent})
    document = recommendations_document(recommendation_set(recommendations={"SPY": record}), 1)
    assert document["recommendations"]["SPY"]["strategies"]["No_Trade"] == {
        "score": 0.0,
        "confidence": "LOW",
        "should_trade": False,
        "source": "checkpoint",
        "blocked_by": [],
        "ml_confidence": 0.0,
        "rationale": "nothing scored",
    }


def test_a_skipped_symbol_stays_in_the_file_without_conditions() -> None:
    """A symbol that could not be observed has its three base entries and no invented market."""
    record = recommendations_document(recommendation_set(recommendations={"IWM": skipped()}), 1)["recommendations"][
        "IWM"
    ]
    assert "market_conditions" not in record
    assert record["strategies"]["Vertical"]["blocked_by"] == ["skipped"]


def test_the_predictions_document_is_golden() -> None:
    """A weak signal is followed by a No_Trade that says why; a strong one stands alone."""
    document = predictions_document(five_minute_result(), 3)
    records = document.pop("recommendations")
    assert list(document.items()) == [
        ("schema_version", "1.1"),
        ("content_hash", "0" * 64),
        ("seq", 3),
        ("timestamp", "2024-03-14T15:05:05Z"),
        ("valid_until", "2024-03-14T15:15:00Z"),
        ("slot_time", "2024-03-14T15:05:00Z"),
        ("checkpoint_time", "11:05 ET"),
        ("ml_predictions", True),
        ("ml_5min", True),
        ("data_source", "ib"),
        ("data_status", "live"),
        ("market_session", "regular"),
        ("ml_status", "partial"),
        ("skipped", {"IWM": "stale_bars"}),
    ]
    assert list(records["SPX"]["strategies"]["Butterfly"]) == [
        *("score", "confidence", "should_trade", "ml_confidence", "direction", "volatility_regime", "rationale"),
        "blocked_by",
    ]
    assert records["SPX"]["best_strategy"] == "Butterfly"
    assert list(records["SPX"]["strategies"]) == ["Butterfly"]
    assert records["SPY"]["strategies"]["No_Trade"]["rationale"] == "Vertical with score 72.4 is below 80"
    assert records["SPY"]["best_strategy"] == "No_Trade"
    assert records["SPY"]["ml_5min_metadata"] == {
        "model": "distribution",
        "prediction_time": "2024-03-14T15:05:04Z",
        "model_version": "2024-03-08b",
    }


def test_a_blocked_prediction_names_its_blockers() -> None:
    """A prediction that is strong enough but forbidden says what forbids it."""
    signal = five_minute_result().signals["SPX"]
    blocked = replace(
        signal, entry=replace(signal.entry, should_trade=False, blocked_by=("delayed_data", "kill_switch"))
    )
    document = predictions_document(five_minute_result(signals={"SPX": blocked}), 1)
    no_trade_entry = document["recommendations"]["SPX"]["strategies"]["No_Trade"]
    assert no_trade_entry["rationale"] == "Butterfly with score 88.8 is blocked: delayed_data, kill_switch"
    assert (no_trade_entry["source"], no_trade_entry["blocked_by"]) == ("ml_5min", ["delayed_data", "kill_switch"])


def test_a_record_names_its_symbol() -> None:
    """A record that stands under another key is found out."""
    for document in (recommendations_document(recommendation_set(), 1), predictions_document(five_minute_result(), 1)):
        assert [record["symbol"] for record in document["recommendations"].values()] == [*document["recommendations"]]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf"), np.float64("nan")])
def test_a_number_that_is_not_finite_is_named_by_its_path(bad: float) -> None:
    """NaN and infinity never reach the file, not even silently as null."""
    record = overlaid()
    strategies = {**record.strategies, "Vertical": replace(record.strategies["Vertical"], rule_score=bad)}
    broken = recommendation_set(recommendations={"SPX": replace(record, strategies=strategies)})
    with pytest.raises(PublishError, match=r"recommendations\.SPX\.strategies\.Vertical\.rule_score is -?(nan|inf)"):
        recommendations_document(broken, 1)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [(np.int64(3), "holds a int64"), (object(), "holds a object"), (datetime(2024, 3, 14), "without zone")],  # noqa: DTZ001  # the mistake
)
def test_a_foreign_value_is_named_by_its_path(value: object, complaint: str) -> None:
    """What JSON does not know, and a time without zone, stops before the file."""
    record = replace(calm(), market_conditions={"spot": [1, value]})
    with pytest.raises(PublishError, match=rf"recommendations\.SPX\.market_conditions\.spot\[1\] .*{complaint}"):
        recommendations_document(recommendation_set(recommendations={"SPX": record}), 1)


def test_a_numpy_float_becomes_a_plain_number() -> None:
    """A finite numpy float is written as the number it is."""
    record = replace(calm(), market_conditions={**(calm().market_conditions or {}), "spot": np.float64(17.5)})
    document = recommendations_document(recommendation_set(recommendations={"SPX": record}), 1)
    assert type(document["recommendations"]["SPX"]["market_conditions"]["spot"]) is float


@slow_to_build
@given(any_recommendation_set.recommendation_sets())
def test_any_lawful_bulletin_validates_and_survives_the_file(any_one: RecommendationSet) -> None:
    """Whatever the merge may hand over obeys the schema and reads back as the same document."""
    document = recommendations_document(any_one, 1)
    validate(document, RECOMMENDATIONS)
    assert orjson.loads(encode(document)) == document


@slow_to_build
@given(any_recommendation_set.five_minute_results())
def test_any_lawful_prediction_validates_and_survives_the_file(any_one: FiveMinuteResult) -> None:
    """Whatever the 5-minute model may answer obeys the schema and reads back as the same document."""
    document = predictions_document(any_one, 1)
    validate(document, PREDICTIONS)
    assert orjson.loads(encode(document)) == document
