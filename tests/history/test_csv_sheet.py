"""One file: header, control characters, tails, repeated headers, impossible lines."""

from __future__ import annotations

from datetime import date

import pytest

from magic8_ml.history.csv_sheet import SheetRefused, read_sheet
from tests.history.raw_days import HEADERS, Signal, sheet_bytes

LAYOUT = HEADERS["profit", "2024"]
ROW = Signal(day=date(2024, 8, 5)).profit_row(LAYOUT)


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    """Rows know their line through repeated headers, blank lines and short lines in the middle."""
    content = sheet_bytes(LAYOUT.header, [ROW, LAYOUT.header, [], ROW, ["Wins", 3], ROW], [["Total", 3], []])
    sheet = read_sheet("f", "profit", content)
    assert sheet.lines.tolist() == [2, 5, 7]
    assert dict(sheet.counts) == {"tail": 4, "repeated_headers": 1, "lines": 8}
    assert sheet.table.num_rows == 3


def test_control_characters_are_removed_and_their_rows_known() -> None:
    """A form feed before a date neither spoils the date nor goes unnoticed."""
    content = sheet_bytes(LAYOUT.header, [ROW, ["\x0c" + str(ROW[0]), *ROW[1:]], ROW]).replace(b"SPX", b"S\x00PX", 1)
    sheet = read_sheet("f", "profit", content)
    assert sheet.table["day"].to_pylist() == ["08-05-2024"] * 3
    assert sheet.table["symbol"].to_pylist() == ["SPX"] * 3
    assert sheet.has_control.tolist() == [True, True, False]


def test_a_line_of_torn_bytes_costs_no_other_line() -> None:
    """What is no text in any code is a line of the tail; the sheet around it is read, and marked as undecodable."""
    content = sheet_bytes(LAYOUT.header, [ROW, ["\x0c" + str(ROW[0]), *ROW[1:]], ROW]) + b"\xff\xfe\x81 torn"
    sheet = read_sheet("f", "profit", content)
    assert sheet.lines.tolist() == [2, 3, 4]
    assert sheet.has_control.tolist() == [False, True, False]
    assert dict(sheet.counts) == {"undecodable": 1, "tail": 1, "repeated_headers": 0, "lines": 4}


def test_a_quote_that_is_never_closed_costs_no_other_line() -> None:
    """It ends with its line, whose cells are read as they are; pairs of quotes still hold a comma together."""
    content = sheet_bytes(LAYOUT.header, [ROW, ROW, ROW]).replace(b"SPX", b'"SPX', 1).replace(b"9.43", b'"1,009.43"', 2)
    sheet = read_sheet("f", "profit", content)
    assert sheet.lines.tolist() == [3, 4]
    assert [(row.line, row.reason) for row in sheet.refused] == [(2, "wrong_cell_count")]
    assert sheet.table["risk"].to_pylist() == ["1,009.43", "9.43"]


def test_an_unknown_header_stops_the_file_by_name() -> None:
    """The refusal names file and header."""
    with pytest.raises(SheetRefused, match=r"2024-08-05/profit\.csv: unknown_header: When,Symbol,Luck"):
        read_sheet("2024-08-05/profit.csv", "profit", b"When,Symbol,Luck\r\n1,2,3\r\n")


def test_a_sheet_under_another_name_is_refused() -> None:
    """A delta header in a profit file is a mistake of the download."""
    with pytest.raises(SheetRefused, match="header_of_another_sheet"):
        read_sheet("f", "profit", sheet_bytes(HEADERS["delta", "all"].header, []))


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    """Nothing in it is a reason, not a silence."""
    with pytest.raises(SheetRefused, match="empty_file"):
        read_sheet("f", "profit", content)


def test_a_header_alone_is_an_empty_sheet() -> None:
    """A day without signals has no rows and no errors."""
    assert read_sheet("f", "profit", sheet_bytes(LAYOUT.header, [])).table.num_rows == 0


def test_columns_are_found_by_name_in_any_order() -> None:
    """Dispatch is by the set of fields: a reordered header is the same sheet."""
    header = list(reversed(LAYOUT.header))
    sheet = read_sheet("f", "profit", sheet_bytes(header, [list(reversed(ROW))]))
    assert sheet.layout is LAYOUT
    assert sheet.table["symbol"].to_pylist() == ["SPX"]


def test_a_line_that_begins_like_data_is_refused_not_lost_in_the_tail() -> None:
    """A date with too few or too many cells is kept word for word."""
    sheet = read_sheet("f", "profit", sheet_bytes(LAYOUT.header, [ROW, ROW[:5], [*ROW, 1]]))
    assert [(line.line, line.reason) for line in sheet.refused] == [(3, "wrong_cell_count"), (4, "wrong_cell_count")]
    assert sheet.refused[0].text.startswith("08-05-2024,09:35,SPX")


def test_byte_order_mark_unix_line_ends_and_latin_letters_are_read() -> None:
    """What spreadsheets do to files on their way does not matter; undecodable bytes are counted."""
    content = b"\xef\xbb\xbf" + sheet_bytes(LAYOUT.header, [ROW, ROW]).replace(b"\r\n", b"\n").replace(
        b"LMT", b"LM\xe9"
    )
    sheet = read_sheet("f", "profit", content)
    assert sheet.table.num_rows == 2
    assert sheet.counts["undecodable"] == 1
