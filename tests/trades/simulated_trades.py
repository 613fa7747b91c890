"""A simulated market of ten months up to the day of the seed message, its ledger, and a model of win probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from magic8_companion.domain.bars import Bars
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_companion.recordings.bar_table import daily_table, intraday_table
from magic8_ml.cli.ledger import make_ledger
from magic8_ml.forecast.labels import bucket_of
from magic8_ml.forecast.residuals import Residuals
from magic8_ml.history.ledger_store import write_ledger
from magic8_ml.registry.reloading import load_champion
from magic8_ml.trades.dataset import TradeData
from magic8_ml.trades.five_minute_forecast import ResidualMoves
from magic8_ml.trades.ledger_trades import ledger_trades
from magic8_ml.trades.model_files import ServedWinModel, load_served_model
from magic8_ml.trades.predictor import WinProbabilityPredictor, load_predictor
from magic8_ml.trades.sample import make_sample
from magic8_ml.trades.trade_markets import MarketSnapshots, market_snapshots
from magic8_ml.trades.training.audit import audit_features
from magic8_ml.trades.training.fit import fit_win_model
from magic8_ml.trades.training.store import WIN_MODEL_FOLDER, store
from magic8_ml.trades.training.tree_tasks import run_in_process

FIRST, LAST = date(2024, 8, 1), date(2025, 5, 22)
AT = datetime(2025, 5, 22, 14, 30, 5, tzinfo=UTC)
SPOT = 5855.5
EVERY = 7


@dataclass(frozen=True, eq=False)
class Simulated:
    """Bars of SPX that stand at the message's price at its moment, daily VIX, and the folder in which files lie."""

    bars: Bars
    vix: Bars
    folder: Path

    @property
    def models(self) -> Path:
        """Where ``win_models`` lies."""
        return self.folder / "ml"


def simulate_trades(folder: Path) -> Simulated:
    """Simulate, write bars and VIX as files, simulate the ledger, train and store."""
    market = SimulatedMarket(seed=8)
    bars, vix = _scaled(market.bars("SPX", FIRST, LAST)), market.vix_daily(FIRST, LAST)
    (folder / "bars").mkdir()
    pq.write_table(intraday_table(bars, "SPX", "simulated"), folder / "bars" / "spx_5m.parquet")
    pq.write_table(daily_table(vix), folder / "vix_daily.parquet")
    known = bars.known_at(datetime(2025, 5, 22, tzinfo=UTC))
    table, report = make_ledger({"SPX": known}, vix, first_day=FIRST, last_day=date(2025, 5, 21))
    chosen = table.filter((pc.field("price_maker") == "today") & (pc.field("scenario") == "base"))
    write_ledger(folder, chosen.take(np.arange(0, len(chosen), EVERY + 6)), report)
    trades = ledger_trades(chosen)
    snapshots = market_snapshots(trades.terms, {"SPX": known}, vix)
    rows = trades.rows(snapshots.contexts(moves_of(snapshots)))
    data = TradeData(
        rows=rows, dropped_trades={}, sessions_without_market={}, settled=trades, bars={"SPX": known}, vix_daily=vix
    )
    fitted = fit_win_model(make_sample(rows[::EVERY]), run_in_process)
    store(fitted, folder / "ml", "simulated ledger", audit_features(data, fitted.sample.names))
    return Simulated(bars=bars, vix=vix, folder=folder)


def moves_of(snapshots: MarketSnapshots) -> ResidualMoves:
    """Return what the made forecaster would have said at the time: its forecast needs no fit."""
    market = snapshots.contexts()
    bucket = bucket_of(np.append(snapshots.minutes_to_close, 0.0)[snapshots.trade_index])
    return ResidualMoves(
        sigma=market.sigma, bucket=bucket, parts=((Forecaster().residuals, np.flatnonzero(np.isfinite(market.sigma))),)
    )


def _scaled(bars: Bars) -> Bars:
    share = SPOT / float(bars.known_at(AT).close[-1])
    return replace(bars, **{name: getattr(bars, name) * share for name in ("open", "high", "low", "close")})


@dataclass(frozen=True)
class Forecaster:
    """Stands for the five-minute model: its forecast is the price's sigma, its residuals are normal."""

    version: str = "made-1"
    symbols: tuple[str, ...] = ("SPX",)

    def sigma(self, rows: object) -> np.ndarray:
        """Forecast what the price implies."""
        return rows.sigma_today

    @cached_property
    def residuals(self) -> Residuals:
        """Return a normal pool for each part of the day."""
        pool = np.quantile(np.random.default_rng(8).standard_normal(20_000), (np.arange(1001) + 0.5) / 1001)
        return Residuals(move=np.tile(pool, (4, 1)), variance=np.tile(pool, (4, 1)))


def load_price_predictor(simulated: Simulated) -> WinProbabilityPredictor:
    """Load the champion without a forecast."""
    return load_predictor(simulated.models / WIN_MODEL_FOLDER)


@lru_cache(maxsize=1)
def served(simulated: Simulated) -> ServedWinModel:
    """Load what serves, once."""
    return load_champion(simulated.models / WIN_MODEL_FOLDER, load_served_model).served


def load_forecasting_predictor(simulated: Simulated) -> WinProbabilityPredictor:
    """Load the champion beside a forecaster."""
    return WinProbabilityPredictor(served(simulated), Forecaster())
