"""Cells, dates and files that bent labels or ended the ingest."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from magic8_companion.durable import FolderLock
from magic8_ml.__main__ import main
from magic8_ml.history.ingest import ingest
from tests.history.raw_days import HEADERS, Signal, sheet_bytes

DAY = date(2024, 8, 5)
LAYOUT = HEADERS["profit", "2024"]
NAME = "profit 20240805-200642.csv"


def write(raw: Path, rows: list[list[object]], name: str = NAME) -> Path:
    """Write one profit sheet."""
    folder = raw / "2024-08-05-5568E"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(sheet_bytes(LAYOUT.header, rows))
    return path


def row(**cells: str) -> list[object]:
    """Return a row of the 2024 layout with some cells changed."""
    cells_of_row = Signal(day=DAY).profit_row(LAYOUT)
    for column, text in cells.items():
        cells_of_row[LAYOUT.header.index(column)] = text
    return cells_of_row


def test_a_sheet_without_rows_costs_nothing(tmp_path: Path) -> None:
    """Its header is all that it has; the other sheets of the month are read, also when there is no other."""
    raw = tmp_path / "raw"
    write(raw, [], "profit 20240805-150000.csv")
    assert ingest(raw, tmp_path / "alone").report["rows"]["output"] == 0
    write(raw, [row()])
    report = ingest(raw, tmp_path / "both").report
    assert (report["rows"]["output"], report["sheets"]["profit"]["files"]) == (1, 2)


def test_a_loss_in_parentheses_is_a_loss(tmp_path: Path) -> None:
    """The label is the same as of the number with a minus sign."""
    plain, bracketed = tmp_path / "plain", tmp_path / "bracketed"
    lost = {"Closed": "5200.00"}
    write(plain, [row(Raw="-443.00", **lost)])
    write(bracketed, [row(Raw="(443.00)", **lost)])
    labels = [ingest(raw, tmp_path / f"of {raw.name}").report["labels"] for raw in (plain, bracketed)]
    assert labels[0] == labels[1]


def test_labels_that_nobody_can_read_are_an_alert_by_sheet_column_and_sign(tmp_path: Path) -> None:
    """Losing losses alone would make every strategy look good."""
    write(tmp_path / "raw", [row(Raw=text) for text in ("-18.27.00", "(1O2)", "57,0")])
    report = ingest(tmp_path / "raw", tmp_path / "out").report
    assert report["unreadable_columns"] == [
        {"sheet": "profit", "column": "raw_cell", "cells": 3, "negative": 2, "example": "-18.27.00"}
    ]
    (sentence,) = [alert for alert in report["alerts"] if "could not be read" in alert]
    assert sentence == (
        "3 cells of raw_cell in profit sheets could not be read, 2 of them negative, for example '-18.27.00'; each is a"
        " label that is lost"
    )


def test_dates_with_slashes_are_dates(tmp_path: Path) -> None:
    """They were taken for the remarks below the rows."""
    write(tmp_path / "raw", [row(Day="8/5/2024")])
    report = ingest(tmp_path / "raw", tmp_path / "out").report
    assert (report["rows"]["output"], report["sheets"]["profit"]["tail"]) == (1, 0)


def test_a_sheet_that_is_mostly_remarks_is_an_alert(tmp_path: Path) -> None:
    """Some dates cannot be read by anyone."""
    write(tmp_path / "raw", [row(), row(Day="Monday"), row(Day="Monday")])
    report = ingest(tmp_path / "raw", tmp_path / "out").report
    assert any(alert.startswith("2 of 3 lines of profit sheets were taken for remarks") for alert in report["alerts"])


@pytest.mark.parametrize("kind", ["pipe", "device", "link"])
def test_only_plain_files_are_opened(tmp_path: Path, kind: str) -> None:
    """A pipe would wait for ever, and a link may lead anywhere."""
    raw = tmp_path / "raw"
    path = write(raw, [row()])
    odd = path.with_name("profit 20240805-210000.csv")
    if kind == "pipe":
        os.mkfifo(odd)
    else:
        odd.symlink_to("/dev/zero" if kind == "device" else path)
    report = ingest(raw, tmp_path / "out").report
    assert report["rows"]["output"] == 1
    assert [finding["reason"] for finding in report["folders"]["findings"]] == ["unfit_file"]


def test_a_folder_that_is_a_link_is_not_entered(tmp_path: Path) -> None:
    """Data of elsewhere do not become data of this download."""
    raw = tmp_path / "raw"
    write(raw, [row()])
    (raw / "2024-08-06-5568E").symlink_to(raw / "2024-08-05-5568E")
    report = ingest(raw, tmp_path / "out").report
    assert [finding["reason"] for finding in report["folders"]["findings"]] == ["link"]


def test_a_second_ingest_into_one_folder_is_busy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two writers would replace each other's months."""
    write(tmp_path / "raw", [row()])
    words = ["ingest", "--raw", str(tmp_path / "raw"), "--out", str(tmp_path / "out"), "--quiet"]
    with FolderLock(tmp_path / "out"):
        assert main(words) == 3
    assert "already writes into" in capsys.readouterr().err
    assert main(words) == 0
