"""Build labelled rows from the history or a simulated ledger, with bars and VIX where available."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from magic8_companion.domain.arrays import Integers
from magic8_companion.domain.bars import Bars
from magic8_ml.forecast.distribution_forecaster import DistributionForecaster
from magic8_ml.forecast.forecaster import Forecast, Past, concat_rows
from magic8_ml.forecast.labels import bucket_of
from magic8_ml.forecast.residuals import Residuals
from magic8_ml.forecast.training.bar_files import read_bar_folder, read_vix_daily
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.forecast.training.walk_forward import Fold, WalkForwardConfig, folds_of
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress
from magic8_ml.history.dataset import HistoryStore
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades import history_trades
from magic8_ml.trades.five_minute_forecast import ResidualMoves
from magic8_ml.trades.ledger_trades import ledger_trades, read_ledger
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.settled_trades import SettledTrades
from magic8_ml.trades.trade_markets import MarketSnapshots, market_snapshots


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketFiles:
    """Files of bars and VIX, None if missing; ``forecasts``: whether to add walk-forward forecasts."""

    bars: Path | None = None
    vix: Path | None = None
    forecasts: bool = True

    def recorded_bars(self) -> dict[str, Bars]:
        """Read the bars of every symbol in the folder."""
        return {} if self.bars is None else read_bar_folder(self.bars).bars

    def vix_daily(self) -> Bars:
        """Read the daily VIX bars."""
        return Bars.empty() if self.vix is None else read_vix_daily(self.vix)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeData:
    """Labelled rows sorted by time, with counts of dropped trades and of sessions without market data, by reason.

    ``settled``, ``bars`` and ``vix_daily`` are the inputs of the rows; the audit recomputes some rows from them.
    """

    rows: TradeRows
    dropped_trades: Mapping[str, int]
    sessions_without_market: Mapping[str, int]
    settled: SettledTrades
    bars: Mapping[str, Bars]
    vix_daily: Bars


def history_data(
    folder: Path, files: MarketFiles, *, with_fees: bool = True, progress: ProgressCallback = no_progress
) -> TradeData:
    """Return the rows of an ingested history; sheet prices replace missing bars.

    Raises
    ------
    TrainingRefused
        When the folder has no history, or a file of bars or VIX is unusable.
    """
    try:
        table = HistoryStore(folder).read(sorted({*history_trades.COLUMNS, *history_trades.BAR_COLUMNS}))
    except FileNotFoundError as error:
        raise TrainingRefused(str(error)) from error
    bars = history_trades.sheet_bars(table) | files.recorded_bars()
    return _data(history_trades.history_trades(table, with_fees=with_fees), bars, files, progress)


def ledger_data(
    folder: Path,
    files: MarketFiles,
    *,
    price_maker: str = "today",
    scenario: str = "base",
    progress: ProgressCallback = no_progress,
) -> TradeData:
    """Return the rows of a simulated ledger for one price maker and cost scenario.

    Raises
    ------
    TrainingRefused
        When the folder has no such ledger, or a file of bars or VIX is unusable.
    """
    table = read_ledger(folder, price_maker=price_maker, scenario=scenario)
    return _data(ledger_trades(table), files.recorded_bars(), files, progress)


def _data(
    settled: SettledTrades, bars: Mapping[str, Bars], files: MarketFiles, progress: ProgressCallback
) -> TradeData:
    if not len(settled):
        raise TrainingRefused(f"no settled trades; dropped: {dict(settled.dropped)}")
    vix_daily = files.vix_daily()
    snapshots = market_snapshots(settled.terms, bars, vix_daily, progress)
    moves = walk_forward_moves(snapshots, bars, vix_daily, progress) if files.forecasts and len(snapshots) else None
    return TradeData(
        rows=settled.rows(snapshots.contexts(moves)),
        dropped_trades=settled.dropped,
        sessions_without_market=snapshots.missing,
        settled=settled,
        bars=bars,
        vix_daily=vix_daily,
    )


def walk_forward_moves(
    snapshots: MarketSnapshots,
    bars: Mapping[str, Bars],
    vix_daily: Bars,
    progress: ProgressCallback = no_progress,
    *,
    forecaster: DistributionForecaster | None = None,
) -> ResidualMoves | None:
    """Return the forecast distribution of each trade from models fitted on earlier days, None with too few days.

    The folds are those of the training of the five-minute model.  Trades before its first test fold have no forecast.
    """
    rows = dataset_of(bars, vix_daily, progress).rows
    folds = folds_of(rows.day, WalkForwardConfig.of(rows.day)) if len(rows) else ()
    if not folds or not len(snapshots):
        return None
    snapshot_rows, estimator = snapshots.rows(), forecaster or DistributionForecaster()
    sigma = np.full(len(snapshots), np.nan)
    parts: list[tuple[Residuals, Integers]] = []
    trade_session = np.append(snapshots.session, -1)[snapshots.trade_index]
    past: list[Past] = []
    for n, fold in enumerate(folds):
        fitted = estimator.fit(rows[np.isin(rows.day, fold.train)], _past_of(past, fold))
        test = rows[np.isin(rows.day, fold.test)]
        past.append(Past(rows=test, forecast=fitted.predict(test.without_outcomes())))
        # days without rows (half days) belong to the fold whose span contains them
        until = np.inf if n + 1 == len(folds) else folds[n + 1].test[0]
        in_span = (snapshots.session >= fold.test[0]) & (snapshots.session < until) & np.isfinite(snapshots.sigma_vix)
        if in_span.any():
            sigma[in_span] = fitted.variance.sigma(snapshot_rows[in_span])
        parts.append((fitted.residuals, np.flatnonzero((trade_session >= fold.test[0]) & (trade_session < until))))
        progress("forecasts of trades", n + 1, len(folds), int(in_span.sum()))
    bucket = np.append(bucket_of(snapshots.minutes_to_close), 0)[snapshots.trade_index]
    return ResidualMoves(sigma=np.append(sigma, np.nan)[snapshots.trade_index], bucket=bucket, parts=tuple(parts))


def _past_of(past: list[Past], fold: Fold) -> Past | None:
    # calibrate on out-of-fold forecasts only, with the same embargo
    if not past:
        return None
    rows, forecast = concat_rows([item.rows for item in past]), Forecast.concat([item.forecast for item in past])
    known = rows.day <= fold.train.max()
    return Past(rows=rows[known], forecast=forecast[known])
