"""From scores to a decision."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.domain.blend import agreement, blend, ml_vector, published
from magic8_companion.domain.codes import Confidence, DataStatus, Strategy
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.measured import Measured, MeasuredBlend, MeasuredHigh, MeasuredWins
from magic8_companion.domain.ml_result import Prediction, Unavailable
from magic8_companion.domain.recommendation import Entry, SymbolRecommendation
from magic8_companion.domain.scores import ScoreCard
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.engine.decide import best_of, decide, skipped_record
from tests.engine.fakes import FULL_DAY, bars_of, card_of, options, view_of

UNTIL = FULL_DAY.open_at + timedelta(minutes=95)
SCORES = st.floats(0, 100).map(published)


def state(status: str = "live") -> MarketState:
    """Return a state of SPX."""
    bars = bars_of(FULL_DAY, 12)
    return MarketState(
        symbol="SPX",
        as_of=bars.last_end,
        session=FULL_DAY,
        spot=100.0,
        bars=bars,
        history=bars,
        vix=None,
        vix_bars=bars,
        vix_daily=bars,
        chain=None,
        data_source="fake",
        data_status=status,
        data_age_seconds=5.0,
    )


def decided(card: ScoreCard, status: str = "live", **changes: Any) -> SymbolRecommendation:
    """Return the decision about a card."""
    return decide(card, view_of(state(status)), UNTIL, options(**changes))


def prediction(strategy: str = "Iron_Condor", confidence: float = 0.84, **changes: Any) -> Prediction:
    """Return an answer of the model."""
    given: dict[str, Any] = {
        "strategy": strategy,
        "confidence": confidence,
        "direction": "neutral",
        "direction_probabilities": {},
        "volatility_regime": "low",
        "regime_probabilities": {},
        "model_version": "test",
    }
    return Prediction(**(given | changes))


def worked_example(**changes: Any) -> ScoreCard:
    """Return rules 55/70/45 blended with an Iron_Condor of 0.84 at weight 0.35."""
    rules = {"Butterfly": 55.0, "Iron_Condor": 70.0, "Vertical": 45.0}
    ml = prediction(**changes)
    vector = ml_vector(ml)
    rule_card = card_of("SPX", rules)
    return ScoreCard(
        symbol="SPX",
        rules=rule_card.rules,
        scores=blend(rules, vector, 0.35),
        ml=ml,
        ml_scores=vector,
        agreement={name: agreement(rules[name], vector[name]) for name in BASE_STRATEGIES},
    )


def test_the_worked_example() -> None:
    """35.8 MEDIUM skip, 74.9 HIGH trade, 29.3 LOW skip, with both sources behind them."""
    record = decided(worked_example())
    seen = {name: (e.score, e.confidence, e.should_trade) for name, e in record.strategies.items()}
    assert seen == {
        "Butterfly": (35.8, "MEDIUM", False),
        "Iron_Condor": (74.9, "HIGH", True),
        "Vertical": (29.3, "LOW", False),
    }
    condor = record.strategies["Iron_Condor"]
    assert (condor.rule_score, condor.ml_score, condor.agreement) == (70.0, 84.0, "agree")
    assert (condor.valid_until, condor.source) == (UNTIL, "checkpoint")
    assert (record.best_strategy, record.best_strategy_key, record.ml_status) == ("Iron_Condor", "Iron_Condor", "ok")
    assert record.market_conditions is not None
    assert record.market_conditions["spot"] == 100.0


def test_without_ml_nothing_of_it_is_claimed() -> None:
    """Rules alone carry no ML score and no agreement."""
    record = decided(card_of("SPX", ml=Unavailable(reason="no_model")))
    assert record.ml_status == "unavailable:no_model"
    assert not record.ml_enhanced
    assert record.strategies["Iron_Condor"].ml_score is None
    assert record.strategies["Iron_Condor"].agreement is None


def test_nothing_good_enough_is_said_with_the_best_score() -> None:
    """When no score reaches the mark a No_Trade entry names the best one."""
    record = decided(card_of("SPY", {"Butterfly": 31.2, "Iron_Condor": 52.0, "Vertical": 40.3}))
    nothing = record.strategies["No_Trade"]
    assert record.best_strategy == record.best_strategy_key == "No_Trade"
    assert nothing.rationale == "best score 52.0 is below 65"
    assert (nothing.score, nothing.confidence, nothing.should_trade, nothing.ml_confidence) == (0.0, "LOW", False, 0.0)


def test_a_no_trade_of_the_model_keeps_its_confidence() -> None:
    """When the model answered No_Trade the entry carries the model's confidence."""
    record = decided(worked_example(strategy=Strategy.NO_TRADE, confidence=0.71))
    nothing = record.strategies["No_Trade"]
    assert (nothing.score, nothing.ml_confidence) == (71.0, 0.71)
    assert nothing.rationale.startswith("ML: No_Trade; best score 45.5")


def test_a_high_entry_says_what_the_label_has_meant() -> None:
    """The rationale of HIGH ends with the measurement of checkpoints, or that there is none; other labels have none."""
    entries = decided(worked_example()).strategies
    assert entries["Iron_Condor"].confidence == "HIGH"
    assert entries["Iron_Condor"].rationale.endswith("HIGH at a checkpoint: not measured.")
    assert "measured" not in entries["Butterfly"].rationale
    wins = MeasuredWins(calls=90, days=60, won=0.6, implied=0.55)
    high = MeasuredHigh(first_day="2025-01-02", last_day="2025-06-30", days=120, share=0.3, calls=wins, rest=None)
    measured = Measured(blend=MeasuredBlend(high=high, weight=0.35, high_score=65.0))
    rationale = decided(worked_example(measured=measured)).strategies["Iron_Condor"].rationale
    assert "HIGH at a checkpoint: HIGH calls won 60.0 % (55.0 % implied by option prices)" in rationale
    assert rationale.endswith("at ML weight 0.35 and HIGH from 65.")


def test_delayed_data_keeps_the_label_and_forbids_the_trade() -> None:
    """A blocker clears should_trade alone; the reason is published."""
    record = decided(card_of("SPX"), status="delayed")
    condor = record.strategies["Iron_Condor"]
    assert (condor.confidence, condor.should_trade, condor.blocked_by) == ("HIGH", False, ("delayed_data",))
    assert record.strategies["No_Trade"].rationale == "Iron_Condor 74.9 is blocked: delayed_data"


def test_delayed_data_may_be_allowed() -> None:
    """TRADE_ON_DELAYED_DATA lifts that blocker."""
    assert decided(card_of("SPX"), status="delayed", trade_on_delayed_data=True).best_strategy == "Iron_Condor"


def test_replayed_data_in_the_live_folder_is_never_tradable() -> None:
    """Where live readers look nothing replayed can be traded."""
    record = decided(card_of("SPX"), status="replay", nonlive_in_live_dir=True)
    assert record.strategies["Iron_Condor"].blocked_by == ("nonlive_in_live_dir",)
    assert record.best_strategy == "No_Trade"


def test_the_models_veto_meets_its_own_strategy_only() -> None:
    """no_net_edge of the prediction blocks the strategy it is about."""
    record = decided(worked_example(blocked_by=("no_net_edge",)))
    assert record.strategies["Iron_Condor"].blocked_by == ("no_net_edge",)
    assert record.strategies["Butterfly"].blocked_by == ()


@pytest.mark.parametrize(
    ("scores", "labels"),
    [
        ((80.0, 70.0, 10.0), {"Iron_Condor": "HIGH", "Vertical": "MEDIUM", "Butterfly": "LOW"}),
        ((74.9, 70.0, 66.0), {"Iron_Condor": "MEDIUM", "Vertical": "MEDIUM", "Butterfly": "MEDIUM"}),
    ],
)
def test_the_score_gap_leaves_high_to_a_clear_leader(scores: tuple[float, ...], labels: dict[str, str]) -> None:
    """A leader without the lead, and everybody who does not lead, is at most MEDIUM and says why."""
    record = decided(card_of("SPX", dict(zip(labels, scores, strict=True))), min_score_gap=10)
    assert {name: record.strategies[name].confidence for name in labels} == labels
    capped = [name for name, score in zip(labels, scores, strict=True) if score >= 65 and labels[name] != "HIGH"]
    assert [name for name in labels if record.strategies[name].blocked_by == ("score_gap",)] == capped


@pytest.mark.parametrize(
    ("values", "winner"),
    [
        ((None, None, None), "Iron_Condor"),
        ((1.0, None, None), "Butterfly"),
        ((1.0, 1.0, 2.0), "Vertical"),
        ((None, None, -1.0), "Vertical"),
    ],
)
def test_ties_go_to_expected_value_then_to_a_fixed_order(values: tuple[float | None, ...], winner: str) -> None:
    """Of equal scores the higher expected value wins, an unknown one counts lowest, then the order decides."""
    entries = {
        name: Entry(
            score=70.0, confidence=Confidence.HIGH, should_trade=True, source="x", rationale="", expected_value=value
        )
        for name, value in zip(BASE_STRATEGIES, values, strict=True)
    }
    assert best_of(entries) == winner


def test_a_skipped_symbol_is_present_and_complete() -> None:
    """It has its three base entries and a No_Trade with the reason."""
    record = skipped_record(
        "stale_bars", valid_until=UNTIL, data_source="fake", data_status=DataStatus.STALE, ml_status="disabled"
    )
    assert list(record.strategies) == [*BASE_STRATEGIES, "No_Trade"]
    for name in BASE_STRATEGIES:
        entry = record.strategies[name]
        assert (entry.score, entry.confidence, entry.blocked_by) == (0.0, "LOW", ("skipped",))
    assert record.strategies["No_Trade"].rationale == "stale_bars"


@given(
    scores=st.tuples(SCORES, SCORES, SCORES),
    gap=st.sampled_from([0.0, 0.1, 10.0]),
    status=st.sampled_from(["live", "delayed", "replay"]),
    misplaced=st.booleans(),
)
def test_the_laws_of_every_decision(
    scores: tuple[float, float, float], gap: float, status: str, misplaced: bool
) -> None:
    """Tradable means HIGH and free of blockers; the best strategy is a key and, unless No_Trade, tradable."""
    given_scores = dict(zip(BASE_STRATEGIES, scores, strict=True))
    record = decided(card_of("SPX", given_scores), status, min_score_gap=gap, nonlive_in_live_dir=misplaced)
    for name in BASE_STRATEGIES:
        entry = record.strategies[name]
        assert entry.should_trade == (entry.confidence == "HIGH" and not entry.blocked_by)
        assert entry.confidence != "HIGH" or entry.score >= 65
    best = record.strategies[record.best_strategy_key]
    assert (record.best_strategy == "No_Trade") == (not any(e.should_trade for e in record.strategies.values()))
    assert best.should_trade == (record.best_strategy != "No_Trade")
    assert ("No_Trade" in record.strategies) == (record.best_strategy == "No_Trade")
