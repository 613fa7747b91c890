"""All figures of one evaluation of win probabilities as one plain value: JSON holds it, the page is drawn from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import orjson

from magic8_ml.evaluation.report import as_json, fold_map, span_of
from magic8_ml.evaluation.trade_goals import GOALS, alarms, former_targets
from magic8_ml.evaluation.trade_leakage_demo import RecipeLeakage
from magic8_ml.evaluation.trade_out_of_sample import OutOfSampleTrades
from magic8_ml.evaluation.trade_scores import calibration, comparison, group, rules
from magic8_ml.evaluation.trade_selection import TUNING_DAYS, chosen_thresholds
from magic8_ml.forecast.training.walk_forward import Fold

NOT_CLAIMED: Final = (
    "All symbols move with one market: the sample size is the number of days, and intervals draw blocks of ten days.",
    "Skill over the base rate is mostly the price's: only skill over the recalibrated price is the model's own.",
    "Trades are held to the close; a stop, an early exit and the spread between quote and fill are not judged.",
    "An expected value above zero at the price shown is no promise of a fill at that price.",
    "Accuracy and F1 stand in an appendix: where one outcome is common they measure the base rate.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the figures are about; shown as it is."""

    title: str
    data: Mapping[str, Any]
    protocol: Mapping[str, Any]
    limits: Sequence[str]
    folds: Sequence[Fold]
    exhibit: Sequence[RecipeLeakage]


def report_of(judged: OutOfSampleTrades, context: Context) -> dict[str, Any]:
    """Compute everything; what is not known is null."""
    first, last = span_of(judged.rows.day)
    strategies = list(judged.strategies())
    found = {
        "title": context.title,
        "model": {"name": judged.model, "columns": list(judged.rows.names), "digest": judged.rows.digest},
        "scored": {
            "first": first,
            "last": last,
            "days": judged.rows.n_days,
            "rows": len(judged),
            "symbols": [name for n, name in enumerate(judged.rows.symbols) if (judged.rows.symbol == n).any()],
        },
        "goals": [goal.record(judged) for goal in GOALS],
        "alarms": alarms(judged),
        "comparisons": {score: comparison(judged, score) for score in ("Brier", "log loss")},
        "reliability": [calibration(name, part) for name, part in (("all trades", judged), *strategies)],
        "overall": group("all trades", judged),
        "strategies": [group(name, part) for name, part in strategies],
        "pairs": [group(name, part) for name, part in judged.parts()],
        "rules": rules(judged),
        "thresholds": thresholds(judged),
        "hopes": former_targets(judged),
        "unavailable": dict(judged.unavailable),
        "exhibit": [asdict(line) for line in context.exhibit],
        "data": dict(context.data),
        "protocol": {**context.protocol, "folds": fold_map(context.folds)},
        "limits": [*NOT_CLAIMED, *context.limits],
    }
    plain: dict[str, Any] = orjson.loads(as_json(found))
    return plain


def thresholds(judged: OutOfSampleTrades) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return the thresholds of each kind per symbol and strategy, two decimals; null where there are too few trades.

    Those of F1 and recall are chosen on the last days scored, so they are for days to come; that of expected value is
    the median of what the trades themselves asked for.
    """
    rows = judged.rows
    days = np.unique(rows.day)[-TUNING_DAYS:]
    window = np.isin(rows.day, days)
    chosen = chosen_thresholds(rows[window], judged.y_pred[window])
    answer: dict[str, dict[str, dict[str, float | None]]] = {"expected_value": {}, "best_f1": {}, "recall80": {}}
    for pair in np.unique(rows.pair).tolist():
        symbol, strategy = rows.pairs[pair]
        asked = judged.decisions.threshold[rows.pair == pair]
        known = asked[np.isfinite(asked)]
        values = (float(np.median(known)) if len(known) else np.nan, *chosen.get(pair, (np.nan, np.nan)))
        for kind, value in zip(answer, values, strict=True):
            answer[kind].setdefault(symbol, {})[strategy] = round(value, 2) if np.isfinite(value) else None
    return answer
