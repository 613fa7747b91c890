"""The whole evaluation of one model of win probabilities: walk-forward, baselines, exhibit, report, trial log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from magic8_ml.evaluation.trade_baselines import BASELINES
from magic8_ml.evaluation.trade_leakage_demo import ROUNDS, exhibit
from magic8_ml.evaluation.trade_out_of_sample import judge
from magic8_ml.evaluation.trade_report import Context, report_of
from magic8_ml.evaluation.trade_walk_forward import WinModel
from magic8_ml.evaluation.trials import Trial, log_trials
from magic8_ml.forecast.training.progress import Progress, silent
from magic8_ml.forecast.training.walk_forward import WalkForwardConfig, folds_of
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.rows import TradeRows

TITLE: Final = "Win probabilities of trades"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is evaluated: ``model``, beside ``others``, in a walk-forward that goes by ``plan``.

    ``exhibit_rounds``: trees of the exhibit, 0 for none.
    """

    model: WinModel
    plan: WalkForwardConfig
    others: Sequence[WinModel] = ()
    exhibit_rounds: int = ROUNDS


def evaluate_trades(
    rows: TradeRows,
    question: Question,
    out: Path,
    *,
    facts: Mapping[str, Any],
    limits: Sequence[str] = (),
    progress: Progress = silent,
) -> dict[str, Any]:
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
        When too few days are left to learn from, or the model says nothing of any.
    """
    folds = folds_of(rows.day, question.plan)
    if not folds:
        plan = question.plan
        raise TrainingRefused(
            f"{rows.n_days} days with trades are too few: {plan.training_days} teach before the first"
        )
    judged = judge(question.model, rows, folds, others=question.others, progress=progress)
    if not len(judged):
        raise TrainingRefused(f"{judged.model} said nothing of any trade")
    context = Context(
        title=TITLE,
        data=facts,
        protocol={**asdict(question.plan), "baselines": [one.name for one in BASELINES]},
        limits=limits,
        folds=folds,
        exhibit=exhibit(rows, progress, question.exhibit_rounds) if question.exhibit_rounds else (),
    )
    report = report_of(judged, context)
    log = log_trials(out, [_trial(report, rows)])
    report["protocol"]["runs_logged"], report["protocol"]["configurations_tried"] = log.runs, log.configurations
    return report


def _trial(report: Mapping[str, Any], rows: TradeRows) -> Trial:
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
