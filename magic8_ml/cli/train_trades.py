"""``python -m magic8_ml train-trades``: a history or a ledger in, all models of win probabilities and a table out."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from magic8_companion.command_line import as_path
from magic8_ml.cli.train import ProgressBars
from magic8_ml.forecast.training.progress import Progress
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.dataset import MarketFiles, TradeData, history_data, ledger_data
from magic8_ml.trades.sample import sample_of
from magic8_ml.trades.training.audit import audit_features
from magic8_ml.trades.training.fit import LearntWins, learn_wins
from magic8_ml.trades.training.out_of_fold_scores import figures_of
from magic8_ml.trades.training.store import WIN_MODEL_FOLDER, store
from magic8_ml.trades.training.tree_tasks import on_dask, on_workers

EXIT_REFUSED: Final = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``train-trades``."""
    trades = parser.add_mutually_exclusive_group(required=True)
    trades.add_argument("--history", type=as_path, help="folder that ingest wrote: the Magic8 history")
    trades.add_argument("--ledger", type=as_path, help="folder that ledger wrote: simulated trades")
    parser.add_argument("--bars-dir", type=as_path, help="folder of 5-minute bars, parquet or CSV: market features")
    parser.add_argument("--vix", type=as_path, help="daily VIX file: date, open, high, low, close")
    no_forecasts = "leave the forecast distribution out: much faster, one member less"
    parser.add_argument("--no-forecasts", action="store_true", help=no_forecasts)
    out = "folder that M8C_ML_PATH names; win_models/ is written in it"
    parser.add_argument("--out", type=as_path, required=True, help=out)
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes; default: one per core")
    who.add_argument("--dask", metavar="ADDRESS", help="Dask scheduler instead, such as tcp://10.0.0.5:8786")


def run(options: argparse.Namespace) -> int:
    """Run ``train-trades``; a refusal is one sentence on stderr."""
    run_by = on_workers(options.workers) if options.dask is None else on_dask(options.dask)
    try:
        with ProgressBars() as progress:
            data, source = _read(options, progress)
            sample = sample_of(data.rows)
            audit = audit_features(data, sample.names)
            learnt = learn_wins(sample, run_by, progress=progress)
            version = store(learnt, options.out, source, audit)
    except TrainingRefused as refusal:
        print(f"Training refused: {refusal}", file=sys.stderr)
        return EXIT_REFUSED
    print(_table(learnt, data))
    for limit in _limits(options.ledger):
        print(f"- {limit}")
    print(f"written: {options.out / WIN_MODEL_FOLDER / 'versions' / version}")
    return 0


def _read(options: argparse.Namespace, progress: Progress) -> tuple[TradeData, str]:
    files = MarketFiles(bars=options.bars_dir, vix=options.vix, forecasts=not options.no_forecasts)
    if options.history is not None:
        return history_data(options.history, files, progress=progress), "Magic8 history"
    return ledger_data(options.ledger, files, progress=progress), "simulated ledger"


def _limits(ledger: Path | None) -> list[str]:
    # what the ledger says of itself is printed with every result made of it
    report = None if ledger is None else ledger / "ledger_report.json"
    if report is None or not report.is_file():
        return []
    return [str(limit) for limit in orjson.loads(report.read_bytes())["limits"]]


def _table(learnt: LearntWins, data: TradeData) -> str:
    figures = figures_of(learnt)
    titles = ("trades", "days", "wins", "Brier", "over base", "over price", "slope")
    widths = (9, 6, 8, 8, 11, 12, 7)
    head = f"{'walk-forward':<22}" + "".join(f"{title:>{width}}" for title, width in zip(titles, widths, strict=True))
    lines = [head, _line("all", figures["overall"])]
    lines += [_line(name, figure) for name, figure in figures["by_symbol_strategy"].items()]
    members = ", ".join(line.kind for line in learnt.base.lines)
    trees = ", ".join(sorted(learnt.boosters)) or "none"
    levels = ", ".join(learnt.facts["levels"]) or "none"
    dropped = ", ".join(f"{count} {reason}" for reason, count in data.dropped_trades.items()) or "nothing"
    return "\n".join(
        [
            *lines,
            f"base members, best first: {members}; kappa {learnt.base.kappa:g} days",
            f"levels whose offsets count: {levels}; trees that ship: {trees}",
            f"left out: {dropped}",
        ]
    )


def _line(name: str, figure: Mapping[str, Any]) -> str:
    start = f"{name:<22}{figure['trades']:>9,}{figure['days']:>6}"
    if "brier" not in figure:
        return f"{start}  too few days to judge"
    price = f"{figure['skill_over_price']:+.1%}" if "skill_over_price" in figure else "-"
    return (
        f"{start}{figure['base_rate']:>8.1%}{figure['brier']:>8.4f}{figure['skill_over_base_rate']:>+11.1%}"
        f"{price:>12}{figure['reliability_slope']:>7.2f}"
    )
