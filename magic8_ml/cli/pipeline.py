"""``magic8 pipeline``: from raw files to a model that answers, step by step."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from magic8_companion.command_line import DAY, DIR, command, echo
from magic8_ml.cli.check import check
from magic8_ml.cli.ingest import ingest_command
from magic8_ml.cli.options import bars_options, symbols_option
from magic8_ml.cli.train import train_command

ABOUT = """Ingest the Magic8 history (with --raw), train the 5-minute model, and check that it answers.

A step that fails ends it with its sentence.  Exit code 0: done.  1: a step failed.  2: wrong options.
"""


@command("pipeline", ABOUT)
@bars_options()
@symbols_option
@click.option("--to", "--end-date", "last_day", type=DAY, help="last day to read, YYYY-MM-DD")
@click.option("--out", type=DIR, required=True, help="folder that M8C_ML_PATH names; models/ is written in it")
@click.option("--raw", type=DIR, help="folder of the raw Magic8 history; its data set is written into OUT/history")
@click.pass_context
def pipeline_command(
    context: click.Context,
    *,
    bars_dir: Path,
    vix_file: Path,
    symbols: tuple[str, ...] | None,
    last_day: date | None,
    out: Path,
    raw: Path | None,
) -> int | None:
    """Go from step to step."""
    code: int | None = None
    if raw is not None:
        echo("ingest", err=True)
        code = context.invoke(ingest_command, raw=raw, out=out / "history")
    echo("train", err=True)
    context.invoke(train_command, bars_dir=bars_dir, vix_file=vix_file, symbols=symbols, last_day=last_day, out=out)
    echo("check", err=True)
    check(out)
    return code
