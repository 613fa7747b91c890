"""``magic8 train-trades``: a history or a ledger in, all models of win probabilities and a table out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click
import orjson

from magic8_companion.command_line import DIR, command, echo, new_table, print_table, refusal
from magic8_companion.outside_files.plain_files import read_bytes
from magic8_ml.cli.options import at_most_one, bars_options, exactly_one
from magic8_ml.cli.progress import ProgressBars
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.dataset import MarketFiles, TradeData, history_data, ledger_data
from magic8_ml.trades.sample import make_sample
from magic8_ml.trades.training.audit import audit_features
from magic8_ml.trades.training.fit import WinModelFit, fit_win_model
from magic8_ml.trades.training.out_of_fold_scores import WinMetrics, out_of_fold_metrics
from magic8_ml.trades.training.store import WIN_MODEL_FOLDER, store
from magic8_ml.trades.training.tree_tasks import run_on_dask, run_on_workers

ABOUT: Final = "Fit win probabilities of trades, from the history or a simulated ledger."
_NO_FORECASTS: Final = "skip the forecast distribution: much faster, one member fewer"
_DASK: Final = "address of a Dask scheduler to use instead, such as tcp://10.0.0.5:8786"


@command("train-trades", ABOUT)
@click.option("--history", type=DIR, help="folder that ingest wrote: the Magic8 history")
@click.option("--ledger", type=DIR, help="folder that ledger wrote: simulated trades")
@bars_options(required=False)
@click.option("--no-forecasts", is_flag=True, help=_NO_FORECASTS)
@click.option("--out", type=DIR, required=True, help="folder that M8C_ML_PATH names; win_models/ is written in it")
@click.option("--jobs", "--workers", "jobs", type=int, help="processes; default: one per core")
@click.option("--dask", metavar="ADDRESS", help=_DASK)
def train_trades_command(
    *,
    history: Path | None,
    ledger: Path | None,
    bars_dir: Path | None,
    vix_file: Path | None,
    no_forecasts: bool,
    out: Path,
    jobs: int | None,
    dask: str | None,
) -> None:
    """Train."""
    exactly_one(history=history, ledger=ledger)
    at_most_one(jobs=jobs, dask=dask)
    run_by = run_on_workers(jobs or os.cpu_count() or 1) if dask is None else run_on_dask(dask)
    files = MarketFiles(bars=bars_dir, vix=vix_file, forecasts=not no_forecasts)
    with refusal("Training", TrainingRefused), ProgressBars() as progress:
        if history is not None:
            data, source = history_data(history, files, progress=progress), "Magic8 history"
        else:
            data, source = ledger_data(ledger or Path(), files, progress=progress), "simulated ledger"
        sample = make_sample(data.rows)
        audit = audit_features(data, sample.names)
        fitted = fit_win_model(sample, run_by, progress=progress)
        version = store(fitted, out, source, audit)
    _print(fitted, data)
    for limit in _limits(ledger):
        echo(f"- {limit}")
    echo(f"written: {out / WIN_MODEL_FOLDER / 'versions' / version}")


def _limits(ledger: Path | None) -> list[str]:
    # the limits of a ledger are printed with every result that rests on it
    report = None if ledger is None else ledger / "ledger_report.json"
    if report is None or not report.is_file():
        return []
    try:
        return [str(limit) for limit in orjson.loads(read_bytes(report))["limits"]]
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(f"{report} is no report of a ledger; run: python -m magic8_ml ledger") from error


def _print(fitted: WinModelFit, data: TradeData) -> None:
    metrics = out_of_fold_metrics(fitted)
    numbers = ("trades", "days", "wins", "Brier", "over base", "over price", "slope")
    table = new_table("walk-forward", *numbers, right=numbers)
    table.add_row("all", *_cells(metrics.overall))
    for name, of_pair in metrics.by_symbol_strategy.items():
        table.add_row(name, *_cells(of_pair))
    print_table(table)
    members = ", ".join(base_model.kind for base_model in fitted.shared.base_models)
    trees = ", ".join(sorted(fitted.boosters)) or "none"
    levels = ", ".join(fitted.facts["levels"]) or "none"
    dropped = ", ".join(f"{count} {reason}" for reason, count in data.dropped_trades.items()) or "none"
    echo(
        f"base models, best first: {members}; prior strength {fitted.shared.prior_days:g} days\n"
        f"levels with offsets: {levels}; groups with trees: {trees}\n"
        f"excluded trades: {dropped}"
    )


def _cells(metrics: WinMetrics) -> tuple[str, ...]:
    size = (f"{metrics.trades:,}", f"{metrics.days}")
    if (scores := metrics.scores) is None:
        return (*size, "too few days")
    price = "-" if scores.skill_over_price is None else f"{scores.skill_over_price:+.1%}"
    losses = (f"{scores.base_rate:.1%}", f"{scores.brier:.4f}", f"{scores.skill_over_base_rate:+.1%}")
    return (*size, *losses, price, f"{scores.reliability_slope:.2f}")
