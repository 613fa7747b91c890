"""All figures of an evaluation of win probabilities as one JSON document, from which the page is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import orjson

from magic8_ml.evaluation.goals import measure
from magic8_ml.evaluation.plausibility import implausible_trade_results
from magic8_ml.evaluation.records import ReliabilityRecord, TradeReport
from magic8_ml.evaluation.report import as_json, fold_map, reliability_record, span_of
from magic8_ml.evaluation.trade_goals import GOALS, former_targets
from magic8_ml.evaluation.trade_leakage_demo import RecipeLeakage
from magic8_ml.evaluation.trade_out_of_sample import TUNING_DAYS, OutOfSampleTrades, chosen_thresholds
from magic8_ml.evaluation.trade_scores import comparison, group, rules
from magic8_ml.forecast.training.walk_forward import Fold

NOT_CLAIMED: Final = (
    "All symbols move with one market: the sample size is the number of days, and intervals draw blocks of ten days.",
    "Skill over the base rate is mostly that of the price. Only skill over the recalibrated price is the model's.",
    "Trades are held to the close; a stop, an early exit and the spread between quote and fill are not included.",
    "An expected value above zero at the price shown is no promise of a fill at that price.",
    "Accuracy and F1 are in an appendix: where one outcome is common, they measure the base rate.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeReportContext:
    """What the figures are about: plain facts, shown unchanged."""

    title: str
    data: Mapping[str, Any]
    protocol: Mapping[str, Any]
    limits: Sequence[str]
    folds: Sequence[Fold]
    leakage: Sequence[RecipeLeakage]


def report_of(out_of_sample: OutOfSampleTrades, context: TradeReportContext) -> TradeReport:
    """Compute all figures; unknown ones are null."""
    rows = out_of_sample.rows
    first, last = span_of(rows.day)
    strategies = list(out_of_sample.strategies())
    found = {
        "title": context.title,
        "model": {"name": out_of_sample.model, "columns": list(rows.names), "digest": rows.digest},
        "scored": {
            "first": first,
            "last": last,
            "days": rows.n_days,
            "rows": len(out_of_sample),
            "symbols": [name for n, name in enumerate(rows.symbols) if (rows.symbol == n).any()],
        },
        "goals": [measure(goal, out_of_sample).as_json() for goal in GOALS],
        "alarms": implausible_trade_results(out_of_sample),
        "comparisons": {score: comparison(out_of_sample, score) for score in ("Brier", "log loss")},
        "reliability": [_reliability(name, part) for name, part in (("all trades", out_of_sample), *strategies)],
        "overall": group("all trades", out_of_sample),
        "strategies": [group(name, part) for name, part in strategies],
        "pairs": [group(name, part) for name, part in out_of_sample.parts()],
        "rules": rules(out_of_sample),
        "thresholds": thresholds(out_of_sample),
        "hopes": former_targets(out_of_sample),
        "unavailable": dict(out_of_sample.unavailable),
        "leakage_demo": [asdict(line) for line in context.leakage],
        "data": dict(context.data),
        "protocol": {**context.protocol, "folds": fold_map(context.folds)},
        "limits": [*NOT_CLAIMED, *context.limits],
    }
    plain: TradeReport = orjson.loads(as_json(found))
    return plain


def _reliability(name: str, part: OutOfSampleTrades) -> ReliabilityRecord:
    return reliability_record(name, part.y_pred, part.won, part.rows.day)


def thresholds(out_of_sample: OutOfSampleTrades) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return the thresholds of each kind per symbol and strategy, two decimals; null where there are too few trades.

    Those of F1 and recall are chosen on the last days scored, for coming days; that of expected value is the median of
    the thresholds of the trades.
    """
    rows = out_of_sample.rows
    days = np.unique(rows.day)[-TUNING_DAYS:]
    window = np.isin(rows.day, days)
    chosen = chosen_thresholds(rows[window], out_of_sample.y_pred[window])
    found: dict[str, dict[str, dict[str, float | None]]] = {"expected_value": {}, "best_f1": {}, "recall80": {}}
    for pair in np.unique(rows.pair).tolist():
        symbol, strategy = rows.pairs[pair]
        required = out_of_sample.decisions.threshold[rows.pair == pair]
        known = required[np.isfinite(required)]
        values = (float(np.median(known)) if len(known) else np.nan, *chosen.get(pair, (np.nan, np.nan)))
        for kind, value in zip(found, values, strict=True):
            found[kind].setdefault(symbol, {})[strategy] = round(value, 2) if np.isfinite(value) else None
    return found
