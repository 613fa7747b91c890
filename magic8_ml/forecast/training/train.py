"""From bars to a stored model: data set, audit, walk-forward, final fit, report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import xgboost as xgb

from magic8_companion.domain.arrays import Floats, Mask
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.measured import MEASURED, Measured
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.forecast import labels
from magic8_ml.forecast import variance as implied
from magic8_ml.forecast.blended_trades import Blending, blended_calls, measure_blend
from magic8_ml.forecast.called_trades import CalledTrades, measure_agreement, measure_high
from magic8_ml.forecast.day_history import HISTORY_SESSIONS
from magic8_ml.forecast.distribution_forecaster import DistributionForecaster, FittedDistribution
from magic8_ml.forecast.feature_bounds import Bounds
from magic8_ml.forecast.feature_catalogue import FeatureTable, feature_matrix
from magic8_ml.forecast.forecaster import Forecast, Past, Rows
from magic8_ml.forecast.labels import REGIMES
from magic8_ml.forecast.model_files import save_model
from magic8_ml.forecast.session_table import day_number, session_table
from magic8_ml.forecast.training.base_rate_check import check_base_rates
from magic8_ml.forecast.training.dataset import Dataset, dataset_of, describe_dropped
from magic8_ml.forecast.training.passport import passport_parts, prove_features
from magic8_ml.forecast.training.report import TrainingReport
from magic8_ml.forecast.training.walk_forward import Fold, WalkForwardConfig, folds_of, rows_of_folds, walk_forward
from magic8_ml.forecast.training.walk_forward_scores import WalkForwardEvaluation, evaluate
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress, reproducible
from magic8_ml.forecast.two_stage import TwoStageForecaster
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.versions import VERSIONS, Registry, add_version

RulePoints = Callable[[Rows], Floats]
"""The points of the rules at rows, (n_rows, 3), NaN where unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """What else is measured on the unseen days, and whether they are of a simulated market.

    With ``rule_points`` the agreement of rules and model and HIGH of their blend are measured.
    """

    rule_points: RulePoints | None = None
    is_simulated: bool = False


MODEL_FOLDER: Final = "models"
MIN_LABELLED_DAYS: Final = 100
WARM_UP_SESSIONS: Final = 75
"""Complete sessions before a symbol's first label: 15 days of history, then 60 of reference."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingRun:
    """A model before it is stored: its data, its out-of-fold forecasts and scores, its parts and its passport.

    ``test`` marks the rows of ``data`` that ``forecast`` covers.
    """

    data: Dataset
    folds: tuple[Fold, ...]
    test: Mask
    forecast: Forecast
    evaluation: WalkForwardEvaluation
    forecaster: FittedDistribution
    bounds: Bounds
    passport: Mapping[str, Any]
    measured: Measured

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
            "reference_days": dict(self.forecaster.references.days),
            "edge_slopes": {name: slope._asdict() for name, slope in slopes},
            "evaluation": asdict(self.evaluation),
            MEASURED: self.measured.as_json(),
            "libraries": {"numpy": np.__version__, "xgboost": xgb.__version__},
        }


@reproducible
def fit_model(
    bars: Mapping[str, Bars],
    vix_daily: Bars,
    progress: ProgressCallback = no_progress,
    *,
    first_day: date | None = None,
    last_day: date | None = None,
    challenge: bool = False,
    table: FeatureTable = feature_matrix,
    measuring: Measuring = Measuring(),  # frozen
) -> TrainingRun:
    """Fit a model on 5-minute bars per symbol and daily VIX rows, stamped 00:00 UTC of their trading date.

    ``first_day`` and ``last_day`` limit the training rows: earlier bars serve as history, later bars are ignored.
    ``challenge`` also lets the two-stage classifiers predict the same rows, for the report.  ``measuring``
    adds to what the manifest says of HIGH.

    Raises
    ------
    TrainingRefused
        When the data cannot support a model, the model is worse than the base rates in its walk-forward, or a canary
        fails: a feature or a skill uses the future.
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
    folds = _require_enough_data(whole, rows)
    proof = prove_features(known, vix_daily, rows, table=table, build=build)
    forecaster = DistributionForecaster()
    test = rows_of_folds(rows, folds)
    read = measuring.rule_points
    points = None if read is None else read(rows[test])  # a file that cannot be used ends it here
    forecast = walk_forward(forecaster, rows, folds, progress)
    check_base_rates(rows, test, folds, forecast)
    measured = replace(_measured(rows[test], forecast, points), is_simulated=measuring.is_simulated)
    other = walk_forward(TwoStageForecaster(), rows, folds, progress) if challenge else None
    fitted = forecaster.fit(rows, Past(rows=rows[test], forecast=forecast))
    progress("final fit", 1, 1, len(rows))
    passport = passport_parts(
        proof, bars=known, vix_daily=vix_daily, rows=rows, folds=folds, forecaster=forecaster, fitted=fitted
    )
    return TrainingRun(
        data=Dataset(rows=rows, dropped=whole.dropped),
        folds=folds,
        test=test,
        forecast=forecast,
        evaluation=evaluate(rows, test, folds, forecast, other),
        forecaster=fitted,
        bounds=Bounds.of(rows.features),
        passport=passport,
        measured=measured,
    )


def _measured(rows: Rows, forecast: Forecast, points: Floats | None) -> Measured:
    # on forecasts made before their day, by models of earlier days: unseen by whoever called
    high = measure_high(CalledTrades.settle(rows, forecast))
    if points is None:
        return Measured(high=high)
    blending = Blending()
    blend = measure_blend(blended_calls(rows, forecast, points, blending), blending)
    return Measured(high=high, agreement=measure_agreement(rows, forecast, points), blend=blend)


def store_model(run: TrainingRun, folder: Path) -> str:
    """Add the model to the registry in ``folder`` as a version that does not serve yet; return its name."""

    def write(fresh: Path) -> None:
        save_model(fresh, run.forecaster, run.bounds, run.facts())

    return add_version(folder, write, run.passport)


def train(
    bars: Mapping[str, Bars],
    vix_daily: Bars,
    out: Path,
    progress: ProgressCallback = no_progress,
    *,
    first_day: date | None = None,
    last_day: date | None = None,
    challenge: bool = False,
    measuring: Measuring = Measuring(),  # frozen
) -> TrainingReport:
    """Fit a model (see :func:`fit_model`) and make it champion of ``out/models``; a refused model is not written."""
    run = fit_model(
        bars,
        vix_daily,
        progress,
        first_day=first_day,
        last_day=last_day,
        challenge=challenge,
        measuring=measuring,
    )
    facts = run.facts()
    version = store_model(run, out / MODEL_FOLDER)
    Registry(out / MODEL_FOLDER).promote(version, "trained")
    rows = run.data.rows
    return TrainingReport(
        folder=out / MODEL_FOLDER / VERSIONS / version,
        model_version=version,
        symbols=rows.symbols,
        first_day=date.fromisoformat(facts["first_day"]),
        last_day=date.fromisoformat(facts["last_day"]),
        rows=len(rows),
        days=len(np.unique(rows.day)),
        dropped=run.data.dropped,
        evaluation=run.evaluation,
        measured=run.measured,
        slopes=dict(zip(BASE_STRATEGIES, run.forecaster.odds.slopes, strict=True)),
        abstains=not run.forecaster.terciles.are_known,
    )


def _until(series: Bars, last_day: date | None) -> Bars:
    if last_day is None:
        return series
    table = session_table()
    after = int(np.searchsorted(table.days, day_number(last_day), side="right"))
    return series if after == len(table.days) else series[: int(np.searchsorted(series.starts, table.opens[after]))]


def _first_row(first_day: date | None) -> int:
    return 0 if first_day is None else int(np.searchsorted(session_table().days, day_number(first_day)))


def _require_enough_data(whole: Dataset, rows: Rows) -> tuple[Fold, ...]:
    if not len(whole.rows):
        stamps = "a full day has a bar at each of 09:30, 09:35 .. 15:55 New York, the time at which it begins"
        raise TrainingRefused(f"no day can be used for training ({describe_dropped(whole.dropped)}); {stamps}")
    labelled = rows[rows.labelled]
    if (days := len(np.unique(labelled.day))) < MIN_LABELLED_DAYS:
        raise TrainingRefused(
            f"too little history: {days} labelled days, need {MIN_LABELLED_DAYS}; the first {WARM_UP_SESSIONS} complete"
            f" sessions of a symbol only serve as reference ({describe_dropped(whole.dropped)})"
        )
    for stage, classes in (("direction", labelled.direction), ("volatility", labelled.regime)):
        if len(np.unique(classes)) < len(REGIMES):
            raise TrainingRefused(f"the {stage} labels do not contain all three classes")
    return folds_of(rows.day, WalkForwardConfig.of(rows.day))


def _text(row: int) -> str:
    return session_table().sessions[row].day.isoformat()
