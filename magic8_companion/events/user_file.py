"""The user's events: releases whose days move, such as consumer prices and the jobs report.

The file is CSV with the columns ``date,time,event`` and, if it is known, ``announced``: a New York day, a New York time
(empty for an event of the whole day), a name such as ``cpi``, and the day from which the date was public.  Without
``announced`` an event counts as always known.  A calendar file (``.ics``) is read as well.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Final, NoReturn

from magic8_companion.domain.errors import ConfigError
from magic8_companion.domain.trading_day import NEW_YORK, new_york_instant
from magic8_companion.events.calendar import EventCalendar
from magic8_companion.events.event import EVENT_NAME, Event, EventKind
from magic8_companion.outside_files.plain_files import read_bytes

MAX_BYTES: Final = 5_000_000
COLUMNS: Final = ("date", "time", "event", "announced")

_BUILT_IN: Final = frozenset(EventKind) - {EventKind.CPI, EventKind.EMPLOYMENT_SITUATION}
_RELEASES: Final = {
    "consumer price index": EventKind.CPI,
    "employment situation": EventKind.EMPLOYMENT_SITUATION,
}
"""Titles of the Bureau of Labor Statistics' release calendar."""


def read_events(path: Path) -> tuple[Event, ...]:
    """Read a file of the user, CSV or ``.ics``; events in the order of their days.

    Raises
    ------
    ConfigError
        When the file cannot be read, or a line of it is wrong; it names the file and every wrong line.
    """
    try:
        data = read_bytes(path, max_bytes=MAX_BYTES)
    except OSError as error:
        _refuse(path, error.strerror or str(error))
    read = _from_ics if path.suffix.lower() == ".ics" else _from_csv
    events = {(event.kind, event.day, event.at): event for event in read(path, data)}
    return tuple(sorted(events.values(), key=lambda event: (event.day, event.kind, str(event.at))))


def user_calendar(path: Path) -> EventCalendar:
    """Return the calendar with the events of a file; without the file, the built-in one.

    Raises
    ------
    ConfigError
        When the file cannot be read, as :func:`read_events` says.
    """
    return EventCalendar(read_events(path) if path.exists() or path.is_symlink() else ())


def merged(known: Iterable[Event], newer: Iterable[Event]) -> tuple[Event, ...]:
    """Return both; the newer list replaces the known events of its kinds from its first month on, since dates move."""
    newer = tuple(newer)
    begins: dict[str, date] = {}
    for event in newer:
        begins[event.kind] = min(event.day.replace(day=1), begins.get(event.kind, event.day))
    kept = [event for event in known if event.kind not in begins or event.day < begins[event.kind]]
    return tuple(sorted([*kept, *newer], key=lambda event: (event.day, event.kind, str(event.at))))


def csv_text(events: Iterable[Event]) -> str:
    """Return events as the file that :func:`read_events` reads."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for event in events:
        wall = "" if event.at is None else f"{event.at.astimezone(NEW_YORK):%H:%M}"
        announced = "" if event.known_from is None else f"{event.known_from.astimezone(NEW_YORK):%Y-%m-%d}"
        writer.writerow([event.day.isoformat(), wall, event.kind, announced])
    return text.getvalue()


def _from_csv(path: Path, data: bytes) -> list[Event]:
    try:
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), restval=""))
    except (UnicodeDecodeError, csv.Error) as error:
        _refuse(path, f"is no CSV text: {error}")
    if rows and (missing := set(COLUMNS[:3]) - {str(name) for name in rows[0]}):
        _refuse(path, f"lacks the column {min(missing)}; write date,time,event")
    events, problems = [], []
    for number, row in enumerate(rows, start=2):
        try:
            events.append(_from_row(row))
        except ValueError as error:
            problems.append(f"{path} line {number}: {error}")
    if problems:
        raise ConfigError(problems)
    return events


def _from_row(row: Mapping[str, str]) -> Event:
    day = _day(row["date"])
    announced = row.get("announced", "").strip()
    return _event(
        name=row["event"].strip(),
        day=day,
        at=_time(day, row["time"].strip()),
        known_from=new_york_instant(_day(announced), time(0)) if announced else None,
    )


def _event(*, name: str, day: date, at: datetime | None, known_from: datetime | None = None) -> Event:
    if not EVENT_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no event; write a lower-case name such as cpi")
    if name in _BUILT_IN:
        raise ValueError(f"{name} is built in; leave it out")
    return Event(kind=name, day=day, at=at, known_from=known_from)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a date; write YYYY-MM-DD") from None


def _time(day: date, text: str) -> datetime | None:
    if not text:
        return None
    try:
        wall = time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a New York time; write HH:MM") from None
    if wall.tzinfo is not None:
        raise ValueError(f"{text!r} has an offset; write New York time, HH:MM")
    return new_york_instant(day, wall)


def _from_ics(path: Path, data: bytes) -> list[Event]:
    from icalendar import Calendar  # noqa: PLC0415  # 60 ms; only this command reads such files

    try:
        parts = Calendar.from_ical(data).walk("VEVENT")
        dated = [(str(part.get("SUMMARY", "")), part.decoded("DTSTART")) for part in parts if "DTSTART" in part]
    except ValueError as error:
        _refuse(path, f"is no calendar file: {error}")
    events = []
    for title, start in dated:
        name = next((kind for words, kind in _RELEASES.items() if words in title.lower()), None)
        if name is None or not isinstance(start, date):
            continue
        if not isinstance(start, datetime):
            events.append(_event(name=name, day=start, at=None))
            continue
        at = start.replace(tzinfo=NEW_YORK) if start.tzinfo is None else start
        day = at.astimezone(NEW_YORK).date()
        events.append(_event(name=name, day=day, at=new_york_instant(day, at.astimezone(NEW_YORK).time())))
    if not events:
        titles = " or ".join(_RELEASES)
        _refuse(path, f"has no entry titled {titles}")
    return events


def _refuse(path: Path, why: str) -> NoReturn:
    raise ConfigError([f"{path}: {why}"])
