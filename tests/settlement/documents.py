"""Published documents made by hand, with only what a settlement reads."""

from __future__ import annotations

from typing import Any

TICKET = {
    "expiry": "2025-06-26",
    "legs": [
        {"action": "SELL", "right": "C", "strike": 6000.0, "quantity": 1},
        {"action": "BUY", "right": "C", "strike": 6020.0, "quantity": 1},
    ],
    "limit_price": 8.0,
}
MODELLED = {**{name: TICKET[name] for name in ("legs",)}, "price": 7.5}


def entry(**changes: Any) -> dict[str, Any]:
    """Return a published entry of a base strategy."""
    plain = {
        "score": 70.0,
        "confidence": "HIGH",
        "should_trade": True,
        "source": "checkpoint",
        "blocked_by": [],
        "rule_score": 66.0,
        "win_probability": 0.6,
        "implied_probability": 0.55,
        "ticket": TICKET,
    }
    return plain | changes


def recommendations(at: str, checkpoint: str | None, *, seq: int = 1, **strategies: dict[str, Any]) -> dict[str, Any]:
    """Return ``recommendations.json`` of SPX, written at ``at``."""
    return {
        "seq": seq,
        "timestamp": at,
        "checkpoint_timestamp": checkpoint,
        "data_status": "replay",
        "events": [{"event": "fomc_statement", "at": "2025-06-26T18:00:00Z", "scheduled": True}],
        "recommendations": {
            "SPX": {
                "strategies": strategies,
                "best_strategy_key": "Vertical",
                "market_conditions": {"spot": 5990.0, "range_expectation": 0.004},
                "data_status": "replay",
            }
        },
    }


def predictions(at: str, slot: str, *, seq: int = 1, **strategies: dict[str, Any]) -> dict[str, Any]:
    """Return ``ml_predictions_5min.json`` of SPX, written at ``at``."""
    record = {"strategies": strategies, "best_strategy": "Vertical"}
    return {"seq": seq, "timestamp": at, "slot_time": slot, "data_status": "replay", "recommendations": {"SPX": record}}
