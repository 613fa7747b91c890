"""Values for the tests of this room: a telling one of each kind, in numbers of a made-up morning."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from magic8_companion.domain.codes import Confidence, DataStatus, Direction, EntrySource, Strategy, VerticalSide
from magic8_companion.domain.recommendation import (
    CheckpointResult,
    Entry,
    FiveMinuteResult,
    FiveMinuteSignal,
    RecommendationSet,
    SymbolRecommendation,
)
from magic8_companion.domain.scores import Evidence
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.domain.structure import VerticalSpread
from magic8_companion.domain.ticket import Ticket, TicketLeg

SLOT = datetime(2024, 3, 14, 15, 5, tzinfo=UTC)
SYMBOLS = ("SPX", "SPY", "NDX", "QQQ", "RUT", "IWM", "AAPL", "TSLA")


def ticket() -> Ticket:
    """Return an iron condor."""
    legs = (("SELL", "P", 5100.0), ("BUY", "P", 5090.0), ("SELL", "C", 5200.0), ("BUY", "C", 5210.0))
    return Ticket(
        expiry=date(2024, 3, 14),
        legs=tuple(TicketLeg(action=action, right=right, strike=strike, quantity=1) for action, right, strike in legs),
        limit_price=2.1,
        max_profit=210.0,
        max_loss=790.0,
        breakevens=(5097.9, 5202.1),
    )


def scored(score: float, confidence: Confidence, **changes: Any) -> Entry:
    """Return a base entry of a checkpoint."""
    evidence = tuple(
        Evidence(factor=factor, value=31.5, points=score / 3, why="calm") for factor in ("iv", "gamma", "tape")
    )
    values: dict[str, Any] = dict(
        score=score,
        confidence=confidence,
        should_trade=confidence == "HIGH",
        source=EntrySource.CHECKPOINT,
        rationale=f"scored {score}",
        valid_until=SLOT + timedelta(minutes=30),
        rule_score=score,
        evidence=evidence,
    )
    return Entry(**{**values, **changes})


def five_minute(score: float, confidence: Confidence, **changes: Any) -> Entry:
    """Return an entry of the 5-minute model."""
    values: dict[str, Any] = dict(
        score=score,
        confidence=confidence,
        should_trade=confidence == "HIGH",
        source=EntrySource.FIVE_MINUTE,
        rationale=f"5-min ML: ({score}%)",
        valid_until=SLOT + timedelta(minutes=10),
        ml_confidence=score / 100,
        direction=Direction.NEUTRAL,
        volatility_regime="low",
    )
    return Entry(**{**values, **changes})


def no_trade(reason: str, ml_confidence: float = 0.0) -> Entry:
    """Return a No_Trade entry."""
    return Entry(
        score=100 * ml_confidence,
        confidence=Confidence.LOW,
        should_trade=False,
        source=EntrySource.CHECKPOINT,
        rationale=reason,
        ml_confidence=ml_confidence,
    )


def recommendation(strategies: dict[str, Entry], key: str = "No_Trade", **changes: Any) -> SymbolRecommendation:
    """Return a symbol's record whose deciding entry is ``key``."""
    values: dict[str, Any] = dict(
        strategies=strategies,
        best_strategy=Strategy(key.removesuffix("_5min")),
        best_strategy_source=strategies[key].source,
        best_strategy_key=key,
        data_source="ib",
        data_status=DataStatus.LIVE,
        ml_enhanced=False,
        ml_status="disabled",
        market_conditions={
            "iv_rank": 31.5,
            "range_expectation": 0.0058,
            "gamma_environment": "High gamma, pinning",
            "data_source": "ib",
            "iv_source": "vix",
            "range_source": "straddle",
            "spot": 5152.25,
        },
    )
    return SymbolRecommendation(**{**values, **changes})


def calm() -> SymbolRecommendation:
    """Return a record that recommends Iron_Condor, with a ticket."""
    strategies = {
        "Butterfly": scored(48.0, Confidence.MEDIUM),
        "Iron_Condor": scored(71.4, Confidence.HIGH, win_probability=0.8, structure="iron condor", ticket=ticket()),
        "Vertical": scored(20.1, Confidence.LOW),
    }
    return recommendation(strategies, "Iron_Condor")


def directed(right: str | None = "C") -> SymbolRecommendation:
    """Return a record that recommends a bull Vertical without a ticket; its right may be open."""
    trade = {"side": VerticalSide.BULL, "structure": "bull vertical"}
    if right is not None:
        spread = VerticalSpread(right=right, action="BUY" if right == "C" else "SELL")
        trade = {name: getattr(spread, name) for name in ("side", "right", "action", "structure")}
    strategies = {
        "Butterfly": scored(48.0, Confidence.MEDIUM),
        "Iron_Condor": scored(31.4, Confidence.LOW),
        "Vertical": scored(77.1, Confidence.HIGH, **trade),
    }
    return recommendation(strategies, "Vertical")


def quiet() -> SymbolRecommendation:
    """Return a record that recommends nothing."""
    strategies = {name: scored(40.2, Confidence.MEDIUM) for name in BASE_STRATEGIES}
    return recommendation({**strategies, "No_Trade": no_trade("best score 40.2 is below 65")})


def overlaid() -> SymbolRecommendation:
    """Return a record in which the 5-minute model overlays its Butterfly."""
    strategies = {**calm().strategies, "Butterfly_5min": five_minute(88.8, Confidence.HIGH)}
    metadata = {"model": "distribution", "prediction_time": "2024-03-14T15:05:04Z", "model_version": "2024-03-08b"}
    return recommendation(strategies, "Butterfly_5min", ml_5min_metadata=metadata)


def skipped() -> SymbolRecommendation:
    """Return the record of a symbol that could not be observed."""
    nothing = Entry(
        score=0.0,
        confidence=Confidence.LOW,
        should_trade=False,
        source=EntrySource.CHECKPOINT,
        rationale="stale_bars",
        valid_until=SLOT + timedelta(minutes=30),
        blocked_by=("skipped",),
    )
    strategies = dict.fromkeys(BASE_STRATEGIES, nothing)
    record = {**strategies, "No_Trade": no_trade("skipped: stale_bars")}
    return recommendation(record, market_conditions=None, data_status=DataStatus.STALE)


def recommendation_set(**changes: Any) -> RecommendationSet:
    """Return a bulletin of a live morning."""
    values: dict[str, Any] = dict(
        published_at=SLOT + timedelta(seconds=6, microseconds=250_000),
        valid_until=SLOT + timedelta(seconds=306),
        checkpoint_label="11:00 ET",
        checkpoint_at=SLOT - timedelta(minutes=5),
        system_mode="standard",
        market_session="regular",
        data_source="ib",
        data_status=DataStatus.LIVE,
        merge_strategy="overlay",
        halt_reason=None,
        ml_enhanced=False,
        ml_status="disabled",
        ml_5min_enhanced=True,
        last_5min_update=SLOT + timedelta(seconds=5),
        recommendations={"SPX": overlaid(), "SPY": quiet(), "QQQ": calm(), "IWM": skipped()},
        skipped={"IWM": "stale_bars"},
    )
    return RecommendationSet(**{**values, **changes})


def five_minute_result(**changes: Any) -> FiveMinuteResult:
    """Return a slot with one tradable signal, one weak one and a skipped symbol."""
    strong = five_minute(88.8, Confidence.HIGH, source=EntrySource.FIVE_MINUTE)
    weak = five_minute(72.4, Confidence.MEDIUM)
    signals = {"SPX": ("Butterfly", strong), "SPY": ("Vertical", weak)}
    values: dict[str, Any] = dict(
        slot_at=SLOT,
        published_at=SLOT + timedelta(seconds=5),
        valid_until=SLOT + timedelta(minutes=10),
        data_source="ib",
        data_status=DataStatus.LIVE,
        ml_status="partial",
        signals={
            symbol: FiveMinuteSignal(
                strategy=Strategy(strategy),
                entry=entry,
                prediction_time=SLOT + timedelta(seconds=4),
                model="distribution",
                model_version="2024-03-08b",
                data_status=DataStatus.LIVE,
            )
            for symbol, (strategy, entry) in signals.items()
        },
        skipped={"IWM": "stale_bars"},
    )
    return FiveMinuteResult(**{**values, **changes})


def checkpoint_result(**changes: Any) -> CheckpointResult:
    """Return a checkpoint of the same morning."""
    values: dict[str, Any] = dict(
        checkpoint_at=SLOT - timedelta(minutes=5),
        system_mode="standard",
        data_source="ib",
        data_status=DataStatus.LIVE,
        recommendations={"SPX": calm(), "SPY": quiet()},
        skipped={"IWM": "stale_bars"},
    )
    return CheckpointResult(**{**values, **changes})
