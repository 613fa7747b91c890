"""Type the rows of the ingest report as its JSON document has them."""

from __future__ import annotations

from typing import Any, TypedDict

Counts = dict[str, int]
Share = float | None
"""A fraction, None where nothing was counted."""


class LabelMonth(TypedDict):
    """Labels of one month."""

    known: int
    wins: int
    missing: int
    quarantined: Counts
    quarantined_share: Share


class LabelCounts(TypedDict):
    """Labels of all months."""

    known: int
    wins: int
    win_rate: Share
    missing: int
    quarantined: Counts
    checked_against_payoff: int
    not_checkable: int
    by_month: dict[str, LabelMonth]


class JoinMonth(TypedDict):
    """Profit rows of one month with a trades row."""

    profit: int
    trades: int
    joined: int
    rate: Share


class Joins(TypedDict):
    """Profit and trades rows of all months."""

    profit_and_trades: int
    profit_alone: int
    trades_alone: int
    by_month: dict[str, JoinMonth]


class Delta(TypedDict):
    """Coverage by delta rows; each month has its counts and the three shares."""

    matched: int
    coverage: Share
    slot_coverage: Share
    symbol_coverage: Share
    row_coverage: Share
    by_month: dict[str, dict[str, Any]]


class WinRate(TypedDict):
    """Rows, labels and wins of a group."""

    rows: int
    labelled: int
    wins: int
    win_rate: Share
    managed_win_rate: Share


class WinRatesByGroup(TypedDict):
    """Win rates of all rows and by group."""

    all: WinRate
    by_strategy: dict[str, WinRate]
    by_symbol: dict[str, WinRate]
    by_symbol_strategy: dict[str, WinRate]


class FindingRecord(TypedDict):
    """A problem of a folder of the download."""

    where: str
    reason: str
    detail: str


class Folders(TypedDict):
    """Folders of the download, and which were read."""

    found: int
    read: int
    refused: list[str]
    months: list[str]
    months_no_longer_in_download: list[str]
    findings: list[FindingRecord]
    refused_files: list[dict[str, Any]]


class Sheet(TypedDict):
    """Counts of one kind of sheet."""

    files: int
    lines: int
    rows: int
    tail: int
    repeated_headers: int
    undecodable_files: int
    refused: Counts


class Calendar(TypedDict):
    """Sessions of the data set next to those of the exchange."""

    first: str | None
    last: str | None
    sessions: int
    missing_sessions: list[str]
    closed_days: list[str]
    missing_slots: dict[str, list[str]]
    loop_ran_twice: list[str]


class UnreadableColumn(TypedDict):
    """Cells of one column of one kind of sheet that could not be read, and how many look negative."""

    sheet: str
    column: str
    cells: int
    negative: int
    example: str


class Anomalies(TypedDict):
    """Every class of anomaly, counted."""

    zero_premiums: int
    negative_premiums: int
    missing_premiums: int
    rows_with_control_characters: int
    rows_without_readable_sentence: int
    unreadable_numbers: int
    repeated_headers: int
    tail_lines: int
    undecodable_files: int
    refused_lines: Counts
    refused_files: int
    findings: Counts
    quarantined_labels: Counts
    labels_not_checkable: int
    repeated_rows: Counts
    conflicting_values: int
    trades_rows_without_profit: int
    sessions_without_folder: int
    folders_on_closed_days: int
    sessions_whose_loop_ran_twice: int
    missing_slots: int


class IngestFigures(TypedDict):
    """The figures of all months."""

    rows: Counts
    labels: LabelCounts
    joins: Joins
    source_file: Counts
    delta: Delta
    win_rates: WinRatesByGroup
    folders: Folders
    sheets: dict[str, Sheet]
    calendar: Calendar
    conflicts: Counts
    unreadable_columns: list[UnreadableColumn]


class CheckedFigures(IngestFigures):
    """The same with every class of anomaly counted."""

    anomalies: Anomalies


class IngestReport(CheckedFigures):
    """The document ``ingest_report.json``: the figures with the alerts that follow from them."""

    alerts: list[str]
