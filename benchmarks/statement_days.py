"""The chance of high volatility at 13:00 on days of a Federal Reserve statement, against what was realised.

Walking forward by day, 250 days of training before the first forecast, a refit every 20 days.  Statement days of all
years are pooled; the interval of the realised share is that of Clopper and Pearson.

    python -m benchmarks.statement_days --bars-dir BARS --vix VIX_DAILY --symbols SPY
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Final

import numpy as np
from scipy.stats import beta

from magic8_companion.paths import written_path
from magic8_ml.forecast.distribution_forecaster import DistributionForecaster
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.labels import HIGH, REGIMES
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.training.bar_files import read_bar_folder, read_vix_daily
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.forecast.training.walk_forward import WalkForwardConfig, folds_of, rows_of_folds, walk_forward

BARS_DONE: Final = 42
"""13:00."""

LEVEL: Final = 0.90
TIMES: Final = 2.0
"""On statement days the chance must be at least so many times that of ordinary days."""


def interval(hits: int, days: int) -> tuple[float, float]:
    """Return the interval of a share by Clopper and Pearson (1934)."""
    tail = (1 - LEVEL) / 2
    low = float(beta.ppf(tail, hits, days - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, days - hits)) if hits < days else 1.0
    return low, high


def main() -> int:
    """Print the table; return 1 unless the chance is inside the interval and large enough."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--bars-dir", type=written_path, required=True, help="folder of 5-minute bars")
    words.add_argument("--vix", type=written_path, required=True, help="file of daily VIX rows")
    words.add_argument("--symbols", default="SPY", help="comma-separated")
    given, begun = words.parse_args(), time.process_time()
    bars = read_bar_folder(given.bars_dir, tuple(given.symbols.split(","))).bars
    rows = dataset_of(bars, read_vix_daily(given.vix)).rows
    folds = folds_of(rows.day, WalkForwardConfig())
    forecast, rows = walk_forward(DistributionForecaster(), rows, folds), rows[rows_of_folds(rows, folds)]
    use = rows.labelled & (rows.bars_done == BARS_DONE)
    forecast, rows = forecast[use], rows[use]
    chance, is_high = forecast.regime[:, REGIMES.index(HIGH)], rows.regime == REGIMES.index(HIGH)
    statement = rows.features[:, FEATURE_NAMES.index("statement_ahead")] == 1
    sessions = session_table().sessions
    print("| days at 13:00 | forecasts | mean chance of high volatility | realised | 90 % interval |")
    print("|---|---|---|---|---|")
    means = []
    for name, group in (("statement ahead", statement), ("no statement ahead", ~statement)):
        hits, count = int(is_high[group].sum()), int(group.sum())
        low, high = interval(hits, count)
        means.append((float(chance[group].mean()), low, high))
        print(f"| {name} | {count} | {means[-1][0]:.0%} | {hits / count:.0%} | {low:.0%} to {high:.0%} |")
    days = [sessions[row].day for row in np.unique(rows.day[statement]).tolist()]
    print(f"\n{len(days)} statement days, {days[0]} to {days[-1]}; {time.process_time() - begun:.0f} s of CPU")
    (ahead, low, high), (ordinary, _, _) = means
    return 0 if low <= ahead <= high and ahead >= TIMES * ordinary else 1


if __name__ == "__main__":
    sys.exit(main())
