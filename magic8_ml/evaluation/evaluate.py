"""The whole evaluation: designs side by side in a purged walk-forward, one report, every design logged as a trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Mask
from magic8_companion.domain.measured import MeasuredBlend
from magic8_ml.evaluation.forecast_goals import measure_goals
from magic8_ml.evaluation.goals import ALL
from magic8_ml.evaluation.label_checks import blend_checks
from magic8_ml.evaluation.leakage_demo import ROUNDS, demonstrate_leakage
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.evaluation.plausibility import implausible_results
from magic8_ml.evaluation.predict_out_of_sample import build_benchmark
from magic8_ml.evaluation.report import ReportContext, Reported, fold_map, report_of, span_of
from magic8_ml.evaluation.selection_bias import daily_returns, selection_bias, sharpe_facts
from magic8_ml.evaluation.trials import Trial, TrialLog, log_trials
from magic8_ml.evaluation.win_baselines import RULES, CanonicalStructures
from magic8_ml.forecast.blended_trades import Blending, blended_calls, measure_blend
from magic8_ml.forecast.called_trades import CalledTrades
from magic8_ml.forecast.forecaster import Forecast, Forecaster, Rows
from magic8_ml.forecast.session_table import day_number, session_table
from magic8_ml.forecast.training.walk_forward import Fold, WalkForwardConfig, folds_of, rows_of_folds, walk_forward
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress
from magic8_ml.metrics.refusal import TrainingRefused

TRAILING_DAYS: Final = 252
"""Without dates the last year of tested days is scored; those before only teach."""

NO_RULE_SCORES: Final = (
    "no rule scores were supplied, and the plugin does not know the host's rules (--rule-scores FILE)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationConfig:
    """What is evaluated: ``designs``, the one that ships first, on the days from ``first`` to ``last``.

    ``tried_before`` counts configurations that are in no log; ``demo_rounds`` is the capacity of the classifier that
    shows what a random split pretends.
    """

    designs: Sequence[Forecaster]
    plan: WalkForwardConfig
    first: date | None = None
    last: date | None = None
    tried_before: int = 0
    demo_rounds: int = ROUNDS


def evaluate(
    rows: Rows,
    config: EvaluationConfig,
    out: Path,
    *,
    facts: Mapping[str, Any],
    points: np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None = None,
    progress: ProgressCallback = no_progress,
) -> Reported:
    """Return the report and its rows; trials are appended to the log in ``out``.

    Parameters
    ----------
    rows
        All rows with outcomes, also those that only teach.
    facts
        About the data, shown as they are.
    points
        The rule scorer's points at each row, (n_rows, 3), or None.

    Raises
    ------
    TrainingRefused
        When too few days are left to learn from, or none to score.
    """
    folds = _folds(rows, config.plan)
    structures = CanonicalStructures.of(rows, points)
    forecasts = {design.name: walk_forward(design, rows, folds, progress) for design in config.designs}
    bench = build_benchmark(rows, structures, folds, progress)
    scored = _scored(bench.rows, config)
    each = {name: bench.compare(forecast, _without(forecasts, name))[scored] for name, forecast in forecasts.items()}
    champion = config.designs[0].name
    out_of_sample = each[champion]
    log = _logged(out, rows, config, each)
    tried = log.configurations + config.tried_before
    bias = selection_bias(out_of_sample, {name: one.model for name, one in each.items()}, _sharpes(log), tried)
    blended, blend = _blended(out_of_sample, None if points is None else points[rows_of_folds(rows, folds)][scored])
    context = ReportContext(
        title="Magic8 evaluation",
        model={"name": champion, "settings": settings_of(config.designs[0])},
        data=facts,
        protocol={
            **asdict(config.plan),
            "configurations": tried,
            "tried_before_the_log": config.tried_before,
            "runs": log.runs,
            "final_segment": list(span_of(out_of_sample.rows.day)),
            "final_segment_opened_before": log.opened_before,
            "selection_bias": bias,
            "folds": fold_map(folds),
        },
        trials=log.tried,
        leakage=demonstrate_leakage(rows, structures, config.demo_rounds),
        unavailable={} if points is not None else {RULES: NO_RULE_SCORES},
        warnings=[*implausible_results(out_of_sample, bias["sharpe_daily"]), *_opened_again(log)],
        blend=blend,
        blend_checks=() if blended is None else blend_checks(blended),
    )
    return Reported(report=report_of(out_of_sample, context), out_of_sample=out_of_sample)


def _blended(out_of_sample: OutOfSample, points: Floats | None) -> tuple[CalledTrades | None, MeasuredBlend | None]:
    # what the host's blend would have called at checkpoints, where the points of the rules are known
    if points is None:
        return None, None
    blending, settlement = Blending(), out_of_sample.settlement
    calls = blended_calls(out_of_sample.rows, out_of_sample.model, points, blending, settlement.won)
    if not len(calls):
        return None, None
    return calls, measure_blend(calls, blending)


def _folds(rows: Rows, plan: WalkForwardConfig) -> tuple[Fold, ...]:
    if folds := folds_of(rows.day, plan):
        return folds
    days = len(np.unique(rows.day))
    raise TrainingRefused(
        f"too little history: {days} days have rows, and {plan.training_days} are needed before the first tested one"
    )


def _scored(rows: Rows, config: EvaluationConfig) -> Mask:
    table = session_table()
    first = int(np.searchsorted(table.days, day_number(config.first))) if config.first else 0
    last = len(table.days)
    if config.last is not None:
        last = int(np.searchsorted(table.days, day_number(config.last), side="right")) - 1
    days = np.unique(rows.day[(rows.day >= first) & (rows.day <= last)])
    if not len(days):
        span = " to ".join(span_of(rows.day))
        raise TrainingRefused(f"no day to score between the dates asked for; out-of-fold forecasts exist for {span}")
    return np.isin(rows.day, days if config.first else days[-TRAILING_DAYS:])


def _without(forecasts: Mapping[str, Forecast], name: str) -> dict[str, Forecast]:
    return {other: forecast for other, forecast in forecasts.items() if other != name}


def _logged(out: Path, rows: Rows, config: EvaluationConfig, each: Mapping[str, OutOfSample]) -> TrialLog:
    digest = data_digest(rows)
    trials = []
    for design in config.designs:
        out_of_sample = each[design.name]
        first, last = span_of(out_of_sample.rows.day)
        settings = {**settings_of(design), "plan": asdict(config.plan)}
        figures = {e.goal.name: e.found.value for e in measure_goals(out_of_sample) if e.symbol == ALL}
        figures["sharpe_daily"] = sharpe_facts(daily_returns(out_of_sample))[0]
        trials.append(
            Trial(configuration=design.name, settings=settings, data=digest, first=first, last=last, figures=figures)
        )
    return log_trials(out, trials)


def _sharpes(log: TrialLog) -> list[float]:
    known = (figures.get("sharpe_daily") for figures in log.figures)
    return [value for value in known if value is not None]


def _opened_again(log: TrialLog) -> list[str]:
    if not log.opened_before:
        return []
    times = "once" if log.opened_before == 1 else f"{log.opened_before} times"
    return [f"The final segment has been opened {times} before: its figures are no longer those of untouched data."]


def settings_of(design: object) -> dict[str, Any]:
    """Return the settings of a forecaster as plain values, its name left out."""
    if not is_dataclass(design) or isinstance(design, type):
        return {}
    plain: dict[str, Any] = asdict(design)
    return {name: value for name, value in plain.items() if name != "name"}


def data_digest(rows: Rows) -> str:
    """Return a short digest of the training and test rows."""
    digest = sha256()
    for values in (rows.day, rows.symbol, rows.features, rows.known.realised, rows.known.move):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:16]
