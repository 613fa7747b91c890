"""Times of the model: a training of 4 years and 2 symbols, one prediction beside its bare model call, 20,000 rows.

The training is that of the command, walk-forward included.  A prediction is the whole way from an observed state to a
typed answer: freshness, features of the day so far, forecast, odds, ranks, explanation.  The bare model call is the
model's own part of it: forecast and explanation of a prepared row; what the boosting library alone takes of that stands
beside it.  The rows are scored in one batch, from bars to forecasts and from prepared features alone.

On a machine that others use too the processor time of the training says more than its wall time; both are printed.

Usage: ``python benchmarks/prediction.py [--bars-dir DIR --vix FILE]``; without files the market is simulated.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from magic8_companion.paths import written_path

MAX_TRAINING_S, MAX_PREDICTION_MS, MAX_RATIO, MAX_SCORING_S = 120.0, 3.0, 4.0, 2.0
LAST_DAY = date(2025, 6, 25)
DAYS = timedelta(days=4 * 365)
N_ROWS = 20_000


def market(given: argparse.Namespace, folder: Path) -> tuple[Any, Any]:
    """Return bars per symbol and daily VIX rows, read from files as users have them."""
    from magic8_ml.forecast.training.bar_files import read_bar_folder, read_vix_daily  # noqa: PLC0415  # loaded when it runs

    if given.bars_dir is not None:
        return read_bar_folder(given.bars_dir, ("SPY", "QQQ")).bars, read_vix_daily(given.vix)
    from magic8_companion.providers.bar_writer import write_bar_files  # noqa: PLC0415  # as above
    from magic8_companion.providers.simulated_market import SimulatedMarket  # noqa: PLC0415  # as above

    files = write_bar_files(folder, SimulatedMarket(8), ("SPY", "QQQ"), LAST_DAY - DAYS, LAST_DAY)
    return read_bar_folder(folder, ("SPY", "QQQ")).bars, read_vix_daily(files[-1])


def median_ms(call: Callable[[], object], repeats: int = 400) -> float:
    """Return the median wall time of a call."""
    times = []
    for _ in range(repeats + 20):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return 1000 * statistics.median(times[20:])


def one_prediction(folder: Path, bars: Any, vix: Any) -> tuple[float, float, float, float]:  # noqa: ANN401  # series by symbol
    """Return p50 in ms of a prediction at noon, of a day's first one, of the bare model call and the library's part."""
    from magic8_ml.forecast.boosted_variance import explain_boosted  # noqa: PLC0415  # as above
    from magic8_ml.forecast.day_history import DayHistoryCache  # noqa: PLC0415  # as above
    from magic8_ml.forecast.model_files import load_model  # noqa: PLC0415  # as above
    from magic8_ml.forecast.prediction_inputs import PredictionInputs  # noqa: PLC0415  # as above
    from magic8_ml.forecast.predictor import Predictor, serving_rows  # noqa: PLC0415  # as above
    from magic8_ml.forecast.session_table import DAY_NS, session_table  # noqa: PLC0415  # as above

    table, series = session_table(), bars["SPY"]
    row = int(np.searchsorted(table.opens, series.starts[-1], side="right")) - 1
    session = table.sessions[row]
    at = session.open_at + timedelta(hours=2, minutes=30, seconds=5)
    known = int(np.searchsorted(vix.starts, table.days[row] * DAY_NS))
    inputs = PredictionInputs(
        symbol="SPY",
        as_of=at,
        session=session,
        today=series.between(session.open_at, session.close_at).known_at(at),
        history=series.between(table.sessions[row - 30].open_at, session.open_at),
        vix_today=type(vix)(
            starts=table.opens[row : row + 1].copy(),
            **{name: vix.open[known : known + 1].copy() for name in ("open", "high", "low", "close")},
            volume=np.zeros(1),
        ),
        vix_daily=vix[:known],
        vix_kind="daily_open",
    )
    model = load_model(folder)
    predictor = Predictor(model=model)
    if not hasattr(predictor.predict(inputs), "confidence"):
        raise SystemExit(f"nothing was predicted: {predictor.predict(inputs)}")
    prepared = serving_rows(inputs, inputs.today, model.forecaster.terciles, DayHistoryCache())
    booster = model.forecaster.variance.booster
    return (
        median_ms(lambda: predictor.predict(inputs)),
        median_ms(lambda: Predictor(model=model).predict(inputs), 60),
        median_ms(lambda: model.forecaster.explain(prepared)),
        median_ms(lambda: explain_boosted(booster, prepared.features)),
    )


def scoring(folder: Path, bars: Any, vix: Any) -> tuple[float, float, float]:  # noqa: ANN401  # series by symbol
    """Return seconds to score 20,000 rows: from bars, processor time of that, and from prepared features."""
    from magic8_ml.forecast.model_files import load_model  # noqa: PLC0415  # as above
    from magic8_ml.forecast.training.dataset import dataset_of  # noqa: PLC0415  # as above

    forecaster = load_model(folder).forecaster
    recent = {"SPY": bars["SPY"][-78 * (N_ROWS // 25 + 150) :]}
    begin, used = time.perf_counter(), time.process_time()
    rows = dataset_of(recent, vix).rows[:N_ROWS].without_outcomes()
    prepared = time.perf_counter()
    forecaster.predict(rows)
    end, processor = time.perf_counter(), time.process_time() - used
    if len(rows) < N_ROWS:
        raise SystemExit(f"only {len(rows)} rows")
    return end - begin, processor, end - prepared


def main() -> int:
    """Print every figure beside its limit; the exit code tells whether all hold."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--bars-dir", type=written_path)
    words.add_argument("--vix", type=written_path)
    given = words.parse_args()
    from magic8_ml.forecast.training.train import train  # noqa: PLC0415  # as above

    with tempfile.TemporaryDirectory() as name:
        bars, vix = market(given, Path(name) / "bars")
        begin, used = time.perf_counter(), time.process_time()
        report = train(bars, vix, Path(name))
        training, processor = time.perf_counter() - begin, time.process_time() - used
        prediction, earliest, bare, library = one_prediction(report.folder, bars, vix)
        scored, scored_processor, forecast = scoring(report.folder, bars, vix)
    figures = [
        (f"training of {report.days} days x {len(report.symbols)} symbols, s", training, MAX_TRAINING_S),
        ("processor time of it (user + system), s", processor, None),
        ("one prediction, features included, p50 ms", prediction, MAX_PREDICTION_MS),
        ("the first of a day, earlier days included, ms", earliest, None),
        ("bare model call, p50 ms", bare, None),
        ("the library's part of it, p50 ms", library, None),
        ("prediction / bare model call", prediction / bare, MAX_RATIO),
        (f"{N_ROWS:,} rows from bars to forecasts, s", scored, MAX_SCORING_S),
        ("processor time of it, s", scored_processor, None),
        (f"{N_ROWS:,} rows from features to forecasts, s", forecast, None),
    ]
    for title, value, limit in figures:
        verdict = "" if limit is None else f"limit {limit:g}  {'ok' if value <= limit else 'MISSED'}"
        print(f"{title:<46}{value:9.3f}  {verdict}")
    return int(any(limit is not None and value > limit for _, value, limit in figures))


if __name__ == "__main__":
    sys.exit(main())
