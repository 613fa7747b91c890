"""The six ways in which the history was once spoiled while merging; each test fails on its bug."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pandas as pd

from magic8_ml.history.dataset import HistoryStore
from magic8_ml.history.ingest import ingest
from tests.history.raw_days import HEADERS, Signal, butterfly, delta_row, sheet_bytes, vertical, write_folder

SUMMER = date(2024, 8, 5)
WINTER = date(2024, 12, 9)
CONDOR = Signal(day=SUMMER)


def merged(tmp_path: Path) -> tuple[pd.DataFrame, dict]:
    """Ingest what stands in the raw folder; return rows and report."""
    result = ingest(tmp_path / "raw", tmp_path / "out")
    return HistoryStore(tmp_path / "out").read().to_pandas(), result.report


def test_a_the_trades_row_never_takes_the_profit_away(tmp_path: Path) -> None:
    """(a) The trades sheet has no profit: the profit of a joined row stays, and so does its label."""
    losing = replace(CONDOR, closed=5995.25)
    signals = [butterfly(losing), losing, vertical(losing)]
    write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=signals, trades=signals)
    rows, report = merged(tmp_path)
    assert set(rows["source_file"]) == {"profit,trades"}
    assert rows["profit"].tolist() == [signal.profit for signal in signals]
    assert rows["win"].tolist() == [int(signal.profit > 0) for signal in signals]
    assert (report["labels"]["known"], report["labels"]["wins"]) == (3, 1)


def test_a_a_row_without_a_profit_is_no_loss(tmp_path: Path) -> None:
    """(a) A row that only the trades sheet knows is kept without a label, and is not counted as one."""
    other = replace(CONDOR, at=time(9, 40))
    write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=[CONDOR], trades=[CONDOR, other])
    rows, report = merged(tmp_path)
    assert rows["source_file"].tolist() == ["profit,trades", "trades"]
    assert rows["win"].isna().tolist() == [False, True]
    assert rows["trade_description"].notna().all()
    assert (report["labels"]["known"], report["joins"]["trades_alone"]) == (1, 1)


def test_a_a_blank_never_replaces_a_value_in_either_direction(tmp_path: Path) -> None:
    """(a) Gaps of the profit row are filled from the trades row, and gaps of the trades row change nothing."""
    layout, trades_layout = HEADERS["profit", "2024"], HEADERS["trades", "2024"]
    profit, trades = CONDOR.profit_row(layout), CONDOR.trades_row(trades_layout)
    profit[layout.header.index("Premium")] = ""
    trades[trades_layout.header.index("Risk")] = ""
    folder = write_folder(tmp_path / "raw", "2024-08-05-5568E", delta=[delta_row(SUMMER, time(9, 35))])
    (folder / "profit 20240805-200642.csv").write_bytes(sheet_bytes(layout.header, [profit]))
    (folder / "trades 20240805-200643.csv").write_bytes(sheet_bytes(trades_layout.header, [trades]))
    rows, report = merged(tmp_path)
    assert (rows["premium"].tolist(), rows["risk"].tolist()) == ([0.57], [9.43])
    assert report["conflicts"] == {}


def test_b_sheets_meet_on_instants_not_on_clock_texts(tmp_path: Path) -> None:
    """(b) 14:35:03 UTC is 09:35 in New York in winter, 13:35:03 in summer: every slot finds its delta row."""
    for day in (WINTER, SUMMER):
        moments = [time(9, 35), time(9, 40), time(12, 0), time(15, 55)]
        signals = [replace(CONDOR, day=day, at=at) for at in moments]
        delta = [delta_row(day, at, second=3) for at in moments]
        write_folder(tmp_path / "raw", f"{day}-5568E", profit=signals, trades=signals, delta=delta)
    rows, report = merged(tmp_path)
    assert rows["short_term"].notna().all()
    assert rows["timestamp"].dt.hour.tolist()[::4] == [13, 14]
    assert report["delta"]["coverage"] == report["delta"]["slot_coverage"] == 1.0


def test_c_delta_values_stay_with_their_own_symbol(tmp_path: Path) -> None:
    """(c) The delta sheet follows one symbol: no other row gets its values."""
    signals = [CONDOR, *(replace(CONDOR, symbol=symbol) for symbol in ("SPY", "NDX", "TSLA"))]
    write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=signals, delta=[delta_row(SUMMER, time(9, 35))])
    rows, report = merged(tmp_path)
    assert rows[rows["short_term"].notna()]["symbol"].tolist() == ["SPX"]
    assert report["delta"]["by_month"]["2024-08"] == {
        "slots": 1,
        "slots_with_delta": 1,
        "rows": 4,
        "rows_with_delta": 1,
        "delta_symbol_rows": 1,
        "slot_coverage": 1.0,
        "symbol_coverage": 1.0,
        "row_coverage": 0.25,
    }


def test_d_strikes_tell_two_signals_of_one_minute_apart(tmp_path: Path) -> None:
    """(d) Two condors of one minute with other strikes stay two, each with its own trades row."""
    other = replace(CONDOR, strikes=(6000, 6010, 5800, 5790), premium=0.4)
    write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=[CONDOR, other], trades=[other, CONDOR])
    rows, report = merged(tmp_path)
    assert rows["premium"].tolist() == [0.4, 0.57]
    assert rows["strike1"].tolist() == [6000.0, 5990.0]
    assert (report["rows"]["output"], report["conflicts"]) == (2, {})


def test_d_equal_rows_of_one_sheet_stay_as_many(tmp_path: Path) -> None:
    """(d) Otherwise equal rows get ordinals: two in, two out, one to one with their trades rows."""
    write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=[CONDOR, CONDOR], trades=[CONDOR, CONDOR])
    rows, report = merged(tmp_path)
    assert rows["source_file"].tolist() == ["profit,trades"] * 2
    assert rows["trades_ref"].nunique() == 2
    assert report["rows"]["duplicates"] == 0


def test_e_a_merged_row_names_all_sheets_that_gave_it_values(tmp_path: Path) -> None:
    """(e) The origin lists profit, trades and delta in this order, and points at file and line of each."""
    write_folder(
        tmp_path / "raw", "2024-08-05-5568E", profit=[CONDOR], trades=[CONDOR], delta=[delta_row(SUMMER, time(9, 35))]
    )
    rows, _ = merged(tmp_path)
    assert rows["source_file"].tolist() == ["profit,trades,delta"]
    assert rows[["profit_ref", "trades_ref", "delta_ref"]].iloc[0].tolist() == [
        f"2024-08-05-5568E/{kind} 20240805-200642.csv:2" for kind in ("profit", "trades", "delta")
    ]


def test_f_coverage_counts_rows_against_rows(tmp_path: Path) -> None:
    """(f) Shares never exceed one: rows are held against rows, slots against slots, however often the loop ran."""
    signals = [replace(CONDOR, at=at) for at in (time(9, 35), time(9, 40))]
    delta = [delta_row(SUMMER, at, second=second) for at in (time(9, 35), time(9, 40)) for second in (3, 9, 15)]
    write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=signals, delta=delta)
    _, report = merged(tmp_path)
    month = report["delta"]["by_month"]["2024-08"]
    assert (month["slots"], month["slots_with_delta"], month["slot_coverage"]) == (2, 2, 1.0)
    assert report["delta"]["matched"] == 2
    assert report["anomalies"]["sessions_whose_loop_ran_twice"] == 1


def test_f_details_are_never_cut(tmp_path: Path) -> None:
    """(f) 1,500 quarantined rows are 1,500 entries of the quality report."""
    bad = [replace(CONDOR, shown_profit=1e6, strikes=(5990 + n, 6000 + n, 5810, 5800)) for n in range(1500)]
    write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=bad)
    _, report = merged(tmp_path)
    details = pd.read_json(tmp_path / "out" / "data_quality_report.json", typ="series")["details"]
    assert len(details["quarantined_rows"]) == report["rows"]["quarantined"] == 1500
    assert report["labels"] | {"by_month": None} == {
        "known": 0,
        "wins": 0,
        "win_rate": None,
        "missing": 0,
        "quarantined": {"outside_bounds": 1500},
        "checked_against_payoff": 1500,
        "not_checkable": 0,
        "by_month": None,
    }
    assert report["alerts"][0].startswith("2024-08: 100.0%")
