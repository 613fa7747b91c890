"""``python -m magic8_ml verify``: the frozen model on your own bars, offline; 0 passed, 1 failed, 2 refused."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from magic8_companion.command_line import as_path, day, default_ml_path
from magic8_companion.domain.errors import PluginUnavailable
from magic8_ml.cli.evaluate import write
from magic8_ml.cli.train import EXIT_REFUSED, ProgressBars
from magic8_ml.evaluation.external_data import ExternalFormat, read_external_bars, read_external_vix
from magic8_ml.evaluation.report import Reported
from magic8_ml.evaluation.summary import outcome, summary
from magic8_ml.evaluation.verify import verify
from magic8_ml.forecast.model_files import TrainedModel, load_model
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.manifest import MANIFEST
from magic8_ml.registry.reloading import load_champion
from magic8_ml.registry.roles import ROLES

EXIT_FAILED: Final = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``verify``."""
    bars = "5-minute bars: a CSV or parquet file, or a folder of them; open, high, low, close and a time"
    parser.add_argument("--bars", type=as_path, required=True, help=bars)
    vix = "VIX file, daily or intraday: open, high, low, close and a date or time"
    parser.add_argument("--vix", type=as_path, required=True, help=vix)
    first = "first day scored, YYYY-MM-DD; default: the session after the model was frozen"
    parser.add_argument("--from", dest="first", type=day, help=first)
    model = "folder of the model, or one that holds models/ (default: M8C_ML_PATH, else data/ml)"
    parser.add_argument("--model", type=as_path, default=default_ml_path(), help=model)
    parser.add_argument("--json", type=as_path, help="file for the report with its endpoints")
    parser.add_argument("--html", type=as_path, help="file for the page with its plots")
    parser.add_argument("--rows", type=as_path, help="CSV or parquet file for every probability beside what came")
    parser.add_argument("--symbol", help="symbol of a file that does not say its own")
    zone = (
        "zone of times that carry none, such as America/New_York (default: the one that fits the sessions, if one does)"
    )
    parser.add_argument("--timezone", help=zone)
    stamps = "what the time of a bar is (default: its start, unless the bars show that it is their end)"
    parser.add_argument("--stamps", choices=("start", "end"), help=stamps)


def run(options: argparse.Namespace) -> int:
    """Run ``verify``; a refusal is one sentence on stderr."""
    try:
        verified = _verified(options)
        write(verified, json_file=options.json, page_file=options.html, rows_file=options.rows)
    except TrainingRefused as refusal:
        print(f"Verification refused: {refusal}", file=sys.stderr)
        return EXIT_REFUSED
    except PluginUnavailable as refusal:
        print(f"Verification refused: {refusal}; name another with --model, or train one", file=sys.stderr)
        return EXIT_REFUSED
    failed = verified.report["verdict"]["failed"]
    print(summary(verified.report))
    print(f"\n{outcome(verified.report)}")
    return EXIT_FAILED if failed else 0


def load_frozen(folder: Path) -> TrainedModel:
    """Load the champion of a registry, or the single model in a folder; ``models/`` below it is found too.

    Raises
    ------
    PluginUnavailable
        When there is no usable model.
    """
    direct = any((folder / name).exists() for name in (MANIFEST, ROLES))
    return load_champion(folder if direct else folder / "models", load_model).served


def _verified(options: argparse.Namespace) -> Reported:
    model = load_frozen(options.model)
    at_end = None if options.stamps is None else options.stamps == "end"
    reading = ExternalFormat(symbol=options.symbol, timezone=options.timezone, stamped_at_end=at_end)
    bars = read_external_bars(options.bars, reading)
    for note in bars.notes:
        print(note)
    with ProgressBars() as progress:
        data = dataset_of(bars.bars, read_external_vix(options.vix, reading), progress)
        return verify(model, data, first=options.first, progress=progress)
