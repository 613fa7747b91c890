"""What lies under a raw folder, told apart and never skipped without a word."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from magic8_ml.history.folders import find_download, folder_day
from magic8_ml.history.ingest import ingest
from tests.history.raw_days import Signal, delta_row, write_folder

DAY = date(2024, 8, 5)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2024-08-05-5568E", DAY),
        ("12-5-2022-5568E", date(2022, 12, 5)),
        ("2025-06-17", date(2025, 6, 17)),
        ("2023-01-20_logs-5BFD1", date(2023, 1, 20)),
        ("2024-08-05-5568e", None),
        ("2024-13-05-5568E", None),
        ("2024-08-05-5568", None),
        ("backup", None),
    ],
)
def test_folder_names_state_their_day(name: str, day: date | None) -> None:
    """All four patterns of the download are known, nothing else is."""
    assert folder_day(name) == day


def test_everything_unusual_is_a_finding(tmp_path: Path) -> None:
    """Unknown names, second files and loose files are reported; pictures are not."""
    write_folder(tmp_path, "2024-08-05-5568E", profit=[Signal(day=DAY)])
    (tmp_path / "2024-08-05-5568E" / "score 20240805.png").write_bytes(b"")
    (tmp_path / "2024-08-05-5568E" / "profit 20240805-210000.csv").write_bytes(b"")
    (tmp_path / "2024-08-05-5568E" / "notes.txt").write_bytes(b"")
    (tmp_path / "2024-08-06-5568E").mkdir()
    (tmp_path / "readme.md").write_bytes(b"")
    download = find_download(tmp_path)
    assert sorted((finding.where, finding.reason) for finding in download.findings) == [
        ("2024-08-05-5568E", "second_file_of_a_kind"),
        ("2024-08-05-5568E/notes.txt", "unknown_file_name"),
        ("2024-08-06-5568E", "folder_refused"),
        ("readme.md", "loose_file"),
    ]
    assert download.folders == 2


def test_a_folder_of_unknown_name_is_read_and_reported(tmp_path: Path) -> None:
    """Its day comes from the download stamps of its sheets."""
    write_folder(tmp_path / "raw", "copy of monday", profit=[Signal(day=DAY)])
    report = ingest(tmp_path / "raw", tmp_path / "out").report
    assert (report["rows"]["output"], report["labels"]["known"]) == (1, 1)
    assert report["anomalies"]["findings"] == {"unknown_folder_name": 1}
    assert any("copy of monday" in sentence for sentence in report["alerts"])


def test_an_unknown_header_is_loud_and_stops_only_its_file(tmp_path: Path) -> None:
    """The report names file and header; the other sheets of the folder are read."""
    folder = write_folder(
        tmp_path / "raw", "2024-08-05-5568E", profit=[Signal(day=DAY)], delta=[delta_row(DAY, Signal(day=DAY).at)]
    )
    (folder / "trades 20240805-200643.csv").write_bytes(b"When,Symbol,Luck\r\n1,2,3\r\n")
    report = ingest(tmp_path / "raw", tmp_path / "out").report
    assert report["folders"]["refused_files"] == [
        {
            "file": "2024-08-05-5568E/trades 20240805-200643.csv",
            "reason": "unknown_header",
            "detail": "When,Symbol,Luck",
        }
    ]
    assert (
        "2024-08-05-5568E/trades 20240805-200643.csv was not read: unknown_header: When,Symbol,Luck" in report["alerts"]
    )
    assert report["source_file"] == {"profit,delta": 1}


def test_an_empty_download_gives_an_empty_report(tmp_path: Path) -> None:
    """No folders, no rows, no exception."""
    (tmp_path / "raw").mkdir()
    report = ingest(tmp_path / "raw", tmp_path / "out").report
    assert report["rows"]["output"] == 0
    assert report["labels"]["win_rate"] is None
