"""``python -m magic8_ml evaluate-trades``: history or ledger in; a JSON report, a page and a line per trial out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from magic8_companion.command_line import as_path
from magic8_ml.cli.train import EXIT_REFUSED, ProgressBars
from magic8_ml.evaluation.designs import DEFAULT_TRADE_DESIGN, TRADE_DESIGNS
from magic8_ml.evaluation.page import trade_evaluation_page
from magic8_ml.evaluation.records import TradeReport
from magic8_ml.evaluation.report import as_json
from magic8_ml.evaluation.trade_evaluate import TradeEvaluationConfig, evaluate_trades
from magic8_ml.evaluation.trade_leakage_demo import ROUNDS
from magic8_ml.evaluation.trade_summary import summary
from magic8_ml.forecast.training.progress import Progress
from magic8_ml.forecast.training.walk_forward import TRAINING_DAYS, WalkForwardConfig
from magic8_ml.history.ledger_report import LIMITS as LEDGER_LIMITS
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.dataset import MarketFiles, TradeData, history_data, ledger_data

JSON: Final = "win_probability.json"
PAGE: Final = "win_probability.html"
REFIT_DAYS: Final = 60
"""Days between two fits: a fit of all pooled models takes half a minute, and its figures change little in a quarter."""

HISTORY_LIMITS: Final = (
    "Premia are those of the signals: what a fill would have cost beyond them is not known.",
    "Without recorded bars the prices of the sheets stand in for them, without range and volume.",
)

PINNED: Final = "In this evaluation pinned trades stay in, at the settlement of the ledger."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``evaluate-trades``."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--history", type=as_path, help="folder of an ingested history (python -m magic8_ml ingest)")
    source.add_argument("--ledger", type=as_path, help="folder of a simulated ledger (python -m magic8_ml ledger)")
    parser.add_argument("--bars-dir", type=as_path, help="folder of 5-minute bars; the history can do without")
    parser.add_argument("--vix", type=as_path, help="daily VIX file; without it there is no implied sigma")
    parser.add_argument("--price-maker", default="today", help="of the ledger: today (default) or naive")
    parser.add_argument("--scenario", default="base", help="costs of the ledger: low, base (default) or high")
    gross = "judge the history's results before fees; the default charges the usual opening fees"
    parser.add_argument("--gross", action="store_true", help=gross)
    names = ", ".join(TRADE_DESIGNS)
    parser.add_argument(
        "--model",
        choices=TRADE_DESIGNS,
        default=DEFAULT_TRADE_DESIGN,
        help=f"one of {names} (default {DEFAULT_TRADE_DESIGN})",
    )
    days = f"days learnt from before the first prediction (default {TRAINING_DAYS})"
    parser.add_argument("--training-days", type=int, default=TRAINING_DAYS, help=days)
    parser.add_argument(
        "--refit-days", type=int, default=REFIT_DAYS, help=f"days between two fits (default {REFIT_DAYS})"
    )
    no_forecasts = "do without the five-minute model: much faster, and only for --model price or a history without bars"
    parser.add_argument("--no-forecasts", action="store_true", help=no_forecasts)
    parser.add_argument("--no-exhibit", action="store_true", help="leave the random-split exhibit out")
    parser.add_argument("--out", type=as_path, required=True, help=f"folder for {JSON}, {PAGE} and trials.jsonl")


def run(options: argparse.Namespace) -> int:
    """Run ``evaluate-trades``; a refusal is one sentence on stderr."""
    try:
        report = _report(options)
        _write(report, options.out)
    except TrainingRefused as refusal:
        print(f"Evaluation refused: {refusal}", file=sys.stderr)
        return EXIT_REFUSED
    print(summary(report))
    print(f"\n{options.out / PAGE}")
    return 0


def _report(options: argparse.Namespace) -> TradeReport:
    if options.training_days < 1 or options.refit_days < 1:
        raise TrainingRefused("--training-days and --refit-days must be at least 1")
    question = TradeEvaluationConfig(
        model=TRADE_DESIGNS[options.model],
        others=[design for name, design in TRADE_DESIGNS.items() if name != options.model],
        plan=WalkForwardConfig(training_days=options.training_days, refit_days=options.refit_days),
        demo_rounds=0 if options.no_exhibit else ROUNDS,
    )
    _make_folder(options.out)
    with ProgressBars() as progress:
        data = _data(options, progress)
        facts = {
            **_asked(options),
            "rows": len(data.rows),
            "days": data.rows.n_days,
            "trades_left_out": dict(data.dropped_trades),
            "sessions_without_market": dict(data.sessions_without_market),
        }
        limits = HISTORY_LIMITS if options.ledger is None else (*LEDGER_LIMITS, PINNED)
        return evaluate_trades(data.rows, question, options.out, facts=facts, limits=limits, progress=progress)


def _data(options: argparse.Namespace, progress: Progress) -> TradeData:
    files = MarketFiles(bars=options.bars_dir, vix=options.vix, forecasts=not options.no_forecasts)
    if options.ledger is None:
        return history_data(options.history, files, with_fees=not options.gross, progress=progress)
    return ledger_data(
        options.ledger, files, price_maker=options.price_maker, scenario=options.scenario, progress=progress
    )


def _asked(options: argparse.Namespace) -> Mapping[str, Any]:
    if options.ledger is None:
        return {"source": "history", "results": "before fees" if options.gross else "after opening fees"}
    return {"source": "simulated ledger", "price_maker": options.price_maker, "costs": options.scenario}


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingRefused(f"the folder {out} cannot be made: {error.strerror}") from error


def _write(report: TradeReport, out: Path) -> None:
    try:
        (out / JSON).write_bytes(as_json(report))
        (out / PAGE).write_text(trade_evaluation_page(report), encoding="utf-8")
    except OSError as error:
        raise TrainingRefused(f"the report cannot be written: {error}") from error
