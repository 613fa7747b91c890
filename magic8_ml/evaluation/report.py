"""All figures of an evaluation as one JSON document, from which the page is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
import orjson

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.measured import Measured, MeasuredBlend
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.evaluation import tables
from magic8_ml.evaluation.baselines import CLIMATOLOGY
from magic8_ml.evaluation.forecast_goals import measure_goals
from magic8_ml.evaluation.forecaster_scores import LOSSES, ForecasterScores, loss_table, win_table
from magic8_ml.evaluation.goals import GoalResult
from magic8_ml.evaluation.label_checks import label_checks
from magic8_ml.evaluation.leakage_demo import LeakageResult
from magic8_ml.evaluation.negatives import negative_results
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.evaluation.records import (
    BrierRecord,
    CheckRecord,
    EvaluationReport,
    FoldRecord,
    ReliabilityRecord,
    ScoredRecord,
    ScoreRecord,
)
from magic8_ml.forecast.called_trades import measure_high
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.training.walk_forward import Fold
from magic8_ml.metrics.calibration import Murphy, brier_parts, reliability, reliability_line
from magic8_ml.metrics.day_intervals import holm

LIMITS: Final = (
    "Premia are modelled, not recorded: calibration to the path of the underlying is real evidence.",
    "Net results are anchored: premia paid nothing on average before. They are no evidence of a tradable edge.",
    "Costs of four legs: 0.25 bp of spot (low), 0.75 bp (base), 3 bp (high).",
    "There is no order book and no early exit, and moves within a bar are ignored. The VIX alone prices events.",
    "All symbols move with one market: the sample size is the number of days, and intervals draw blocks of ten days.",
    "Settlement is the last 5-minute close, not the official value.",
    "Intervals are 95 % and per figure. P-values under Holm are adjusted for multiple tests.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContext:
    """What the figures are about: plain facts, shown unchanged."""

    title: str
    model: Mapping[str, Any]
    data: Mapping[str, Any]
    protocol: Mapping[str, Any]
    trials: Sequence[Mapping[str, Any]] = ()
    leakage: Sequence[LeakageResult] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    is_frozen: bool = False
    blend: MeasuredBlend | None = None
    blend_checks: Sequence[CheckRecord] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reported:
    """A report, and the rows behind it."""

    report: EvaluationReport
    out_of_sample: OutOfSample


def report_of(out_of_sample: OutOfSample, context: ReportContext) -> EvaluationReport:
    """Compute all figures; unknown ones are null.  Outside readers rely on the form of ``endpoints`` and ``model``."""
    goals = measure_goals(out_of_sample, is_frozen=context.is_frozen)
    name = str(context.model["name"])
    comparisons = {
        score: loss_table(out_of_sample, score, model=name, climatology=CLIMATOLOGY.name) for score in LOSSES
    }
    comparisons |= {
        f"win {score}": win_table(out_of_sample, score, model=name, climatology=CLIMATOLOGY.name)
        for score in ("Brier", "log loss")
    }
    slices = tables.slices(out_of_sample)
    found = {
        "title": context.title,
        "model": dict(context.model),
        "scored": _scored(out_of_sample),
        "endpoints": [goal.as_json() for goal in goals],
        "verdict": _verdict(goals),
        "warnings": list(context.warnings),
        "comparisons": _comparisons(comparisons),
        "silent": _silent(out_of_sample, comparisons),
        "reliability": _reliability(out_of_sample),
        "slices": slices,
        "confidence": tables.confidence_histogram(out_of_sample),
        "high": tables.high_table(out_of_sample),
        "high_measured": Measured(high=measure_high(out_of_sample.calls)).high_sentence,
        "blend_measured": Measured(blend=context.blend).checkpoint_note,
        "label_checks": [*label_checks(out_of_sample.calls), *context.blend_checks],
        "edge_quintiles": tables.edge_quintiles(out_of_sample),
        "sigma": tables.sigma_cells(out_of_sample),
        "accuracy": tables.accuracy_appendix(out_of_sample),
        "trials": [dict(trial) for trial in context.trials],
        "leakage_demo": [asdict(line) for line in context.leakage],
        "negatives": negative_results(goals, comparisons, slices),
        "unavailable": dict(context.unavailable),
        "data": dict(context.data),
        "protocol": dict(context.protocol),
        "limits": list(LIMITS),
    }
    plain: EvaluationReport = orjson.loads(as_json(found))
    return plain


def as_json(report: Mapping[str, Any]) -> bytes:
    """Return the report as indented JSON; NaN becomes null."""
    options = orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(report, option=options)


def _verdict(goals: Sequence[GoalResult]) -> dict[str, int]:
    """Count endpoints by their status."""
    names = ("passed", "failed", "not yet testable")
    return {name: sum(goal.status == name for goal in goals) for name in names}


def day_name(position: int) -> str:
    """Return the date of a session position, YYYY-MM-DD."""
    return session_table().sessions[position].day.isoformat()


def span_of(days: Integers) -> tuple[str, str]:
    """Return first and last date."""
    return day_name(int(days.min())), day_name(int(days.max()))


def fold_map(folds: Sequence[Fold]) -> list[FoldRecord]:
    """Return training and test days of each fold, by date and by number of days with rows."""
    order = np.unique(np.concatenate([days for fold in folds for days in (fold.train, fold.test)]))
    return [
        {
            "train": span_of(fold.train),
            "test": span_of(fold.test),
            "train_days": len(fold.train),
            "test_days": [int(np.searchsorted(order, day)) for day in (fold.test[0], fold.test[-1])],
        }
        for fold in folds
    ]


def _scored(out_of_sample: OutOfSample) -> ScoredRecord:
    first, last = span_of(out_of_sample.rows.day)
    answered = out_of_sample.answered
    return {
        "first": first,
        "last": last,
        "days": out_of_sample.n_days,
        "rows": len(out_of_sample),
        "answered": float(answered.mean()),
        "symbols": [
            name for n, name in enumerate(out_of_sample.rows.symbols) if (out_of_sample.rows.symbol == n).any()
        ],
    }


def _comparisons(found: Mapping[str, Sequence[ForecasterScores]]) -> dict[str, list[ScoreRecord]]:
    asked = {(score, line.name): line.p_value for score, lines in found.items() for line in lines}
    adjusted = holm({"|".join(key): p for key, p in asked.items()})
    return {
        score: [
            {
                "name": line.name,
                "loss": line.loss,
                "skill": tables.triple(line.skill),
                "model_gain": tables.triple(line.model_gain),
                "p_value": line.p_value,
                "p_holm": adjusted[f"{score}|{line.name}"],
                "days": line.skill.n_days,
            }
            for line in lines
        ]
        for score, lines in found.items()
    }


def _silent(out_of_sample: OutOfSample, comparisons: Mapping[str, Sequence[ForecasterScores]]) -> dict[str, list[str]]:
    # forecasters without a row in the table of a score
    names = dict.fromkeys((*out_of_sample.baselines, *out_of_sample.settlement.odds))
    return {
        score: sorted(name for name in names if name not in {line.name for line in lines})
        for score, lines in comparisons.items()
    }


def _reliability(out_of_sample: OutOfSample) -> list[ReliabilityRecord]:
    columns = {"all strategies": slice(None)} | {str(name): slice(n, n + 1) for n, name in enumerate(BASE_STRATEGIES)}
    records = []
    for name, column in columns.items():
        y_pred, won = out_of_sample.model.win[:, column].ravel(), out_of_sample.settlement.won[:, column].ravel()
        days = np.repeat(out_of_sample.rows.day, out_of_sample.model.win[:, column].shape[1])
        known = np.isfinite(y_pred) & np.isfinite(won)
        if known.any():
            record = reliability_record(name, y_pred[known], won[known], days[known])
            record["brier"] = _brier_record(brier_parts(y_pred[known], won[known]))
            records.append(record)
    return records


def _brier_record(parts: Murphy) -> BrierRecord:
    return {
        "reliability": parts.reliability,
        "resolution": parts.resolution,
        "uncertainty": parts.uncertainty,
        "within": parts.within,
    }


def reliability_record(name: str, y_pred: Floats, won: Floats, days: Integers) -> ReliabilityRecord:
    """Return the reliability curve with the band of a perfect forecaster, slope and intercept; all (n,), finite."""
    curve, line = reliability(y_pred, won, days), reliability_line(y_pred, won, days)
    return {
        "name": name,
        "predicted": curve.predicted.tolist(),
        "realised": curve.realised.tolist(),
        "count": curve.count.tolist(),
        "band_low": curve.band_low.tolist(),
        "band_high": curve.band_high.tolist(),
        "ece": curve.ece,
        "ece_band": curve.ece_band,
        "slope": tables.triple(line.slope),
        "intercept": tables.triple(line.intercept),
    }
