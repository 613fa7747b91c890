"""From predictions to a 5-minute result: labels, entries, lifetimes; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from math import floor
from typing import Any, Final

from magic8_companion.domain.blend import HIGH, LOW, label, published
from magic8_companion.domain.blockers import data_blockers
from magic8_companion.domain.codes import Confidence, DataStatus, EntrySource
from magic8_companion.domain.entry_structure import with_structure
from magic8_companion.domain.errors import OrderRefused
from magic8_companion.domain.market_state import STALE, STATUS_ORDER
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.ml_result import MLResult, Prediction, Unavailable
from magic8_companion.domain.recommendation import Entry, FiveMinuteResult, FiveMinuteSignal
from magic8_companion.domain.strategy import NO_TRADE, VERTICAL
from magic8_companion.domain.structure import BUY, DIRECTION_OF, NEUTRAL
from magic8_companion.domain.ticket import ModelledTrade
from magic8_companion.domain.trading_day import new_york_day, require_session
from magic8_companion.options.order_line import written_strikes
from magic8_companion.options.payoff import Leg

HIGH_CONFIDENCE: Final = 0.80
_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolPrediction:
    """One symbol of a slot: the source of its data and the result of the model at ``answered_at``."""

    data_source: str
    data_status: DataStatus
    answer: MLResult
    answered_at: datetime


def rationale(prediction: Prediction, grade: Confidence | None = None) -> str:
    """Return the sentence that is published and logged; of a HIGH call it ends with what HIGH has meant so far.

    >>> from magic8_companion.domain.structure import VerticalSpread
    >>> rationale(Prediction(strategy="Vertical", confidence=0.9825, direction="bullish", direction_probabilities={},
    ...                      volatility_regime="low", regime_probabilities={}, model_version="v", rank_days=252,
    ...                      vertical=VerticalSpread(right="C", action="BUY"),
    ...                      win_probability={"Vertical": 0.4}, implied_probability={"Vertical": 0.38}))
    ... # doctest: +NORMALIZE_WHITESPACE
    '5-min ML: Vertical, call debit: score higher than on 98 % of the last 252 days; wins 40 %
     (38 % implied by option prices)'
    """
    parts = [f"5-min ML: {_trade(prediction)}: {_standing(prediction)}", *_odds(prediction), *prediction.notes]
    if grade == HIGH:
        parts.append(prediction.measured.high_sentence)
    return "; ".join(parts)


def _trade(prediction: Prediction) -> str:
    # strikes in the order of a written line
    kind = ""
    if prediction.strategy == VERTICAL and prediction.vertical is not None:
        kind = f", {prediction.vertical.structure.removesuffix(' vertical')}"
    trade = prediction.modelled.get(prediction.strategy)
    return f"{prediction.strategy}{kind}{'' if trade is None else _strikes(trade)}"


def _strikes(trade: ModelledTrade) -> str:
    legs = [
        Leg(right=leg.right, strike=leg.strike, quantity=leg.quantity if leg.action == BUY else -leg.quantity)
        for leg in trade.legs
    ]
    try:
        return f" {written_strikes(legs)}"
    except OrderRefused:  # another model may mean a structure that no line can name
        return ""


def _standing(prediction: Prediction) -> str:
    # a rank is a share of days, never a chance; what the confidence of another model means is not known here
    if prediction.rank_days is None:
        return f"confidence {prediction.confidence:.{_DECIMALS}g}"
    abstains = prediction.strategy == NO_TRADE
    rank = 1 - prediction.confidence if abstains else prediction.confidence
    percent = floor(round(100 * rank, _DECIMALS))
    whose = "best score" if abstains else "score"
    return f"{whose} higher than on {percent} % of the last {prediction.rank_days} days"


def _odds(prediction: Prediction) -> list[str]:
    win = prediction.win_probability.get(prediction.strategy)
    implied = prediction.implied_probability.get(prediction.strategy)
    if win is None:
        return []
    return [
        f"wins {100 * win:.0f} %" + ("" if implied is None else f" ({100 * implied:.0f} % implied by option prices)")
    ]


def five_minute_entry(
    prediction: Prediction, *, threshold: float, valid_until: datetime, blocked_by: tuple[str, ...] = ()
) -> Entry:
    """Return the entry of a prediction: score and label follow from its published confidence alone.

    Its direction is that of the very vertical whose probabilities it publishes, of the other strategies neutral.  The
    model's own class remains visible in the direction probabilities.
    """
    name, confidence = prediction.strategy, prediction.confidence
    tradable = name != NO_TRADE
    grade = label(confidence, HIGH_CONFIDENCE, threshold) if tradable else LOW
    entry = Entry(
        score=published(100 * confidence),
        confidence=grade,
        should_trade=grade == HIGH and not blocked_by,
        source=EntrySource.FIVE_MINUTE,
        rationale=rationale(prediction, grade),
        valid_until=valid_until,
        blocked_by=blocked_by,
        ml_confidence=confidence,
        volatility_regime=prediction.volatility_regime,
        win_probability=prediction.win_probability.get(name),
        implied_probability=prediction.implied_probability.get(name),
        expected_value=prediction.expected_value.get(name),
    )
    entry = with_structure(name, entry, prediction)
    return replace(entry, direction=NEUTRAL if entry.side is None else DIRECTION_OF[entry.side])


def details_of(prediction: Prediction) -> dict[str, Any]:
    """Return the reasons of a prediction as JSON values; what the model does not say is left out."""
    details = {
        "direction_probabilities": _rounded(prediction.direction_probabilities),
        "regime_probabilities": _rounded(prediction.regime_probabilities),
        "rationale": prediction.rationale,
        "explanation": [asdict(item) for item in prediction.explanation],
    }
    return {name: value for name, value in details.items() if value}


def _rounded(probabilities: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, _DECIMALS) for name, value in probabilities.items()}


def valid_until(slot: datetime, options: MLPluginConfig) -> datetime:
    """Return when the entries of a slot expire: its lifetime after the slot, at most the close."""
    close = require_session(new_york_day(slot)).close_at
    return min(slot + timedelta(minutes=options.valid_minutes), close)


def five_minute_result(
    slot: datetime,
    cases: Mapping[str, SymbolPrediction | str],
    *,
    published_at: datetime,
    fallback_source: str,
    options: MLPluginConfig,
) -> FiveMinuteResult:
    """Return the slot's result from each symbol's case: what the model answered, or why it was not asked.

    A slot without any prediction is a result too: it says so in ``ml_status`` and holds no signal.
    """
    expires = valid_until(slot, options)
    reasons: dict[str, str] = {}
    sentences: dict[str, str] = {}
    signals: dict[str, FiveMinuteSignal] = {}
    for symbol, case in cases.items():
        if isinstance(case, str):
            reasons[symbol] = case
        elif isinstance(case.answer, Unavailable):
            reasons[symbol] = case.answer.reason
            sentences |= {symbol: case.answer.detail} if case.answer.detail else {}
        else:
            signals[symbol] = _signal(case.answer, case, expires, options)
    predictions = [case for case in cases.values() if isinstance(case, SymbolPrediction)]
    worst = max(predictions, key=lambda case: STATUS_ORDER.index(case.data_status), default=None)
    return FiveMinuteResult(
        slot_at=slot,
        published_at=published_at,
        valid_until=expires,
        data_source=fallback_source if worst is None else worst.data_source,
        data_status=STALE if worst is None else worst.data_status,
        ml_status=_status(signals, reasons),
        signals=signals,
        skipped=reasons,
        skipped_details=sentences,
    )


def _signal(
    prediction: Prediction, case: SymbolPrediction, expires: datetime, options: MLPluginConfig
) -> FiveMinuteSignal:
    of_data = data_blockers(case.data_status, trade_on_delayed_data=options.trade_on_delayed_data)
    blocked_by = (*prediction.blocked_by, *of_data)
    entry = five_minute_entry(
        prediction, threshold=options.confidence_threshold, valid_until=expires, blocked_by=blocked_by
    )
    return FiveMinuteSignal(
        strategy=prediction.strategy,
        entry=entry,
        prediction_time=case.answered_at,
        model=prediction.model,
        model_version=prediction.model_version,
        data_status=case.data_status,
        details=details_of(prediction),
    )


def _status(signals: Mapping[str, FiveMinuteSignal], reasons: Mapping[str, str]) -> str:
    if not signals:
        return f"unavailable:{next(iter(reasons.values()), 'missing_bars')}"
    return "partial" if reasons else "ok"
