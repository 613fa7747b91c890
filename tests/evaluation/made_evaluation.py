"""One small evaluation for all tests of reports: drawn rows, a demonstration model, every baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from magic8_ml.evaluation.evaluate import EvaluationConfig, evaluate
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.evaluation.predict_out_of_sample import build_benchmark
from magic8_ml.evaluation.win_baselines import CanonicalStructures
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.training.walk_forward import WalkForwardConfig, folds_of, walk_forward
from tests.evaluation.demo_model import DemoModel
from tests.evaluation.rows import make_rows

PLAN = WalkForwardConfig(training_days=100, refit_days=40)


@dataclass(frozen=True)
class Made:
    """The report of an evaluation and the folder with its log."""

    report: Mapping[str, Any]
    folder: Path


def draw_rows() -> Rows:
    """Draw 210 days of two symbols."""
    return make_rows(210, symbols=("QQQ", "SPY"))


def judge_demo_model(drawn_rows: Rows) -> OutOfSample:
    """Let the demonstration model be judged."""
    folds = folds_of(drawn_rows.day, PLAN)
    forecast = walk_forward(DemoModel(), drawn_rows, folds)
    return build_benchmark(drawn_rows, CanonicalStructures.of(drawn_rows), folds).compare(forecast)


def evaluate_two_designs(drawn_rows: Rows, folder: Path) -> Made:
    """Evaluate two designs."""
    designs = (DemoModel(), DemoModel(name="<twin>"))
    question = EvaluationConfig(designs=designs, plan=PLAN, last=date(2030, 1, 1), demo_rounds=40)
    return Made(evaluate(drawn_rows, question, folder, facts={"symbols": ["QQQ", "SPY"]}).report, folder)
