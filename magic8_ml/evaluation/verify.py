"""The frozen model on bars of somebody else: the same figures, baselines and goals as in the evaluation.

The model is not touched.  The baselines learn from the outsider's own earlier days; until there are enough of them the
model is compared with prices alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Integers, Mask
from magic8_companion.domain.trading_day import next_session
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.evaluation.plausibility import implausible_results
from magic8_ml.evaluation.predict_out_of_sample import build_benchmark, with_earlier_rows
from magic8_ml.evaluation.report import ReportContext, Reported, fold_map, report_of
from magic8_ml.evaluation.selection_bias import daily_returns, sharpe_facts
from magic8_ml.evaluation.win_baselines import RULES, CanonicalStructures
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES, OPTIONAL
from magic8_ml.forecast.forecaster import Forecast, Rows
from magic8_ml.forecast.model_files import TrainedModel
from magic8_ml.forecast.session_table import day_number, session_table
from magic8_ml.forecast.symbol_families import family_of
from magic8_ml.forecast.training.dataset import Dataset, describe_dropped
from magic8_ml.forecast.training.walk_forward import EMBARGO_DAYS, REFIT_DAYS, Fold, rows_of_folds
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.validity import valid_until

_NAMED: Final = 3

BASELINE_DAYS: Final = 60
"""Days of the outsider that the baselines learn from before they answer."""


def verify(
    model: TrainedModel,
    data: Dataset,
    *,
    first: date | None,
    not_before: date | None = None,
    baseline_days: int = BASELINE_DAYS,
    progress: ProgressCallback = no_progress,
) -> Reported:
    """Score the model on the rows of a data set, by default from the session after its freeze on.

    Days before ``not_before`` are history alone, whatever ``first`` is.

    Raises
    ------
    TrainingRefused
        When no day is left to score; the sentence says why.
    """
    rows, frozen = data.rows, date.fromisoformat(str(model.manifest["last_day"]))
    start = max(first or next_session(frozen).day, not_before or date.min)
    folds = _folds(data, start, frozen, baseline_days)
    structures, tested = CanonicalStructures.of(rows), rows.day >= _position(start)
    uncovered = tested & ~rows_of_folds(rows, folds)
    trained = build_benchmark(rows, structures, folds, progress)
    bench = with_earlier_rows(trained, rows[uncovered], structures[uncovered]) if uncovered.any() else trained
    out_of_sample = bench.compare(forecast_as_served(model, bench.rows))
    sharpe = sharpe_facts(daily_returns(out_of_sample))[0]
    context = ReportContext(
        title="Magic8 verification",
        is_frozen=True,
        model=_model_facts(model),
        data={"symbols": list(rows.symbols), "rows": len(data), "days_left_out": data.dropped},
        protocol={
            "scored_from": start.isoformat(),
            "frozen": frozen.isoformat(),
            "baseline_days": baseline_days,
            "baselines_refit_days": REFIT_DAYS,
            "embargo_days": EMBARGO_DAYS,
            "folds": fold_map(folds),
        },
        unavailable={RULES: "the plugin does not know the host's rules"},
        warnings=[
            *implausible_results(out_of_sample, sharpe),
            *_warnings(model, out_of_sample, frozen),
            *_uncovered_note(rows.day[uncovered]),
        ],
    )
    return Reported(report=report_of(out_of_sample, context), out_of_sample=out_of_sample)


def forecast_as_served(model: TrainedModel, rows: Rows) -> Forecast:
    """Forecast rows as they would be served: without a call for what the model never saw the like of."""
    forecast = model.forecaster.predict(rows.without_outcomes())
    return replace(forecast, chosen=np.where(_strange(model, rows), -1, forecast.chosen))


def _strange(model: TrainedModel, rows: Rows) -> Mask:
    outside = np.array([bool(offenders) for offenders in _offenders(model, rows)], dtype=np.bool_)
    return outside | np.isin(rows.symbol, _strangers(model, rows))


def _strangers(model: TrainedModel, rows: Rows) -> list[int]:
    return [n for n, name in enumerate(rows.symbols) if not family_of(name) & set(model.symbols)]


def _offenders(model: TrainedModel, rows: Rows) -> list[tuple[str, ...]]:
    return [model.bounds.offenders(row, FEATURE_NAMES, OPTIONAL) for row in rows.features]


def _folds(data: Dataset, start: date, frozen: date, baseline_days: int) -> tuple[Fold, ...]:
    unique = np.unique(data.rows.day)
    first_scored = int(np.searchsorted(unique, _position(start)))
    begin = max(first_scored, baseline_days + EMBARGO_DAYS)
    folds = tuple(
        Fold(train=unique[: at - EMBARGO_DAYS], test=unique[at : at + REFIT_DAYS])
        for at in range(begin, len(unique), REFIT_DAYS)
    )
    if folds:
        return folds
    if first_scored == len(unique) and len(unique):
        last = session_table().sessions[int(unique[-1])].day
        raise TrainingRefused(
            f"the bars end on {last}, and days are scored from {start} on; the model was frozen with data to {frozen}."
            " Earlier days are no test of it: if they are to be scored all the same, say --from DATE"
        )
    raise TrainingRefused(
        f"{len(unique)} days can be used and the baselines need {baseline_days} of them before they answer; give older"
        f" bars too (a day needs 15 complete sessions before it, and its class 60; {describe_dropped(data.dropped)})"
    )


def _position(day: date) -> int:
    return int(np.searchsorted(session_table().days, day_number(day)))


def _warnings(model: TrainedModel, out_of_sample: OutOfSample, frozen: date) -> list[str]:
    rows, days = out_of_sample.rows, np.unique(out_of_sample.rows.day)
    early = int((days <= _position(frozen)).sum())
    found = []
    if early:
        found.append(
            f"{early} of {len(days)} scored days are not after the freeze of {frozen}: the model may have been trained"
            " on them, or its design may have been chosen on them."
        )
    expiry = valid_until(model.manifest)
    if late := int((days > _position(expiry)).sum()):
        found.append(
            f"{late} of {len(days)} scored days come after {expiry}, the last session that this model may serve:"
            " in service it abstains there."
        )
    strangers = _strangers(model, rows)
    found += [
        f"{rows.symbols[n]} was never trained: it gets forecasts, but no calls; in service the model abstains on it"
        f" (trained: {', '.join(model.symbols)}; --symbol renames what was taken from a file's name)."
        for n in strangers
    ]
    return found + _never_seen(_offenders(model, rows[~np.isin(rows.symbol, strangers)]))


def _never_seen(offenders: Sequence[tuple[str, ...]]) -> list[str]:
    silent = sum(bool(names) for names in offenders)
    if not silent:
        return []
    worst = Counter(name for names in offenders for name in names).most_common(_NAMED)
    features = ", ".join(f"{name} ({count})" for name, count in worst)
    return [f"{silent} of {len(offenders)} forecasts get no call, as in service: never seen like this: {features}."]


def _uncovered_note(days: Integers) -> list[str]:
    if not len(days):
        return []
    count = len(np.unique(days))
    return [f"On the first {count} scored days only prices are compared with: the other baselines need earlier bars."]


def _model_facts(model: TrainedModel) -> dict[str, Any]:
    manifest = model.manifest
    keep = ("last_day", "first_day", "symbols", "feature_digest", "files")
    return {"name": model.version, "version": model.version, **{key: manifest.get(key) for key in keep}}
