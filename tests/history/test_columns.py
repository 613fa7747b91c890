"""Texts become numbers, clocks and strikes, or stay missing with their text kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from magic8_companion.domain.trading_day import new_york_instant
from magic8_ml.history.clock_columns import new_york_clock, stamp_with_offset, utc_seconds
from magic8_ml.history.dataset import HistoryStore
from magic8_ml.history.ingest import ingest
from magic8_ml.history.layouts import LAYOUTS, layout_of
from magic8_ml.history.order_sentences import RIGHTS, read_sentences
from magic8_ml.history.text_columns import numbers
from tests.history.raw_days import HEADERS, Signal, sheet_bytes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        (".43", 0.43),
        ("-0.05", -0.05),
        ("1,234.50", 1234.5),
        ("$18.27", 18.27),
        ("-$5", -5.0),
        ("$-5", -5.0),
        ("(1,827.00)", -1827.0),
        ("($5)", -5.0),
        ("12.50-", -12.5),
        ("\u22125", -5.0),
        (" 7 ", 7.0),
        ("1e3", 1000.0),
        ("", None),
        ("nan", None),
        (" ", None),
    ],
)
def test_an_unambiguous_number_is_read(text: str, value: float | None) -> None:
    """Decoration does not matter, a blank is missing, and neither is unreadable."""
    read = numbers(pa.chunked_array([["1", text or None]], pa.string()))
    assert read.unreadable_texts == ()
    assert np.isnan(read.values[1]) if value is None else read.values[1] == value


@pytest.mark.parametrize("text", ["12,5", "1.2.3", "n/k", "inf", "(5.00", "5.00)", "(-5.00)", "-5-", "5 %", "1,23,456"])
def test_an_ambiguous_number_is_missing_and_its_text_is_kept(text: str) -> None:
    """Nothing is guessed: the cell is counted with its text."""
    read = numbers(pa.chunked_array([["1", text]]))
    assert (read.unreadable_rows, read.unreadable_texts) == ((1,), (text,))
    assert np.isnan(read.values[1])


def test_unreadable_cells_are_listed_with_their_place(tmp_path: Path) -> None:
    """File, line, column and text stand in the quality report; the row is kept."""
    layout = HEADERS["profit", "2024"]
    row = Signal(day=date(2024, 8, 5)).profit_row(layout)
    row[layout.header.index("Price")] = "59O1"
    folder = tmp_path / "raw" / "2024-08-05-5568E"
    folder.mkdir(parents=True)
    (folder / "profit 20240805-200642.csv").write_bytes(sheet_bytes(layout.header, [row]))
    report = ingest(tmp_path / "raw", tmp_path / "out").report
    assert report["anomalies"]["unreadable_numbers"] == 1
    state = HistoryStore(tmp_path / "out").state("2024-08")
    assert state is not None
    assert state.figures["unreadable_numbers"] == [
        {
            "sheet": "profit",
            "file": "2024-08-05-5568E/profit 20240805-200642.csv",
            "line": 2,
            "column": "price",
            "text": "59O1",
        }
    ]
    assert HistoryStore(tmp_path / "out").read(["price", "profit"]).to_pylist() == [{"price": None, "profit": 57.0}]


@pytest.mark.parametrize("day", [date(2023, 3, 10), date(2023, 3, 13), date(2024, 11, 1), date(2024, 11, 4)])
def test_new_york_clocks_become_utc_on_both_sides_of_a_change(day: date) -> None:
    """The zone of the day decides, the days around a change of clocks included; the way back is exact."""
    table = pa.table({"day": [f"{day:%m-%d-%Y}"] * 2, "hour": ["09:35", "15:55"]})
    seconds = utc_seconds(table, "new_york")
    expected = [new_york_instant(day, at) for at in (time(9, 35), time(15, 55))]
    assert [datetime.fromtimestamp(second, UTC) for second in seconds.tolist()] == expected
    days, minutes = new_york_clock(seconds)
    assert [date(1970, 1, 1).toordinal() + number for number in days.tolist()] == [day.toordinal()] * 2
    assert minutes.tolist() == [575, 955]


def test_stamps_with_an_offset_are_believed() -> None:
    """The oldest profit sheet says its offset itself; a stamp without one is no time."""
    at = datetime(2022, 12, 12, 14, 35, 3, tzinfo=UTC)
    assert stamp_with_offset("2022-12-12T09:35:03.089596-05:00") == int(at.timestamp())
    assert stamp_with_offset("2022-12-12T09:35:03") is None


@pytest.mark.parametrize("text", ["13-45-2024", "08.05.2024", "2024-08-05", "Wins", "08-05-24"])
def test_what_is_no_date_is_missing(text: str) -> None:
    """Day first, ISO or two-digit years are not this sheet's dates."""
    table = pa.table({"day": [text], "hour": ["09:35"]})
    assert utc_seconds(table, "utc").tolist() == [-1]


@pytest.mark.parametrize(
    ("sentence", "strikes", "right", "action"),
    [
        ("BUY +1 Butterfly SPX 100 22 May 25 5905/5855/5805 CALL @24.82 LMT", [5805, 5855, 5905], "CALL", 1),
        ("SELL -1 Vertical TSLA 100 (Weeklys) 4 SEP 26 252.5/255 CALL @-0.05 LMT", [252.5, 255], "CALL", -1),
        (
            "sell -1 iron condor NDX 100 1 Feb 23 20800/20820/20200/20180 call/put @.5",
            [20180, 20200, 20800, 20820],
            "CALL/PUT",
            -1,
        ),
        ("see chat", [], None, 0),
    ],
)
def test_sentences_give_strikes_right_and_action(
    sentence: str, strikes: list[float], right: str | None, action: int
) -> None:
    """Ascending strikes whatever the order of the text; what cannot be read is unknown."""
    said = read_sentences(pa.array([sentence]))
    assert [strike for strike in said.strikes[0].tolist() if not np.isnan(strike)] == strikes
    assert (RIGHTS[said.right[0]] if said.right[0] >= 0 else None, int(said.action[0])) == (right, action)


def test_every_header_is_its_own_generation() -> None:
    """Ten headers; one with a field too many, or twice the same, is none of them."""
    assert len(LAYOUTS) == 10
    for layout in LAYOUTS.values():
        assert layout_of(layout.header) is layout
        assert layout_of([*layout.header, "Luck"]) is None
        assert layout_of([*layout.header, layout.header[0]]) is None
        assert layout_of(layout.header[1:]) is not layout
