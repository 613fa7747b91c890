"""The ingested history as labelled rows: legs, signs, labels, and not a trace of what came later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from magic8_companion.domain.bars import Bars
from magic8_ml.history.dataset import HistoryStore
from magic8_ml.history.ingest import ingest
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades import history_trades
from magic8_ml.trades.dataset import MarketFiles, history_data
from magic8_ml.trades.feature_catalogue import OUTCOME_COLUMNS
from magic8_ml.trades.history_trades import KNOWN_AT_ENTRY
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.terms import STRATEGIES, MarketContext
from tests.history.raw_days import Signal, butterfly, delta_row, sonar, vertical, write_folder

DAY = date(2024, 8, 5)
SLOTS = (time(9, 35), time(9, 40), time(9, 46))


def signals() -> list[Signal]:
    """Return the four strategies on two symbols at three slots; the NDX of the third slot is written a minute late."""
    base = [
        Signal(day=DAY, at=at, symbol=symbol, price=5901.67 + 3 * place)
        for place, at in enumerate(SLOTS)
        for symbol in ("SPX", "SPY")
    ]
    return [make(signal) for signal in base for make in (butterfly, lambda same: same, vertical, sonar)]


@pytest.fixture
def table(tmp_path: Path) -> pa.Table:
    """Return the data set of one day."""
    rows = signals()
    write_folder(tmp_path / "raw", f"{DAY}-5568E", profit=rows, trades=rows, delta=[delta_row(DAY, time(9, 35))])
    ingest(tmp_path / "raw", tmp_path / "out")
    return HistoryStore(tmp_path / "out").read()


def test_terms_are_those_of_the_signals(table: pa.Table) -> None:
    """Debits are positive, credits negative; strikes ascend, and the middle of a butterfly counts twice."""
    terms = history_trades.history_trades(table).terms
    first = {STRATEGIES[code]: place for place, code in reversed(list(enumerate(terms.strategy.tolist())))}
    fly, condor, variance_per_day, near = (first[name] for name in ("Butterfly", "Iron_Condor", "Vertical", "Sonar"))
    assert terms.net_premium[[fly, condor, variance_per_day, near]].tolist() == [18.27, -0.57, -0.9, -0.73]
    assert terms.strikes[fly].tolist() == [5860, 5910, 5960, 5960]
    assert terms.quantity[fly].tolist() == [1, -2, 1, 0]
    assert terms.quantity[condor].tolist() == terms.quantity[near].tolist() == [1, -1, -1, 1]
    assert terms.is_call[condor].tolist() == [False, False, True, True]
    assert terms.quantity[variance_per_day].tolist() == [1, -1, 0, 0]


def test_results_are_net_of_fees_or_gross(table: pa.Table) -> None:
    """With fees each result is the sheet's less the fees of its contracts; without, it is the sheet's."""
    gross = _rows(table, with_fees=False)
    net = _rows(table, with_fees=True)
    assert sorted(gross.profit.tolist()) == pytest.approx(sorted(signal.profit for signal in signals()))
    assert (net.profit < gross.profit).all()
    assert gross.won.tolist() == (gross.profit > 0).tolist()


def _rows(table: pa.Table, *, with_fees: bool) -> TradeRows:
    known = history_trades.history_trades(table, with_fees=with_fees)
    return known.rows(MarketContext.unknown(len(known)))


def test_nothing_but_the_label_is_read_of_what_came_later(table: pa.Table) -> None:
    """Every column that was not known at entry may say anything: the features stay the same to the last bit."""
    moved = table
    for place, field in enumerate(table.schema):
        if pa.types.is_floating(field.type) and field.name not in (*KNOWN_AT_ENTRY, "profit"):
            strange = pa.array(np.arange(len(table), dtype=np.float64))
            moved = moved.set_column(place, field, strange)
    before, after = (_rows(rows, with_fees=True) for rows in (table, moved))
    assert before.features.tobytes() == after.features.tobytes()
    assert not OUTCOME_COLUMNS & {*KNOWN_AT_ENTRY} - {
        "price",
        "symbol",
        "timestamp",
        *(f"strike{leg}" for leg in range(1, 5)),
    }


def test_delta_values_stand_on_rows_of_their_own_symbol_only(table: pa.Table) -> None:
    """The sheet followed SPX: SPY has no delta features, and they are missing, not 0."""
    rows = _rows(table, with_fees=True)
    variance_per_day = rows.column("price_vs_short")
    of_spx = rows.symbol == rows.symbols.index("SPX")
    assert np.isfinite(variance_per_day[of_spx & (rows.entered_at == rows.entered_at.min())]).all()
    assert np.isnan(variance_per_day[~of_spx]).all()


def test_rows_without_a_label_are_left_out(table: pa.Table) -> None:
    """A missing profit is no loss: the row is not there, and counted."""
    place = table.schema.get_field_index("profit")
    profit = table["profit"].to_numpy().copy()
    profit[:5] = np.nan
    holed = table.set_column(place, table.schema.field("profit"), pa.array(profit, from_pandas=True))
    known = history_trades.history_trades(holed)
    assert len(known) == len(table) - 5
    assert known.dropped["no_label"] == 5


def test_prices_of_the_sheets_are_bars(table: pa.Table) -> None:
    """A price written in a slot's first minutes is the close of the bar that ended at the slot."""
    bars: Bars = history_trades.sheet_bars(table)["SPX"]
    assert bars.close.tolist() == [5901.67, 5904.67, 5907.67, 5903.59]
    assert [f"{bars[n:].first_start:%H:%M}" for n in range(4)] == ["13:30", "13:35", "13:40", "19:55"]


def test_a_folder_becomes_rows(table: pa.Table, tmp_path: Path) -> None:
    """Without bars and VIX the market is missing, the trades are there; an empty folder is refused."""
    data = history_data(tmp_path / "out", MarketFiles())
    assert len(data.rows) == len(table)
    assert data.sessions_without_market == {"missing_vix": 2}
    assert (np.diff(data.rows.entered_at) >= 0).all()
    with pytest.raises(TrainingRefused, match="has no history"):
        history_data(tmp_path / "nowhere", MarketFiles())


def test_a_credit_below_its_fees_is_no_trade_to_judge(tmp_path: Path) -> None:
    """Where fees leave nothing to win, the result is known beforehand."""
    poor = [replace(Signal(day=DAY, at=at), premium=0.02) for at in SLOTS]
    write_folder(tmp_path / "raw", f"{DAY}-5568E", profit=[*poor, *signals()])
    ingest(tmp_path / "raw", tmp_path / "out")
    known = history_trades.history_trades(HistoryStore(tmp_path / "out").read())
    assert known.dropped == {"nothing_to_win": 3}
