"""The merge of checkpoint and 5-minute result, in every mode and at every age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.domain.codes import DataStatus, Strategy, VerticalSide
from magic8_companion.domain.recommendation import CheckpointResult, FiveMinuteResult, RecommendationSet
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.domain.trading_day import require_session
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.decide import decide
from magic8_companion.engine.merge import PublishContext, merge
from magic8_companion.events.calendar import EventCalendar
from tests.engine.fake_plugin import signal_of, slot_of
from tests.engine.fakes import FULL_DAY, HALF_DAY, card_of, options, view_of
from tests.engine.test_decide import state

AT_1030 = FULL_DAY.at(time(10, 30))
UNTIL = FULL_DAY.at(time(11, 5))
WORKED = {"Butterfly": 35.8, "Iron_Condor": 74.9, "Vertical": 29.3}
LOW_SCORES = {"Butterfly": 31.2, "Iron_Condor": 52.0, "Vertical": 40.3}
ONE = options(symbols=("SPX",))


def context(at: datetime, **changes: Any) -> PublishContext:
    """Return a moment of a live provider."""
    return replace(PublishContext(now=at, data_source="fake", data_status=DataStatus.STALE), **changes)


def checkpoint(
    scores: Mapping[str, float] = WORKED, symbol: str = "SPX", at: datetime = AT_1030, **changes: Any
) -> CheckpointResult:
    """Return a checkpoint of one symbol whose entries live for 35 minutes."""
    record = decide(card_of(symbol, scores), view_of(state()), at + timedelta(minutes=35), options())
    given: dict[str, Any] = {
        "checkpoint_at": at,
        "system_mode": "standard",
        "data_source": "fake",
        "data_status": "live",
        "recommendations": {symbol: record},
    }
    return CheckpointResult(**(given | changes))


def slot(minutes: int = 5, strategy: str = "Butterfly", confidence: float = 0.825, **changes: Any) -> FiveMinuteResult:
    """Return a 5-minute answer for SPX, ``minutes`` after the checkpoint."""
    return slot_of(AT_1030 + timedelta(minutes=minutes), {"SPX": signal_of(strategy, confidence)}, **changes)


def merged(
    last: CheckpointResult | None,
    five: FiveMinuteResult | None,
    at: datetime = AT_1030 + timedelta(minutes=5, seconds=7),
    settings: EngineConfig = ONE,
    **changes: Any,
) -> RecommendationSet:
    """Return the bulletin of a moment."""
    return merge(last, five, context(at, **changes), settings)


def mode(name: str) -> EngineConfig:
    """Return options with a merge strategy."""
    return replace(ONE, merge_strategy=name)


def test_overlay_leaves_the_base_alone_and_lets_a_tradable_answer_decide() -> None:
    """The answer stands beside the base entries under its suffixed name."""
    last = checkpoint()
    document = merged(last, slot())
    record = document.recommendations["SPX"]
    assert {name: record.strategies[name] for name in BASE_STRATEGIES} == last.recommendations["SPX"].strategies
    added = record.strategies["Butterfly_5min"]
    assert (added.score, added.source, added.should_trade) == (82.5, "ml_5min", True)
    assert added.valid_until == AT_1030 + timedelta(minutes=15)
    assert (record.best_strategy, record.best_strategy_source, record.best_strategy_key) == (
        "Butterfly",
        "ml_5min",
        "Butterfly_5min",
    )
    assert record.ml_5min_metadata == {
        "model": "test model",
        "prediction_time": "2025-06-26T13:30:00Z",
        "model_version": "test",
    }
    assert document.ml_5min_enhanced
    assert document.last_5min_update == AT_1030 + timedelta(minutes=5, seconds=5)


def test_overlay_ignores_what_is_not_tradable() -> None:
    """A MEDIUM answer changes nothing but the metadata."""
    last = checkpoint()
    record = merged(last, slot(confidence=0.725)).recommendations["SPX"]
    assert replace(record, ml_5min_metadata=None) == last.recommendations["SPX"]


def test_overlay_removes_the_no_trade_that_is_no_longer_the_decision() -> None:
    """No_Trade is an entry only while it is the decision."""
    last = checkpoint(LOW_SCORES)
    assert "No_Trade" in last.recommendations["SPX"].strategies
    assert "No_Trade" not in merged(last, slot()).recommendations["SPX"].strategies


def test_replace_gives_the_answer_its_base_name() -> None:
    """The answer takes over; the other base entries are superseded."""
    record = merged(checkpoint(), slot(), settings=mode("replace")).recommendations["SPX"]
    assert record.strategies["Butterfly"].source == "ml_5min"
    assert record.strategies["Iron_Condor"].blocked_by == ("superseded",)
    assert not record.strategies["Iron_Condor"].should_trade
    assert record.best_strategy_key == "Butterfly"


def test_replace_by_an_answer_that_is_not_tradable_leaves_nothing() -> None:
    """Then the decision is No_Trade, with the answer as its reason."""
    record = merged(checkpoint(), slot(confidence=0.725), settings=mode("replace")).recommendations["SPX"]
    assert record.best_strategy == "No_Trade"
    assert record.strategies["No_Trade"].rationale == "5-min ML: Butterfly: confidence 0.725; label MEDIUM"


def test_replace_by_no_trade_leaves_nothing() -> None:
    """A real No_Trade supersedes all three and keeps its confidence."""
    record = merged(checkpoint(), slot(strategy=Strategy.NO_TRADE), settings=mode("replace")).recommendations["SPX"]
    assert all(record.strategies[name].blocked_by == ("superseded",) for name in BASE_STRATEGIES)
    assert record.strategies["No_Trade"].ml_confidence == 0.825
    assert record.best_strategy_source == "ml_5min"


def test_weighted_mixes_by_confidence_and_recency() -> None:
    """The worked check: scores 35.8/74.9/29.3 and a Butterfly of .825 give 58.3/38.9/15.2."""
    at = AT_1030 + timedelta(minutes=5)
    record = merged(checkpoint(), slot(), at=at, settings=mode("weighted")).recommendations["SPX"]
    seen = {name: (entry.score, entry.confidence, entry.source) for name, entry in record.strategies.items()}
    assert seen == {
        "Butterfly": (58.3, "MEDIUM", "blend"),
        "Iron_Condor": (38.9, "MEDIUM", "blend"),
        "Vertical": (15.2, "LOW", "blend"),
        "No_Trade": (0.0, "LOW", "blend"),
    }
    assert record.strategies["Butterfly"].rationale.endswith(
        "blended with 5-min ML: Butterfly: confidence 0.825, share 0.48"
    )
    assert record.strategies["Butterfly"].valid_until == AT_1030 + timedelta(minutes=15)


def test_weighted_agreement_of_both_is_tradable() -> None:
    """Two sources that say the same make a tradable blend."""
    record = merged(checkpoint(), slot(strategy=Strategy.IRON_CONDOR, confidence=0.9), settings=mode("weighted"))
    entry = record.recommendations["SPX"].strategies["Iron_Condor"]
    assert (entry.should_trade, entry.source, entry.rule_score) == (True, "blend", 74.9)
    assert record.recommendations["SPX"].best_strategy_source == "blend"


def test_weighted_mixes_no_trade_as_zeros() -> None:
    """A confident No_Trade pulls every score down."""
    record = merged(checkpoint(), slot(strategy=Strategy.NO_TRADE), settings=mode("weighted")).recommendations["SPX"]
    assert {name: record.strategies[name].score for name in BASE_STRATEGIES} == {
        "Butterfly": 18.6,
        "Iron_Condor": 38.9,
        "Vertical": 15.2,
    }


@pytest.mark.parametrize(("side", "score"), [("bull", 54.9), ("bear", 15.2)])
def test_weighted_gives_a_vertical_nothing_from_the_other_side(side: str, score: float) -> None:
    """A bear answer does not raise the score of a bull vertical, and the rationale says which side it was on."""
    record = checkpoint().recommendations["SPX"]
    bull = replace(record.strategies["Vertical"], side=VerticalSide.BULL)
    last = checkpoint(recommendations={"SPX": replace(record, strategies={**record.strategies, "Vertical": bull})})
    signal = signal_of("Vertical", 0.825)
    entry = replace(signal.entry, side=side, direction={"bull": "bullish", "bear": "bearish"}[side])
    five = slot_of(AT_1030 + timedelta(minutes=5), {"SPX": replace(signal, entry=entry)})
    mixed = merged(last, five, at=AT_1030 + timedelta(minutes=5), settings=mode("weighted"))
    vertical = mixed.recommendations["SPX"].strategies["Vertical"]
    assert (vertical.side, vertical.score) == ("bull", score)
    assert ("bear, the other side" in vertical.rationale) == (side == "bear")


def test_weighted_keeps_what_blocks_the_checkpoint() -> None:
    """A blend of blocked entries is blocked."""
    delayed = decide(card_of("SPX", WORKED), view_of(state("delayed")), UNTIL, options())
    last = checkpoint(recommendations={"SPX": delayed})
    record = merged(last, slot(strategy=Strategy.IRON_CONDOR, confidence=0.9), settings=mode("weighted"))
    assert record.recommendations["SPX"].strategies["Iron_Condor"].blocked_by == ("delayed_data",)
    assert record.data_status == "delayed"


def test_weighted_applies_the_score_gap_again() -> None:
    """A cap from the checkpoint's scores does not outlive the mix, and a new one is named."""
    gap = replace(mode("weighted"), min_score_gap=30.0)
    record = decide(card_of("SPX", {**WORKED, "Vertical": 70.0}), view_of(state()), UNTIL, gap)
    assert record.strategies["Iron_Condor"].blocked_by == ("score_gap",)
    last = checkpoint(recommendations={"SPX": record})
    mixed = merged(last, slot(strategy=Strategy.IRON_CONDOR, confidence=0.95), settings=gap).recommendations["SPX"]
    assert (mixed.strategies["Iron_Condor"].confidence, mixed.strategies["Iron_Condor"].blocked_by) == ("HIGH", ())


def test_weighted_with_an_expired_checkpoint_works_like_replace() -> None:
    """Expired checkpoint entries have no share."""
    at = AT_1030 + timedelta(minutes=36)
    record = merged(checkpoint(), slot(35), at=at, settings=mode("weighted")).recommendations["SPX"]
    assert record.strategies["Butterfly"].source == "ml_5min"
    assert record.strategies["Iron_Condor"].blocked_by == ("expired", "superseded")


@pytest.mark.parametrize("name", ["overlay", "replace", "weighted"])
def test_without_a_usable_answer_the_checkpoint_stands(name: str) -> None:
    """No answer, an older one, an expired one, or one of another symbol: the record is unchanged in every mode."""
    last = checkpoint()
    late = AT_1030 + timedelta(minutes=20)
    for five in (None, slot(-5), slot(5), replace(slot(15), signals={"QQQ": signal_of()})):
        document = merged(last, five, at=late, settings=mode(name))
        assert document.recommendations == last.recommendations
        assert not document.ml_5min_enhanced
        assert document.last_5min_update is None


@pytest.mark.parametrize("name", ["overlay", "replace", "weighted"])
def test_before_the_first_checkpoint_an_answer_has_its_base_name(name: str) -> None:
    """Without a checkpoint record the answer is published under its base name in every mode."""
    at = FULL_DAY.at(time(9, 35, 6))
    five = slot_of(FULL_DAY.at(time(9, 35)), {"SPX": signal_of()})
    document = merge(None, five, context(at), replace(mode(name), symbols=("SPX", "SPY")))
    record = document.recommendations["SPX"]
    assert list(record.strategies) == list(BASE_STRATEGIES)
    assert (record.best_strategy_key, record.strategies["Butterfly"].source) == ("Butterfly", "ml_5min")
    assert record.strategies["Vertical"].blocked_by == ("skipped",)
    assert (record.data_source, record.data_status) == ("fake", "live")
    assert document.recommendations["SPY"].best_strategy == "No_Trade"
    assert document.skipped == {"SPY": "no_checkpoint_yet"}
    assert (document.checkpoint_label, document.checkpoint_at) == ("09:35 ET", None)


def test_a_symbol_that_the_checkpoint_skipped_takes_the_answer() -> None:
    """A skipped symbol is rescued by a real 5-minute answer, and only by one."""
    last = checkpoint(recommendations={}, skipped={"SPX": "stale_bars"})
    without = merged(last, None)
    assert without.skipped == {"SPX": "stale_bars"}
    assert without.recommendations["SPX"].strategies["No_Trade"].rationale == "stale_bars"
    assert (without.data_status, without.recommendations["SPX"].ml_status) == ("stale", "disabled")
    assert merged(last, slot()).recommendations["SPX"].best_strategy == "Butterfly"


def test_without_anything_every_symbol_is_present_and_nothing_is_known() -> None:
    """The first document of a day names its time, no data, and the reason."""
    document = merge(None, None, context(FULL_DAY.open_at), replace(options(), enable_ml_integration=True))
    assert (document.checkpoint_label, document.data_status, document.market_session) == (
        "09:30 ET",
        "stale",
        "regular",
    )
    assert document.skipped == {"SPX": "no_checkpoint_yet", "SPY": "no_checkpoint_yet"}
    assert document.ml_status == "unavailable:no_checkpoint_yet"


def test_expired_entries_stay_visible() -> None:
    """After its life an entry keeps its score and loses its claim."""
    record = merged(checkpoint(), None, at=UNTIL).recommendations["SPX"]
    entry = record.strategies["Iron_Condor"]
    assert (entry.score, entry.confidence, entry.should_trade, entry.blocked_by) == (74.9, "HIGH", False, ("expired",))
    assert record.strategies["No_Trade"].rationale == "Iron_Condor 74.9 is blocked: expired"


def test_an_entry_lives_until_the_instant_and_not_at_it() -> None:
    """A second before its expiry an entry is tradable."""
    alive = merged(checkpoint(), None, at=UNTIL - timedelta(seconds=1))
    assert alive.recommendations["SPX"].best_strategy == "Iron_Condor"


def test_results_of_another_day_do_not_count() -> None:
    """Yesterday's checkpoint and slot never happened today."""
    tomorrow = AT_1030 + timedelta(days=1)
    document = merged(checkpoint(), slot(), at=tomorrow)
    assert document.checkpoint_at is None
    assert not document.ml_5min_enhanced


def test_a_five_minute_answer_dies_at_the_close() -> None:
    """Its lifetime never passes the close, not even on a half day."""
    at = HALF_DAY.at(time(12, 55))
    five = slot_of(at, {"SPX": signal_of()})
    document = merge(None, five, context(at), ONE)
    assert document.recommendations["SPX"].strategies["Butterfly"].valid_until == HALF_DAY.close_at
    assert not merge(None, five, context(HALF_DAY.close_at), ONE).ml_5min_enhanced


@pytest.mark.parametrize("name", ["overlay", "replace", "weighted"])
@pytest.mark.parametrize("reason", ["kill_switch", "stopped"])
def test_a_halt_takes_everything(name: str, reason: str) -> None:
    """Under a halt no entry is tradable and the decision says why."""
    document = merged(checkpoint(), slot(), settings=mode(name), halt_reason=reason)
    record = document.recommendations["SPX"]
    assert document.halt_reason == reason
    assert not any(entry.should_trade for entry in record.strategies.values())
    assert record.strategies["No_Trade"].rationale == f"halted: {reason}"
    assert ("kill_switch" in record.strategies["Vertical"].blocked_by) == (reason == "kill_switch")


def test_a_volatility_pause_blocks_the_answer_and_what_sells_premium() -> None:
    """While it lasts neither a 5-minute answer nor an iron condor is tradable, and the decision says why."""
    record = merged(checkpoint(), slot(), volatility_pause=True).recommendations["SPX"]
    assert record.best_strategy_key == "No_Trade"
    assert record.strategies["Iron_Condor"].blocked_by == ("volatility_pause",)
    assert record.strategies["No_Trade"].rationale == "Iron_Condor 74.9 is blocked: volatility_pause"
    replaced = merged(checkpoint(), slot(), settings=mode("replace"), volatility_pause=True).recommendations["SPX"]
    assert replaced.strategies["Butterfly"].blocked_by == ("volatility_pause",)
    assert (
        replaced.strategies["No_Trade"].rationale == "5-min ML: Butterfly: confidence 0.825; blocked: volatility_pause"
    )


def test_a_volatility_pause_leaves_a_checkpoint_that_pays_a_debit() -> None:
    """A long butterfly stays tradable; a Vertical whose right is open could be a credit spread and does not."""
    record = merged(checkpoint({"Butterfly": 80.0, "Iron_Condor": 70.0, "Vertical": 75.0}), None, volatility_pause=True)
    entries = record.recommendations["SPX"].strategies
    assert [entries[name].should_trade for name in BASE_STRATEGIES] == [True, False, False]


def test_the_checkpoint_can_be_left_out_of_the_pause() -> None:
    """With the setting off only 5-minute answers pause."""
    settings = replace(ONE, pause_checkpoints=False)
    record = merged(checkpoint(), slot(), settings=settings, volatility_pause=True).recommendations["SPX"]
    assert record.best_strategy_key == "Iron_Condor"


def test_an_answer_in_the_wrong_folder_is_blocked() -> None:
    """Replayed answers where live readers look are never tradable, whatever the plugin said."""
    record = merged(None, slot(), settings=replace(ONE, nonlive_in_live_dir=True)).recommendations["SPX"]
    assert record.strategies["Butterfly"].blocked_by == ("nonlive_in_live_dir",)


def test_the_document_shows_the_worst_symbol() -> None:
    """Source and status are those of the worst data that is in use."""
    good, bad = (decide(card_of("SPX"), view_of(state(status)), UNTIL, options()) for status in ("live", "delayed"))
    last = checkpoint(recommendations={"SPX": good, "SPY": replace(bad, data_source="yahoo")})
    document = merge(last, None, context(AT_1030), options())
    assert (document.data_source, document.data_status) == ("yahoo", "delayed")


def test_a_document_lives_five_minutes_and_at_most_to_the_close() -> None:
    """valid_until is the earlier of both (one minute with heartbeats); on a day without session it is now."""
    assert merged(checkpoint(), None).valid_until == AT_1030 + timedelta(minutes=10, seconds=7)
    alive = merged(checkpoint(), None, settings=replace(ONE, has_heartbeat=True))
    assert alive.valid_until == AT_1030 + timedelta(minutes=6, seconds=7)
    late = FULL_DAY.close_at - timedelta(minutes=2)
    assert merged(None, None, at=late).valid_until == FULL_DAY.close_at
    saturday = FULL_DAY.open_at + timedelta(days=2)
    assert merged(None, None, at=saturday).valid_until == saturday


SIGNALS = st.builds(
    signal_of,
    st.sampled_from([*BASE_STRATEGIES, "No_Trade"]),
    st.floats(0, 1).map(lambda value: round(value, 4)),
    data_status=st.sampled_from(["live", "delayed"]),
)
SCORES = st.fixed_dictionaries({name: st.integers(0, 1000).map(lambda tenth: tenth / 10) for name in BASE_STRATEGIES})


@given(
    scores=st.none() | SCORES,
    signal=st.none() | SIGNALS,
    slot_minutes=st.integers(-10, 60),
    seconds=st.integers(0, 23_400 - 3_600),
    name=st.sampled_from(["overlay", "replace", "weighted"]),
    gap=st.sampled_from([0.0, 5.0]),
    halt=st.sampled_from([None, "kill_switch", "stopped"]),
    pause=st.booleans(),
    misplaced=st.booleans(),
)
def test_the_laws_of_every_document(
    scores: dict[str, float] | None,
    signal: Any,
    slot_minutes: int,
    seconds: int,
    name: str,
    gap: float,
    halt: str | None,
    pause: bool,
    misplaced: bool,
) -> None:
    """Whatever comes together: complete, consistent, and tradable only if alive, HIGH, free and not halted."""
    settings = replace(mode(name), symbols=("SPX", "SPY"), min_score_gap=gap, nonlive_in_live_dir=misplaced)
    last = None if scores is None else checkpoint(scores)
    five = None if signal is None else slot_of(AT_1030 + timedelta(minutes=slot_minutes), {"SPX": signal})
    now = AT_1030 + timedelta(seconds=seconds)
    document = merge(last, five, context(now, halt_reason=halt, volatility_pause=pause), settings)

    assert list(document.recommendations) == ["SPX", "SPY"]
    assert document.valid_until <= now + timedelta(seconds=300)
    for record in document.recommendations.values():
        entries = record.strategies
        assert list(entries)[:3] == list(BASE_STRATEGIES)
        assert entries[record.best_strategy_key].source == record.best_strategy_source
        assert record.best_strategy in {*BASE_STRATEGIES, "No_Trade"}
        assert ("No_Trade" in entries) == (record.best_strategy == "No_Trade")
        assert (record.best_strategy == "No_Trade") == (not any(e.should_trade for e in entries.values()))
        assert entries[record.best_strategy_key].should_trade == (record.best_strategy != "No_Trade")
        for entry in entries.values():
            if entry.should_trade:
                assert entry.confidence == "HIGH"
                assert entry.blocked_by == ()
                assert entry.valid_until is not None
                assert now < entry.valid_until <= FULL_DAY.close_at
                assert halt is None
                assert not misplaced
                assert not (pause and entry.source == "ml_5min")
        alive = last is not None and now < last.checkpoint_at + timedelta(minutes=35)
        if name == "overlay" and last is not None and alive and halt is None and not (misplaced or pause):
            base = last.recommendations.get("SPX")
            if record is document.recommendations["SPX"] and base is not None:
                assert {key: entries[key] for key in BASE_STRATEGIES} == {
                    key: base.strategies[key] for key in BASE_STRATEGIES
                }


STATEMENT_DAY = require_session(date(2025, 3, 19))
PAUSING = replace(ONE, pause_events={"fomc_statement": 30})


@pytest.mark.parametrize(("wall", "paused"), [((13, 29), False), ((13, 30), True), ((14, 29), True), ((14, 30), False)])
def test_no_entry_is_tradable_around_an_event(wall: tuple[int, int], paused: bool) -> None:
    """A pause bars checkpoint and 5-minute entries; No_Trade gives the event and the end of the pause."""
    now = STATEMENT_DAY.at(time(*wall))
    last = checkpoint(at=now - timedelta(minutes=1))
    answer = slot_of(now - timedelta(seconds=30), {"SPX": signal_of()})
    document = merged(last, answer, now, PAUSING, events=EventCalendar().today(now))
    record = document.recommendations["SPX"]
    entries = {name: entry for name, entry in record.strategies.items() if name != "No_Trade"}
    assert {"event_pause" in entry.blocked_by for entry in entries.values()} == {paused}
    assert (record.best_strategy == "No_Trade") == paused
    if paused:
        assert record.strategies["No_Trade"].rationale == (
            "Butterfly_5min is blocked: pause until 14:30 ET for fomc_statement 14:00 ET"
        )
        assert record.strategies["No_Trade"].blocked_by == ("event_pause",)


def test_documents_list_the_events_and_the_end_of_the_calendar() -> None:
    """The day's events stand in the document, and a day that the table does not cover is marked."""
    now = STATEMENT_DAY.at(time(11))
    known = merged(checkpoint(at=now), None, now, events=EventCalendar().today(now))
    assert known.events == ({"event": "fomc_statement", "at": "2025-03-19T18:00:00Z", "scheduled": True},)
    assert known.events_status == "known"
    late = require_session(date(2028, 3, 22)).at(time(11))
    unknown = merged(checkpoint(at=late), None, late, events=EventCalendar().today(late))
    assert [event["event"] for event in unknown.events] == ["vix_expiry"]
    assert unknown.events_status == "event_calendar_expired"
