"""From files to labelled rows: the history or a ledger, with bars and VIX where there are some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from magic8_companion.domain.bars import Bars
from magic8_ml.forecast.training.bar_files import read_bar_folder, read_vix_daily
from magic8_ml.forecast.training.progress import Progress, silent
from magic8_ml.history.dataset import HistoryStore
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades import history_trades, sheet_bars
from magic8_ml.trades.ledger_trades import ledger_trades, read_ledger
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.settled_trades import KnownTrades
from magic8_ml.trades.trade_markets import moments_of
from magic8_ml.trades.walk_forward_forecasts import walk_forward_moves


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
        table = HistoryStore(folder).read(sorted({*history_trades.COLUMNS, *sheet_bars.COLUMNS}))
    except FileNotFoundError as error:
        raise TrainingRefused(str(error)) from error
    bars = sheet_bars.sheet_bars(table) | files.recorded()
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
