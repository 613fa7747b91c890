"""The published thing and its two sources: frozen values whose field names are the keys of the files.

CheckpointResult ─┐
                  ├─ engine.merge ─> RecommendationSet ─> publishing.documents ─> recommendations.json
FiveMinuteResult ─┘
      └─────────────────────────────────────> publishing.documents ─> ml_predictions_5min.json
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from magic8_companion.domain.codes import (
    Confidence,
    DataStatus,
    Direction,
    EntrySource,
    EventsStatus,
    Strategy,
    VerticalSide,
)
from magic8_companion.domain.connection import ConnectionState
from magic8_companion.domain.measured import NOTHING_MEASURED, Measured
from magic8_companion.domain.scores import Evidence
from magic8_companion.domain.structure import (
    DIRECTION_OF,
    UNSPECIFIED_VERTICALS,
    VerticalSpread,
    structure_of,
    vertical_of,
)
from magic8_companion.domain.ticket import ModelledTrade, Ticket, TicketLeg
from magic8_companion.domain.trading_day import utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One object under ``strategies``; numbers are already at published precision.

    ``should_trade`` is what the scores allow; ``blocked_by`` lists what forbids it all the same, so an entry with a
    blocker never has ``should_trade`` true.  Fields that are None are left out of the file, except the four of the
    market's price (win_probability, implied_probability, expected_value, ticket), which are written as null.

    ``side`` (bull or bear), ``right`` (C or P) and ``action`` (BUY or SELL) describe a Vertical: its ticket, or without
    a ticket the vertical that the probabilities are about.  ``structure`` is the same trade in words, as far as it is
    known.  ``modelled`` is the model's own structure where there is no chain.  ``agreement_evidence`` is what the
    agreement of rules and model was measured to mean, ``side_evidence`` the same for the side of a Vertical.
    """

    score: float
    confidence: Confidence
    should_trade: bool
    source: EntrySource
    rationale: str
    valid_until: datetime | None = None
    blocked_by: tuple[str, ...] = ()
    rule_score: float | None = None
    evidence: tuple[Evidence, ...] | None = None
    ml_score: float | None = None
    agreement: str | None = None
    agreement_evidence: str | None = None
    ml_confidence: float | None = None
    direction: Direction | None = None
    side: VerticalSide | None = None
    right: str | None = None
    action: str | None = None
    structure: str | None = None
    side_evidence: str | None = None
    volatility_regime: str | None = None
    win_probability: float | None = None
    implied_probability: float | None = None
    expected_value: float | None = None
    ticket: Ticket | None = None
    modelled: ModelledTrade | None = None

    def __post_init__(self) -> None:
        """Reject what would mislead readers: a blocked entry that is tradable, an entry that means two trades."""
        if self.should_trade and self.blocked_by:
            raise ValueError(f"a blocked entry ({', '.join(self.blocked_by)}) cannot be tradable")
        self._require_one_side()
        for kind, trade in (("ticket", self.ticket), ("modelled trade", self.modelled)):
            if trade is not None:
                self._require_legs_of_structure(kind, trade.legs)

    def _require_one_side(self) -> None:
        if self.side is not None and self.side not in DIRECTION_OF:
            raise ValueError(f"entry: side {self.side!r} is not bull or bear")
        if self.side is not None and self.direction not in {None, DIRECTION_OF[self.side]}:
            raise ValueError(f"entry: direction {self.direction} contradicts side {self.side}")
        if self.right is None and self.action is None:
            named = self.structure in UNSPECIFIED_VERTICALS.values()
            if named and self.structure != UNSPECIFIED_VERTICALS.get(self.side):
                raise ValueError(f"entry: structure {self.structure} contradicts side {self.side}")
            return
        spread = VerticalSpread(right=str(self.right), action=str(self.action))
        if (self.side, self.structure) != (spread.side, spread.structure):
            raise ValueError(f"entry: side {self.side}, structure {self.structure} contradict a {spread.structure}")

    def _require_legs_of_structure(self, kind: str, legs: Sequence[TicketLeg]) -> None:
        structure = structure_of(legs)
        if self.structure not in {None, structure}:
            raise ValueError(f"entry: structure {self.structure} contradicts its {kind}, {structure}")
        spread = vertical_of(legs)
        if self.side is not None and (spread is None or spread.side != self.side):
            raise ValueError(f"entry: side {self.side} contradicts its {kind}, {structure}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolRecommendation:
    """Everything published about one symbol; ``best_strategy`` is a base name or No_Trade and is always a key.

    ``measured`` is what was measured of the model that entered the scores; it is shown to people and not published.
    """

    strategies: Mapping[str, Entry]
    best_strategy: Strategy
    best_strategy_source: EntrySource
    best_strategy_key: str
    data_source: str
    data_status: DataStatus
    ml_enhanced: bool
    ml_status: str
    market_conditions: Mapping[str, Any] | None = None
    ml_5min_metadata: Mapping[str, Any] | None = None
    measured: Measured = NOTHING_MEASURED

    @property
    def has_high(self) -> bool:
        """Tell whether an entry is HIGH, blocked or not."""
        return any(entry.confidence == Confidence.HIGH for entry in self.strategies.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointResult:
    """One checkpoint: every configured symbol is in ``recommendations`` or in ``skipped`` (symbol -> reason)."""

    checkpoint_at: datetime
    system_mode: str
    data_source: str
    data_status: DataStatus
    recommendations: Mapping[str, SymbolRecommendation]
    skipped: Mapping[str, str] = field(default_factory=dict)
    ml_status: str = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class FiveMinuteSignal:
    """The 5-minute answer for one symbol: its entry (named ``strategy``) and where it comes from.

    ``model`` is the name of the model that answered.  ``details`` are the model's reasons as JSON values:
    ``direction_probabilities`` and ``regime_probabilities`` (class -> probability), ``rationale``, ``explanation`` (the
    features that moved it, each with value and effect).
    """

    strategy: Strategy
    entry: Entry
    prediction_time: datetime
    model_version: str
    data_status: DataStatus
    model: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def metadata(self) -> dict[str, Any]:
        """Return what is published of the answer besides its entry."""
        origin = {"model": self.model, "prediction_time": utc_text(self.prediction_time)}
        return {**origin, "model_version": self.model_version, **self.details}


@dataclass(frozen=True, slots=True, kw_only=True)
class FiveMinuteResult:
    """One slot: a signal per symbol that got a real prediction, a reason for every other one.

    ``skipped_details`` says of some of those in a sentence what the reason means, naming features or days.
    """

    slot_at: datetime
    published_at: datetime
    valid_until: datetime
    data_source: str
    data_status: DataStatus
    ml_status: str
    signals: Mapping[str, FiveMinuteSignal]
    skipped: Mapping[str, str] = field(default_factory=dict)
    skipped_details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLimits:
    """What the settings of a run allow in its documents: longest lives, and the least score of HIGH at a checkpoint."""

    document_seconds: int = 300
    checkpoint_minutes: int = 35
    ml_5min_minutes: int = 10
    high_score: float = 65.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationSet:
    """What ``recommendations.json`` says, before the publisher adds ``seq``; the result of the merge.

    ``events`` are the day's events as they are known; ``events_status`` says whether the calendar covers the day.
    """

    published_at: datetime
    valid_until: datetime
    checkpoint_label: str
    checkpoint_at: datetime | None
    system_mode: str
    market_session: str
    data_source: str
    data_status: DataStatus
    merge_strategy: str
    halt_reason: str | None
    ml_enhanced: bool
    ml_status: str
    ml_5min_enhanced: bool
    last_5min_update: datetime | None
    recommendations: Mapping[str, SymbolRecommendation]
    skipped: Mapping[str, str] = field(default_factory=dict)
    connection: ConnectionState | None = None
    events: tuple[Mapping[str, Any], ...] = ()
    events_status: EventsStatus = EventsStatus.KNOWN
    limits: DocumentLimits = DocumentLimits()
