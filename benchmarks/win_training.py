"""Time of training all win-probability models on a million labelled trades: 8 symbols, 4 strategies, 500 days.

The rows are made up, with the columns that trades of the history have when bars and VIX are there.  Timed is the way
from rows to a stored version: base members, trees of 45 nodes in 7 steps, choices, offsets, walk-forward figures,
thresholds, canaries and files.  With several numbers of workers the versions must have the same name, which is a hash
of their files.

Usage: ``python benchmarks/win_training.py [--rows N] [--workers 1,2] [--dask-workers 1,2]``
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
from joblib.externals.loky import get_reusable_executor
from scipy.special import expit, logit

from magic8_companion.domain.strategy import MAGIC8_SYMBOLS
from magic8_ml.forecast.session_table import session_table
from magic8_ml.registry.canaries import AvailabilityAudit
from magic8_ml.trades.feature_catalogue import CATALOGUE, OPTIONAL_GROUPS
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.sample import make_sample
from magic8_ml.trades.terms import STRATEGIES
from magic8_ml.trades.training.fit import fit_win_model
from magic8_ml.trades.training.store import store
from magic8_ml.trades.training.tree_tasks import TaskRunner, run_on_dask, run_on_workers

LIMIT_S = 600.0
DAYS = 500
FEWEST_PAIRS = 32


def made_rows(n_rows: int) -> TradeRows:
    """Draw trades whose price is nearly right; two features tell more, trades of a day lean together."""
    rng = np.random.default_rng(8)
    names = tuple(feature.name for feature in CATALOGUE if feature.group not in OPTIONAL_GROUPS)
    day = np.sort(rng.integers(0, DAYS, n_rows))
    features = rng.standard_normal((n_rows, len(names)), dtype=np.float32).astype(np.float64)
    features[rng.random(features.shape) < 0.05] = np.nan
    implied = rng.uniform(0.2, 0.9, n_rows)
    out_of_fold = np.nan_to_num(features[:, names.index("log_pace")]) + np.nan_to_num(features[:, names.index("gap")])
    lean = rng.normal(0.0, 0.5, DAYS)[day]
    odds = logit(implied) + 0.2 * out_of_fold + lean
    features[:, names.index("implied_win")] = implied
    features[:, names.index("forecast_win")] = expit(logit(implied) + 0.1 * out_of_fold + rng.normal(0, 0.3, n_rows))
    won = rng.random(n_rows) < expit(odds)
    first = len(session_table().days) - 2 * DAYS
    return TradeRows(
        symbols=MAGIC8_SYMBOLS,
        symbol=rng.integers(0, len(MAGIC8_SYMBOLS), n_rows),
        strategy=rng.integers(0, len(STRATEGIES), n_rows),
        day=first + day,
        entered_at=session_table().opens[first + day] + 10**9,
        features=features,
        implied=implied,
        won=won,
        profit=np.where(won, 100 * (1 - implied), -100 * implied),
        max_risk=100 * implied,
        names=names,
    )


@contextmanager
def cores(workers: int) -> Iterator[TaskRunner]:
    """Run on processes that end afterwards, so that their CPU time is known."""
    yield run_on_workers(workers)
    get_reusable_executor().shutdown(wait=True)


@contextmanager
def cluster(workers: int) -> Iterator[TaskRunner]:
    """Run on a Dask cluster of this machine."""
    from distributed import LocalCluster  # noqa: PLC0415  # an extra, and only if asked for

    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as started:
        yield run_on_dask(started.scheduler_address)


def measure(title: str, where: AbstractContextManager[TaskRunner], rows: TradeRows) -> tuple[float, str]:
    """Train, store and print; return wall seconds and the name of the version."""
    before = cpu_seconds()
    with tempfile.TemporaryDirectory() as folder, where as run:
        begin = time.perf_counter()
        fitted = fit_win_model(make_sample(rows), run)
        fit_seconds = time.perf_counter() - begin
        version = store(fitted, Path(folder), "benchmark", AvailabilityAudit(values=len(rows), late=()))
        wall = time.perf_counter() - begin
    pairs = [record for record in fitted.records if record.level == "symbol_strategy"]
    print(
        f"{title:<20} {wall:7.1f} s wall ({fit_seconds:.1f} s without figures, canaries and files), "
        f"{cpu_seconds() - before:7.1f} s CPU, {len(pairs)} symbol-strategy models, version {version}",
        flush=True,
    )
    if len(pairs) < FEWEST_PAIRS:
        raise SystemExit(f"only {len(pairs)} symbol-strategy models")
    return wall, version


def cpu_seconds() -> float:
    """Return CPU seconds of this process and of its processes that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def numbers(text: str) -> list[int]:
    """Read comma-separated whole numbers; none from an empty text."""
    return [int(part) for part in text.split(",") if part]


def main() -> int:
    """Print every figure beside its limit; the exit code tells whether all hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--workers", type=numbers, default=[2])
    parser.add_argument("--dask-workers", type=numbers, default=[])
    words = parser.parse_args()
    rows = made_rows(words.rows)
    print(f"{len(rows):,} rows, {rows.n_days} days, {len(rows.names)} columns")
    places = {f"joblib, {n} worker(s)": cores(n) for n in words.workers}
    places |= {f"Dask, {n} worker(s)": cluster(n) for n in words.dask_workers}
    measured = {title: measure(title, where, rows) for title, where in places.items()}
    print(f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    same = len({version for _, version in measured.values()}) == 1
    fast = all(wall <= LIMIT_S for title, (wall, _) in measured.items() if "2 worker" in title)
    print(f"same models: {'ok' if same else 'MISSED'}; at most {LIMIT_S:.0f} s on two: {'ok' if fast else 'MISSED'}")
    return int(not (same and fast))


if __name__ == "__main__":
    sys.exit(main())
