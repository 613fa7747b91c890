"""Records for tests of the journal and of the store."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from magic8_companion.domain.ticket import TicketLeg
from magic8_companion.journal.records import (
    DecisionRecord,
    ExperimentRecord,
    OrderRecord,
    OutcomeRecord,
    PositionRecord,
    PredictionRecord,
    Record,
)

DAY = date(2024, 3, 14)
AT = datetime(2024, 3, 14, 15, 5, 6, tzinfo=UTC)
LEGS = (
    TicketLeg(action="SELL", right="P", strike=5100, quantity=1),
    TicketLeg(action="BUY", right="P", strike=5090, quantity=1),
)


def decision(seq: int, symbol: str = "SPX", **changes: Any) -> DecisionRecord:
    """Return the decision about a symbol in document ``seq``."""
    fields: dict[str, Any] = dict(
        seq=seq,
        timestamp=AT + timedelta(minutes=5 * seq),
        document="recommendations",
        symbol=symbol,
        decision="Vertical",
        reason="quiet",
        inputs_sha256=None,
        document_sha256=f"{seq:064x}",
        decided_at=AT,
        valid_until=AT + timedelta(minutes=5 * seq + 5),
        data_source="simulated",
        data_status="simulated",
        ml_status="disabled",
        recommendation={
            "symbol": symbol,
            "strategies": {
                "Vertical": {
                    "score": 81.5,
                    "confidence": "HIGH",
                    "should_trade": True,
                    "source": "checkpoint",
                    "evidence": [{"name": "range", "points": 12.0}],
                    "win_probability": 0.71,
                    "ticket": None,
                }
            },
            "best_strategy": "Vertical",
            "best_strategy_key": "Vertical",
            "best_strategy_source": "checkpoint",
        },
    )
    return DecisionRecord(**(fields | changes))


def outcome(revision: int = 0, **changes: Any) -> OutcomeRecord:
    """Return the outcome of SPX's Vertical of 10:30."""
    fields: dict[str, Any] = dict(
        settled_at=AT + timedelta(hours=6),
        day=DAY,
        origin="checkpoint",
        decided_at=AT,
        symbol="SPX",
        strategy="Vertical",
        revision=revision,
        status="settled",
        source="checkpoint",
        data_status="live",
        score=81.5,
        confidence="HIGH",
        should_trade=True,
        is_best=True,
        events=("fomc_statement",),
        win_probability=0.71,
        implied_probability=0.69,
        trade="ticket",
        structure="put credit vertical",
        legs=LEGS,
        limit_price=2.05,
        settlement=5150.48,
        settlement_source="index_close",
        results={"mid": 203.7, "natural": 188.2},
        won=True,
        touched=False,
        worst=-120.0,
    )
    return OutcomeRecord(**(fields | changes))


def others() -> list[Record]:
    """Return a record of every kind besides decisions and outcomes."""
    return [
        OrderRecord(
            seen_at=AT,
            posted_at=AT,
            source="discord",
            message_id="1",
            revision=0,
            text="SELL -1 Vertical ☃",
            symbol="SPX",
            strategy="Vertical",
            legs=LEGS,
            approved=False,
            reason="stale",
        ),
        PositionRecord(
            position_id="ib-1",
            at=AT,
            source="ib",
            symbol="SPX",
            expiry=DAY,
            legs=LEGS,
            quantity=2,
            price=2.05,
            status="open",
            advice="HOLD",
            reason="hold value above exit value",
        ),
        ExperimentRecord(
            experiment="e1", at=AT, event="started", champion="a", challenger="b", day=DAY, details={"clip": 2.1}
        ),
        PredictionRecord(
            prediction_id="p1",
            predicted_at=AT,
            asked_by="api",
            day=DAY,
            symbol="SPX",
            strategy="Vertical",
            win_probability=0.62,
            level="symbol",
            model="m1",
            features_sha256="0" * 64,
        ),
    ]
