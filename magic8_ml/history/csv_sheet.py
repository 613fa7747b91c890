"""Read one CSV file as a table of text with line numbers, and count the lines without data by kind."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from magic8_ml.history.layouts import SheetLayout, layout_of

_CONTROL: Final = bytes(code for code in range(32) if code not in {9, 10, 13}) + b"\x7f"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
BEGINS_LIKE_DATA: Final = re.compile(r'\s*"?\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}')
_NEW_LINE: Final = 10


class SheetRefused(Exception):
    """A file cannot be read: the report lists its name and header, and the other files are still read."""

    def __init__(self, file: str, reason: str, detail: str) -> None:
        self.file, self.reason, self.detail = file, reason, detail
        super().__init__(f"{file}: {reason}: {detail}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLine:
    """A rejected line that begins like data, kept verbatim."""

    file: str
    line: int
    reason: str
    text: str


@dataclass(slots=True, kw_only=True)
class CsvSheet:
    """A file's rows: ``table`` holds text under our column names, ``lines`` (n_rows,) counts from 1 with the header."""

    file: str
    layout: SheetLayout
    table: pa.Table
    lines: npt.NDArray[np.int32]
    has_control: npt.NDArray[np.bool_]
    counts: Counter[str] = field(default_factory=Counter)
    refused: list[RefusedLine] = field(default_factory=list)


def read_sheet(file: str, kind: str, content: bytes) -> CsvSheet:
    """Read the bytes of a sheet.

    Parameters
    ----------
    file
        Name for messages and provenance.
    kind
        The kind in the file name.

    Raises
    ------
    SheetRefused
        ``empty_file``, ``unknown_header``, ``header_of_another_sheet`` or ``unreadable_csv``.
    """
    content = content.removeprefix(_BYTE_ORDER_MARK)
    clean = content.translate(None, _CONTROL)
    header, layout = _header(file, kind, clean)
    text = _as_utf8(clean)
    counts = Counter({} if text is clean else {"undecodable": 1})
    try:
        table, invalid = _parse(_without_stray_quotes(text), header, layout)
    except pa.ArrowInvalid as error:
        raise SheetRefused(file, "unreadable_csv", str(error)) from error
    skipped = np.array([row.number for row in invalid], dtype=np.int32)
    lines = np.setdiff1d(np.arange(2, table.num_rows + len(skipped) + 2, dtype=np.int32), skipped, assume_unique=True)
    no_control = np.zeros(len(lines), np.bool_)
    sheet = CsvSheet(file=file, layout=layout, table=table, lines=lines, has_control=no_control, counts=counts)
    for row in invalid:
        if BEGINS_LIKE_DATA.match(row.text):
            sheet.refused.append(RefusedLine(file=file, line=row.number, reason="wrong_cell_count", text=row.text))
        else:
            counts["tail"] += 1
    if len(clean) < len(content):
        sheet.has_control = np.isin(lines, _lines_with_control(content))
    _drop_what_is_no_row(sheet, header)
    counts["lines"] = len(lines) + len(invalid)
    return sheet


def _as_utf8(content: bytes) -> bytes:
    # nearly every sheet is ASCII, which is a fast check
    if content.isascii():
        return content
    try:
        content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1").encode()
    return content


def _without_stray_quotes(content: bytes) -> bytes:
    # an unclosed quote would join the lines below it to its cell; no cell of a sheet has a line end
    if b'"' not in content:
        return content
    lines = content.split(b"\n")
    return b"\n".join([line.replace(b'"', b"") if line.count(b'"') % 2 else line for line in lines])


def _header(file: str, kind: str, content: bytes) -> tuple[list[str], SheetLayout]:
    first = content[:4096].split(b"\n", 1)[0].decode("utf-8", "replace")
    if not first.strip():
        raise SheetRefused(file, "empty_file", "no header line")
    header = [name.strip() for name in next(csv.reader([first]))]
    layout = layout_of(header)
    if layout is None:
        raise SheetRefused(file, "unknown_header", ",".join(header))
    if layout.kind != kind:
        raise SheetRefused(file, "header_of_another_sheet", f"{layout.kind}: {','.join(header)}")
    return header, layout


def _parse(content: bytes, header: list[str], layout: SheetLayout) -> tuple[pa.Table, list[arrow_csv.InvalidRow]]:
    invalid: list[arrow_csv.InvalidRow] = []

    def skip(row: arrow_csv.InvalidRow) -> str:
        invalid.append(row)
        return "skip"

    wanted = [name for name in header if name in layout.columns]
    table = arrow_csv.read_csv(
        pa.py_buffer(content),
        read_options=arrow_csv.ReadOptions(
            use_threads=False, column_names=header, skip_rows=1, block_size=max(len(content), 1 << 16)
        ),
        parse_options=arrow_csv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=skip),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), strings_can_be_null=True
        ),
    )
    return table.rename_columns([layout.columns[name] for name in wanted]), invalid


def _lines_with_control(content: bytes) -> npt.NDArray[np.int64]:
    raw = np.frombuffer(content, dtype=np.uint8)
    line_ends = np.flatnonzero(raw == _NEW_LINE)
    marks = np.flatnonzero(np.isin(raw, np.frombuffer(_CONTROL, dtype=np.uint8)))
    return np.unique(np.searchsorted(line_ends, marks) + 1)


def _drop_what_is_no_row(sheet: CsvSheet, header: list[str]) -> None:
    """Drop repeated headers, and lines with a blank first cell, which belong to the tail."""
    first = next(name for name in header if name in sheet.layout.columns)
    begins = sheet.table[sheet.layout.columns[first]]
    blank = pc.fill_null(pc.equal(begins, ""), fill_value=True).to_numpy()
    repeated = pc.fill_null(pc.equal(begins, first), fill_value=False).to_numpy()
    sheet.counts["tail"] += int(blank.sum())
    sheet.counts["repeated_headers"] += int(repeated.sum())
    keep = ~(blank | repeated)
    if not keep.all():
        sheet.table = sheet.table.filter(pa.array(keep))
        sheet.lines, sheet.has_control = sheet.lines[keep], sheet.has_control[keep]
