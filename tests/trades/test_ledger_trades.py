"""The simulated ledger as labelled rows: its own figures, and markets that know nothing of later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.trading_day import require_session
from magic8_ml.forecast.boosted_variance import BoostingSettings
from magic8_ml.forecast.distribution_forecaster import DistributionForecaster
from magic8_ml.forecast.session_table import session_table
from magic8_ml.history.ledger_store import write_ledger
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.dataset import MarketFiles, ledger_data, walk_forward_moves
from magic8_ml.trades.ledger_trades import ledger_trades, read_ledger
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.settled_trades import SettledTrades
from magic8_ml.trades.terms import TradeTerms
from magic8_ml.trades.trade_markets import MarketSnapshots, market_snapshots
from tests.history.simulated_ledger import bars, spy_ledger, vix, write_files
from tests.history.test_ledger_look_ahead import changed

DAY = date(2024, 6, 12)
EVENING = require_session(DAY).close_at
NOON = require_session(DAY).open_at + timedelta(minutes=150)


def _chosen() -> pa.Table:
    rows = spy_ledger()
    return rows.filter((pc.field("price_maker") == "today") & (pc.field("scenario") == "base"))


@lru_cache(maxsize=1)
def known() -> SettledTrades:
    """Return the trades of the simulated ledger at today's price and base costs."""
    return ledger_trades(_chosen())


def markets(series: Bars | None = None) -> MarketSnapshots:
    """Return the markets of these trades."""
    return market_snapshots(known().terms, {"SPY": bars("SPY") if series is None else series}, vix())


def of_day(rows: TradeRows, until: int) -> TradeRows:
    """Return the rows of the day that were entered by a moment."""
    session = session_table().position(DAY)
    return rows[(rows.day == session) & (rows.entered_at <= until)]


def test_results_and_odds_are_those_of_the_ledger() -> None:
    """Risk, result, q* and label of every trade that can be won are what the ledger wrote, to the cent."""
    table = _chosen().filter(pc.field("q_star") < 1)
    rows = known().rows(markets().contexts())
    assert len(rows) == len(table) > 5_000
    assert known().dropped == {"nothing_to_win": len(_chosen()) - len(table)}
    assert rows.implied == pytest.approx(table["q_star"].to_numpy())
    assert rows.max_risk == pytest.approx(table["risk"].to_numpy())
    assert rows.profit.tolist() == pytest.approx(table["net"].to_numpy().tolist())
    assert rows.won.tolist() == (table["win"].to_numpy() == 1).tolist()


def test_price_odds_are_near_those_of_the_price_maker() -> None:
    """The lognormal at the served sigma says nearly what the maker's own sigma, of another window, says."""
    table = _chosen().filter(pc.field("q_star") < 1)
    said = known().rows(markets().contexts()).column("price_win")
    miss = np.abs(said - table["implied_probability"].to_numpy())
    assert np.nanmean(miss) < 0.05


@pytest.mark.parametrize("factor", [1.003, 0.99])
def test_bars_after_the_entry_change_no_feature(factor: float) -> None:
    """Whatever prices do from noon on, the features of trades entered by noon stand to the last bit."""
    other = changed(bars("SPY"), NOON, EVENING, factor)
    rows, moved = (of_day(known().rows(markets(series).contexts()), to_ns(NOON)) for series in (bars("SPY"), other))
    late, late_moved = (
        of_day(known().rows(markets(series).contexts()), to_ns(EVENING)) for series in (bars("SPY"), other)
    )
    assert len(rows) > 40
    assert rows.features.tobytes() == moved.features.tobytes()
    assert late.features.tobytes() != late_moved.features.tobytes()


def test_deleting_the_future_changes_no_feature() -> None:
    """With every bar after noon gone, trades entered by noon have the features they had."""
    gone = of_day(known().rows(markets(bars("SPY").known_at(NOON)).contexts()), to_ns(NOON))
    assert gone.features.tobytes() == of_day(known().rows(markets().contexts()), to_ns(NOON)).features.tobytes()


def test_behind_a_hole_the_market_is_what_was_last_known() -> None:
    """A missing bar leaves the rest of its day with the bars before it, never with those behind."""
    series = bars("SPY")
    at = int(np.searchsorted(series.starts, to_ns(NOON)))
    frame = series.frame()
    holed = markets(Bars.from_frame(frame.drop(frame.index[at])))
    session = session_table().position(DAY)
    assert int(holed.known_at[holed.session == session].max()) == to_ns(NOON)


def test_an_index_takes_the_bars_of_its_fund() -> None:
    """SPX has no bars here: its market is that of SPY; a symbol without any has none."""
    terms = known().terms
    spx = market_snapshots(_renamed("SPX"), {"SPY": bars("SPY")}, vix())
    assert (spx.trade_index == markets().trade_index).all()
    nobody = market_snapshots(_renamed("TSLA"), {"SPY": bars("SPY")}, vix())
    assert (nobody.trade_index == -1).all()
    assert np.isnan(nobody.contexts().sigma).all()
    assert len(nobody.contexts().known_at) == len(terms)


def _renamed(symbol: str) -> TradeTerms:
    return replace(known().terms, symbols=(symbol,))


def test_forecasts_come_from_earlier_days_alone() -> None:
    """Scrambling all bars from a day on leaves every forecast before that day as it was."""
    last = date(2024, 3, 8)
    series = bars("SPY").known_at(require_session(last).close_at)
    cut = require_session(date(2024, 2, 28)).open_at
    known_now = markets(series)
    small = DistributionForecaster(boosting=BoostingSettings(rounds=2))
    told, other = (
        walk_forward_moves(known_now, {"SPY": same}, vix(), forecaster=small)
        for same in (series, changed(series, cut, EVENING, 1.01))
    )
    assert told is not None
    assert other is not None
    before = known().terms.at < to_ns(cut)
    assert np.isfinite(told.sigma[before]).sum() > 200
    assert told.sigma[before].tobytes() == other.sigma[before].tobytes()
    rows = known().rows(known_now.contexts(told))
    forecast = rows.column("forecast_win")
    heard = np.isfinite(forecast)
    assert ((forecast[heard] >= 0) & (forecast[heard] <= 1)).all()
    assert np.corrcoef(forecast[heard], rows.column("price_win")[heard])[0, 1] > 0.9


def test_a_ledger_is_read_from_its_folder(tmp_path: Path) -> None:
    """Files written by the ledger become the same rows; an empty folder is refused with the way out."""
    write_ledger(tmp_path, spy_ledger(), {})
    folder, vix_file = write_files(tmp_path / "files", ("SPY",))
    data = ledger_data(tmp_path, MarketFiles(bars=folder, vix=vix_file, forecasts=False))
    assert data.rows.features.tobytes() == known().rows(markets().contexts()).features.tobytes()
    assert data.dropped_trades == known().dropped
    with pytest.raises(TrainingRefused, match="magic8_ml ledger"):
        read_ledger(tmp_path / "nowhere")
    with pytest.raises(TrainingRefused, match="no trade of price maker"):
        read_ledger(tmp_path, scenario="free")
