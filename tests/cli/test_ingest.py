"""The command: summary, alerts, exit codes, several jobs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from magic8_ml.__main__ import main

FIXTURES = Path(__file__).parents[1] / "history" / "fixtures" / "raw"


def run(*arguments: str) -> int:
    """Run the command as the entry point does."""
    return main(["ingest", *arguments])


def test_a_run_says_what_it_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts on the screen, alerts on standard error, the report in the folder."""
    assert run("--raw", str(FIXTURES), "--out", str(tmp_path), "--quiet") == 0
    shown = capsys.readouterr()
    assert "7 folders read, 0 known before" in shown.out
    assert "rows      64" in shown.out
    assert "! 623 sessions of the exchange have no folder" in shown.err
    report = json.loads((tmp_path / "ingest_report.json").read_text())
    assert set(report) >= {"rows", "labels", "delta", "anomalies"}


def test_a_file_that_cannot_be_read_is_loud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 with file and header, although everything else is read."""
    raw = tmp_path / "raw"
    shutil.copytree(FIXTURES / "2024-08-05-4F00D", raw / "2024-08-05-4F00D")
    (raw / "2024-08-05-4F00D" / "delta 20240805-200642.csv").write_bytes(b"When,Symbol,Luck\r\n")
    assert run("--raw", str(raw), "--out", str(tmp_path / "out"), "--quiet") == 1
    assert "delta 20240805-200642.csv was not read: unknown_header: When,Symbol,Luck" in capsys.readouterr().err


def test_a_missing_folder_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 and a sentence."""
    assert run("--raw", str(tmp_path / "nothing"), "--out", str(tmp_path)) == 1
    assert "is not a folder" in capsys.readouterr().err


def test_several_jobs_write_the_same_bytes(tmp_path: Path) -> None:
    """Months read by two processes end in the files of one."""
    assert run("--raw", str(FIXTURES), "--out", str(tmp_path / "two"), "--quiet", "--jobs", "2") == 0
    assert run("--raw", str(FIXTURES), "--out", str(tmp_path / "one"), "--quiet") == 0
    for path in (tmp_path / "one").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
