"""``python -m magic8_ml train``: files in, a progress display, a stored model and a table out."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, NoReturn, Self

from tqdm import tqdm

from magic8_companion.command_line import as_path, day
from magic8_ml.forecast.training.bar_files import read_bar_folder, read_vix_daily
from magic8_ml.forecast.training.report import TrainingReport
from magic8_ml.forecast.training.train import train
from magic8_ml.metrics.refusal import TrainingRefused

EXIT_REFUSED: Final = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``train``."""
    parser.add_argument("--bars-dir", type=as_path, required=True, help="folder of 5-minute bars, parquet or CSV")
    parser.add_argument("--vix", type=as_path, required=True, help="daily VIX file: date, open, high, low, close")
    parser.add_argument("--symbols", type=symbol_list, help="comma-separated; default: every symbol in the folder")
    parser.add_argument("--start-date", type=day, help="first day learnt from, YYYY-MM-DD")
    parser.add_argument("--end-date", type=day, help="last day looked at, YYYY-MM-DD")
    out = "folder that M8C_ML_PATH names; models/ is written in it"
    parser.add_argument("--out", type=as_path, required=True, help=out)
    challenge = "have the two-stage classifiers predict the same days, for comparison; takes much longer"
    parser.add_argument("--challenge", action="store_true", help=challenge)


def run(options: argparse.Namespace) -> int:
    """Run ``train``; a refusal is one sentence on stderr."""
    try:
        run_train(
            bars_dir=options.bars_dir,
            vix_file=options.vix,
            symbols=options.symbols,
            first_day=options.start_date,
            last_day=options.end_date,
            out=options.out,
            challenge=options.challenge,
        )
    except TrainingRefused as refusal:
        print(f"Training refused: {refusal}", file=sys.stderr)
        return EXIT_REFUSED
    return 0


def symbol_list(text: str) -> tuple[str, ...]:
    """Read a comma-separated list of symbols; raises ``ArgumentTypeError`` when it names none."""
    names = tuple(dict.fromkeys(name.strip().upper() for name in text.split(",") if name.strip()))
    if not names:
        raise argparse.ArgumentTypeError("name at least one symbol")
    return names


def run_train(
    *,
    bars_dir: Path,
    vix_file: Path,
    symbols: tuple[str, ...] | None,
    first_day: date | None,
    last_day: date | None,
    out: Path,
    challenge: bool = False,
) -> TrainingReport:
    """Read, train, print; raises ``TrainingRefused`` with one sentence when it cannot be done."""
    if first_day and last_day and first_day > last_day:
        raise TrainingRefused(f"the range is empty: {first_day} lies after {last_day}")
    _require_writable(out)
    folder = read_bar_folder(bars_dir, symbols)
    for note in folder.notes:
        print(note)
    with ProgressBars() as progress:
        report = train(
            folder.bars,
            read_vix_daily(vix_file),
            out,
            progress,
            first_day=first_day,
            last_day=last_day,
            challenge=challenge,
        )
    print(report.table())
    return report


def _require_writable(out: Path) -> None:
    # asked before the work, not after it
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise TrainingRefused(f"the model cannot be written into {out}: {error.strerror}") from error


class ProgressBars:
    """One tqdm bar per stage: days or fits done, rows so far, rate."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar = _bar("", 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(self, stage: str, done: int, total: int, rows: int) -> None:
        """Show that ``done`` of ``total`` is reached in ``stage``."""
        if stage != self._stage:
            self._bar.close()
            self._stage, self._bar = stage, _bar(stage, total)
        self._bar.set_postfix(rows=rows, refresh=False)
        self._bar.update(done - self._bar.n)


def _bar(stage: str, total: int) -> tqdm[NoReturn]:
    unit = " days" if stage.startswith("features") else " fits"
    return tqdm(total=total, desc=stage, unit=unit, disable=not stage)
