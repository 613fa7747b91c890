"""``python -m magic8_ml evaluate``: files in; a JSON report, a page and a line per trial out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from magic8_companion.command_line import as_path, day
from magic8_ml.cli.train import EXIT_REFUSED, ProgressBars, symbol_list
from magic8_ml.evaluation.designs import DESIGNS, TRIED_BEFORE
from magic8_ml.evaluation.evaluate import EvaluationConfig, evaluate
from magic8_ml.evaluation.page import evaluation_page
from magic8_ml.evaluation.report import Reported, as_json
from magic8_ml.evaluation.row_table import write_rows
from magic8_ml.evaluation.summary import outcome, summary
from magic8_ml.evaluation.win_baselines import read_rule_scores
from magic8_ml.forecast.training.bar_files import read_bar_folder, read_vix_daily
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.forecast.training.walk_forward import REFIT_DAYS, TRAINING_DAYS, WalkForwardConfig
from magic8_ml.metrics.refusal import TrainingRefused

JSON: Final = "evaluation.json"
PAGE: Final = "evaluation.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``evaluate``."""
    parser.add_argument("--bars-dir", type=as_path, required=True, help="folder of 5-minute bars, parquet or CSV")
    parser.add_argument("--vix", type=as_path, required=True, help="daily VIX file: date, open, high, low, close")
    parser.add_argument("--symbols", type=symbol_list, help="comma-separated; default: every symbol in the folder")
    first = "first day scored, YYYY-MM-DD; default: the last 252 tested days; earlier days teach"
    parser.add_argument("--from", dest="first", type=day, help=first)
    parser.add_argument("--to", dest="last", type=day, help="last day scored, YYYY-MM-DD")
    days = f"days learnt from before the first forecast (default {TRAINING_DAYS})"
    parser.add_argument("--training-days", type=int, default=TRAINING_DAYS, help=days)
    refit = f"days between two fits (default {REFIT_DAYS})"
    parser.add_argument("--refit-days", type=int, default=REFIT_DAYS, help=refit)
    rules = "file of rule scores: symbol, time, Butterfly, Iron_Condor, Vertical"
    parser.add_argument("--rule-scores", type=as_path, help=rules)
    rows = "CSV or parquet file for every probability beside what came"
    parser.add_argument("--rows", type=as_path, help=rows)
    out = f"folder for {JSON}, {PAGE} and trials.jsonl"
    parser.add_argument("--out", type=as_path, required=True, help=out)


def run(options: argparse.Namespace) -> int:
    """Run ``evaluate``; a refusal is one sentence on stderr."""
    try:
        found = _report(options)
        write(found, json_file=options.out / JSON, page_file=options.out / PAGE, rows_file=options.rows)
    except TrainingRefused as refusal:
        print(f"Evaluation refused: {refusal}", file=sys.stderr)
        return EXIT_REFUSED
    print(summary(found.report))
    print(f"\n{outcome(found.report)}\n{options.out / PAGE}")
    return 0


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


def _report(options: argparse.Namespace) -> Reported:
    if options.training_days < 1 or options.refit_days < 1:
        raise TrainingRefused("--training-days and --refit-days must be at least 1")
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingRefused(f"the folder {options.out} cannot be made: {error.strerror}") from error
    folder = read_bar_folder(options.bars_dir, options.symbols)
    for note in folder.notes:
        print(note)
    plan = WalkForwardConfig(training_days=options.training_days, refit_days=options.refit_days)
    question = EvaluationConfig(
        designs=DESIGNS, plan=plan, first=options.first, last=options.last, tried_before=TRIED_BEFORE
    )
    with ProgressBars() as progress:
        data = dataset_of(folder.bars, read_vix_daily(options.vix), progress)
        points = read_rule_scores(options.rule_scores, data.rows) if options.rule_scores else None
        facts = {"symbols": list(data.rows.symbols), "rows": len(data), "days_left_out": data.dropped}
        return evaluate(data.rows, question, options.out, facts=facts, points=points, progress=progress)
