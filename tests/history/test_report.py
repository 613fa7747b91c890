"""The report: sums that add up, missing periods, files for readers of the old data set, a self-contained page."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from magic8_ml.history.ingest import ingest
from magic8_ml.history.report_files import ingest_page
from tests.history.raw_days import Signal, butterfly, delta_row, sonar, vertical, write_folder
from tests.reports.html_reader import check_self_contained

MONDAY = date(2024, 8, 5)
CONDOR = Signal(day=MONDAY)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Ingest a Monday, a Wednesday and a Saturday in August 2024."""
    for day in (MONDAY, date(2024, 8, 7), date(2024, 8, 10)):
        condor = replace(CONDOR, day=day)
        lost = replace(condor, symbol="NDX", closed=5995.25)
        signals = [butterfly(condor), condor, vertical(condor), sonar(condor), lost]
        write_folder(tmp_path / "raw", f"{day}-5568E", profit=signals, delta=[delta_row(day, time(9, 35))])
    ingest(tmp_path / "raw", tmp_path / "out")
    return tmp_path / "out"


def load(out: Path, name: str) -> dict:
    """Read a JSON file of the data set."""
    return json.loads((out / name).read_text(encoding="utf-8"))


def test_missing_periods_are_held_against_the_exchange_calendar(out: Path) -> None:
    """Tuesday, Thursday and Friday have no folder, and Saturday is no session."""
    calendar = load(out, "ingest_report.json")["calendar"]
    assert calendar["missing_sessions"] == ["2024-08-06", "2024-08-08", "2024-08-09"]
    assert calendar["closed_days"] == ["2024-08-10"]
    assert len(calendar["missing_slots"]["2024-08-05"]) == 76


def test_win_rates_stand_by_symbol_strategy_and_both(out: Path) -> None:
    """Each sum of the finer table is the number of the coarser one."""
    rates = load(out, "ingest_report.json")["win_rates"]
    for coarse, place in (("by_symbol", 0), ("by_strategy", 1)):
        for name, row in rates[coarse].items():
            parts = [part for pair, part in rates["by_symbol_strategy"].items() if pair.split(" ")[place] == name]
            for key in ("rows", "labelled", "wins"):
                assert row[key] == sum(part[key] for part in parts)
    assert rates["by_symbol"]["NDX"]["win_rate"] == 0.0
    assert rates["all"]["rows"] == 15


def test_rows_are_counted_by_sheet_and_join(out: Path) -> None:
    """The numbers that every reader of the report relies on."""
    report = load(out, "ingest_report.json")
    assert report["rows"] == {
        "profit": 15,
        "trades": 0,
        "delta": 3,
        "prediction": 0,
        "output": 15,
        "duplicates": 0,
        "quarantined": 0,
    }
    assert report["source_file"] == {"profit": 3, "profit,delta": 12}
    assert (report["delta"]["matched"], report["delta"]["coverage"]) == (12, 1.0)
    assert report["joins"]["by_month"]["2024-08"] == {"profit": 15, "trades": 0, "joined": 0, "rate": 0.0}


def test_a_missing_trades_sheet_is_alarming_only_since_there_are_trades_sheets(tmp_path: Path) -> None:
    """From September 2024 on every profit row should have its trades row; before, none has."""
    for day in (date(2024, 7, 31), date(2024, 9, 4)):
        write_folder(tmp_path / "raw", f"{day}-5568E", profit=[replace(CONDOR, day=day)])
    alerts = ingest(tmp_path / "raw", tmp_path / "out").report["alerts"]
    assert [alert for alert in alerts if "trades row" in alert] == [
        "2024-09: only 0.00% of the profit rows have their trades row"
    ]


def test_delta_coverage_below_95_percent_is_alarming(tmp_path: Path) -> None:
    """A month whose slots lack delta rows is named with its share."""
    signals = [replace(CONDOR, at=at) for at in (time(9, 35), time(9, 40))]
    write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=signals, delta=[delta_row(MONDAY, time(9, 35))])
    report = ingest(tmp_path / "raw", tmp_path / "out").report
    assert "2024-08: only 50.0% of the slots have a delta row" in report["alerts"]
    assert report["delta"]["by_month"]["2024-08"]["symbol_coverage"] == 0.5


def test_files_for_readers_of_the_old_data_set(out: Path) -> None:
    """Their names and keys are kept; averages are of labelled rows."""
    assert load(out, "symbol_analysis.json") == {"NDX": 3, "SPX": 12}
    assert load(out, "strategy_analysis.json") == {"Butterfly": 3, "Iron_Condor": 6, "Sonar": 3, "Vertical": 3}
    spx = load(out, "symbol_statistics.json")["SPX"]
    assert (spx["total_trades"], spx["strategies"]["Iron_Condor"]["avg_profit"]) == (12, 57.0)
    ndx = load(out, "symbol_statistics.json")["NDX"]["strategies"]["Iron_Condor"]
    assert (ndx["count"], ndx["win_rate"], ndx["avg_win"], ndx["avg_loss"]) == (3, 0.0, None, -468.0)
    assert load(out, "processing_stats.json")["rows"]["output"] == 15
    assert set(load(out, "data_quality_report.json")) == {"summary", "details"}


def test_the_page_is_self_contained(out: Path) -> None:
    """No script, no network; alerts and every count are on it."""
    page = check_self_contained((out / "ingest_report.html").read_text(encoding="utf-8"))
    assert page.targets == ["rows", "win_rates", "months", "sheets", "anomalies", "missing"]
    for text in ("3 sessions of the exchange have no folder", "Iron_Condor", "2024-08-06, 2024-08-08", "profit,delta"):
        assert text in page.text


def test_markup_in_file_names_is_text(tmp_path: Path) -> None:
    """A name that looks like a part of the page is shown as text."""
    evil = '<span class="bar"><script>alert(1)</script>'
    write_folder(tmp_path / "raw", "2024-08-05-5568E", profit=[CONDOR])
    report = ingest(tmp_path / "raw", tmp_path / "out").report
    shown = {**report, "alerts": [evil], "conflicts": {evil: 1}, "source_file": {evil: 2}}
    assert check_self_contained(ingest_page(shown)).text.count(evil) == 3
