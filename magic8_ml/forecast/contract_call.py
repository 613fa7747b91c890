"""The contract's call in both directions: a state becomes five arguments, an answer dict becomes a typed result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC
from typing import Any, Final, TypeGuard

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from magic8_companion.domain.bars import COLUMNS, Bars
from magic8_companion.domain.codes import Strategy
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.measured import MEASURED, read_measured
from magic8_companion.domain.ml_result import Contribution, MLResult, Prediction, RemainingMove, Unavailable
from magic8_companion.domain.strategy import NO_TRADE, canonical_strategy
from magic8_companion.domain.structure import VerticalSpread
from magic8_companion.domain.ticket import ModelledTrade
from magic8_ml.forecast.labels import DIRECTIONS, REGIMES

SLOPE: Final = 10.0
LIMIT: Final = 0.4
NAMES: Final = (
    *("CallDelta", "PutDelta", "delta_spread", "call_put_ratio"),
    *("Price", "Predicted", "price_vs_predicted"),
)


def delta_features(bars: pd.DataFrame) -> pd.DataFrame:
    """Return one row at the last bar's time; no bars give an empty frame.

    ``ret`` is the last close-to-close change, 0 for a single bar or a missing close; ``CallDelta`` is
    ``0.5 + clip(10 ret, -0.4, 0.4)``, everything else follows from it and from the last close.

    >>> index = pd.date_range("2025-06-26 14:30", periods=2, freq="5min", tz="UTC")
    >>> delta_features(pd.DataFrame({"close": [100.0, 101.0]}, index=index)).round(4).to_dict("records")
    ... # doctest: +NORMALIZE_WHITESPACE
    [{'CallDelta': 0.6, 'PutDelta': -0.4, 'delta_spread': 0.2, 'call_put_ratio': 1.5, 'Price': 101.0,
      'Predicted': 102.01, 'price_vs_predicted': -0.01}]
    """
    if bars.empty:
        return pd.DataFrame()
    closes = bars["close"].to_numpy(dtype=np.float64)[-2:]
    price = float(closes[-1])
    change = price / float(closes[0]) - 1
    change = change if np.isfinite(change) else 0.0
    call = 0.5 + min(LIMIT, max(-LIMIT, SLOPE * change))
    put = call - 1
    row = (call, put, call - abs(put), call / abs(put), price, price * (1 + change), -change)
    return pd.DataFrame(np.array([row]), index=bars.index[-1:], columns=NAMES)


BAD_RESULT: Final = "bad_result"
_MODELLED: Final = TypeAdapter(dict[str, ModelledTrade])
_VIX_ROWS: Final = 320
"""Daily rows handed over: more than 252 sessions, including days on which only the VIX was quoted."""


def prediction_arguments(
    state: MarketState, *, discord_delta: object = None, discord_trades: object = None
) -> dict[str, Any]:
    """Build the five keyword arguments of ``ml_system.predict`` from an observed state.

    ``bar_data``: earlier trading days, then today, with ``attrs["symbol"]``.  ``vix_data``: completed daily rows, then
    today's rows, with ``attrs["kind"]``.  ``current_time`` is naive UTC, as the contract has it at this boundary only.
    """
    bar_data = _frame(state.history, state.bars)
    bar_data.attrs["symbol"] = state.symbol
    vix_today = Bars.empty() if state.vix is None else state.vix_bars
    vix_data = _frame(state.vix_daily[-_VIX_ROWS:], vix_today)
    if state.vix is not None:
        vix_data.attrs["kind"] = state.vix.kind
    return {
        "discord_delta": discord_delta,
        "discord_trades": discord_trades,
        "bar_data": bar_data,
        "vix_data": vix_data,
        "current_time": state.as_of.astimezone(UTC).replace(tzinfo=None),
    }


def to_answer(result: MLResult) -> dict[str, Any]:
    """Write a result as the dict of the contract's call.

    >>> to_answer(Unavailable(reason="stale_vix"))["available"]
    False
    """
    if isinstance(result, Unavailable):
        return {
            "strategy": NO_TRADE,
            "confidence": 0.0,
            "details": {"direction": None, "volatility_regime": None},
            "available": False,
            "reason": result.reason,
            "reason_detail": result.detail,
        }
    return {
        "strategy": result.strategy,
        "confidence": result.confidence,
        "details": {
            "direction": result.direction,
            "volatility_regime": result.volatility_regime,
            "vertical": None if result.vertical is None else asdict(result.vertical),
            "probabilities": {
                "direction": dict(result.direction_probabilities),
                "volatility_regime": dict(result.regime_probabilities),
            },
            "model": result.model,
            "model_version": result.model_version,
            "rank_days": result.rank_days,
            MEASURED: result.measured.as_json(),
            "rationale": result.rationale,
            "notes": list(result.notes),
            "blocked_by": list(result.blocked_by),
            "remaining_move": None if result.move is None else asdict(result.move),
            "explanation": [asdict(item) for item in result.explanation],
            "modelled": {name: asdict(trade) for name, trade in result.modelled.items()},
        },
        "available": True,
        "reason": None,
        "win_probability": dict(result.win_probability),
        "implied_probability": dict(result.implied_probability),
        "expected_value": dict(result.expected_value),
    }


def parse_answer(answer: object) -> MLResult:
    """Read the dict that a model answered; whatever is not understood is ``bad_result``, never a guess.

    >>> parse_answer({"strategy": "condor of sorts", "confidence": 0.9})
    Unavailable(reason='bad_result', detail="unknown strategy 'condor of sorts'")
    """
    if not isinstance(answer, Mapping):
        return Unavailable(reason=BAD_RESULT, detail=f"the model answered {type(answer).__name__}, expected a dict")
    if not answer.get("available", True):
        reason = str(answer.get("reason") or BAD_RESULT)
        return Unavailable(reason=reason, detail=str(answer.get("reason_detail") or ""))
    details = answer.get("details")
    details = details if isinstance(details, Mapping) else {}
    if problem := _problem(answer, details):
        return Unavailable(reason=BAD_RESULT, detail=problem)
    probabilities = details.get("probabilities")
    probabilities = probabilities if isinstance(probabilities, Mapping) else {}
    return Prediction(
        strategy=Strategy(str(canonical_strategy(answer["strategy"]))),
        confidence=round(float(answer["confidence"]), 4),
        direction=details["direction"],
        direction_probabilities=_numbers(probabilities.get("direction")),
        volatility_regime=details["volatility_regime"],
        regime_probabilities=_numbers(probabilities.get("volatility_regime")),
        model_version=str(details.get("model_version", "")),
        rationale=str(details.get("rationale", "")),
        win_probability=_numbers(answer.get("win_probability")),
        implied_probability=_numbers(answer.get("implied_probability")),
        expected_value=_numbers(answer.get("expected_value")),
        blocked_by=tuple(str(code) for code in details.get("blocked_by", ())),
        move=_move(details.get("remaining_move")),
        explanation=_explanation(details.get("explanation")),
        vertical=_vertical(details.get("vertical")),
        modelled=_modelled(details.get("modelled")) or {},
        model=str(details.get("model") or ""),
        rank_days=_whole(details.get("rank_days")),
        measured=read_measured(details.get(MEASURED)),
        notes=tuple(note for note in details.get("notes") or () if isinstance(note, str)),
    )


def _problem(answer: Mapping[Any, Any], details: Mapping[Any, Any]) -> str | None:
    strategy, confidence = answer.get("strategy"), answer.get("confidence")
    if not isinstance(strategy, str) or canonical_strategy(strategy) is None:
        return f"unknown strategy {strategy!r}"
    if not _is_number(confidence) or not 0 <= confidence <= 1:
        return f"confidence is {confidence!r}, expected a number in 0..1"
    if details.get("direction") not in DIRECTIONS:
        return f"unknown direction {details.get('direction')!r}"
    if details.get("volatility_regime") not in REGIMES:
        return f"unknown volatility regime {details.get('volatility_regime')!r}"
    if details.get("vertical") is not None and _vertical(details["vertical"]) is None:
        return f"unknown vertical {details['vertical']!r}"
    if details.get("modelled") and _modelled(details["modelled"]) is None:
        return f"unreadable modelled trades {details['modelled']!r}"
    return None


def _modelled(data: object) -> dict[str, ModelledTrade] | None:
    try:
        return _MODELLED.validate_python(data or {})
    except ValidationError:
        return None


def _vertical(data: object) -> VerticalSpread | None:
    if not isinstance(data, Mapping):
        return None
    try:
        return VerticalSpread(right=data["right"], action=data["action"])
    except (KeyError, TypeError, ValueError):
        return None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float | np.floating) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: object) -> int | None:
    return int(value) if _is_number(value) and value > 0 else None


def _numbers(values: object) -> dict[str, float]:
    if not isinstance(values, Mapping):
        return {}
    return {str(name): float(value) for name, value in values.items() if _is_number(value)}


def _move(data: object) -> RemainingMove | None:
    # without a usable move there are no ticket odds; the prediction itself is kept
    if not isinstance(data, Mapping) or not _is_number(scale := data.get("scale")) or not scale > 0:
        return None
    residuals = tuple(float(value) for value in data.get("residuals", ()) if _is_number(value))
    return RemainingMove(scale=float(scale), residuals=residuals)


def _explanation(data: object) -> tuple[Contribution, ...]:
    items = data if isinstance(data, list | tuple) else ()
    return tuple(
        Contribution(feature=str(item["feature"]), value=item.get("value"), effect=float(item["effect"]))
        for item in items
        if isinstance(item, Mapping) and "feature" in item and _is_number(item.get("effect"))
    )


def _frame(earlier: Bars, today: Bars) -> pd.DataFrame:
    stamps = np.concatenate((earlier.starts, today.starts)).view("datetime64[ns]")
    rows = np.stack([np.concatenate((getattr(earlier, name), getattr(today, name))) for name in COLUMNS])
    return pd.DataFrame(rows.T, columns=_COLUMNS, index=pd.DatetimeIndex(stamps, tz="UTC", name="time"), copy=False)


_COLUMNS: Final = pd.Index(COLUMNS)
