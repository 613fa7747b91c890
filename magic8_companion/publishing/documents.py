"""Build the published documents as plain JSON types, with keys in the contract's order.

The functions are pure.  Times become UTC text of whole seconds, mappings become dicts, tuples become lists.  A number
that is not finite, a time without zone or a value that is not JSON raises an error with its path.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from magic8_companion.domain.codes import Confidence, EntrySource
from magic8_companion.domain.connection import ConnectionState
from magic8_companion.domain.errors import PublishError
from magic8_companion.domain.recommendation import (
    DocumentLimits,
    Entry,
    FiveMinuteResult,
    FiveMinuteSignal,
    RecommendationSet,
    SymbolRecommendation,
)
from magic8_companion.domain.scores import Evidence
from magic8_companion.domain.strategy import NO_TRADE
from magic8_companion.domain.ticket import ModelledTrade, Ticket, TicketLeg
from magic8_companion.domain.trading_day import market_session, new_york_label, utc_text
from magic8_companion.publishing.entry_checks import require_consistent

SCHEMA_VERSION: Final = "1.1"
UNSEALED: Final = "0" * 64
"""The ``content_hash`` of a document that is not sealed yet (:func:`magic8_companion.publishing.seal.sealed`)."""

_MARKET_PRICE_KEYS: Final = ("win_probability", "implied_probability", "expected_value", "ticket")
_ENTRY_KEYS: Final = (
    *("score", "confidence", "should_trade", "source", "valid_until", "rule_score", "ml_score"),
    *("agreement", "agreement_evidence", "ml_confidence", "direction", "side", "right", "action", "structure"),
    *("side_evidence", "volatility_regime", "rationale", "blocked_by", "evidence"),
    *_MARKET_PRICE_KEYS,
    "modelled",
)
_CONNECTION_KEYS: Final = ("source", "state", "why", "since", "symbols", "sentence")
_PREDICTION_KEYS: Final = tuple(key for key in _ENTRY_KEYS if key not in {"source", "valid_until"})


def recommendations_document(
    recommendation_set: RecommendationSet, seq: int, kill_switch: str | None = None
) -> dict[str, Any]:
    """Return the content of ``recommendations.json``; ``kill_switch`` is the kill file's path for readers.

    Raises
    ------
    PublishError
        With the path of a value that is not valid in the file.
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "content_hash": UNSEALED,
        "seq": seq,
        "timestamp": recommendation_set.published_at,
        "valid_until": recommendation_set.valid_until,
        "checkpoint_time": recommendation_set.checkpoint_label,
        "checkpoint_timestamp": recommendation_set.checkpoint_at,
        "system_mode": recommendation_set.system_mode,
        "market_session": recommendation_set.market_session,
        "data_source": recommendation_set.data_source,
        "data_status": recommendation_set.data_status,
        "connection": recommendation_set.connection,
        "limits": recommendation_set.limits,
        "merge_strategy": recommendation_set.merge_strategy,
        "halt_reason": recommendation_set.halt_reason,
        "kill_switch": kill_switch,
        "events": recommendation_set.events,
        "events_status": recommendation_set.events_status,
        "ml_enhanced": recommendation_set.ml_enhanced,
        "ml_status": recommendation_set.ml_status,
        "ml_5min_enhanced": recommendation_set.ml_5min_enhanced,
        "last_5min_update": recommendation_set.last_5min_update,
        "skipped": recommendation_set.skipped,
        "recommendations": {
            symbol: _recommendation(symbol, item) for symbol, item in recommendation_set.recommendations.items()
        },
    }
    if recommendation_set.connection is None:  # recorded and simulated days have no connection
        del document["connection"]
    return {key: _plain(value, key) for key, value in document.items()}


def predictions_document(result: FiveMinuteResult, seq: int) -> dict[str, Any]:
    """Return the content of ``ml_predictions_5min.json``.

    Raises
    ------
    PublishError
        With the path of a value that is not valid in the file.
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "content_hash": UNSEALED,
        "seq": seq,
        "timestamp": result.published_at,
        "valid_until": result.valid_until,
        "slot_time": result.slot_at,
        "checkpoint_time": new_york_label(result.slot_at),
        "ml_predictions": True,
        "ml_5min": True,
        "data_source": result.data_source,
        "data_status": result.data_status,
        "market_session": market_session(result.published_at),
        "ml_status": result.ml_status,
        "skipped": result.skipped,
        "skipped_details": result.skipped_details,
        "recommendations": {symbol: _prediction(symbol, signal) for symbol, signal in result.signals.items()},
    }
    if not result.skipped_details:
        del document["skipped_details"]
    return {key: _plain(value, key) for key, value in document.items()}


def _recommendation(symbol: str, item: SymbolRecommendation) -> dict[str, Any]:
    record = {
        "symbol": symbol,
        "strategies": {name: _entry(name, entry, _ENTRY_KEYS) for name, entry in item.strategies.items()},
        "best_strategy": item.best_strategy,
        "best_strategy_source": item.best_strategy_source,
        "best_strategy_key": item.best_strategy_key,
        "market_conditions": item.market_conditions,
        "data_source": item.data_source,
        "data_status": item.data_status,
        "ml_enhanced": item.ml_enhanced,
        "ml_status": item.ml_status,
        "ml_5min_metadata": item.ml_5min_metadata,
    }
    return {key: value for key, value in record.items() if value is not None}


def _prediction(symbol: str, signal: FiveMinuteSignal) -> dict[str, Any]:
    entry = signal.entry
    strategies = {signal.strategy: _entry(signal.strategy, entry, _PREDICTION_KEYS)}
    if not entry.should_trade and signal.strategy != NO_TRADE:
        nothing = Entry(
            score=0.0,
            confidence=Confidence.LOW,
            should_trade=False,
            source=EntrySource.FIVE_MINUTE,
            rationale=_why_not(signal),
            blocked_by=entry.blocked_by,
        )
        strategies[NO_TRADE] = _no_trade(nothing)
    return {
        "symbol": symbol,
        "strategies": strategies,
        "best_strategy": signal.strategy if entry.should_trade else NO_TRADE,
        "ml_5min_metadata": signal.metadata,
    }


def _entry(name: str, entry: Entry, keys: tuple[str, ...]) -> dict[str, Any]:
    if name == NO_TRADE:
        return _no_trade(entry)
    require_consistent(name, entry)
    written_as_null = _MARKET_PRICE_KEYS if entry.rule_score is not None else ()
    values = ((key, getattr(entry, key)) for key in keys)
    return {key: value for key, value in values if value is not None or key in written_as_null}


def _no_trade(entry: Entry) -> dict[str, Any]:
    return {
        "score": entry.score,
        "confidence": Confidence.LOW,
        "should_trade": False,
        "source": entry.source,
        "blocked_by": entry.blocked_by,
        "ml_confidence": entry.ml_confidence or 0.0,
        "rationale": entry.rationale,
    }


def _why_not(signal: FiveMinuteSignal) -> str:
    answer = f"{signal.strategy} with score {signal.entry.score:.1f}"
    blockers = ", ".join(signal.entry.blocked_by)
    return f"{answer} is blocked: {blockers}" if blockers else f"{answer} is below 80"


def _plain(value: Any, path: str) -> Any:  # noqa: ANN401  # any value goes in, any JSON comes out
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return _finite(value, path)
    if isinstance(value, (tuple, list)):
        return [_plain(item, f"{path}[{place}]") for place, item in enumerate(value)]
    if isinstance(value, ConnectionState):
        return {key: _plain(getattr(value, key), f"{path}.{key}") for key in _CONNECTION_KEYS}
    if isinstance(value, Evidence | Ticket | TicketLeg | ModelledTrade | DocumentLimits):
        return {key: _plain(getattr(value, key), f"{path}.{key}") for key in value.__slots__}
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, date):
        return _utc_text(value, path)
    raise PublishError(f"{path} holds a {type(value).__name__}, which is not a JSON type")


def _finite(value: float, path: str) -> float:
    if not math.isfinite(value):
        raise PublishError(f"{path} is {value}: only finite numbers are published")
    return float(value)


def _utc_text(value: date, path: str) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is None:
        raise PublishError(f"{path} is {value}, a time without zone")
    return utc_text(value)
