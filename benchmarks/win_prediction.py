"""Times of win probabilities in process, single-threaded: one trade, and 32 distinct trades of 8 symbols.

Every node of the model has trees of its own, which is the slowest model there can be, and the five-minute model
forecasts every symbol.  "New market" recomputes the features of the day so far, implied sigma and forecast; the summary
of the days before today is kept, as it is all day.  "Known market" is a further trade in a market that was seen.

Limits are on wall time; on a machine that others use, CPU time is the figure to read.

Usage: ``OMP_NUM_THREADS=1 python benchmarks/win_prediction.py``
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import numpy as np
import xgboost as xgb

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.strategy import MAGIC8_SYMBOLS
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_ml.cli.predict_trade import observed
from magic8_ml.forecast.model_files import TrainedModel, load_model
from magic8_ml.forecast.prediction_inputs import PredictionInputs
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.training.train import train
from magic8_ml.messages.risk import require_risk
from magic8_ml.messages.values import Order, Trade
from magic8_ml.trades.base_models import BOTH, PRICE, Recalibration, RecalibrationParameters
from magic8_ml.trades.expected_value import RealisedFractions
from magic8_ml.trades.feature_catalogue import CATALOGUE, OPTIONAL_GROUPS
from magic8_ml.trades.five_minute_forecast import FiveMinuteForecaster
from magic8_ml.trades.forest import Forest
from magic8_ml.trades.levels import LEVELS, trade_key
from magic8_ml.trades.model import GroupParameters, SharedParameters, WinModel
from magic8_ml.trades.model_files import ServedWinModel
from magic8_ml.trades.pooling import Offset
from magic8_ml.trades.predictor import WinPrediction, WinProbabilityPredictor
from magic8_ml.trades.sample import SampleSize
from magic8_ml.trades.terms import STRATEGIES
from magic8_ml.trades.training.tree_tasks import TREE_LEVELS
from magic8_ml.trades.trees import TreeSettings, fit_trees

FIRST, LAST = date(2024, 9, 3), date(2025, 5, 22)
AT = datetime(2025, 5, 22, 17, 30, 5, tzinfo=UTC)
SINGLE_MS, BATCH_MS = 1.0, 5.0
REPEATS = 300
NAMES = tuple(feature.name for feature in CATALOGUE if feature.group not in OPTIONAL_GROUPS)


def made_model() -> WinModel:
    """Make a model whose groups all use trees, fitted to noise and one feature."""
    rng = np.random.default_rng(8)
    records: dict[str, GroupParameters] = {}
    boosters: dict[str, xgb.Booster] = {}
    features = rng.standard_normal((4000, len(NAMES)), dtype=np.float32)
    day, won = np.arange(4000) // 20, (features[:, 0] + rng.standard_normal(4000) > 0).astype(float)
    offset = Offset(value=0.01, weight=0.6, variance_per_day=4.0, days=300, trades=4000)
    size = SampleSize(trades=4000, days=300, rarer_days=200)
    for key in (trade_key(symbol, strategy) for symbol in MAGIC8_SYMBOLS for strategy in STRATEGIES):
        for level in LEVELS:
            uses_trees = level in TREE_LEVELS
            record = GroupParameters(
                level=level, key=key.group(level), size=size, offset=offset, uses_trees=uses_trees, evidence={}
            )
            if uses_trees and record.name not in boosters:
                seed = TreeSettings(seed=len(boosters))
                boosters[record.name] = fit_trees(features, np.zeros(4000), won, day, NAMES, seed)
            records[record.name] = record
    both = RecalibrationParameters(forecast_weight=0.5)
    base_models = tuple(Recalibration(kind=kind, default=both, strategies={}) for kind in (BOTH, PRICE))
    return WinModel(
        names=NAMES,
        shared=SharedParameters(
            base_models=base_models,
            prior_days=120.0,
            variance_per_day=4.0,
            realised_fractions=RealisedFractions.whole(),
        ),
        records=records,
        boosters=tuple(boosters),
        forest=Forest.of(list(boosters.values())),
        refused={},
        damaged={},
        digest="made",
    )


def made_forecaster(bars: dict[str, Bars], vix: Bars) -> TrainedModel:
    """Train the five-minute model on one symbol and let it speak of all."""
    with tempfile.TemporaryDirectory() as folder:
        model = load_model(train({"SPX": bars["SPX"]}, vix, Path(folder)).folder)
    return replace(model, manifest={**model.manifest, "symbols": list(MAGIC8_SYMBOLS)})


def orders(symbol: str, spot: float) -> Iterator[tuple[Trade, ...]]:
    """Return four parsed orders around a price, again and again, each time at other premia."""
    step = max(1.0, round(spot / 1000))
    middle = step * round(spot / step)
    for number in count():
        more = number * 1e-4
        made = (
            Order(
                action=action,
                quantity=1,
                strategy=strategy,
                order_name=strategy,
                symbol=symbol,
                multiplier=100,
                weekly=False,
                expiry=LAST,
                expiry_text=None,
                strikes=tuple(middle + step * place for place in places),
                option_type=right,
                premium=round(step * share + more, 6),
                price_effect="debit" if action == "BUY" else "credit",
            )
            for action, strategy, places, right, share in (
                ("BUY", "Butterfly", (5, 0, -5), "CALL", 2.0),
                ("SELL", "Iron_Condor", (5, 7, -5, -7), "CALL/PUT", 0.5),
                ("SELL", "Vertical", (-3, -4), "PUT", 0.2),
                ("SELL", "Sonar", (4, 5, -4, -5), "CALL/PUT", 0.3),
            )
        )
        yield tuple(Trade(order=order, line=1, risk=require_risk(order)) for order in made)


def timed(call: Callable[[], object], repeats: int = REPEATS) -> tuple[float, float, float]:
    """Return median and 99th percentile of the wall time of a call in ms, and the median of its CPU time."""
    wall, cpu = [], []
    for _ in range(repeats + 20):
        begin, used = time.perf_counter(), time.thread_time()
        call()
        wall.append(1000 * (time.perf_counter() - begin))
        cpu.append(1000 * (time.thread_time() - used))
    return statistics.median(wall[20:]), float(np.percentile(wall[20:], 99)), statistics.median(cpu[20:])


def made_predictor(bars: dict[str, Bars], vix: Bars) -> WinProbabilityPredictor:
    """Put both models together."""
    frozen = {"day": session_table().sessions[-300].day.isoformat(), "valid_sessions": 63}
    manifest = {"model_version": "made", "passport": {"frozen": frozen}}
    served = ServedWinModel(model=made_model(), thresholds={}, manifest=manifest)
    return WinProbabilityPredictor(served, FiveMinuteForecaster.of(made_forecaster(bars, vix)))


def main() -> int:
    """Print every figure beside its limit; the exit code tells whether all hold."""
    market = SimulatedMarket(seed=8)
    vix = market.vix_daily(FIRST, LAST)
    bars = {symbol: market.bars(symbol, FIRST, LAST) for symbol in MAGIC8_SYMBOLS}
    predictor = made_predictor(bars, vix)
    seen = {symbol: observed(symbol, bars, vix, AT, None) for symbol in MAGIC8_SYMBOLS}
    drawn = {symbol: orders(symbol, float(inputs.today.close[-1])) for symbol, inputs in seen.items()}
    moments = count(1)

    def fresh() -> dict[str, PredictionInputs]:
        at = AT + timedelta(milliseconds=next(moments))
        return {symbol: replace(inputs, as_of=at) for symbol, inputs in seen.items()}

    def batch() -> tuple[Trade, ...]:
        return tuple(order for symbol in MAGIC8_SYMBOLS for order in next(drawn[symbol]))

    answers = predictor.predict_batch(batch(), seen)
    if not all(isinstance(answer, WinPrediction) for answer in answers):
        raise SystemExit(f"not every trade was predicted: {answers}")
    newest: list[dict[str, PredictionInputs]] = [fresh() for _ in range(3 * REPEATS)]
    many, again = [batch() for _ in range(6 * REPEATS)], batch()
    queue, markets = iter(many), iter(newest)
    predictor.predict_batch(again, seen)
    gc.collect()
    gc.freeze()  # thousands of prepared orders are not part of what is timed
    metrics = [
        ("predict, new trade, new market", lambda: predictor.predict(next(queue)[0], next(markets)["SPX"]), SINGLE_MS),
        ("predict, new trade, known market", lambda: predictor.predict(next(queue)[1], seen["SPX"]), SINGLE_MS),
        ("predict, remembered", lambda: predictor.predict(again[0], seen["SPX"]), None),
        (
            "batch of 32, new trades, 8 new markets",
            lambda: predictor.predict_batch(next(queue), next(markets)),
            BATCH_MS,
        ),
        ("batch of 32, new trades, known markets", lambda: predictor.predict_batch(next(queue), seen), BATCH_MS),
        ("batch of 32, remembered", lambda: predictor.predict_batch(again, seen), None),
    ]
    missed, found = False, {}
    for title, call, limit in metrics:
        middle, late, cpu = found[title] = timed(call)
        verdict = "" if limit is None else f"limit {limit:g}  {'ok' if middle <= limit else 'MISSED'}"
        print(f"{title:<34} p50 {middle:7.3f} ms  p99 {late:7.3f} ms  CPU {cpu:7.3f} ms  {verdict}")
        missed |= limit is not None and middle > limit
    single, whole = (found[title][2] for title in (metrics[1][0], metrics[4][0]))
    print(f"32 trades one by one / in a batch: {32 * single / whole:.1f}")
    return int(missed)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    sys.exit(main())
