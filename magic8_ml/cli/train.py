"""``magic8 train``: files in; progress, a stored model and a table out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import click

from magic8_companion.command_line import DAY, DIR, FILE, command, echo, refusal
from magic8_companion.domain.bars import Bars
from magic8_ml.cli.options import bars_options, end_with_input_option, symbols_option
from magic8_ml.cli.progress import ProgressBars
from magic8_ml.evaluation.external_data import read_any_bars
from magic8_ml.evaluation.rule_scores import read_rule_scores
from magic8_ml.forecast.training.bar_files import read_vix_daily
from magic8_ml.forecast.training.report import TrainingReport
from magic8_ml.forecast.training.train import Measuring, train
from magic8_ml.metrics.refusal import TrainingRefused

_RULES = "file of rule scores as evaluate reads it: measures agreement of rules and model, and HIGH at checkpoints"
_CHALLENGE = "also fit the two-stage classifiers on the same days, for comparison; takes much longer"


@command("train", "Fit the 5-minute model on bars and daily VIX rows.")
@bars_options()
@symbols_option
@click.option("--from", "--start-date", "first_day", type=DAY, help="first day to train on, YYYY-MM-DD")
@click.option("--to", "--end-date", "last_day", type=DAY, help="last day to read, YYYY-MM-DD")
@click.option("--out", type=DIR, required=True, help="folder that M8C_ML_PATH names; models/ is written in it")
@click.option("--rule-scores", type=FILE, help=_RULES)
@click.option("--simulated", is_flag=True, help="the bars are simulated; what is measured says so")
@end_with_input_option
@click.option("--challenge", is_flag=True, help=_CHALLENGE)
@click.option("-v", "--verbose", is_flag=True, help="print a line per stage and the table of the report")
def train_command(
    *,
    bars_dir: Path,
    symbols: tuple[str, ...] | None,
    verbose: bool,
    rule_scores: Path | None,
    simulated: bool,
    **asked: Any,  # noqa: ANN401  # the options of run_train
) -> None:
    """Train."""
    points = None if rule_scores is None else partial(read_rule_scores, rule_scores)
    with refusal("Training", TrainingRefused):
        _require_work(asked["first_day"], asked["last_day"], asked["out"])
        folder = read_any_bars(bars_dir, symbols)
        for note in folder.notes:
            echo(note)
        report = run_train(
            folder.bars,
            ProgressBars(one_line=not verbose),
            measuring=Measuring(rule_points=points, is_simulated=simulated),
            **asked,
        )
    echo(report.table() if verbose or asked["challenge"] else report.sentence())


def run_train(
    bars: Mapping[str, Bars],
    shown: ProgressBars,
    *,
    vix_file: Path,
    first_day: date | None,
    last_day: date | None,
    out: Path,
    challenge: bool = False,
    measuring: Measuring = Measuring(),  # noqa: B008  # frozen
) -> TrainingReport:
    """Train and store; raises ``TrainingRefused`` with one sentence when it cannot be done."""
    with shown as progress:
        return train(
            bars,
            read_vix_daily(vix_file),
            out,
            progress,
            first_day=first_day,
            last_day=last_day,
            challenge=challenge,
            measuring=measuring,
        )


def _require_work(first_day: date | None, last_day: date | None, out: Path) -> None:
    # asked before the work, not after it
    if first_day and last_day and first_day > last_day:
        raise TrainingRefused(f"the range is empty: {first_day} is after {last_day}")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise TrainingRefused(f"the model cannot be written into {out}: {error.strerror}") from error
