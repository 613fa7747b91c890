"""The reader kit approves what the file approves now, and gives the first reason in the contract's order otherwise."""

from __future__ import annotations

import ast
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magic8_companion import reader_kit
from magic8_companion.domain.recommendation import RecommendationSet
from magic8_companion.domain.strategy import NO_TRADE, canonical_strategy, canonical_symbol
from magic8_companion.durable import encode
from magic8_companion.publishing.documents import recommendations_document
from magic8_companion.publishing.seal import sealed
from magic8_companion.reader_kit import REASONS, Decision, _decide, _parse, load
from tests.publishing import any_recommendation_set
from tests.publishing.recommendation_sets import SLOT, directed, recommendation_set
from tests.reader_kit.fuzz import bought_calls
from tests.reader_kit.oracle import expected
from tests.reader_kit.sealing import sealed_text

NOW = SLOT + timedelta(seconds=36)
SCHEMA_1_0 = Path(__file__).with_name("recommendations_1_0.json")
RECORD = ("recommendations", "QQQ")
ENTRY = (*RECORD, "strategies", "Iron_Condor")

BREAKERS: dict[str, tuple[tuple[str, ...], Any]] = {
    "schema_unknown": (("schema_version",), "2.0"),
    "unsealed": (("schema_version",), "1.0"),
    "hash_mismatch": (("content_hash",), None),
    "halted": (("halt_reason",), "kill_switch"),
    "no_timestamp": (("timestamp",), "2024-03-14T15:05:06"),
    "clock_skew": (("timestamp",), "2024-03-14T15:05:42Z"),
    "too_old": (("timestamp",), "2024-03-14T15:00:35Z"),
    "expired": (("valid_until",), "2024-03-14T15:05:36Z"),
    "seq_went_back": (("seq",), 0),
    "not_live": (("data_status",), "simulated"),
    "delayed": (("data_status",), "delayed"),
    "feed_degraded": (("connection",), {"source": "ib", "state": "degraded", "why": "pacing", "symbols": []}),
    "market_closed": (("market_session",), "post"),
    "symbol_unknown": (RECORD, None),
    "symbol_mismatch": ((*RECORD, "symbol"), "SPY"),
    "strategy_unknown": (("asked",), "Straddle"),
    "entry_missing": (ENTRY, None),
    "source_excluded": ((*ENTRY, "source"), "gut"),
    "entry_expired": ((*ENTRY, "valid_until"), "2024-03-14T15:05:36Z"),
    "not_best": ((*RECORD, "best_strategy"), "Vertical"),
    "low_confidence": ((*ENTRY, "confidence"), "MEDIUM"),
    "not_tradable": ((*ENTRY, "should_trade"), False),
    "contradiction": ((*RECORD, "best_strategy_source"), "blend"),
}
"""Reason -> where a good document is changed, and into what."""


def good() -> dict[str, Any]:
    """Return a fresh document: QQQ trades an Iron_Condor, SPX a 5-minute Butterfly, SPY nothing, IWM is skipped."""
    return recommendations_document(recommendation_set(), 20)


def put(document: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    """Change one member of a document."""
    *way, last = place
    holder = document
    for step in way:
        holder = holder[step]
    holder[last] = value


def write(path: Path, document: dict[str, Any]) -> Path:
    """Replace the file, as the host does."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(sealed_text(document))
    return fresh.replace(path)


def ask(
    folder: Path, document: dict[str, Any], symbol: str = "QQQ", strategy: str = "Iron Condor", **options: Any
) -> Decision:
    """Ask a reader who sees the document for the first time."""
    path = write(folder / "recommendations.json", document)
    return load(path, **options).is_actionable(symbol, document.get("asked", strategy), NOW)


def test_an_approved_trade_tells_what_was_approved(tmp_path: Path) -> None:
    """The decision names entry, score, source, life, number and age, and is true in a condition."""
    decision = ask(tmp_path, good())
    assert decision
    assert decision == Decision(
        actionable=True,
        reason="ok",
        entry_key="Iron_Condor",
        score=71.4,
        confidence="HIGH",
        source="checkpoint",
        valid_until=datetime(2024, 3, 14, 15, 35, tzinfo=UTC),
        seq=20,
        age_s=30.0,
        structure="iron condor",
        ticket=good()["recommendations"]["QQQ"]["strategies"]["Iron_Condor"]["ticket"],
    )


@pytest.mark.parametrize("reason", BREAKERS)
def test_each_doubt_is_a_refusal_with_its_reason(tmp_path: Path, reason: str) -> None:
    """One broken thing gives its own reason."""
    document = good()
    put(document, *BREAKERS[reason])
    decision = ask(tmp_path, document)
    assert not decision
    assert decision.reason == reason


def test_of_two_doubts_the_first_in_the_contracts_order_is_given(tmp_path: Path) -> None:
    """For every pair of broken things the earlier check speaks."""
    assert list(BREAKERS) == [reason for reason in REASONS if reason in BREAKERS]
    pairs = 0
    for first, second in combinations(BREAKERS, 2):
        ours, theirs = BREAKERS[first][0], BREAKERS[second][0]
        if ours == theirs[: len(ours)] or theirs == ours[: len(theirs)]:
            continue  # both change the same thing
        document = good()
        put(document, *BREAKERS[first])
        put(document, *BREAKERS[second])
        assert ask(tmp_path, document).reason == first, (first, second)
        pairs += 1
    assert pairs > 130


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (("timestamp",), 1710428706, "no_timestamp"),
        (("timestamp",), "2024-03-14 15:05:06Z", "no_timestamp"),
        (("timestamp",), "2024-02-30T15:05:06Z", "no_timestamp"),
        (("timestamp",), "0001-01-01T00:00:00+14:00", "no_timestamp"),
        (("timestamp",), "２024-03-14T15:05:06Z", "no_timestamp"),
        (("timestamp",), "2024-03-14T11:05:06-04:00", "ok"),
        (("timestamp",), "2024-03-14T15:05:06.250000Z", "ok"),
        (("timestamp",), "2024-03-14T15:05:41Z", "ok"),
        (("timestamp",), "2024-03-14T15:00:36Z", "contradiction"),  # not too old, but now it lives for 570 s
        (("valid_until",), None, "expired"),
        (("seq",), True, "seq_went_back"),
        (("seq",), 20.0, "seq_went_back"),
        (("seq",), "20", "seq_went_back"),
        (("halt_reason",), False, "halted"),
        (("data_status",), "replay", "not_live"),
        (("data_status",), "stale", "not_live"),
        (("data_status",), ["live"], "not_live"),
        (("market_session",), None, "market_closed"),
        (("recommendations",), [], "symbol_unknown"),
        ((*RECORD, "strategies"), [], "entry_missing"),
        ((*RECORD, "best_strategy_key"), ["Iron_Condor"], "entry_missing"),
        ((*RECORD, "best_strategy_key"), "Vertical", "not_best"),
        ((*RECORD, "data_status"), "replay", "not_live"),
        ((*RECORD, "data_status"), "delayed", "delayed"),
        ((*ENTRY, "source"), ["checkpoint"], "source_excluded"),
        ((*ENTRY, "score"), True, "low_confidence"),
        ((*ENTRY, "score"), "71.4", "low_confidence"),
        ((*ENTRY, "score"), 100.5, "low_confidence"),
        ((*ENTRY, "score"), -1, "low_confidence"),
        ((*ENTRY, "confidence"), "high", "low_confidence"),
        ((*ENTRY, "should_trade"), 1, "not_tradable"),
        ((*ENTRY, "should_trade"), "true", "not_tradable"),
        ((*ENTRY, "blocked_by"), ["kill_switch"], "not_tradable"),
        ((*ENTRY, "blocked_by"), None, "not_tradable"),
    ],
)
def test_values_that_only_look_right(tmp_path: Path, place: tuple[str, ...], value: Any, reason: str) -> None:
    """A truth is not a number, a text is not a truth, and a limit is met to the second."""
    document = good()
    put(document, place, value)
    assert ask(tmp_path, document).reason == reason


@pytest.mark.parametrize("missing", ["schema_version", "timestamp", "valid_until", "seq", "halt_reason", "data_status"])
def test_a_missing_key_never_approves(tmp_path: Path, missing: str) -> None:
    """What is not said is not assumed."""
    document = good()
    del document[missing]
    assert not ask(tmp_path, document)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "bad_json"),
        (b'{"seq": 1', "bad_json"),
        (b'{"seq": 1, "seq": 2}', "bad_json"),
        (b'{"score": NaN}', "bad_json"),
        (b'{"score": -Infinity}', "bad_json"),
        (b'{"score": 1e999}', "bad_json"),
        (b'{"seq": ' + b"9" * 5000 + b"}", "bad_json"),
        (b"[" * 100_000 + b"]" * 100_000, "bad_json"),
        (b'{"a": "\\ud800"}', "bad_json"),
        (b'{"a": "\xff"}', "bad_json"),
        ("{}".encode("utf-16"), "bad_json"),
        (b'{"a": "\\ud83d\\ude00"}', "schema_unknown"),
        (b"[1, 2]", "schema_unknown"),
        (b"null", "schema_unknown"),
        (b" " * (reader_kit.MAX_BYTES + 1), "too_large"),
    ],
)
def test_bytes_that_are_no_document(tmp_path: Path, data: bytes, reason: str) -> None:
    """Only strict JSON of a known schema is looked into."""
    path = tmp_path / "recommendations.json"
    path.write_bytes(data)
    assert load(path).is_actionable("QQQ", "Iron Condor", NOW).reason == reason


@pytest.mark.parametrize(
    ("symbol", "strategy", "reason"),
    [
        ("qqq", "ironcondor", "ok"),
        (" QQQ ", "IRON-CONDOR", "ok"),
        ("QQQ", "Sonar", "ok"),
        ("SPX", "butter_fly", "ok"),
        ("SPXW", "Butterfly", "ok"),
        ("QQQ", "Call Spread", "not_best"),
        ("QQQ", "put-spread", "not_best"),
        ("QQQ", "Vertical", "not_best"),
        ("SPY", "Iron Condor", "not_best"),
        ("IWM", "Iron Condor", "not_best"),
        ("QQQ", "No_Trade", "strategy_unknown"),
        ("QQQ", "Butterfly_5min", "strategy_unknown"),
        ("QQQ", "", "strategy_unknown"),
        ("DIA", "Iron Condor", "symbol_unknown"),
        ("", "Iron Condor", "symbol_unknown"),
    ],
)
def test_names_are_taken_as_people_write_them(tmp_path: Path, symbol: str, strategy: str, reason: str) -> None:
    """Case, blanks, hyphens and underscores do not matter; unknown names are refused."""
    assert ask(tmp_path, good(), symbol, strategy).reason == reason


@given(st.text(max_size=12) | st.sampled_from(("Sonar", "put spread", "IRON_condor", "No Trade", "spxw", " rutw")))
def test_the_kit_knows_the_names_of_the_host(name: str) -> None:
    """The kit's own tables say what the host's say; only No_Trade cannot be asked for."""
    host = canonical_strategy(name)
    assert reader_kit._strategy(name) == (None if host == NO_TRADE else host)
    assert reader_kit._symbol(name) == canonical_symbol(name)


def vertical(right: str | None) -> dict[str, Any]:
    """Return a document that approves a bull Vertical in QQQ: of calls, of puts, or with an open right."""
    return recommendations_document(recommendation_set(recommendations={"QQQ": directed(right)}, skipped={}), 20)


@pytest.mark.parametrize(
    ("right", "name", "side", "reason"),
    [
        ("C", "Vertical", "bull", "ok"),
        ("C", "Vertical", " Bull", "ok"),
        ("C", "Vertical", None, "ok"),
        ("C", "Call Spread", None, "ok"),
        ("C", "Call Spread", "bull", "ok"),
        ("C", "Put Spread", None, "side_mismatch"),
        ("C", "Put Spread", "bull", "side_mismatch"),
        ("C", "Vertical", "bear", "side_mismatch"),
        ("C", "Vertical", "up", "side_mismatch"),
        ("C", "Vertical", 1, "side_mismatch"),
        ("P", "put-spread", "bull", "ok"),
        ("P", "call-spread", None, "side_mismatch"),
        (None, "Vertical", "bull", "ok"),
        (None, "Call Spread", "bull", "ok"),
        (None, "Call Spread", None, "side_mismatch"),
        (None, "Vertical", "bear", "side_mismatch"),
    ],
)
def test_an_approved_call_spread_approves_no_put_spread(
    tmp_path: Path, right: str | None, name: str, side: Any, reason: str
) -> None:
    """The side that the bot names must be the entry's, and the right of its name where the entry has one."""
    path = write(tmp_path / "recommendations.json", vertical(right))
    decision = load(path).is_actionable("QQQ", name, NOW, side=side)
    assert (decision.reason, decision.side) == (reason, "bull")
    assert load(path).should_execute_strategy("QQQ", name, side=side) is False  # long ago, by the machine's clock


def test_a_vertical_without_side_is_never_approved(tmp_path: Path) -> None:
    """No question can make sure that the bot means the same trade."""
    document = vertical(None)
    del document["recommendations"]["QQQ"]["strategies"]["Vertical"]["side"]
    path = write(tmp_path / "recommendations.json", document)
    assert load(path).is_actionable("QQQ", "Vertical", NOW).reason == "no_side"


def test_a_trade_without_sides_has_no_side_to_ask_for(tmp_path: Path) -> None:
    """A bot that asks for the bull side of a condor means something else."""
    path = write(tmp_path / "recommendations.json", good())
    assert load(path).is_actionable("QQQ", "Iron Condor", NOW, side="bull").reason == "side_mismatch"


def test_a_changed_ticket_of_an_answer_changes_no_later_answer(tmp_path: Path) -> None:
    """The ticket is a copy."""
    document = load(write(tmp_path / "recommendations.json", good()))
    first = document.is_actionable("QQQ", "Iron Condor", NOW)
    assert first.ticket is not None
    first.ticket["legs"].clear()
    again = document.is_actionable("QQQ", "Iron Condor", NOW)
    assert again.ticket is not None
    assert len(again.ticket["legs"]) == 4


def test_a_document_of_schema_1_0_is_read_and_not_approved(tmp_path: Path) -> None:
    """It cannot prove that its bytes belong together; a bot may accept that knowingly."""
    path = tmp_path / "recommendations.json"
    path.write_bytes(SCHEMA_1_0.read_bytes())
    decision = load(path).is_actionable("QQQ", "Iron Condor", NOW)
    assert (decision.reason, decision.seq) == ("unsealed", 20)
    allowed = load(path, allow_unsealed=True).is_actionable("QQQ", "Iron Condor", NOW)
    assert (allowed.reason, allowed.structure) == ("ok", "iron condor")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((*RECORD, "data_source"), "replay"),
        ((*RECORD, "data_source"), "simulated"),
        (("skipped",), {"QQQ": "stale_bars"}),
        (("checkpoint_timestamp",), "2024-03-14T15:05:07Z"),
        (("checkpoint_timestamp",), "2024-03-13T15:00:00Z"),
        (("checkpoint_timestamp",), "yesterday"),
        ((*RECORD, "best_strategy_source"), "ml_5min"),
        (("data_source",), "replay"),
        (("checkpoint_timestamp",), None),
        (("last_5min_update",), "2024-03-14T15:05:07Z"),
        (("valid_until",), "2024-03-14T15:10:07Z"),
        ((*ENTRY, "valid_until"), "2024-03-14T15:35:01Z"),
        (("limits", "checkpoint_minutes"), 34),
        (("limits", "document_seconds"), 299),
        (("limits", "document_seconds"), 86_400),
        (("limits", "document_seconds"), "300"),
        (("limits",), None),
        (("limits", "high_score"), 71.5),
        ((*ENTRY, "score"), 64.9),
        ((*ENTRY, "structure"), "call debit vertical"),
        ((*ENTRY, "direction"), "bullish"),
        ((*ENTRY, "side"), "bull"),
        (("skipped",), ["QQQ"]),
        ((*ENTRY, "ticket", "expiry"), "2024-03-15"),
        ((*ENTRY, "ticket", "legs"), []),
        ((*ENTRY, "ticket"), "none"),
    ],
)
def test_a_file_that_contradicts_itself_approves_nothing(tmp_path: Path, place: tuple[str, ...], value: Any) -> None:
    """The hash is right, and the file still says two things about one trade."""
    document = good()
    put(document, place, value)
    assert ask(tmp_path, document).reason in {"contradiction", "side_mismatch"}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("merge_strategy",), "replace"),
        (("ml_5min_enhanced",), False),
        (("last_5min_update",), None),
        (("limits", "ml_5min_minutes"), 9),
    ],
)
def test_a_5_minute_entry_needs_a_5_minute_result(tmp_path: Path, place: tuple[str, ...], value: Any) -> None:
    """Its document merges 5-minute answers beside the checkpoint, has one, and is not older than the answer."""
    document = good()
    put(document, place, value)
    assert ask(tmp_path, document, "SPX", "Butterfly").reason == "contradiction"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("checkpoint_timestamp",), None),
        (("last_5min_update",), None),
        (("merge_strategy",), "overlay"),
        (("limits", "ml_5min_minutes"), 4),
        (("limits", "checkpoint_minutes"), 9),
    ],
)
def test_a_blend_needs_both_of_its_sources(tmp_path: Path, place: tuple[str, ...], value: Any) -> None:
    """Only the weighted merge writes it, and it lives as long as the shorter of both."""
    document = good()
    document["merge_strategy"] = "weighted"
    document["recommendations"]["QQQ"]["best_strategy_source"] = "blend"
    put(document, ENTRY, {**document["recommendations"]["QQQ"]["strategies"]["Iron_Condor"], "source": "blend"})
    put(document, (*ENTRY, "valid_until"), "2024-03-14T15:10:00Z")
    assert ask(tmp_path, document)
    put(document, place, value)
    assert ask(tmp_path, document).reason == "contradiction"


@pytest.mark.parametrize(
    "changes",
    [
        {"structure": "put debit vertical"},
        {"structure": "bull vertical"},
        {"right": "P"},
        {"action": "SELL"},
        {"action": None},
        {"direction": "bearish"},
    ],
)
def test_a_vertical_is_one_vertical(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Side, right, action, structure and direction are those of one trade."""
    document = vertical("C")
    document["recommendations"]["QQQ"]["strategies"]["Vertical"].update(changes)
    assert ask(tmp_path, document, strategy="Vertical").reason == "contradiction"


@pytest.mark.parametrize(
    ("place", "value"),
    [(("right",), "P"), (("action",), "SELL"), (("strike",), 5170.0), (("strike",), None), (("action",), None)],
)
def test_a_ticket_is_of_the_entrys_trade(tmp_path: Path, place: tuple[str, ...], value: Any) -> None:
    """Legs of another right or side are another trade, and a leg that is not whole is none."""
    document = recommendations_document(recommendation_set(recommendations={"QQQ": bought_calls()}, skipped={}), 20)
    assert ask(tmp_path, document, strategy="Vertical")
    put(document["recommendations"]["QQQ"]["strategies"]["Vertical"]["ticket"]["legs"][0], place, value)
    assert ask(tmp_path, document, strategy="Vertical").reason == "contradiction"


def test_lower_limits_of_the_host_hold(tmp_path: Path) -> None:
    """A host whose HIGH begins at 50 says so in its documents; a document that says nothing has the default limits."""
    document = good()
    document["limits"]["high_score"] = 50
    put(document, (*ENTRY, "score"), 64.9)
    assert ask(tmp_path, document)
    del document["limits"]
    assert ask(tmp_path, document).reason == "contradiction"


@pytest.mark.parametrize(
    ("connection", "reason"),
    [
        ({"state": "connected", "symbols": []}, "ok"),
        ({"state": "degraded", "symbols": ["SPX"]}, "ok"),
        ({"state": "degraded", "symbols": ["QQQ", "SPX"]}, "feed_degraded"),
        ({"state": "degraded", "symbols": []}, "feed_degraded"),
        ({"state": "degraded"}, "feed_degraded"),
        ({"state": "needs_human", "symbols": ["SPX"]}, "feed_degraded"),
        ({"state": "connected", "symbols": "SPX"}, "feed_degraded"),
        ({"state": "fine", "symbols": []}, "feed_degraded"),
        (None, "feed_degraded"),
    ],
)
def test_a_degraded_feed_is_refused_unless_the_problem_is_of_other_symbols(
    tmp_path: Path, connection: dict[str, Any] | None, reason: str
) -> None:
    """As a whole, whatever the entries say."""
    assert ask(tmp_path, {**good(), "connection": connection}).reason == reason


def test_a_halt_is_given_before_the_age(tmp_path: Path) -> None:
    """The halted document that lay ready since the morning says what happened, not how old it is."""
    halted = {**good(), "halt_reason": "cannot_publish", "timestamp": "2024-03-14T13:30:00Z", "seq": 10_020}
    path = write(tmp_path / "recommendations.json", halted)
    assert load(path).is_actionable("QQQ", "Iron Condor", NOW).reason == "halted"


def test_a_fresh_halted_document_moves_the_mark(tmp_path: Path) -> None:
    """What was published before it does not come back; an old halted document silences no later one."""
    path = write(tmp_path / "recommendations.json", {**good(), "seq": 10_020, "halt_reason": "stopped"})
    document = load(path)
    document.is_actionable("QQQ", "Iron Condor", NOW)
    write(path, good())
    assert document.is_actionable("QQQ", "Iron Condor", NOW).reason == "seq_went_back"

    old = {**good(), "seq": 10**9, "halt_reason": "stopped", "timestamp": "2020-01-02T15:05:06Z"}
    other = load(write(path, old))
    other.is_actionable("QQQ", "Iron Condor", NOW)
    write(path, good())
    assert other.is_actionable("QQQ", "Iron Condor", NOW)


@pytest.mark.parametrize("changes", [{"source": "checkpoint"}, {"score": 79.9}])
def test_a_5_minute_entry_is_of_its_source_and_above_its_limit(tmp_path: Path, changes: dict[str, object]) -> None:
    """HIGH begins at 80, and no other source writes under this key."""
    document = good()
    assert ask(tmp_path, document, "SPX", "Butterfly").reason == "ok"
    document["recommendations"]["SPX"]["strategies"]["Butterfly_5min"].update(changes)
    if "source" in changes:
        document["recommendations"]["SPX"]["best_strategy_source"] = changes["source"]
    assert ask(tmp_path, document, "SPX", "Butterfly").reason == "contradiction"


@pytest.mark.parametrize("number", range(0, 8000, 331))
def test_a_flipped_byte_is_found(tmp_path: Path, number: int) -> None:
    """Whatever the byte means, the document no longer proves itself."""
    path = write(tmp_path / "recommendations.json", good())
    data = bytearray(path.read_bytes())
    data[number % len(data)] ^= 1
    path.write_bytes(bytes(data))
    assert load(path).is_actionable("QQQ", "Iron Condor", NOW).reason in {"hash_mismatch", "bad_json", "schema_unknown"}


def test_without_require_best_any_tradable_entry_counts(tmp_path: Path) -> None:
    """The base entry comes first, then its 5-minute entry; the reason is of the one that came furthest."""
    document = good()
    strategies = document["recommendations"]["SPX"]["strategies"]
    either: Callable[..., Decision] = lambda strategy, **options: ask(  # noqa: E731  # a short name for a long question
        tmp_path, document, "SPX", strategy, require_best=False, **options
    )
    assert either("Iron Condor").entry_key == "Iron_Condor"
    assert either("Butterfly").entry_key == "Butterfly_5min"
    assert either("Vertical").reason == "low_confidence"
    assert either("Iron Condor", sources=("ml_5min",)).reason == "source_excluded"
    assert either("Butterfly", sources=("checkpoint",)).reason == "low_confidence"
    strategies["Butterfly_5min"].update(should_trade=False)
    assert (either("Butterfly").reason, either("Butterfly").entry_key) == ("not_tradable", "Butterfly_5min")


def test_options_widen_or_narrow(tmp_path: Path) -> None:
    """Delayed data, age and sources are the bot's choice."""
    delayed = good()
    delayed["data_status"] = delayed["recommendations"]["QQQ"]["data_status"] = "delayed"
    assert ask(tmp_path, delayed, allow_delayed=True)
    assert ask(tmp_path, good(), max_age_s=29).reason == "too_old"
    assert ask(tmp_path, good(), sources=("blend", "ml_5min")).reason == "source_excluded"
    assert ask(tmp_path, good(), sources="checkpoint")
    assert ask(tmp_path, good(), "SPX", "Butterfly", sources=["ml_5min"])


@pytest.mark.parametrize("age", [math.nan, math.inf, None, "300", True, -1, 10**400])
def test_a_senseless_age_limit_refuses(tmp_path: Path, age: Any) -> None:
    """A limit that is no number of seconds is not taken for no limit."""
    assert ask(tmp_path, good(), max_age_s=age).reason == "too_old"


@pytest.mark.parametrize("sources", [None, 7, (), (None,), "check", {"checkpoint,blend"}])
def test_senseless_sources_refuse(tmp_path: Path, sources: Any) -> None:
    """A part of a name is not the name."""
    assert ask(tmp_path, good(), sources=sources).reason == "source_excluded"


def test_only_a_true_truth_widens(tmp_path: Path) -> None:
    """The text "false" does not allow delayed data, and None does not lift require_best."""
    delayed = good()
    delayed["data_status"] = "delayed"
    assert ask(tmp_path, delayed, allow_delayed="false").reason == "delayed"
    assert ask(tmp_path, good(), "SPX", "Iron Condor", require_best=None).reason == "not_best"


class Hostile(str):
    """A text that raises when it is used."""

    __slots__ = ()

    def strip(self, *_: object) -> str:
        raise RuntimeError("hostile")


@pytest.mark.parametrize("symbol", [None, 7, ["QQQ"], b"QQQ", Hostile("QQQ")])
@pytest.mark.parametrize("strategy", [None, 7, {"Iron": 1}, object()])
@pytest.mark.parametrize("now", [NOW, NOW.replace(tzinfo=None), "now", 0])
def test_no_argument_raises(tmp_path: Path, symbol: Any, strategy: Any, now: Any) -> None:
    """Whatever is asked, the answer is a decision."""
    path = write(tmp_path / "recommendations.json", good())
    assert not load(path).is_actionable(symbol, strategy, now)


def test_a_naive_now_is_a_clock_that_cannot_be_trusted(tmp_path: Path) -> None:
    """A time without zone compares with nothing."""
    path = write(tmp_path / "recommendations.json", good())
    assert load(path).is_actionable("QQQ", "Iron Condor", NOW.replace(tzinfo=None)).reason == "clock_skew"


def test_without_now_the_machines_clock_counts(tmp_path: Path) -> None:
    """A document of 2024 is long too old for whoever asks today."""
    path = write(tmp_path / "recommendations.json", good())
    assert load(path).is_actionable("QQQ", "Iron Condor").reason == "too_old"


def test_the_older_bots_question_gets_the_same_answer(tmp_path: Path) -> None:
    """The drop-in method answers with a plain bool and refuses where the old client allowed."""
    document = load(tmp_path / "recommendations.json")
    assert document.should_execute_strategy("QQQ", "Iron_Condor") is False
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251  # the drop-in cannot be told the time
    fresh = good()
    times = (("timestamp",), ("checkpoint_timestamp",), ("last_5min_update",), ("valid_until",))
    for place in (*times, (*ENTRY, "valid_until")):
        put(fresh, place, f"{now + timedelta(seconds=200 if place[-1] == 'valid_until' else 0):%Y-%m-%dT%H:%M:%SZ}")
    put(fresh, (*ENTRY, "ticket", "expiry"), f"{now:%Y-%m-%d}")
    write(tmp_path / "recommendations.json", fresh)
    assert document.should_execute_strategy("QQQ", "Sonar") is True
    assert document.should_execute_strategy("QQQ", "Butterfly") is False


def test_each_question_sees_the_file_as_it_is_now(tmp_path: Path) -> None:
    """A file may appear, change, break, heal and vanish while the bot holds its document."""
    path = tmp_path / "recommendations.json"
    document = load(path)
    reasons = [document.is_actionable("QQQ", "Iron Condor", NOW).reason]
    halted = {**good(), "seq": 21, "halt_reason": "kill_switch"}
    for content in (good(), halted, None, {**good(), "seq": 22}):
        if content is None:
            path.unlink()
            path.write_bytes(b"{")
        else:
            write(path, content)
        reasons.append(document.is_actionable("QQQ", "Iron Condor", NOW).reason)
    path.unlink()
    reasons.append(document.is_actionable("QQQ", "Iron Condor", NOW).reason)
    assert reasons == ["file_missing", "ok", "halted", "bad_json", "ok", "file_missing"]


def test_a_file_that_goes_back_is_refused_by_whoever_saw_the_newer_one(tmp_path: Path) -> None:
    """The mark belongs to the document object; the same number again is the same document."""
    path = write(tmp_path / "recommendations.json", {**good(), "seq": 30})
    document = load(path)
    assert document.is_actionable("QQQ", "Iron Condor", NOW)
    write(path, {**good(), "seq": 29})
    assert document.is_actionable("QQQ", "Iron Condor", NOW).reason == "seq_went_back"
    assert load(path).is_actionable("QQQ", "Iron Condor", NOW)
    write(path, {**good(), "seq": 30})
    assert document.is_actionable("QQQ", "Iron Condor", NOW)


def test_a_stale_file_with_a_high_number_does_not_silence_the_next(tmp_path: Path) -> None:
    """Only a document that passed the checks of freshness moves the mark."""
    old = {**good(), "seq": 10**9, "timestamp": "2020-01-02T15:05:06Z"}
    path = write(tmp_path / "recommendations.json", old)
    document = load(path)
    assert document.is_actionable("QQQ", "Iron Condor", NOW).reason == "too_old"
    write(path, good())
    assert document.is_actionable("QQQ", "Iron Condor", NOW)


def test_a_number_is_no_path_and_no_file_of_the_bot_is_closed(tmp_path: Path) -> None:
    """The system would take an integer for a file that the bot itself holds open: refused, and the file stays open."""
    with (tmp_path / "of_the_bot.json").open("w+") as own:
        assert load(own.fileno()).is_actionable("QQQ", "Iron Condor", NOW).reason == "unreadable"  # type: ignore[arg-type]
        assert own.write("still open")


def test_what_is_not_a_plain_file_is_unreadable_and_never_waited_for(tmp_path: Path) -> None:
    """A folder, a pipe without writer, and what is no path at all are refused at once."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", None, 3.5, "nul\0", b"\xff" * 5000):
        assert load(path).is_actionable("QQQ", "Iron Condor", NOW).reason == "unreadable"  # type: ignore[arg-type]


def test_the_kit_is_one_file_of_standard_library_for_old_pythons(tmp_path: Path) -> None:
    """A bot can copy it: it imports nothing else and is written in the grammar of Python 3.8."""
    source = Path(reader_kit.__file__)
    tree = ast.parse(source.read_text(), feature_version=(3, 8))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
    shutil.copy(source, tmp_path / "kit.py")
    script = (
        "import sys; sys.path[:0] = sys.argv[1:]; import kit; print(kit.load('x').is_actionable('SPX', 'x').reason)"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, tmp_path], capture_output=True, text=True, check=True
    )
    assert run.stdout == "file_missing\n"


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(any_recommendation_set.recommendation_sets(), st.data())
def test_the_kit_answers_as_the_slow_oracle_does(any_one: RecommendationSet, data: st.DataObject) -> None:
    """For any lawful bulletin, any moment and any options, kit and oracle give the same reason."""
    if data.draw(st.booleans(), "tame"):
        any_one = _tame(any_one)
    content = sealed(encode(recommendations_document(any_one, data.draw(st.integers(1, 10**6), "seq"))))
    now = any_one.published_at.replace(microsecond=0) + timedelta(seconds=data.draw(st.integers(-10, 320), "age"))
    symbol = data.draw(st.sampled_from((*any_one.recommendations, "SPXW")), "symbol")
    strategy = data.draw(st.sampled_from(("Butterfly", "sonar", "call spread", "Vertical", "Straddle")), "strategy")
    side = data.draw(st.sampled_from((None, None, "bull", "bear")), "side")
    options: dict[str, Any] = {
        "max_age_s": data.draw(st.sampled_from((300, 60)), "max_age_s"),
        "allow_delayed": data.draw(st.booleans(), "allow_delayed"),
        "require_best": data.draw(st.booleans(), "require_best"),
        "sources": data.draw(st.sampled_from((("checkpoint", "blend", "ml_5min"), ("ml_5min",))), "sources"),
    }
    decision = _decide(_parse(content), load("unused", **options)._rules, (symbol, strategy, side), now)
    assert decision.reason == expected(content, symbol, strategy, now, side=side, **options)


def _tame(any_one: RecommendationSet) -> RecommendationSet:
    """Return the bulletin of a live morning in which entries live, so that entries decide."""
    later, shortly = (any_one.published_at + timedelta(minutes=minutes) for minutes in (10, 4))
    records = {
        symbol: replace(
            record,
            data_status="live",
            strategies={key: replace(entry, valid_until=later) for key, entry in record.strategies.items()},
        )
        for symbol, record in any_one.recommendations.items()
    }
    return replace(
        any_one,
        recommendations=records,
        data_status="live",
        market_session="regular",
        halt_reason=None,
        valid_until=shortly,
        checkpoint_at=any_one.published_at,
        last_5min_update=any_one.published_at,
        ml_5min_enhanced=True,
    )


def test_the_guide_explains_every_reason_in_order() -> None:
    """The table for operators lists the checks as they run."""
    guide = (Path(__file__).resolve().parents[2] / "docs" / "reading_the_file.md").read_text()
    table = guide.split("## The decision")[1].split("## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(REASONS)
