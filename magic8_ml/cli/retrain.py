"""``python -m magic8_ml retrain``: learn again at low priority, and promote the new version if it is not worse."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

import orjson

from magic8_companion.command_line import as_path, day
from magic8_ml.cli.train import EXIT_REFUSED, ProgressBars, symbol_list
from magic8_ml.forecast.training.bar_files import read_bar_folder, read_vix_daily
from magic8_ml.forecast.training.priority import give_way
from magic8_ml.forecast.training.retrain import Retrained, retrain, sessions_unseen
from magic8_ml.metrics.refusal import TrainingRefused


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``retrain``."""
    parser.add_argument("--bars-dir", type=as_path, required=True, help="folder of 5-minute bars, parquet or CSV")
    parser.add_argument("--vix", type=as_path, required=True, help="daily VIX file: date, open, high, low, close")
    parser.add_argument("--symbols", type=symbol_list, help="comma-separated; default: every symbol in the folder")
    parser.add_argument("--start-date", type=day, help="first day learnt from, YYYY-MM-DD")
    out = "folder that M8C_ML_PATH names; the new version is added to its models/"
    parser.add_argument("--out", type=as_path, required=True, help=out)
    age = "do nothing while the champion lacks fewer sessions of the data than this (default 1)"
    parser.add_argument("--if-older-than-sessions", type=int, default=1, metavar="N", help=age)
    parser.add_argument("--json", action="store_true", help="print the decision as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Run ``retrain``; a refusal is one sentence on stderr."""
    give_way()
    try:
        text = _run(options)
    except TrainingRefused as refusal:
        print(f"Retraining refused: {refusal}", file=sys.stderr)
        return EXIT_REFUSED
    print(text)
    return 0


def _run(options: argparse.Namespace) -> str:
    bars = read_bar_folder(options.bars_dir, options.symbols).bars
    unseen = sessions_unseen(bars, options.out)
    if unseen is not None and unseen < options.if_older_than_sessions:
        return _text(None, f"the champion lacks {unseen} sessions of the data: nothing to do", as_json=options.json)
    with ProgressBars() as progress:
        found = retrain(bars, read_vix_daily(options.vix), options.out, progress, first_day=options.start_date)
    moved = "is champion now" if found.promoted else "stays challenger"
    return _text(found, f"{found.version} {moved}: {found.why}", as_json=options.json)


def _text(found: Retrained | None, sentence: str, *, as_json: bool) -> str:
    if not as_json:
        return sentence
    facts = {"version": None, "promoted": False, "why": sentence} if found is None else asdict(found)
    return orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode()
