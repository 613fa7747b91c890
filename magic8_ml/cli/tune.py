"""``python -m magic8_ml tune``: search settings inside the training days, log every trial, print what was found."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson

from magic8_companion.command_line import as_path, day
from magic8_companion.domain.bars import Bars
from magic8_ml.cli.train import EXIT_REFUSED, ProgressBars, symbol_list
from magic8_ml.evaluation.trials import Trial, TrialLog, log_trials
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.session_table import day_number, session_table
from magic8_ml.forecast.training.bar_files import read_bar_folder, read_vix_daily
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.forecast.training.passport import data_digest
from magic8_ml.forecast.training.tuning_objective import judged_folds
from magic8_ml.forecast.training.tuning_workers import Evaluate, on_cluster, on_cores
from magic8_ml.metrics.refusal import TrainingRefused

if TYPE_CHECKING:
    from magic8_ml.forecast.training.tuning_search import SearchResult

TUNED: Final = "tuned.json"
FAMILY: Final = "boosted_variance"
RESERVED_SESSIONS: Final = 252
"""The newest sessions are for judging: no bar of them is looked at here."""

MIN_DAYS: Final = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``tune``."""
    parser.add_argument("--bars-dir", type=as_path, required=True, help="folder of 5-minute bars, parquet or CSV")
    parser.add_argument("--vix", type=as_path, required=True, help="daily VIX file: date, open, high, low, close")
    parser.add_argument("--symbols", type=symbol_list, help="comma-separated; default: every symbol in the folder")
    parser.add_argument("--end-date", type=day, help="last day of the data, YYYY-MM-DD")
    parser.add_argument("--trials", type=int, default=20, help="configurations to try, at most 40 (default 20)")
    parser.add_argument("--seed", type=int, default=8, help="the same seed tries the same configurations (default 8)")
    workers = parser.add_mutually_exclusive_group()
    workers.add_argument("--jobs", type=int, default=1, help="processes on this machine (default 1)")
    workers.add_argument("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster, such as tcp://10.0.0.5:8786")
    out = f"folder for {TUNED} and trials.jsonl; that of evaluate, so that all trials are counted together"
    parser.add_argument("--out", type=as_path, required=True, help=out)


def run(options: argparse.Namespace) -> int:
    """Run ``tune``; a refusal is one sentence on stderr."""
    try:
        _tune(options)
    except TrainingRefused as refusal:
        print(f"Tuning refused: {refusal}", file=sys.stderr)
        return EXIT_REFUSED
    return 0


def training_days(bars: Mapping[str, Bars], last_day: date | None) -> dict[str, Bars]:
    """Cut off the reserved sessions at the end of the data.

    Raises
    ------
    TrainingRefused
        When nothing is left before them.
    """
    table = session_table()
    behind = max(int(np.searchsorted(table.opens, series.starts[-1], side="right")) for series in bars.values())
    if last_day is not None:
        behind = min(behind, int(np.searchsorted(table.days, day_number(last_day), side="right")))
    border = table.opens[max(0, behind - RESERVED_SESSIONS)]
    cut = {name: series[: int(np.searchsorted(series.starts, border))] for name, series in bars.items()}
    kept = {name: series for name, series in cut.items() if len(series)}
    if not kept:
        raise TrainingRefused(
            f"the newest {RESERVED_SESSIONS} sessions are kept for judging, and nothing is before them"
        )
    return kept


def _tune(options: argparse.Namespace) -> None:
    try:
        import optuna  # noqa: PLC0415 - an extra that may be absent

        from magic8_ml.forecast.training.tuning_search import search  # noqa: PLC0415 - as above
        from magic8_ml.forecast.training.tuning_space import MAX_TRIALS  # noqa: PLC0415 - as above
    except ImportError as error:
        raise TrainingRefused(f"{error}; run: pip install -e '.[train]'") from error
    if not 1 <= options.trials <= MAX_TRIALS:
        raise TrainingRefused(f"{options.trials} trials; 1 to {MAX_TRIALS} are allowed: more would only find luck")
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # we have a progress bar of our own
    options.out.mkdir(parents=True, exist_ok=True)
    bars = training_days(read_bar_folder(options.bars_dir, options.symbols).bars, options.end_date)
    vix_daily = read_vix_daily(options.vix)
    with ProgressBars() as progress:
        rows = _learnable(dataset_of(bars, vix_daily, progress).rows)
        with _workers(options, rows) as evaluate:
            found = search(evaluate, options.trials, options.seed, progress)
    log = log_trials(options.out, _trials(found, rows, data_digest(bars, vix_daily, int(rows.day.max()))))
    print(_table(found, log, rows))
    answer = orjson.dumps(_answer(found, log, rows, options.seed), option=orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2)
    (options.out / TUNED).write_bytes(answer)


def _learnable(rows: Rows) -> Rows:
    labelled = rows[rows.labelled]
    if (days := len(np.unique(labelled.day))) < MIN_DAYS:
        raise TrainingRefused(
            f"{days} labelled days are left before the newest {RESERVED_SESSIONS} sessions, which are kept for judging;"
            f" need {MIN_DAYS}"
        )
    return labelled


def _workers(options: argparse.Namespace, rows: Rows) -> AbstractContextManager[Evaluate]:
    return on_cores(rows, options.jobs) if options.dask is None else on_cluster(rows, options.dask)


def _trials(found: SearchResult, rows: Rows, data: str) -> list[Trial]:
    folds = judged_folds(rows)
    return [
        Trial(
            configuration=FAMILY,
            settings=tried.parameters,
            data=data,
            first=_day(int(folds[0].test[0])),
            last=_day(int(folds[-1].test[-1])),
            figures={"qlike": tried.loss},
        )
        for tried in found.tried
    ]


def _answer(found: SearchResult, log: TrialLog, rows: Rows, seed: int) -> dict[str, Any]:
    return {
        "family": FAMILY,
        "seed": seed,
        "learnt_until": _day(int(rows.day.max())),
        "best": asdict(found.best),
        "shipped": asdict(found.shipped),
        "trials": [asdict(tried) for tried in found.tried],
        "configurations_in_log": log.configurations,
    }


def _table(found: SearchResult, log: TrialLog, rows: Rows) -> str:
    best, shipped = found.best, found.shipped
    lines = [
        f"Tuned {FAMILY} on days up to {_day(int(rows.day.max()))}; nothing after was looked at",
        f"  tried      {len(found.tried)} configurations; the log holds {log.configurations}: count them all",
        f"  shipped    QLIKE {shipped.loss:.4f}",
        f"  best       QLIKE {best.loss:.4f} ({1 - best.loss / shipped.loss:+.1%}), before allowing for the search",
        *(f"             {name} {value:.4g}" for name, value in best.parameters.items()),
    ]
    return "\n".join(lines)


def _day(position: int) -> str:
    return session_table().sessions[position].day.isoformat()
