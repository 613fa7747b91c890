"""Figures of a set of trades predicted out of sample: scores, calibration, the trades taken and their results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.evaluation.records import ClassifiedRecord, RuleRecord, ScoreRecord, TakenRecord, TradeGroupRecord
from magic8_ml.evaluation.trade_baselines import BASE_RATE, MAJORITY, RECALIBRATED_LOGNORMAL, RECALIBRATED_PREMIUM
from magic8_ml.evaluation.trade_out_of_sample import OutOfSampleTrades
from magic8_ml.metrics.calibration import reliability_line
from magic8_ml.metrics.classification import auc, average_precision, f1_score
from magic8_ml.metrics.day_intervals import (
    Interval,
    day_interval,
    day_sums,
    diebold_mariano,
    mean_interval,
    ratio_of_totals,
    skill_interval,
)
from magic8_ml.metrics.proper_scores import binary_log_loss, brier

_EVEN: Final = 0.5
_LOSSES: Final = {"Brier": brier, "log loss": binary_log_loss}


def triple(found: Interval) -> list[float]:
    """Return value, low, high."""
    return [found.value, found.low, found.high]


def skill_over(out_of_sample: OutOfSampleTrades, baseline: str, score: str = "Brier") -> Interval:
    """Return the skill of the model over a baseline, on the rows that both predict."""
    loss = _LOSSES[score]
    return skill_interval(
        loss(out_of_sample.y_pred, out_of_sample.won),
        loss(out_of_sample.predicted[baseline], out_of_sample.won),
        out_of_sample.rows.day,
    )


def comparison(out_of_sample: OutOfSampleTrades, score: str) -> list[ScoreRecord]:
    """Compare all forecasters under a proper score, the model first, each on the rows that it and the model predict."""
    loss, lines = _LOSSES[score], list[ScoreRecord]()
    y_pred, base = loss(out_of_sample.y_pred, out_of_sample.won), loss(out_of_sample.base, out_of_sample.won)
    for name, predicted in out_of_sample.predicted.items():
        theirs = loss(predicted, out_of_sample.won)
        if not np.isfinite(theirs).any():
            continue
        lines.append(
            {
                "name": name,
                "loss": float(np.nanmean(theirs)),
                "skill": triple(skill_interval(theirs, base, out_of_sample.rows.day)),
                "model_gain": triple(skill_interval(y_pred, theirs, out_of_sample.rows.day)),
                "p_value": np.nan
                if name == out_of_sample.model
                else diebold_mariano(y_pred, theirs, out_of_sample.rows.day).p_value,
                "rows": int(np.isfinite(theirs).sum()),
            }
        )
    return lines


def group(name: str, out_of_sample: OutOfSampleTrades) -> TradeGroupRecord:
    """Return the figures of a group of trades, with accuracy and F1 next to those of the more common outcome."""
    rows, line = out_of_sample.rows, reliability_line(out_of_sample.y_pred, out_of_sample.won, out_of_sample.rows.day)
    taken = out_of_sample.decisions.value > 0
    return {
        "name": name,
        "rows": len(out_of_sample),
        "days": rows.n_days,
        "base_rate": float(out_of_sample.won.mean()),
        "predicted": float(out_of_sample.y_pred.mean()),
        "brier": float(brier(out_of_sample.y_pred, out_of_sample.won).mean()),
        "log_loss": float(binary_log_loss(out_of_sample.y_pred, out_of_sample.won).mean()),
        "skill_base": triple(skill_over(out_of_sample, BASE_RATE.name)),
        "skill_premium": triple(skill_over(out_of_sample, RECALIBRATED_PREMIUM.name)),
        "skill_lognormal": triple(skill_over(out_of_sample, RECALIBRATED_LOGNORMAL.name)),
        "slope": triple(line.slope),
        "intercept": triple(line.intercept),
        "auc": auc(out_of_sample.y_pred, rows.won),
        "average_precision": average_precision(out_of_sample.y_pred, rows.won),
        **classified(out_of_sample),
        "taken": outcome(out_of_sample, taken),
        "skipped": outcome(out_of_sample, np.isfinite(out_of_sample.decisions.value) & ~taken),
        "all": outcome(out_of_sample, np.isfinite(out_of_sample.decisions.value)),
    }


def classified(out_of_sample: OutOfSampleTrades) -> ClassifiedRecord:
    """Return accuracy and F1 at one half, and the accuracy of the more common outcome of each pair."""
    predicted, won = out_of_sample.y_pred > _EVEN, out_of_sample.rows.won
    return {
        "accuracy": float((predicted == won).mean()),
        "majority": float(((out_of_sample.predicted[MAJORITY.name] > _EVEN) == won).mean()),
        "f1": f1_score(predicted, won),
    }


def outcome(out_of_sample: OutOfSampleTrades, chosen: Mask) -> TakenRecord:
    """Return the results of chosen trades: win rate, result per unit of risk and in US dollars, with intervals."""
    rows = out_of_sample.rows[chosen]
    return {
        "trades": len(rows),
        "share": float(chosen.mean()),
        "days": rows.n_days,
        "won": triple(mean_interval(rows.won.astype(np.float64), rows.day)),
        "net_per_risk": triple(mean_interval(rows.profit / rows.max_risk, rows.day)),
        "net_usd": triple(mean_interval(rows.profit, rows.day)),
        "expected_usd": float(out_of_sample.decisions.value[chosen].mean()) if chosen.any() else np.nan,
    }


def taken_less_skipped(out_of_sample: OutOfSampleTrades) -> Interval:
    """Return the mean result per unit of risk of trades taken by expected value, less that of those skipped."""
    value, rows = out_of_sample.decisions.value, out_of_sample.rows
    known, taken = np.isfinite(value), (value > 0).astype(np.float64)
    per_risk = rows.profit / rows.max_risk
    columns = np.stack((per_risk * taken, taken, per_risk * (1 - taken), 1 - taken), axis=1)[known]
    return day_interval(day_sums(columns, rows.day[known]), _difference)


def correlation(first: Floats, second: Floats, days: Integers) -> Interval:
    """Return Pearson's correlation of two columns with its interval by day; NaN rows are left out."""
    known = np.isfinite(first) & np.isfinite(second)
    x, y = first[known], second[known]
    if not len(x):
        return day_interval(np.empty((0, 6)), _pearson)
    x, y = x - x.mean(), y - y.mean()  # only for the digits: the correlation does not change
    return day_interval(day_sums(np.stack((np.ones_like(x), x, y, x * x, y * y, x * y), axis=1), days[known]), _pearson)


def rules(out_of_sample: OutOfSampleTrades) -> list[RuleRecord]:
    """Compare the trades that each rule takes, on the rows for which all rules have a threshold."""
    decisions, predicted = out_of_sample.decisions, out_of_sample.y_pred
    thresholds = np.stack((decisions.threshold, decisions.f1, decisions.recall))
    common = out_of_sample[np.flatnonzero(np.isfinite(thresholds).all(axis=0))]
    if not len(common):
        return []
    found, predicted = common.decisions, common.y_pred
    chosen: Mapping[str, Mask] = {
        "expected value above 0": found.value > 0,
        "best F1": predicted >= found.f1,
        "recall nearest 0.80": predicted >= found.recall,
        "every trade": np.ones(len(common), dtype=np.bool_),
    }
    won = common.rows.won
    return [
        {"name": name, "recall": _recall(won, taken), "f1": f1_score(taken, won), **outcome(common, taken)}
        for name, taken in chosen.items()
    ]


def _recall(won: Mask, taken: Mask) -> float:
    return float((won & taken).sum()) / float(won.sum()) if won.any() else float("nan")


def _difference(totals: Floats) -> Floats:
    return ratio_of_totals(totals[..., :2]) - ratio_of_totals(totals[..., 2:])


def _pearson(totals: Floats) -> Floats:
    n, x, y, xx, yy, xy = np.moveaxis(totals, -1, 0)
    spread = np.sqrt(np.maximum(n * xx - x * x, 0.0) * np.maximum(n * yy - y * y, 0.0))
    return np.asarray((n * xy - x * y) / np.where(spread > 0, spread, np.nan))
