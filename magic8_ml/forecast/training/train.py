"""From bars to a stored model: data set, audit, walk-forward, final fit, report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import xgboost as xgb

from magic8_companion.domain.arrays import Mask
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.forecast import implied_variance as implied
from magic8_ml.forecast import labels
from magic8_ml.forecast.day_history import HISTORY_SESSIONS
from magic8_ml.forecast.distribution_forecaster import DistributionForecaster, FittedDistribution
from magic8_ml.forecast.feature_bounds import Bounds
from magic8_ml.forecast.feature_table import FeatureTable, feature_matrix
from magic8_ml.forecast.forecaster import Forecast, Past, Rows
from magic8_ml.forecast.model_files import save_model
from magic8_ml.forecast.session_table import day_number, session_table
from magic8_ml.forecast.strategy_view import REGIMES
from magic8_ml.forecast.training.dataset import Dataset, dataset_of, left_out
from magic8_ml.forecast.training.passport import passport_parts, prove_features
from magic8_ml.forecast.training.progress import Progress, silent
from magic8_ml.forecast.training.report import TrainingReport
from magic8_ml.forecast.training.walk_forward import Fold, WalkForwardConfig, folds_of, rows_of_folds, walk_forward
from magic8_ml.forecast.training.walk_forward_scores import Evaluation, evaluate
from magic8_ml.forecast.two_stage import TwoStageForecaster
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.versions import VERSIONS, Registry, add_version

MODEL_FOLDER: Final = "models"
MIN_LABELLED_DAYS: Final = 100
WARM_UP_SESSIONS: Final = 75
"""Complete sessions before a symbol's first label: 15 days of history, then 60 of reference."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learnt:
    """A model before it is stored: what it learnt from, how it did out of fold, itself, and its passport.

    ``tested`` marks the rows of ``data`` that ``forecast`` speaks of.
    """

    data: Dataset
    folds: tuple[Fold, ...]
    tested: Mask
    forecast: Forecast
    evaluation: Evaluation
    forecaster: FittedDistribution
    bounds: Bounds
    passport: Mapping[str, Any]

    def facts(self) -> dict[str, Any]:
        """Return the JSON-able facts of the training, for the manifest."""
        rows = self.data.rows
        labelled = rows.labelled
        days = {name: len(np.unique(rows.day[labelled & (rows.symbol == n)])) for n, name in enumerate(rows.symbols)}
        slopes = zip(BASE_STRATEGIES, self.forecaster.odds.slopes, strict=True)
        return {
            "symbols": list(rows.symbols),
            "first_day": _text(int(rows.day.min())),
            "last_day": _text(int(rows.day.max())),
            "rows": len(rows),
            "labelled_days": days,
            "dropped_days": {name: dict(drops) for name, drops in self.data.dropped.items()},
            "history_sessions": HISTORY_SESSIONS,
            "label_definition": labels.DEFINITION,
            "implied_source": implied.SOURCE,
            "edge_slopes": {name: slope._asdict() for name, slope in slopes},
            "evaluation": asdict(self.evaluation),
            "libraries": {"numpy": np.__version__, "xgboost": xgb.__version__},
        }


def learn(
    bars: Mapping[str, Bars],
    vix_daily: Bars,
    progress: Progress = silent,
    *,
    first_day: date | None = None,
    last_day: date | None = None,
    challenge: bool = False,
    table: FeatureTable = feature_matrix,
) -> Learnt:
    """Learn a model from 5-minute bars per symbol and daily VIX rows, stamped 00:00 UTC of their trading date.

    ``first_day`` and ``last_day`` limit the rows learnt from: earlier bars serve as history, later ones are never
    looked at.  ``challenge`` has the two-stage classifiers predict the same rows, for the report.

    Raises
    ------
    TrainingRefused
        When the data cannot carry a model, or a canary fell silent: a feature or a skill knows the future.
    """
    if not bars:
        raise TrainingRefused("no symbol is given")
    known = {symbol: _until(series, last_day) for symbol, series in bars.items()}
    first = _first_row(first_day)

    def build(other_bars: Mapping[str, Bars], other_vix: Bars) -> Rows:
        made = dataset_of(other_bars, other_vix, table=table).rows
        return made[made.day >= first]

    whole = dataset_of(known, vix_daily, progress, table)
    rows = whole.rows[whole.rows.day >= first]
    folds = _require_learnable(whole, rows)
    proof = prove_features(known, vix_daily, rows, table=table, build=build)
    forecaster = DistributionForecaster()
    tested = rows_of_folds(rows, folds)
    forecast = walk_forward(forecaster, rows, folds, progress)
    other = walk_forward(TwoStageForecaster(), rows, folds, progress) if challenge else None
    fitted = forecaster.fit(rows, Past(rows=rows[tested], forecast=forecast))
    progress("final fit", 1, 1, len(rows))
    passport = passport_parts(
        proof, bars=known, vix_daily=vix_daily, rows=rows, folds=folds, forecaster=forecaster, fitted=fitted
    )
    return Learnt(
        data=Dataset(rows=rows, dropped=whole.dropped),
        folds=folds,
        tested=tested,
        forecast=forecast,
        evaluation=evaluate(rows, tested, folds, forecast, other),
        forecaster=fitted,
        bounds=Bounds.of(rows.features),
        passport=passport,
    )


def store(learnt: Learnt, folder: Path) -> str:
    """Keep what was learnt as a version of the registry in ``folder``, serving nobody yet; return its name."""

    def write(fresh: Path) -> None:
        save_model(fresh, learnt.forecaster, learnt.bounds, learnt.facts())

    return add_version(folder, write, learnt.passport)


def train(
    bars: Mapping[str, Bars],
    vix_daily: Bars,
    out: Path,
    progress: Progress = silent,
    *,
    first_day: date | None = None,
    last_day: date | None = None,
    challenge: bool = False,
) -> TrainingReport:
    """Learn a model (see :func:`learn`) and make it champion of ``out/models``; a refused one is not even written."""
    learnt = learn(bars, vix_daily, progress, first_day=first_day, last_day=last_day, challenge=challenge)
    facts = learnt.facts()
    version = store(learnt, out / MODEL_FOLDER)
    Registry(out / MODEL_FOLDER).promote(version, "trained")
    rows = learnt.data.rows
    return TrainingReport(
        folder=out / MODEL_FOLDER / VERSIONS / version,
        model_version=version,
        symbols=rows.symbols,
        first_day=date.fromisoformat(facts["first_day"]),
        last_day=date.fromisoformat(facts["last_day"]),
        rows=len(rows),
        days=len(np.unique(rows.day)),
        dropped=learnt.data.dropped,
        evaluation=learnt.evaluation,
        slopes=dict(zip(BASE_STRATEGIES, learnt.forecaster.odds.slopes, strict=True)),
        abstains=not learnt.forecaster.terciles.are_known,
    )


def _until(series: Bars, last_day: date | None) -> Bars:
    if last_day is None:
        return series
    table = session_table()
    after = int(np.searchsorted(table.days, day_number(last_day), side="right"))
    return series if after == len(table.days) else series[: int(np.searchsorted(series.starts, table.opens[after]))]


def _first_row(first_day: date | None) -> int:
    return 0 if first_day is None else int(np.searchsorted(session_table().days, day_number(first_day)))


def _require_learnable(whole: Dataset, rows: Rows) -> tuple[Fold, ...]:
    if not len(whole.rows):
        stamps = "a full day has a bar at each of 09:30, 09:35 .. 15:55 New York, the time at which it begins"
        raise TrainingRefused(f"no day can be learnt from ({left_out(whole.dropped)}); {stamps}")
    labelled = rows[rows.labelled]
    if (days := len(np.unique(labelled.day))) < MIN_LABELLED_DAYS:
        raise TrainingRefused(
            f"too little history: {days} labelled days, need {MIN_LABELLED_DAYS}; the first {WARM_UP_SESSIONS} complete"
            f" sessions of a symbol only serve as reference ({left_out(whole.dropped)})"
        )
    for stage, classes in (("direction", labelled.direction), ("volatility", labelled.regime)):
        if len(np.unique(classes)) < len(REGIMES):
            raise TrainingRefused(f"the {stage} labels do not hold all three classes: there is nothing to tell apart")
    return folds_of(rows.day, WalkForwardConfig.of(rows.day))


def _text(row: int) -> str:
    return session_table().sessions[row].day.isoformat()
