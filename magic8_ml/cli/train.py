"""``magic8 train``: files in; progress, a stored model and a table out."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

import click

from magic8_companion.command_line import DAY, DIR, FILE, command, refusal
from magic8_ml.cli.options import bars_options, symbols_option
from magic8_ml.cli.progress import ProgressBars
from magic8_ml.evaluation.win_baselines import read_rule_scores
from magic8_ml.forecast.training.bar_files import read_bar_folder, read_vix_daily
from magic8_ml.forecast.training.report import TrainingReport
from magic8_ml.forecast.training.train import train
from magic8_ml.metrics.refusal import TrainingRefused

_RULES = "file of rule scores as evaluate reads it: measures what agreement of rules and model has meant"
_CHALLENGE = "also fit the two-stage classifiers on the same days, for comparison; takes much longer"


@command("train", "Fit the 5-minute model on bars and daily VIX rows.")
@bars_options()
@symbols_option
@click.option("--from", "--start-date", "first_day", type=DAY, help="first day to train on, YYYY-MM-DD")
@click.option("--to", "--end-date", "last_day", type=DAY, help="last day to read, YYYY-MM-DD")
@click.option("--out", type=DIR, required=True, help="folder that M8C_ML_PATH names; models/ is written in it")
@click.option("--rule-scores", type=FILE, help=_RULES)
@click.option("--challenge", is_flag=True, help=_CHALLENGE)
def train_command(
    *,
    bars_dir: Path,
    vix_file: Path,
    symbols: tuple[str, ...] | None,
    first_day: date | None,
    last_day: date | None,
    out: Path,
    rule_scores: Path | None,
    challenge: bool,
) -> None:
    """Train."""
    with refusal("Training", TrainingRefused):
        run_train(
            bars_dir=bars_dir,
            vix_file=vix_file,
            symbols=symbols,
            first_day=first_day,
            last_day=last_day,
            out=out,
            rule_scores=rule_scores,
            challenge=challenge,
        )


def run_train(
    *,
    bars_dir: Path,
    vix_file: Path,
    symbols: tuple[str, ...] | None,
    first_day: date | None,
    last_day: date | None,
    out: Path,
    rule_scores: Path | None = None,
    challenge: bool = False,
) -> TrainingReport:
    """Read, train, print; raises ``TrainingRefused`` with one sentence when it cannot be done."""
    if first_day and last_day and first_day > last_day:
        raise TrainingRefused(f"the range is empty: {first_day} is after {last_day}")
    _require_writable(out)
    folder = read_bar_folder(bars_dir, symbols)
    for note in folder.notes:
        click.echo(note)
    with ProgressBars() as progress:
        report = train(
            folder.bars,
            read_vix_daily(vix_file),
            out,
            progress,
            first_day=first_day,
            last_day=last_day,
            challenge=challenge,
            rule_points=None if rule_scores is None else partial(read_rule_scores, rule_scores),
        )
    click.echo(report.table())
    return report


def _require_writable(out: Path) -> None:
    # asked before the work, not after it
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise TrainingRefused(f"the model cannot be written into {out}: {error.strerror}") from error
