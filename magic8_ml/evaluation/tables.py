"""Where the skill is and where it is not: by time of day, by what was known at entry, by quarter, by confidence.

Rows are never grouped by what came afterwards: whoever is judged only on the days that turned wild looks wrong however
good the forecast was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.evaluation.anchored_premium import SCENARIOS
from magic8_ml.evaluation.baselines import CLIMATOLOGY, VIX_SHARE
from magic8_ml.evaluation.forecaster_scores import covered, regime_rps, variance_qlike
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.labels import BUCKETS
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.strategy_view import OUTCOMES, REGIMES
from magic8_ml.metrics.day_intervals import Interval, mean_interval, skill_interval
from magic8_ml.metrics.proper_scores import brier

Record = dict[str, Any]

_VIX_EDGES: Final = np.log((15.0, 20.0, 30.0))
_VIX_NAMES: Final = ("VIX below 15", "VIX 15 to 20", "VIX 20 to 30", "VIX above 30")
_QUINTILES: Final = 5
_HISTOGRAM: Final = np.linspace(0, 1, 21)
_CELLS: Final = 28


def half_hour_names() -> tuple[str, ...]:
    """Return the New York time at which each bucket of a full day begins, 09:30 to 15:30."""
    return tuple(f"{(570 + 30 * n) // 60:02d}:{(570 + 30 * n) % 60:02d}" for n in range(BUCKETS))


def slices(judged: OutOfSample) -> dict[str, list[Record]]:
    """Measure the model in groups that were known beforehand; groups without rows are left out."""
    rows = judged.rows
    vix = np.searchsorted(_VIX_EDGES, rows.features[:, FEATURE_NAMES.index("log_vix")])
    called = np.where(np.isfinite(judged.model.regime).all(axis=1), np.argmax(judged.model.regime, axis=1), -1)
    quarters, quarter = np.unique(quarters_of(rows.day), return_inverse=True)
    return {
        "half hour": _grouped(judged, rows.bucket, half_hour_names()),
        "regime forecast": _grouped(judged, called, tuple(f"{name} volatility" for name in REGIMES)),
        "level of the VIX": _grouped(judged, vix, _VIX_NAMES),
        "quarter": _grouped(judged, quarter, tuple(quarters.tolist())),
    }


def quarters_of(days: Integers) -> list[str]:
    """Return the quarter of each session position, such as ``2025 Q1``."""
    sessions = session_table().sessions
    unique, place = np.unique(days, return_inverse=True)
    names = [f"{sessions[n].day.year} Q{(sessions[n].day.month + 2) // 3}" for n in unique.tolist()]
    return [names[n] for n in place.tolist()]


def _grouped(judged: OutOfSample, group: Integers, names: Sequence[str]) -> list[Record]:
    return [_figures(judged[group == n], name) for n, name in enumerate(names) if (group == n).any()]


def _figures(part: OutOfSample, name: str) -> Record:
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


def _shares(part: OutOfSample) -> dict[str, float]:
    return {name: _share(part.model.chosen == n, part.answered) for n, name in enumerate(OUTCOMES)}


def confidence_histogram(judged: OutOfSample) -> dict[str, Any]:
    """Count calls by strategy and confidence in twenty equal bins."""
    counts = {
        name: np.histogram(judged.call_confidence[judged.model.chosen == n], _HISTOGRAM)[0].tolist()
        for n, name in enumerate(BASE_STRATEGIES)
    }
    return {"edges": _HISTOGRAM.round(3).tolist(), "counts": counts}


def high_table(judged: OutOfSample) -> list[Record]:
    """Tell what HIGH was worth: realised win rate and result beside those of the other calls."""
    lines = [("all", judged)]
    lines += [(name, judged[judged.model.chosen == n]) for n, name in enumerate(BASE_STRATEGIES)]
    return [_high_line(name, part) for name, part in lines if len(part)]


def _high_line(name: str, part: OutOfSample) -> Record:
    return {
        "name": name,
        "calls": int(np.isfinite(part.call_confidence).sum()),
        "high_share": _share(part.high, part.answered),
        **{f"high_{key}": value for key, value in _came(part[part.high]).items()},
        **{f"other_{key}": value for key, value in _came(part[~part.high]).items()},
    }


def _came(part: OutOfSample) -> Record:
    days, settlement = part.rows.day, part.settlement
    results = {name: part.of_call(settlement.gross - times * settlement.cost) for name, times in SCENARIOS.items()}
    return {
        "days": part.n_days,
        "won": triple(mean_interval(part.of_call(settlement.won), days)),
        "forecast": _mean(part.of_call(part.model.win)),
        "implied": _mean(part.of_call(part.model.implied)),
        "net": triple(mean_interval(results["base"], days)),
        "net_by_cost": {name: _mean(result) for name, result in results.items()},
    }


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def edge_quintiles(judged: OutOfSample) -> dict[str, list[Record]]:
    """Sort each strategy's rows by edge, to see whether a larger one wins more often than priced and earns more."""
    answer: dict[str, list[Record]] = {}
    for n, name in enumerate(BASE_STRATEGIES):
        edge = judged.model.edge[:, n]
        known = np.isfinite(edge) & np.isfinite(judged.settlement.won[:, n])
        if known.sum() >= _QUINTILES:
            cuts = np.quantile(edge[known], np.arange(1, _QUINTILES) / _QUINTILES)
            place = np.where(known, np.searchsorted(cuts, edge), -1)
            answer[name] = [_quintile(judged[place == q], n, q) for q in range(_QUINTILES) if (place == q).any()]
    return answer


def _quintile(part: OutOfSample, strategy: int, number: int) -> Record:
    won, net, implied = (c[:, strategy] for c in (part.settlement.won, part.settlement.net, part.model.implied))
    return {
        "quintile": number + 1,
        "edge": _mean(part.model.edge[:, strategy]),
        "won": float(won.mean()),
        "implied": _mean(implied),
        "won_less_implied": triple(mean_interval(won - implied, part.rows.day)),
        "net": triple(mean_interval(net, part.rows.day)),
    }


def sigma_cells(judged: OutOfSample) -> dict[str, Any]:
    """Count forecast against realised sigma of the rest of the day, percent of spot, on logarithmic cells."""
    said, came = judged.model.sigma, np.sqrt(judged.rows.known.realised)
    known = np.isfinite(said) & (came > 0)
    if not known.any():
        return {"edges": [], "cells": [], "median": []}
    said, came = 100 * said[known], 100 * came[known]
    low, high = np.quantile(np.concatenate((said, came)), (0.001, 0.999))
    edges = np.geomspace(low, high, _CELLS + 1)
    counts, _, _ = np.histogram2d(np.clip(said, low, high), np.clip(came, low, high), bins=(edges, edges))
    place = np.clip(np.searchsorted(edges, said) - 1, 0, _CELLS - 1)
    median = [float(np.median(came[place == n])) if (place == n).sum() >= 10 else None for n in range(_CELLS)]
    found = np.argwhere(counts > 0)
    return {
        "edges": edges.tolist(),
        "cells": [[int(x), int(y), int(counts[x, y])] for x, y in found],
        "median": median,
    }


def accuracy_appendix(judged: OutOfSample) -> list[Record]:
    """Compare hit rates with always naming what came most often: here for curiosity, never a goal."""
    rows, model = judged.rows, judged.model
    stages: Mapping[str, tuple[Floats, Integers]] = {
        "volatility regime": (model.regime, rows.regime),
        "direction": (model.direction, rows.direction),
    }
    records = []
    for name, (said, came) in stages.items():
        known = rows.labelled & np.isfinite(said).all(axis=1)
        if known.any():
            share = np.bincount(came[known], minlength=3).max() / known.sum()
            hits = np.argmax(said[known], axis=1) == came[known]
            records.append({"name": name, "accuracy": float(hits.mean()), "majority": float(share)})
    for name, column, meant in judged.structures():
        said, won = model.win[meant, column], judged.settlement.won[meant, column]
        known = np.isfinite(said) & np.isfinite(won)
        if known.any():
            rate = float(won[known].mean())
            hits = (said[known] > 0.5) == (won[known] > 0)
            records.append({"name": f"{name} wins", "accuracy": float(hits.mean()), "majority": max(rate, 1 - rate)})
    return records
