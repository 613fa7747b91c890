"""The records of the journal: one frozen type for each kind of line.

A field with a default may be absent from a line, so a later version may add one; any other missing field, an unknown
field and a value of another type are refused.  Times are aware, days are New York dates, money is in USD per contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Final, Literal

from pydantic import AwareDatetime, ConfigDict

from magic8_companion.domain.ticket import TicketLeg

_STRICT: Final = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """One symbol of a published document, whole: the document itself is not needed to read it.

    ``document`` is ``recommendations`` or ``ml_predictions_5min``, and ``decided_at`` its checkpoint or slot.
    ``decision`` is the key of the deciding entry, or ``skipped``.  ``recommendation`` is the symbol's object in the
    document; None for a skipped symbol that has none, and in lines of version 1.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    seq: int
    timestamp: AwareDatetime
    document: str
    symbol: str
    decision: str
    reason: str
    inputs_sha256: str | None
    document_sha256: str
    decided_at: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    data_source: str | None = None
    data_status: str | None = None
    ml_status: str | None = None
    halt_reason: str | None = None
    recommendation: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRecord:
    """What came of one published entry, traded or not.

    Of one entry (``day``, ``origin``, ``decided_at``, ``symbol``, ``strategy``) the highest ``revision`` counts.  An
    ``unknown`` outcome has its ``reason`` and is tried again.  ``results`` has the profit after fees for each known
    price scenario (mid, between, natural, modelled).  ``worst`` is the worst value on the way.  ``move`` is the
    logarithm of settlement to spot, ``realised`` the volatility until the settlement, in the unit of its forecast.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    settled_at: AwareDatetime
    day: date
    origin: Literal["checkpoint", "slot"]
    decided_at: AwareDatetime
    symbol: str
    strategy: str
    revision: int
    status: Literal["settled", "unknown"]
    source: str
    data_status: str
    score: float
    confidence: str
    should_trade: bool
    is_best: bool
    reason: str | None = None
    seq: int | None = None
    events: tuple[str, ...] = ()
    blocked_by: tuple[str, ...] = ()
    rule_score: float | None = None
    ml_score: float | None = None
    agreement: str | None = None
    win_probability: float | None = None
    implied_probability: float | None = None
    expected_value: float | None = None
    trade: Literal["ticket", "modelled"] | None = None
    structure: str | None = None
    legs: tuple[TicketLeg, ...] = ()
    limit_price: float | None = None
    spot: float | None = None
    settlement: float | None = None
    settlement_source: str | None = None
    payoff: float | None = None
    fees: float | None = None
    risk: float | None = None
    results: Mapping[str, float] = field(default_factory=dict)
    won: bool | None = None
    touched: bool | None = None
    worst: float | None = None
    pinned: bool | None = None
    move: float | None = None
    realised: float | None = None
    expected_move: float | None = None
    move_inside: bool | None = None
    realised_inside: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """An order or signal that was seen, as it was posted; an edit is a further ``revision`` of its message.

    ``approved`` is what the published file of that time said, None when it said nothing.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    seen_at: AwareDatetime
    posted_at: AwareDatetime
    source: str
    message_id: str
    revision: int
    text: str
    channel: str | None = None
    author: str | None = None
    day: date | None = None
    symbol: str | None = None
    strategy: str | None = None
    legs: tuple[TicketLeg, ...] = ()
    limit_price: float | None = None
    approved: bool | None = None
    reason: str | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRecord:
    """A held position at one time, with its advice; ``price`` is what was paid (debit < 0) or received, in points."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    position_id: str
    at: AwareDatetime
    source: str
    symbol: str
    expiry: date
    legs: tuple[TicketLeg, ...]
    quantity: int
    price: float
    status: Literal["open", "closed", "settled"]
    fees: float | None = None
    hold_value: float | None = None
    exit_value: float | None = None
    max_loss_probability: float | None = None
    touch_probability: float | None = None
    advice: Literal["HOLD", "EXIT", "UNKNOWN"] | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentRecord:
    """One event of a comparison of models: it was started, measured, stopped or decided."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    experiment: str
    at: AwareDatetime
    event: str
    champion: str
    challenger: str
    day: date | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionRecord:
    """A win probability that was given to an asker, to be settled like a decision.

    ``level`` is the level of the hierarchy that answered and ``group`` the asker's group of an experiment.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    prediction_id: str
    predicted_at: AwareDatetime
    asked_by: str
    day: date
    symbol: str
    strategy: str
    win_probability: float
    level: str
    model: str
    features_sha256: str
    group: str | None = None
    experiment: str | None = None
    structure: str | None = None
    legs: tuple[TicketLeg, ...] = ()
    limit_price: float | None = None


Record = DecisionRecord | OutcomeRecord | OrderRecord | PositionRecord | ExperimentRecord | PredictionRecord

KINDS: Final[Mapping[str, type[Record]]] = {
    "decision": DecisionRecord,
    "outcome": OutcomeRecord,
    "order_seen": OrderRecord,
    "position": PositionRecord,
    "experiment": ExperimentRecord,
    "prediction": PredictionRecord,
}
"""The record type of each ``kind`` of line."""
