"""Keys, repeated days, conflicts, and rows whose sentence nobody can read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from magic8_ml.history.dataset import HistoryStore
from magic8_ml.history.delta_join import TOLERANCE_MIN
from magic8_ml.history.ingest import ingest
from tests.history.raw_days import HEADERS, Signal, delta_row, sheet_bytes, vertical, write_folder

DAY = date(2024, 8, 5)
CONDOR = Signal(day=DAY)


def merged(tmp_path: Path) -> tuple[pd.DataFrame, dict]:
    """Ingest what stands in the raw folder; return rows and report."""
    result = ingest(tmp_path / "raw", tmp_path / "out")
    return HistoryStore(tmp_path / "out").read().to_pandas(), result.report


@pytest.mark.parametrize(
    ("minutes_before", "found"), [(-1, False), (0, True), (1, True), (TOLERANCE_MIN, True), (TOLERANCE_MIN + 1, False)]
)
def test_a_delta_row_is_at_most_four_minutes_old_and_never_later(
    tmp_path: Path, minutes_before: int, *, found: bool
) -> None:
    """The tolerance is explicit: the same minute up to four before; a later row is the future."""
    delta = [delta_row(DAY, time(9, 40 - minutes_before))]
    write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=[replace(CONDOR, at=time(9, 40))], delta=delta)
    rows, _ = merged(tmp_path)
    assert rows["short_term"].notna().tolist() == [found]


def test_the_latest_of_several_delta_rows_counts(tmp_path: Path) -> None:
    """Within a minute the later second wins, and a later minute before an earlier one."""
    delta = [
        delta_row(DAY, time(9, 34), short_term=1.0),
        delta_row(DAY, time(9, 35), short_term=3.0, second=40),
        delta_row(DAY, time(9, 35), short_term=2.0, second=5),
    ]
    write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=[CONDOR], delta=delta)
    rows, _ = merged(tmp_path)
    assert rows["short_term"].tolist() == [3.0]


def test_a_conflict_is_counted_and_the_profit_sheet_wins(tmp_path: Path) -> None:
    """Two known values that differ: the profit sheet's stays, and the column is counted."""
    layout = HEADERS["trades", "2024"]
    trades = CONDOR.trades_row(layout)
    trades[layout.header.index("Premium")] = 0.61
    trades[layout.header.index("Closing")] = 5904.0
    folder = write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=[CONDOR])
    (folder / "trades 20240805-200643.csv").write_bytes(sheet_bytes(layout.header, [trades]))
    rows, report = merged(tmp_path)
    assert (rows["premium"].tolist(), rows["closed"].tolist(), rows["closing"].tolist()) == (
        [0.57],
        [5903.59],
        [5904.0],
    )
    assert report["conflicts"] == {"closed": 1, "premium": 1}


def test_the_later_download_of_a_day_is_dropped_and_counted(tmp_path: Path) -> None:
    """The earlier download stands whatever the folders are called; a row that only the later has is kept."""
    late = replace(CONDOR, at=time(15, 55))
    first, second = tmp_path / "raw" / "2024-08-05-FFFFF", tmp_path / "raw" / "2024-08-05-00000"
    write_folder(first.parent, first.name, profit=[CONDOR], trades=[CONDOR], stamp="20240805-200642")
    write_folder(second.parent, second.name, profit=[CONDOR, late], trades=[CONDOR, late], stamp="20240805-210000")
    rows, report = merged(tmp_path)
    assert rows["profit_ref"].str.split("/").str[0].tolist() == [first.name, second.name]
    assert (report["rows"]["duplicates"], report["anomalies"]["repeated_rows"]["trades"]) == (1, 1)


def test_a_later_download_fills_the_gaps_of_the_earlier(tmp_path: Path) -> None:
    """A dropped row still gives what the kept one lacks; of two later values the earlier stands."""
    layout = HEADERS["profit", "2024"]
    gap = CONDOR.profit_row(layout)
    gap[layout.header.index("Stop")] = ""
    folder = tmp_path / "raw" / "2024-08-05-00000"
    folder.mkdir(parents=True)
    (folder / "profit 20240805-200642.csv").write_bytes(sheet_bytes(layout.header, [gap]))
    (folder / "profit 20240805-200700.csv").write_bytes(sheet_bytes(layout.header, [CONDOR.profit_row(layout)]))
    (folder / "profit 20240805-200800.csv").write_bytes(sheet_bytes(layout.header, [gap]))
    rows, report = merged(tmp_path)
    assert rows["stop"].tolist() == [1.14]
    assert report["rows"]["duplicates"] == 2
    assert [finding["reason"] for finding in report["folders"]["findings"]] == ["second_file_of_a_kind"]


def test_a_row_without_readable_sentence_joins_where_it_is_alone(tmp_path: Path) -> None:
    """Minute, symbol and strategy join it if both sheets have one such row; its legs come from the strike columns."""
    layout = HEADERS["profit", "2024"]
    row = CONDOR.profit_row(layout)
    row[layout.header.index("Trade")] = "see chat"
    folder = write_folder(tmp_path / "raw", "2024-08-05-5568E", trades=[CONDOR, vertical(CONDOR)])
    (folder / "profit 20240805-200642.csv").write_bytes(sheet_bytes(layout.header, [row]))
    rows, report = merged(tmp_path)
    joined = rows[rows["strategy"] == "Iron_Condor"]
    assert joined["source_file"].tolist() == ["profit,trades"]
    assert joined["profit_recomputed"].tolist() == [CONDOR.profit]
    assert report["anomalies"]["rows_without_readable_sentence"] == 1


def test_an_ambiguous_row_without_sentence_stays_alone(tmp_path: Path) -> None:
    """With two candidates nothing is joined: a guess would give one signal another's quotes."""
    layout = HEADERS["profit", "2024"]
    row = CONDOR.profit_row(layout)
    row[layout.header.index("Trade")] = ""
    other = replace(CONDOR, strikes=(6000, 6010, 5800, 5790))
    folder = write_folder(tmp_path / "raw", "2024-08-05-5568E", trades=[CONDOR, other])
    (folder / "profit 20240805-200642.csv").write_bytes(sheet_bytes(layout.header, [row]))
    rows, report = merged(tmp_path)
    assert sorted(rows["source_file"]) == ["profit", "trades", "trades"]
    assert report["labels"]["not_checkable"] == 1


def test_the_strategy_is_the_name_never_the_sentence(tmp_path: Path) -> None:
    """A Sonar's sentence says Iron Condor: it stays a Sonar, apart from the condor with the same strikes."""
    same = replace(CONDOR, strategy="Sonar")
    write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=[CONDOR, same], trades=[same, CONDOR])
    rows, _ = merged(tmp_path)
    assert sorted(rows["strategy"]) == ["Iron_Condor", "Sonar"]
    assert rows["source_file"].tolist() == ["profit,trades"] * 2


def test_a_row_of_another_day_is_refused_with_its_text(tmp_path: Path) -> None:
    """A folder holds one day; a row of another is impossible and is kept word for word beside the data."""
    write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=[CONDOR, replace(CONDOR, day=date(2024, 8, 6))])
    _, report = merged(tmp_path)
    assert report["sheets"]["profit"]["refused"] == {"date_outside_folder": 1}
    details = pd.read_json(tmp_path / "out" / "data_quality_report.json", typ="series")["details"]["refused_lines"]
    assert (details[0]["line"], details[0]["text"][:10]) == (3, "08-06-2024")


def test_rows_are_sorted_by_time_whatever_the_sheet(tmp_path: Path) -> None:
    """The data set is in order of time, symbol and strategy."""
    moments = [time(10, 5), time(9, 35), time(15, 0)]
    write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=[replace(CONDOR, at=at) for at in moments])
    rows, _ = merged(tmp_path)
    assert (np.diff(rows["timestamp"].astype("int64")) > 0).all()
