"""``magic8 events``: what moves the market on a day, and the user's releases."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from magic8_companion.command_line import DAY, FILE, CommandSource, command, echo, lazy_group, new_table, print_table

if TYPE_CHECKING:
    from magic8_companion.events.event import Event
    from magic8_companion.unified_config import Settings

ABOUT: Final = """Events of trading days: Federal Reserve statements, expiries, period ends, half days, your releases.

Dates of consumer prices (cpi) and the jobs report (employment_situation) move, so they come from a file of yours.
"""

_COMMANDS: Final = {
    "show": CommandSource("magic8_companion.cli.events:show", "Print the events of the days ahead."),
    "update": CommandSource("magic8_companion.cli.events:update", "Take the releases of a CSV or .ics file."),
}

events = lazy_group("events", ABOUT, lambda: iter([("Commands", _COMMANDS)]))


@command("show", "Print the events of a day and of the days after it.")
@click.option("--from", "first", type=DAY, help="first day; default: today in New York")
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True, help="number of calendar days")
def show(first: date | None, days: int) -> None:
    """Print a table of events."""
    from magic8_companion.clocks import SystemClock  # noqa: PLC0415  # after --help
    from magic8_companion.domain.codes import EventsStatus  # noqa: PLC0415  # after --help
    from magic8_companion.domain.trading_day import new_york_day  # noqa: PLC0415  # after --help
    from magic8_companion.events.calendar import is_covered  # noqa: PLC0415  # after --help
    from magic8_companion.unified_config import load_settings  # noqa: PLC0415  # after --help

    first = first or new_york_day(SystemClock().now())
    table = new_table("day", "New York", "event", "scheduled")
    for event in _events(load_settings(), first, days):
        table.add_row(f"{event.day:%a %Y-%m-%d}", _wall(event.at), event.kind, "yes" if event.scheduled else "no")
    print_table(table)
    if not is_covered(first + timedelta(days=days - 1)):
        echo(f"{EventsStatus.EXPIRED}: the table of Federal Reserve statements ends before the last of these days")


@command("update", "Take the releases of a file: CSV with the columns date,time,event (New York time), or .ics.")
@click.argument("source", type=FILE)
def update(source: Path) -> None:
    """Merge a file into the user's events."""
    from magic8_companion.durable import publish_file, remove_leftovers  # noqa: PLC0415  # after --help
    from magic8_companion.events.user_file import csv_text, merged, read_events  # noqa: PLC0415  # after --help
    from magic8_companion.unified_config import load_settings  # noqa: PLC0415  # after --help

    target = load_settings().events_path
    newer = read_events(source)
    result = merged(read_events(target) if target.exists() else (), newer)
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target)
    publish_file(target, csv_text(result).encode())
    span = f", {newer[0].day} to {newer[-1].day}" if newer else ""
    echo(f"{len(newer)} events from {source}{span}; {target} has {len(result)}")


def _events(settings: Settings, first: date, days: int) -> list[Event]:
    from magic8_companion.domain.trading_day import new_york_instant  # noqa: PLC0415  # after --help
    from magic8_companion.events.user_file import user_calendar  # noqa: PLC0415  # after --help

    calendar = user_calendar(settings.events_path)
    each = (first + timedelta(days=number) for number in range(days))
    return [event for day in each for event in calendar.known(day, new_york_instant(day, time(23, 59))).events]


def _wall(at: datetime | None) -> str:
    from magic8_companion.domain.trading_day import NEW_YORK  # noqa: PLC0415  # after --help

    return "" if at is None else f"{at.astimezone(NEW_YORK):%H:%M}"
