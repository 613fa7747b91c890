"""The whole evaluation of one model of win probabilities: walk-forward, baselines, leakage demo, report, trial log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from magic8_ml.evaluation.records import TradeReport
from magic8_ml.evaluation.trade_baselines import BASELINES
from magic8_ml.evaluation.trade_leakage_demo import ROUNDS, demonstrate_trade_leakage
from magic8_ml.evaluation.trade_out_of_sample import predict_trades_out_of_sample
from magic8_ml.evaluation.trade_report import TradeReportContext, report_of
from magic8_ml.evaluation.trade_walk_forward import WinEstimator
from magic8_ml.evaluation.trials import Trial, log_trials
from magic8_ml.forecast.training.walk_forward import WalkForwardConfig, folds_of
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.rows import TradeRows

TITLE: Final = "Win probabilities of trades"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeEvaluationConfig:
    """What is evaluated: ``model`` and ``others``, in a walk-forward by ``plan``.

    ``demo_rounds``: trees of the leakage demo, 0 for none.
    """

    model: WinEstimator
    plan: WalkForwardConfig
    others: Sequence[WinEstimator] = ()
    demo_rounds: int = ROUNDS


def evaluate_trades(
    rows: TradeRows,
    config: TradeEvaluationConfig,
    out: Path,
    *,
    facts: Mapping[str, Any],
    limits: Sequence[str] = (),
    progress: ProgressCallback = no_progress,
) -> TradeReport:
    """Return the report; the run is appended to the trial log in ``out``.

    Parameters
    ----------
    rows
        Labelled trades in the order of time, also those of days that only teach.
    facts
        About the data, shown as they are.

    Raises
    ------
    TrainingRefused
        When too few training days are left, or the model predicts none.
    """
    folds = folds_of(rows.day, config.plan)
    if not folds:
        plan = config.plan
        raise TrainingRefused(
            f"{rows.n_days} days with trades are too few: {plan.training_days} teach before the first"
        )
    out_of_sample = predict_trades_out_of_sample(config.model, rows, folds, others=config.others, progress=progress)
    if not len(out_of_sample):
        raise TrainingRefused(f"{out_of_sample.model} said nothing of any trade")
    context = TradeReportContext(
        title=TITLE,
        data=facts,
        protocol={**asdict(config.plan), "baselines": [one.name for one in BASELINES]},
        limits=limits,
        folds=folds,
        leakage=demonstrate_trade_leakage(rows, progress, config.demo_rounds) if config.demo_rounds else (),
    )
    report = report_of(out_of_sample, context)
    log = log_trials(out, [_trial(report, rows)])
    report["protocol"]["runs_logged"], report["protocol"]["configurations_tried"] = log.runs, log.configurations
    return report


def _trial(report: TradeReport, rows: TradeRows) -> Trial:
    digest = sha256(rows.features.tobytes() + rows.won.tobytes()).hexdigest()
    protocol = report["protocol"]
    return Trial(
        configuration=report["model"]["name"],
        settings={name: protocol[name] for name in ("training_days", "refit_days", "embargo_days")},
        data=digest[:16],
        first=report["scored"]["first"],
        last=report["scored"]["last"],
        figures={goal["name"]: goal["value"] for goal in report["goals"]},
    )
