"""``magic8 tune``: search settings inside the training days, log every trial, print the best one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

from magic8_companion.command_line import DAY, DIR, command, echo, json_bytes, refusal
from magic8_companion.domain.bars import Bars
from magic8_ml.cli.options import at_most_one, bars_options, require_folder, symbols_option
from magic8_ml.cli.progress import ProgressBars
from magic8_ml.evaluation.external_data import read_any_bars
from magic8_ml.evaluation.trials import Trial, TrialLog, log_trials
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.session_table import day_number, session_table
from magic8_ml.forecast.training.bar_files import read_vix_daily
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.forecast.training.passport import data_digest
from magic8_ml.forecast.training.tuning import MAX_TRIALS, Evaluate, SearchResult, search, tuning_folds, tuning_loss
from magic8_ml.forecast.training.workers import on_cluster, on_cores
from magic8_ml.metrics.refusal import TrainingRefused

TUNED: Final = "tuned.json"
FAMILY: Final = "boosted_variance"
RESERVED_SESSIONS: Final = 252
"""The newest sessions are for evaluation: none of their bars is read here."""

MIN_DAYS: Final = 100
_OUT: Final = f"folder of {TUNED} and trials.jsonl; use that of evaluate, so that all trials are counted"


@command("tune", "Search settings inside the training days, on cores or a Dask cluster.")
@bars_options()
@symbols_option
@click.option("--to", "--end-date", "last_day", type=DAY, help="last day of the data, YYYY-MM-DD")
@click.option("--trials", type=int, default=20, show_default=True, help="configurations to try, at most 40")
@click.option("--seed", type=int, default=8, show_default=True, help="a seed repeats its configurations")
@click.option("--jobs", type=int, help="processes on this machine (default 1)")
@click.option("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster, such as tcp://10.0.0.5:8786")
@click.option("--out", type=DIR, required=True, help=_OUT)
def tune_command(*, jobs: int | None, dask: str | None, **asked: Any) -> None:  # noqa: ANN401  # the options of _tune
    """Tune."""
    at_most_one(jobs=jobs, dask=dask)
    with refusal("Tuning", TrainingRefused):
        _tune(
            lambda rows: (
                on_cores(tuning_loss, rows, jobs or 1) if dask is None else on_cluster(tuning_loss, rows, dask)
            ),
            **asked,
        )


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
            f"the newest {RESERVED_SESSIONS} sessions are reserved for evaluation, and there are no earlier ones"
        )
    return kept


def _tune(
    workers: Callable[[Rows], AbstractContextManager[Evaluate]],
    *,
    bars_dir: Path,
    vix_file: Path,
    symbols: tuple[str, ...] | None,
    last_day: date | None,
    trials: int,
    seed: int,
    out: Path,
) -> None:
    try:
        import optuna  # noqa: PLC0415 - an extra that may be absent
    except ImportError as error:
        raise TrainingRefused(f"{error}; run: pip install -e '.[train]'") from error
    if not 1 <= trials <= MAX_TRIALS:
        raise TrainingRefused(f"{trials} trials; 1 to {MAX_TRIALS} are allowed, because more would overfit the folds")
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # we have a progress bar of our own
    require_folder(out)
    bars = training_days(read_any_bars(bars_dir, symbols).bars, last_day)
    vix_daily = read_vix_daily(vix_file)
    with ProgressBars() as progress:
        rows = _learnable(dataset_of(bars, vix_daily, progress).rows)
        with workers(rows) as evaluate:
            found = search(evaluate, trials, seed, progress)
    log = log_trials(out, _trials(found, rows, data_digest(bars, vix_daily, int(rows.day.max()))))
    echo(_table(found, log, rows))
    (out / TUNED).write_bytes(json_bytes(_answer(found, log, rows, seed)))


def _workers(rows: Rows, jobs: int | None, dask: str | None) -> AbstractContextManager[Evaluate]:
    return on_cores(tuning_loss, rows, jobs or 1) if dask is None else on_cluster(tuning_loss, rows, dask)


def _learnable(rows: Rows) -> Rows:
    labelled = rows[rows.labelled]
    if (days := len(np.unique(labelled.day))) < MIN_DAYS:
        raise TrainingRefused(
            f"{days} labelled days are left before the newest {RESERVED_SESSIONS} sessions (reserved for evaluation);"
            f" need {MIN_DAYS}"
        )
    return labelled


def _trials(found: SearchResult, rows: Rows, data: str) -> list[Trial]:
    folds = tuning_folds(rows)
    return [
        Trial(
            configuration=FAMILY,
            settings=trial.parameters,
            data=data,
            first=_day(int(folds[0].test[0])),
            last=_day(int(folds[-1].test[-1])),
            figures={"qlike": trial.loss},
        )
        for trial in found.trials
    ]


def _answer(found: SearchResult, log: TrialLog, rows: Rows, seed: int) -> dict[str, Any]:
    return {
        "family": FAMILY,
        "seed": seed,
        "trained_until": _day(int(rows.day.max())),
        "best": asdict(found.best),
        "shipped": asdict(found.default),
        "trials": [asdict(trial) for trial in found.trials],
        "configurations_in_log": log.configurations,
    }


def _table(found: SearchResult, log: TrialLog, rows: Rows) -> str:
    best, default = found.best, found.default
    lines = [
        f"Tuned {FAMILY} on days up to {_day(int(rows.day.max()))}; later days were not read",
        f"  tried      {len(found.trials)} configurations; {log.configurations} in the log",
        f"  shipped    QLIKE {default.loss:.4f}",
        f"  best       QLIKE {best.loss:.4f} ({1 - best.loss / default.loss:+.1%}), before correction for the search",
        *(f"             {name} {value:.4g}" for name, value in best.parameters.items()),
    ]
    return "\n".join(lines)


def _day(position: int) -> str:
    return session_table().sessions[position].day.isoformat()
