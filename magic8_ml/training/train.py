"""From bars to a stored model: data set, walk-forward predictions, final fit, reference ranks, report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import xgboost as xgb

from magic8_companion.domain.bars import Bars
from magic8_ml.features import implied, labels
from magic8_ml.features.catalogue import FEATURE_NAMES
from magic8_ml.features.day_history import HISTORY_SESSIONS
from magic8_ml.features.sessions import day_number, session_table
from magic8_ml.models.artefact import save_model
from magic8_ml.models.bounds import Bounds
from magic8_ml.models.two_stage import fit_two_stage
from magic8_ml.training.dataset import Dataset, dataset_of, symbol_days
from magic8_ml.training.evaluation import evaluate, references_of
from magic8_ml.training.progress import Progress, silent
from magic8_ml.training.refusal import TrainingRefused
from magic8_ml.training.report import TrainingReport
from magic8_ml.training.walk_forward import folds, out_of_fold

MODEL_FOLDER: Final = "models"
MIN_LABELLED_DAYS: Final = 100
WARM_UP_SESSIONS: Final = 75
"""Complete sessions before a symbol's first label: 15 days of history, then 60 of reference."""


def train(
    bars: Mapping[str, Bars],
    vix_daily: Bars,
    out: Path,
    progress: Progress = silent,
    *,
    first_day: date | None = None,
    last_day: date | None = None,
) -> TrainingReport:
    """Fit a model on 5-minute bars per symbol and daily VIX rows, and write it to ``out/models``.

    ``vix_daily`` rows are stamped 00:00 UTC of their trading date.  ``first_day`` and ``last_day`` limit the rows
    learnt from: earlier bars serve as history, later ones are never looked at.

    Raises
    ------
    TrainingRefused
        When the data cannot carry a model; nothing is written then.
    """
    if not bars:
        raise TrainingRefused("no symbol is given")
    days = {
        symbol: symbol_days(symbol, _until(series, last_day), vix_daily, progress)
        for symbol, series in sorted(bars.items())
    }
    data = dataset_of(days, _first_row(first_day))
    _require_learnable(data)
    tested = out_of_fold(data, progress)
    stages = fit_two_stage(data.features, data.direction, data.regime)
    progress("final fit", 1, 1, len(data))
    references = references_of(data, tested)
    evaluation = evaluate(data, tested, references)
    facts = {**_facts(data), "evaluation": asdict(evaluation)}
    model = save_model(out / MODEL_FOLDER, stages, references, Bounds.of(data.seen), facts)
    return TrainingReport(
        folder=out / MODEL_FOLDER,
        model_version=model.version,
        symbols=data.symbols,
        first_day=_date(int(data.days.min())),
        last_day=_date(int(data.days.max())),
        rows=len(data),
        days=len(np.unique(data.days)),
        dropped=data.dropped,
        evaluation=evaluation,
    )


def _until(series: Bars, last_day: date | None) -> Bars:
    if last_day is None:
        return series
    table = session_table()
    after = int(np.searchsorted(table.days, day_number(last_day), side="right"))
    return series if after == len(table.days) else series[: int(np.searchsorted(series.starts, table.opens[after]))]


def _first_row(first_day: date | None) -> int:
    return 0 if first_day is None else int(np.searchsorted(session_table().days, day_number(first_day)))


def _require_learnable(data: Dataset) -> None:
    if not len(data.seen):
        raise TrainingRefused(f"no day can be learnt from ({_left_out(data)})")
    if np.ptp(data.seen[:, FEATURE_NAMES.index("log_vix")]) == 0:
        raise TrainingRefused("the VIX has one and the same value on every day: this is not the VIX")
    if (days := len(np.unique(data.days))) < MIN_LABELLED_DAYS:
        raise TrainingRefused(
            f"too little history: {days} labelled days, need {MIN_LABELLED_DAYS}; the first {WARM_UP_SESSIONS} complete"
            f" sessions of a symbol only serve as reference ({_left_out(data)})"
        )
    first_fit, _ = next(folds(data.days))
    for stage, classes in (("direction", data.direction), ("volatility", data.regime)):
        if len(np.unique(classes[first_fit])) < 3:
            raise TrainingRefused(f"the {stage} labels do not hold all three classes: there is nothing to tell apart")


def _left_out(data: Dataset) -> str:
    counts = [f"{symbol}: {n} {reason}" for symbol, drops in data.dropped.items() for reason, n in drops.items()]
    return "left out: " + (", ".join(counts) or "nothing")


def _facts(data: Dataset) -> dict[str, Any]:
    days = {name: len(np.unique(data.days[data.symbol == n])) for n, name in enumerate(data.symbols)}
    return {
        "symbols": list(data.symbols),
        "first_day": _date(int(data.days.min())).isoformat(),
        "last_day": _date(data.last_seen).isoformat(),
        "last_labelled_day": _date(int(data.days.max())).isoformat(),
        "rows": len(data),
        "labelled_days": days,
        "dropped_days": {name: dict(drops) for name, drops in data.dropped.items()},
        "history_sessions": HISTORY_SESSIONS,
        "label_definition": labels.DEFINITION,
        "implied_source": implied.SOURCE,
        "libraries": {"numpy": np.__version__, "xgboost": xgb.__version__},
    }


def _date(row: int) -> date:
    return session_table().sessions[row].day
