"""``magic8 evaluate``: files in; a JSON report, a page and a line per trial out."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Final

import click

from magic8_companion.command_line import DAY, DIR, FILE, command, echo, refusal
from magic8_ml.cli.options import DAYS, bars_options, require_folder, symbols_option
from magic8_ml.cli.progress import ProgressBars
from magic8_ml.evaluation.designs import DESIGNS, TRIED_BEFORE
from magic8_ml.evaluation.evaluate import EvaluationConfig, evaluate
from magic8_ml.evaluation.external_data import read_any_bars
from magic8_ml.evaluation.page import evaluation_page
from magic8_ml.evaluation.report import Reported, as_json
from magic8_ml.evaluation.row_table import write_rows
from magic8_ml.evaluation.rule_scores import read_rule_scores
from magic8_ml.evaluation.summary import outcome, summary
from magic8_ml.forecast.training.bar_files import read_vix_daily
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.forecast.training.walk_forward import REFIT_DAYS, TRAINING_DAYS, WalkForwardConfig
from magic8_ml.metrics.refusal import TrainingRefused

JSON: Final = "evaluation.json"
PAGE: Final = "evaluation.html"

ABOUT: Final = "Compare the model with every baseline, walking forward by day."
_FIRST: Final = "first day to score, YYYY-MM-DD; default: the last 252 tested days; earlier days are for training"
_TRAINING: Final = "training days before the first forecast"


@command("evaluate", ABOUT)
@bars_options()
@symbols_option
@click.option("--from", "first", type=DAY, help=_FIRST)
@click.option("--to", "last", type=DAY, help="last day to score, YYYY-MM-DD")
@click.option("--training-days", type=DAYS, default=TRAINING_DAYS, show_default=True, help=_TRAINING)
@click.option("--refit-days", type=DAYS, default=REFIT_DAYS, show_default=True, help="days between two fits")
@click.option("--rule-scores", type=FILE, help="file of rule scores: symbol, time, Butterfly, Iron_Condor, Vertical")
@click.option("--rows", "rows_file", type=FILE, help="CSV or parquet file of predicted and realized outcomes")
@click.option("--out", type=DIR, required=True, help=f"folder of {JSON}, {PAGE} and trials.jsonl")
def evaluate_command(*, out: Path, rows_file: Path | None, training_days: int, refit_days: int, **asked: Any) -> None:  # noqa: ANN401  # the options of _report
    """Evaluate."""
    require_folder(out)
    plan = WalkForwardConfig(training_days=training_days, refit_days=refit_days)
    with refusal("Evaluation", TrainingRefused):
        found = _report(out, plan, **asked)
        write(found, json_file=out / JSON, page_file=out / PAGE, rows_file=rows_file)
    echo(f"{summary(found.report)}\n\n{outcome(found.report)}\n{out / PAGE}")


def write(found: Reported, *, json_file: Path | None, page_file: Path | None, rows_file: Path | None) -> None:
    """Write the report as JSON and as a page and the rows behind it as a table, each where a file is named.

    Raises
    ------
    TrainingRefused
        When a file cannot be written.
    """
    try:
        if json_file is not None:
            json_file.parent.mkdir(parents=True, exist_ok=True)
            json_file.write_bytes(as_json(found.report))
        if page_file is not None:
            page_file.parent.mkdir(parents=True, exist_ok=True)
            page_file.write_text(evaluation_page(found.report), encoding="utf-8")
        if rows_file is not None:
            write_rows(found.out_of_sample, rows_file)
    except OSError as error:
        raise TrainingRefused(f"the report cannot be written: {error}") from error


def _report(
    out: Path,
    plan: WalkForwardConfig,
    *,
    bars_dir: Path,
    vix_file: Path,
    symbols: tuple[str, ...] | None,
    first: date | None,
    last: date | None,
    rule_scores: Path | None,
) -> Reported:
    folder = read_any_bars(bars_dir, symbols)
    for note in folder.notes:
        echo(note)
    question = EvaluationConfig(designs=DESIGNS, plan=plan, first=first, last=last, tried_before=TRIED_BEFORE)
    with ProgressBars() as progress:
        data = dataset_of(folder.bars, read_vix_daily(vix_file), progress)
        points = read_rule_scores(rule_scores, data.rows) if rule_scores else None
        facts = {"symbols": list(data.rows.symbols), "rows": len(data), "days_left_out": data.dropped}
        return evaluate(data.rows, question, out, facts=facts, points=points, progress=progress)
