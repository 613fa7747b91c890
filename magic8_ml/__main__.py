"""The plugin's commands: ``python -m magic8_ml train``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

EXIT_REFUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0 done, 2 refused with one sentence on stderr."""
    options = _parser().parse_args(arguments)
    # the libraries of a command are loaded when it is run: --help answers at once
    from magic8_ml.training.command import run_train  # noqa: PLC0415
    from magic8_ml.training.refusal import TrainingRefused  # noqa: PLC0415

    try:
        run_train(
            bars_dir=options.bars_dir,
            vix_file=options.vix,
            symbols=options.symbols,
            first_day=options.start_date,
            last_day=options.end_date,
            out=options.out,
        )
    except TrainingRefused as refusal:
        print(f"Training refused: {refusal}", file=sys.stderr)
        return EXIT_REFUSED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m magic8_ml", description="Magic8 ML: learn and prove.")
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="fit the two-stage model on 5-minute bars and daily VIX rows")
    train.add_argument("--bars-dir", type=Path, required=True, help="folder of 5-minute bars, parquet or CSV")
    train.add_argument("--vix", type=Path, required=True, help="daily VIX file: date, open, high, low, close")
    train.add_argument("--symbols", type=_symbols, help="comma-separated; default: every symbol in the folder")
    train.add_argument("--start-date", type=date.fromisoformat, help="first day learnt from, YYYY-MM-DD")
    train.add_argument("--end-date", type=date.fromisoformat, help="last day looked at, YYYY-MM-DD")
    train.add_argument(
        "--out", type=Path, required=True, help="folder that M8C_ML_PATH names; models/ is written in it"
    )
    return parser


def _symbols(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip().upper() for name in text.split(",") if name.strip()))
    if not names:
        raise argparse.ArgumentTypeError("name at least one symbol")
    return names


if __name__ == "__main__":
    sys.exit(main())
