"""Rows of the reports: what the JSON documents hold.  Not-known numbers are null there, so None here.

A ``Triple`` is a value with the ends of its 95 % interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

Number = float | None
Triple = Sequence[Number]
Facts = Mapping[str, Any]
"""Plain JSON facts of any kind, shown as they are."""


class ScoredRecord(TypedDict):
    """Which rows were scored."""

    first: str
    last: str
    days: int
    rows: int
    symbols: list[str]
    answered: NotRequired[float]


class GoalRecord(TypedDict):
    """One goal on the rows of one symbol; ``passed`` is None while there are too few days."""

    name: str
    meaning: str
    value: Number
    low: Number
    high: Number
    floor: float
    ceiling: float | None
    status: str
    n_days: int
    symbol: NotRequired[str]
    above_zero: NotRequired[bool]
    passed: NotRequired[bool | None]
    needs_days: NotRequired[int]


class ScoreRecord(TypedDict):
    """One forecaster under one score, next to the model."""

    name: str
    loss: float
    skill: Triple
    model_gain: Triple
    p_value: Number
    p_holm: NotRequired[Number]
    days: NotRequired[int]
    rows: NotRequired[int]


class BrierRecord(TypedDict):
    """Murphy's parts of a Brier score."""

    reliability: float
    resolution: float
    uncertainty: float
    within: float


class ReliabilityRecord(TypedDict):
    """Predicted and realized shares per bin, with the band of a perfect forecaster."""

    name: str
    predicted: list[float]
    realised: list[float]
    count: list[int]
    band_low: list[float]
    band_high: list[float]
    ece: float
    ece_band: float
    slope: Triple
    intercept: Triple
    brier: NotRequired[BrierRecord]


class GroupFigures(TypedDict):
    """The figures of the model on one group of rows."""

    name: str
    rows: int
    days: int
    regime_rpss: Triple
    qlike_gain: Triple
    win_skill: Triple
    coverage: Triple
    high_share: Number
    shares: dict[str, Number]


class ConfidenceRecord(TypedDict):
    """Calls per strategy and bin of confidence."""

    edges: list[float]
    counts: dict[str, list[int]]


class CallRecord(TypedDict):
    """Outcomes of HIGH calls and of the others."""

    name: str
    calls: int
    high_share: Number
    high_days: int
    high_won: Triple
    high_forecast: Number
    high_implied: Number
    high_net: Triple
    high_net_by_cost: dict[str, Number]
    other_days: int
    other_won: Triple
    other_forecast: Number
    other_implied: Number
    other_net: Triple
    other_net_by_cost: dict[str, Number]


class CheckRecord(TypedDict):
    """One figure of the labels next to its target; ``reason`` says why it is not reached, empty where it is."""

    name: str
    meaning: str
    value: Number
    low: Number
    high: Number
    floor: float
    ceiling: float | None
    n_days: int
    status: str
    reason: str


class QuintileRecord(TypedDict):
    """Rows of one strategy with a similar edge."""

    quintile: int
    edge: Number
    won: Number
    implied: Number
    won_less_implied: Triple
    net: Triple


class SigmaRecord(TypedDict):
    """Counts of forecast against realized sigma: cells are (x, y, count)."""

    edges: list[float]
    cells: list[tuple[int, int, int]]
    median: list[Number]


class AccuracyRecord(TypedDict):
    """A hit rate next to that of the most common outcome."""

    name: str
    accuracy: float
    majority: float


class LeakageRecord(TypedDict):
    """How good one classifier looks under one protocol."""

    protocol: str
    is_out_of_sample: bool
    accuracy: float
    majority: float
    auc: float
    brier_skill: float
    rows: int
    recipe: NotRequired[str]
    price_skill: NotRequired[float]


class FoldRecord(TypedDict):
    """Training and test days of a fold, by date and by number of days with rows."""

    train: tuple[str, str]
    test: tuple[str, str]
    train_days: int
    test_days: list[int]


class EvaluationReport(TypedDict):
    """The document of ``evaluate`` and ``verify``."""

    title: str
    model: Facts
    scored: ScoredRecord
    endpoints: list[GoalRecord]
    verdict: dict[str, int]
    warnings: list[str]
    comparisons: dict[str, list[ScoreRecord]]
    silent: dict[str, list[str]]
    reliability: list[ReliabilityRecord]
    slices: dict[str, list[GroupFigures]]
    confidence: ConfidenceRecord
    high: list[CallRecord]
    high_measured: str
    blend_measured: str
    label_checks: list[CheckRecord]
    edge_quintiles: dict[str, list[QuintileRecord]]
    sigma: SigmaRecord
    accuracy: list[AccuracyRecord]
    trials: list[Facts]
    leakage_demo: list[LeakageRecord]
    negatives: list[str]
    unavailable: dict[str, str]
    data: Facts
    protocol: dict[str, Any]
    limits: list[str]


class TakenRecord(TypedDict):
    """Results of chosen trades: win rate, net per unit of risk and in US dollars."""

    trades: int
    share: float
    days: int
    won: Triple
    net_per_risk: Triple
    net_usd: Triple
    expected_usd: Number


class RuleRecord(TakenRecord):
    """What one rule would have taken."""

    name: str
    recall: Number
    f1: Number


class ClassifiedRecord(TypedDict):
    """Accuracy and F1 at one half, and the accuracy of the more common outcome."""

    accuracy: float
    majority: float
    f1: Number


class TradeGroupRecord(ClassifiedRecord):
    """The figures of a group of trades; ``predicted`` is the mean probability."""

    name: str
    rows: int
    days: int
    base_rate: float
    predicted: float
    brier: float
    log_loss: float
    skill_base: Triple
    skill_premium: Triple
    skill_lognormal: Triple
    slope: Triple
    intercept: Triple
    auc: Number
    average_precision: Number
    taken: TakenRecord
    skipped: TakenRecord
    all: TakenRecord


class TargetRecord(TypedDict):
    """A success figure of the former plan, as measured."""

    name: str
    hoped: str
    found: Triple
    remark: str


class SelectionBiasRecord(TypedDict):
    """What the number of trials leaves of the figures."""

    sharpe_daily: float
    deflated_sharpe: float
    trials: int
    designs: list[str]
    pbo_regime: float
    pbo_variance: float


class TradeReport(TypedDict):
    """The document of ``evaluate-trades``."""

    title: str
    model: Facts
    scored: ScoredRecord
    goals: list[GoalRecord]
    alarms: list[str]
    comparisons: dict[str, list[ScoreRecord]]
    reliability: list[ReliabilityRecord]
    overall: TradeGroupRecord
    strategies: list[TradeGroupRecord]
    pairs: list[TradeGroupRecord]
    rules: list[RuleRecord]
    thresholds: dict[str, dict[str, dict[str, Number]]]
    hopes: list[TargetRecord]
    unavailable: dict[str, str]
    leakage_demo: list[LeakageRecord]
    data: Facts
    protocol: dict[str, Any]
    limits: list[str]
