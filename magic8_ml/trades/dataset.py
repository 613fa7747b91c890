"""From files to labelled rows: the history or a ledger, with bars and VIX where there are some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from magic8_companion.domain.arrays import Integers
from magic8_companion.domain.bars import Bars
from magic8_ml.forecast.distribution_forecaster import DistributionForecaster
from magic8_ml.forecast.forecaster import Forecast, Past, concatenated
from magic8_ml.forecast.labels import bucket_of
from magic8_ml.forecast.residuals import Residuals
from magic8_ml.forecast.training.bar_files import read_bar_folder, read_vix_daily
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.forecast.training.progress import Progress, silent
from magic8_ml.forecast.training.walk_forward import Fold, WalkForwardConfig, folds_of
from magic8_ml.history.dataset import HistoryStore
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades import history_trades
from magic8_ml.trades.five_minute_forecast import ResidualMoves
from magic8_ml.trades.ledger_trades import ledger_trades, read_ledger
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.settled_trades import KnownTrades
from magic8_ml.trades.trade_markets import Moments, moments_of


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketFiles:
    """Where bars and VIX lie, None where nobody recorded them; ``forecasts``: walk the five-minute model forward."""

    bars: Path | None = None
    vix: Path | None = None
    forecasts: bool = True

    def recorded(self) -> dict[str, Bars]:
        """Read the bars of every symbol in the folder, none without one."""
        return {} if self.bars is None else read_bar_folder(self.bars).bars

    def vix_daily(self) -> Bars:
        """Read the daily VIX rows, none without a file."""
        return Bars.empty() if self.vix is None else read_vix_daily(self.vix)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeData:
    """Labelled rows in the order of time, and what was left out: trades, and sessions of a symbol without a market.

    ``known``, ``bars`` and ``vix_daily`` are what the rows were made of: an audit makes some of them again.
    """

    rows: TradeRows
    dropped_trades: Mapping[str, int]
    sessions_without_market: Mapping[str, int]
    known: KnownTrades
    bars: Mapping[str, Bars]
    vix_daily: Bars


def history_data(folder: Path, files: MarketFiles, *, with_fees: bool = True, progress: Progress = silent) -> TradeData:
    """Return the rows of an ingested history; prices of the sheets stand in for bars that were not recorded.

    Raises
    ------
    TrainingRefused
        When the folder holds no history, or a file of bars or VIX cannot be used.
    """
    try:
        table = HistoryStore(folder).read(sorted({*history_trades.COLUMNS, *history_trades.BAR_COLUMNS}))
    except FileNotFoundError as error:
        raise TrainingRefused(str(error)) from error
    bars = history_trades.sheet_bars(table) | files.recorded()
    return _data(history_trades.history_trades(table, with_fees=with_fees), bars, files, progress)


def ledger_data(
    folder: Path,
    files: MarketFiles,
    *,
    price_maker: str = "today",
    scenario: str = "base",
    progress: Progress = silent,
) -> TradeData:
    """Return the rows of a simulated ledger at one price maker and cost scenario.

    Raises
    ------
    TrainingRefused
        When there is no such ledger, or a file of bars or VIX cannot be used.
    """
    table = read_ledger(folder, price_maker=price_maker, scenario=scenario)
    return _data(ledger_trades(table), files.recorded(), files, progress)


def _data(known: KnownTrades, bars: Mapping[str, Bars], files: MarketFiles, progress: Progress) -> TradeData:
    if not len(known):
        raise TrainingRefused(f"no trade with a known result; left out: {dict(known.dropped)}")
    vix_daily = files.vix_daily()
    moments = moments_of(known.terms, bars, vix_daily, progress)
    moves = walk_forward_moves(moments, bars, vix_daily, progress) if files.forecasts and len(moments) else None
    return TradeData(
        rows=known.rows(moments.contexts(moves)),
        dropped_trades=known.dropped,
        sessions_without_market=moments.missing,
        known=known,
        bars=bars,
        vix_daily=vix_daily,
    )


def walk_forward_moves(
    moments: Moments,
    bars: Mapping[str, Bars],
    vix_daily: Bars,
    progress: Progress = silent,
    *,
    forecaster: DistributionForecaster | None = None,
) -> ResidualMoves | None:
    """Return the forecast distribution of each trade, None where there are too few days to learn from.

    The days are cut as in the training of the five-minute model; moments before its first fold have no forecast.
    """
    rows = dataset_of(bars, vix_daily, progress).rows
    folds = folds_of(rows.day, WalkForwardConfig.of(rows.day)) if len(rows) else ()
    if not folds or not len(moments):
        return None
    asked, design = moments.rows(), forecaster or DistributionForecaster()
    sigma = np.full(len(moments), np.nan)
    parts: list[tuple[Residuals, Integers]] = []
    trade_session = np.append(moments.session, -1)[moments.of_trade]
    made: list[Past] = []
    for n, fold in enumerate(folds):
        fitted = design.fit(rows[np.isin(rows.day, fold.train)], _before(made, fold))
        tested = rows[np.isin(rows.day, fold.test)]
        made.append(Past(rows=tested, forecast=fitted.predict(tested.without_outcomes())))
        # days without rows of their own (half days) belong to the fold in whose span they lie
        until = np.inf if n + 1 == len(folds) else folds[n + 1].test[0]
        here = (moments.session >= fold.test[0]) & (moments.session < until) & np.isfinite(moments.sigma_vix)
        if here.any():
            sigma[here] = fitted.variance.sigma(asked[here])
        parts.append((fitted.residuals, np.flatnonzero((trade_session >= fold.test[0]) & (trade_session < until))))
        progress("forecasts of trades", n + 1, len(folds), int(here.sum()))
    bucket = np.append(bucket_of(moments.minutes_to_close), 0)[moments.of_trade]
    return ResidualMoves(sigma=np.append(sigma, np.nan)[moments.of_trade], bucket=bucket, parts=tuple(parts))


def _before(made: list[Past], fold: Fold) -> Past | None:
    # what calibrates a forecast was itself forecast before its outcome; the embargo holds for it, too
    if not made:
        return None
    rows, forecast = concatenated([past.rows for past in made]), Forecast.joined([past.forecast for past in made])
    known = rows.day <= fold.train.max()
    return Past(rows=rows[known], forecast=forecast[known])
