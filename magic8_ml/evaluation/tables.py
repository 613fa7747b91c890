"""Measure skill by time of day, by what was known at entry, by quarter and by confidence.

Rows are never grouped by their outcome: scored only on the days that became volatile, any forecast looks wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.evaluation.baselines import CLIMATOLOGY, VIX_SHARE
from magic8_ml.evaluation.forecaster_scores import covered, regime_rps, variance_qlike
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.evaluation.predict_out_of_sample import SCENARIOS
from magic8_ml.evaluation.records import (
    AccuracyRecord,
    CallRecord,
    ConfidenceRecord,
    GroupFigures,
    QuintileRecord,
    SigmaRecord,
)
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.labels import BUCKETS, OUTCOMES, REGIMES
from magic8_ml.forecast.session_table import session_table
from magic8_ml.metrics.day_intervals import Interval, mean_interval, skill_interval
from magic8_ml.metrics.proper_scores import brier

_VIX_EDGES: Final = np.log((15.0, 20.0, 30.0))
_VIX_NAMES: Final = ("VIX below 15", "VIX 15 to 20", "VIX 20 to 30", "VIX above 30")
_QUINTILES: Final = 5
_HISTOGRAM: Final = np.linspace(0, 1, 21)
_CELLS: Final = 28


def half_hour_names() -> tuple[str, ...]:
    """Return the New York time at which each bucket of a full day begins, 09:30 to 15:30."""
    return tuple(f"{(570 + 30 * n) // 60:02d}:{(570 + 30 * n) % 60:02d}" for n in range(BUCKETS))


def slices(out_of_sample: OutOfSample) -> dict[str, list[GroupFigures]]:
    """Measure the model in groups that were known beforehand; groups without rows are left out."""
    rows = out_of_sample.rows
    vix = np.searchsorted(_VIX_EDGES, rows.features[:, FEATURE_NAMES.index("log_vix")])
    called = np.where(
        np.isfinite(out_of_sample.model.regime).all(axis=1), np.argmax(out_of_sample.model.regime, axis=1), -1
    )
    quarters, quarter = np.unique(quarters_of(rows.day), return_inverse=True)
    return {
        "half hour": _grouped(out_of_sample, rows.bucket, half_hour_names()),
        "regime forecast": _grouped(out_of_sample, called, tuple(f"{name} volatility" for name in REGIMES)),
        "level of the VIX": _grouped(out_of_sample, vix, _VIX_NAMES),
        "quarter": _grouped(out_of_sample, quarter, tuple(quarters.tolist())),
    }


def quarters_of(days: Integers) -> list[str]:
    """Return the quarter of each session position, such as ``2025 Q1``."""
    sessions = session_table().sessions
    unique, place = np.unique(days, return_inverse=True)
    names = [f"{sessions[n].day.year} Q{(sessions[n].day.month + 2) // 3}" for n in unique.tolist()]
    return [names[n] for n in place.tolist()]


def _grouped(out_of_sample: OutOfSample, group: Integers, names: Sequence[str]) -> list[GroupFigures]:
    return [_figures(out_of_sample[group == n], name) for n, name in enumerate(names) if (group == n).any()]


def _figures(part: OutOfSample, name: str) -> GroupFigures:
    rows, model, settlement = part.rows, part.model, part.settlement
    days, three = rows.day, np.repeat(rows.day, len(BASE_STRATEGIES))
    climatology, price = part.baselines[CLIMATOLOGY.name], part.baselines[VIX_SHARE.name]
    return {
        "name": name,
        "rows": len(part),
        "days": part.n_days,
        "regime_rpss": triple(skill_interval(regime_rps(model, rows), regime_rps(climatology, rows), days)),
        "qlike_gain": triple(skill_interval(variance_qlike(model, rows), variance_qlike(price, rows), days)),
        "win_skill": triple(
            skill_interval(
                brier(model.win, settlement.won).ravel(),
                brier(settlement.odds[CLIMATOLOGY.name], settlement.won).ravel(),
                three,
            )
        ),
        "coverage": triple(mean_interval(covered(model, rows), days)),
        "high_share": _share(part.high, part.answered),
        "shares": _shares(part),
    }


def triple(found: Interval) -> list[float]:
    """Return value, low, high."""
    return [found.value, found.low, found.high]


def _share(hit: Mask, among: Mask) -> float:
    return float(hit[among].mean()) if among.any() else float("nan")


def _shares(part: OutOfSample) -> dict[str, float | None]:
    return {name: _share(part.model.chosen == n, part.answered) for n, name in enumerate(OUTCOMES)}


def confidence_histogram(out_of_sample: OutOfSample) -> ConfidenceRecord:
    """Count calls by strategy and confidence in twenty equal bins."""
    counts = {
        str(name): np.histogram(out_of_sample.call_confidence[out_of_sample.model.chosen == n], _HISTOGRAM)[0].tolist()
        for n, name in enumerate(BASE_STRATEGIES)
    }
    return {"edges": _HISTOGRAM.round(3).tolist(), "counts": counts}


def high_table(out_of_sample: OutOfSample) -> list[CallRecord]:
    """Compare win rate and result of HIGH calls with those of the other calls."""
    lines = [("all", out_of_sample)]
    lines += [(name, out_of_sample[out_of_sample.model.chosen == n]) for n, name in enumerate(BASE_STRATEGIES)]
    return [_high_line(name, part) for name, part in lines if len(part)]


def _high_line(name: str, part: OutOfSample) -> CallRecord:
    high, other = _outcome(part[part.high]), _outcome(part[~part.high])
    return {
        "name": name,
        "calls": int(np.isfinite(part.call_confidence).sum()),
        "high_share": _share(part.high, part.answered),
        "high_days": high.days,
        "high_won": high.won,
        "high_forecast": high.forecast,
        "high_implied": high.implied,
        "high_net": high.net,
        "high_net_by_cost": high.net_by_cost,
        "other_days": other.days,
        "other_won": other.won,
        "other_forecast": other.forecast,
        "other_implied": other.implied,
        "other_net": other.net,
        "other_net_by_cost": other.net_by_cost,
    }


class _Outcome(NamedTuple):
    days: int
    won: list[float]
    forecast: float
    implied: float
    net: list[float]
    net_by_cost: dict[str, float | None]


def _outcome(part: OutOfSample) -> _Outcome:
    days, settlement = part.rows.day, part.settlement
    results = {name: part.of_call(settlement.gross - times * settlement.cost) for name, times in SCENARIOS.items()}
    return _Outcome(
        days=part.n_days,
        won=triple(mean_interval(part.of_call(settlement.won), days)),
        forecast=_mean(part.of_call(part.model.win)),
        implied=_mean(part.of_call(part.model.implied)),
        net=triple(mean_interval(results["base"], days)),
        net_by_cost={name: _mean(result) for name, result in results.items()},
    )


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def edge_quintiles(out_of_sample: OutOfSample) -> dict[str, list[QuintileRecord]]:
    """Sort each strategy's rows by edge, to see whether a larger one wins more often than priced and earns more."""
    answer: dict[str, list[QuintileRecord]] = {}
    for n, name in enumerate(BASE_STRATEGIES):
        edge = out_of_sample.model.edge[:, n]
        known = np.isfinite(edge) & np.isfinite(out_of_sample.settlement.won[:, n])
        if known.sum() >= _QUINTILES:
            cuts = np.quantile(edge[known], np.arange(1, _QUINTILES) / _QUINTILES)
            place = np.where(known, np.searchsorted(cuts, edge), -1)
            answer[name] = [_quintile(out_of_sample[place == q], n, q) for q in range(_QUINTILES) if (place == q).any()]
    return answer


def _quintile(part: OutOfSample, strategy: int, number: int) -> QuintileRecord:
    won, net, implied = (c[:, strategy] for c in (part.settlement.won, part.settlement.net, part.model.implied))
    return {
        "quintile": number + 1,
        "edge": _mean(part.model.edge[:, strategy]),
        "won": float(won.mean()),
        "implied": _mean(implied),
        "won_less_implied": triple(mean_interval(won - implied, part.rows.day)),
        "net": triple(mean_interval(net, part.rows.day)),
    }


def sigma_cells(out_of_sample: OutOfSample) -> SigmaRecord:
    """Count forecast against realised sigma of the rest of the day, percent of spot, on logarithmic cells."""
    predicted, realised = out_of_sample.model.sigma, np.sqrt(out_of_sample.rows.known.realised)
    known = np.isfinite(predicted) & (realised > 0)
    if not known.any():
        return {"edges": [], "cells": [], "median": []}
    predicted, realised = 100 * predicted[known], 100 * realised[known]
    low, high = np.quantile(np.concatenate((predicted, realised)), (0.001, 0.999))
    edges = np.geomspace(low, high, _CELLS + 1)
    counts, _, _ = np.histogram2d(np.clip(predicted, low, high), np.clip(realised, low, high), bins=(edges, edges))
    place = np.clip(np.searchsorted(edges, predicted) - 1, 0, _CELLS - 1)
    median = [float(np.median(realised[place == n])) if (place == n).sum() >= 10 else None for n in range(_CELLS)]
    found = np.argwhere(counts > 0)
    return {
        "edges": edges.tolist(),
        "cells": [(int(x), int(y), int(counts[x, y])) for x, y in found],
        "median": median,
    }


def accuracy_appendix(out_of_sample: OutOfSample) -> list[AccuracyRecord]:
    """Compare hit rates with those of always naming the most common outcome; for information, never a goal."""
    rows, model = out_of_sample.rows, out_of_sample.model
    stages: Mapping[str, tuple[Floats, Integers]] = {
        "volatility regime": (model.regime, rows.regime),
        "direction": (model.direction, rows.direction),
    }
    records: list[AccuracyRecord] = []
    for name, (y_pred, outcome) in stages.items():
        known = rows.labelled & np.isfinite(y_pred).all(axis=1)
        if known.any():
            share = np.bincount(outcome[known], minlength=3).max() / known.sum()
            hits = np.argmax(y_pred[known], axis=1) == outcome[known]
            records.append({"name": name, "accuracy": float(hits.mean()), "majority": float(share)})
    for name, column, meant in out_of_sample.structures():
        y_pred, won = model.win[meant, column], out_of_sample.settlement.won[meant, column]
        known = np.isfinite(y_pred) & np.isfinite(won)
        if known.any():
            rate = float(won[known].mean())
            hits = (y_pred[known] > 0.5) == (won[known] > 0)
            records.append({"name": f"{name} wins", "accuracy": float(hits.mean()), "majority": max(rate, 1 - rate)})
    return records
