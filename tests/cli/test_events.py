"""The events commands through the real entry point."""

from __future__ import annotations

from pathlib import Path

import pytest

from magic8_companion.__main__ import main


def test_the_events_of_a_week_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each event has its day, its New York time and whether it was scheduled."""
    monkeypatch.chdir(tmp_path)
    assert main(["events", "show", "--from", "2025-03-17", "--days", "5"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["Wed", "2025-03-19", "14:00", "fomc_statement", "yes"] in lines
    assert ["Fri", "2025-03-21", "quarterly_expiry", "yes"] in lines
    assert main(["events", "show", "--from", "2027-12-31", "--days", "2"]) == 0
    assert "event_calendar_expired" in capsys.readouterr().out


def test_an_update_merges_a_list_into_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The new list takes the place of its kinds from its first month on; earlier days and other kinds stay."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "first.csv").write_text(
        "date,time,event\n2026-11-10,08:30,cpi\n2026-12-09,08:30,cpi\n2026-12-16,08:30,retail_sales\n"
    )
    (tmp_path / "second.csv").write_text("date,time,event\n2026-12-10,08:30,cpi\n")
    assert main(["events", "update", "first.csv"]) == 0
    assert main(["events", "update", "second.csv"]) == 0
    assert "1 events from second.csv" in capsys.readouterr().out
    assert (tmp_path / "data" / "events.csv").read_text() == (
        "date,time,event,announced\n2026-11-10,08:30,cpi,\n2026-12-10,08:30,cpi,\n2026-12-16,08:30,retail_sales,\n"
    )


def test_a_wrong_list_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence per wrong line, and the file is not written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.csv").write_text("date,time,event\n2026-12-10,25:30,cpi\n2026-12-11,08:30,half_day\n")
    assert main(["events", "update", "list.csv"]) != 0
    told = capsys.readouterr().err
    assert "line 2: '25:30' is not a New York time; write HH:MM" in told
    assert "line 3: half_day is built in; leave it out" in told
    assert not (tmp_path / "data").exists()
