"""The user's events: CSV and calendar files, right or refused with one message."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest

from magic8_companion.domain.errors import ConfigError
from magic8_companion.domain.trading_day import new_york_instant
from magic8_companion.events.event import Event
from magic8_companion.events.user_file import csv_text, merged, read_events

ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:1
SUMMARY:Consumer Price Index for May 2025
DTSTART;TZID=US/Eastern:20250611T083000
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Employment Situation for May 2025
DTSTART:20250606T123000Z
END:VEVENT
BEGIN:VEVENT
UID:3
SUMMARY:Import and Export Price Indexes
DTSTART:20250613T123000Z
END:VEVENT
END:VCALENDAR
"""


def written(folder: Path, name: str, text: str) -> Path:
    """Write a file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def release(day: str, name: str = "cpi", wall: time = time(8, 30)) -> Event:
    """Return an event of the user."""
    on = date.fromisoformat(day)
    return Event(kind=name, day=on, at=new_york_instant(on, wall))


def test_a_csv_is_read_and_written_back_the_same(tmp_path: Path) -> None:
    """Days, New York times, all-day events and days of announcement survive a round trip."""
    text = "date,time,event,announced\n2025-06-11,08:30,cpi,2024-12-01\n2025-06-27,,russell_reconstitution,\n"
    events = read_events(written(tmp_path, "a.csv", text))
    assert [event.at for event in events] == [new_york_instant(date(2025, 6, 11), time(8, 30)), None]
    assert events[0].known_from == new_york_instant(date(2024, 12, 1), time(0))
    assert csv_text(events) == text


def test_a_calendar_file_gives_the_releases_in_new_york_time(tmp_path: Path) -> None:
    """Of a release calendar the two market-moving releases are taken, whatever the zone of their times."""
    events = read_events(written(tmp_path, "bls.ics", ICS))
    assert events == (release("2025-06-06", "employment_situation"), release("2025-06-11"))


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.csv", "date,event\n2025-06-11,cpi\n", "lacks the column time"),
        ("a.csv", "date,time,event\n06/11/2025,08:30,cpi\n", "line 2: '06/11/2025' is not a date"),
        ("a.csv", "date,time,event\n2025-06-11,8.30,cpi\n", "is not a New York time"),
        ("a.csv", "date,time,event\n2025-06-11,08:30+00:00,cpi\n", "has an offset"),
        ("a.csv", "date,time,event\n2025-06-11,08:30,C.P.I.\n", "is no event"),
        ("a.csv", "date,time,event\n2025-06-18,14:00,fomc_statement\n", "is built in"),
        ("a.ics", "not a calendar", "calendar"),
        ("a.ics", "BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n", "has no entry titled"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    """The message names the file, the line and what to write."""
    path = written(tmp_path, name, text)
    with pytest.raises(ConfigError) as refused:
        read_events(path)
    assert sentence in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(ConfigError, match="No such file"):
        read_events(tmp_path / "none.csv")


def test_a_newer_list_moves_dates() -> None:
    """A release that moved has its new day only; earlier days and other kinds are kept."""
    known = [release("2025-05-13"), release("2025-06-11"), release("2025-06-06", "employment_situation")]
    assert merged(known, [release("2025-06-12")]) == (
        release("2025-05-13"),
        release("2025-06-06", "employment_situation"),
        release("2025-06-12"),
    )
