"""What the ML may answer: a prediction, or that it does not know and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from magic8_companion.domain.codes import Strategy
from magic8_companion.domain.measured import NOTHING_MEASURED, Measured
from magic8_companion.domain.structure import VerticalSpread
from magic8_companion.domain.ticket import ModelledTrade


@dataclass(frozen=True, slots=True, kw_only=True)
class RemainingMove:
    """What a model says of the log return to the close: ``scale`` is its standard deviation.

    ``residuals`` are past log returns over their own predicted scale, from before today.
    """

    scale: float
    residuals: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one feature did to a prediction: its value (None when missing) and what it added to the log variance."""

    feature: str
    value: float | None
    effect: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A real answer of a model for one symbol at one moment.

    ``model`` is the name of the model that answered.
    ``confidence`` is in [0, 1] at 4 decimals: the number that is published as ``ml_confidence``.  It is no probability:
    where ``rank_days`` is known, it is the share of the scores of the last ``rank_days`` sessions, at the same time of
    day, that lie below this score; of No_Trade, one less that of the best strategy.
    ``direction`` is the likeliest class of ``direction_probabilities``; ``vertical`` is the vertical that the
    probabilities of Vertical are about, None when the model does not say which: the two need not agree.
    ``modelled`` is the structure by strategy that the probabilities are about, as far as the model names strikes.
    ``strategy`` may be No_Trade, which is an answer, not an absence of one.  ``move`` is None when the model does not
    say how far the price may go: then nothing can be said of the expected value of a ticket.
    ``explanation`` lists what moved the forecast of the remaining variance most, the largest effect first.
    ``measured`` is what was measured of the model on unseen days.
    ``notes`` are facts of the day that the answer took into account, for people, such as a statement ahead.
    """

    strategy: Strategy
    confidence: float
    direction: str
    direction_probabilities: Mapping[str, float]
    volatility_regime: str
    regime_probabilities: Mapping[str, float]
    model_version: str
    rationale: str = ""
    win_probability: Mapping[str, float] = field(default_factory=dict)
    implied_probability: Mapping[str, float] = field(default_factory=dict)
    expected_value: Mapping[str, float] = field(default_factory=dict)
    blocked_by: tuple[str, ...] = ()
    move: RemainingMove | None = None
    explanation: tuple[Contribution, ...] = ()
    vertical: VerticalSpread | None = None
    modelled: Mapping[str, ModelledTrade] = field(default_factory=dict)
    model: str = ""
    rank_days: int | None = None
    measured: Measured = NOTHING_MEASURED
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """The ML does not know; ``reason`` is a stable code such as ``no_model`` or ``stale_bars``."""

    reason: str
    detail: str = ""


MLResult = Prediction | Unavailable
