"""Report the days and faults of a folder of daily files; the same files give the same page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from magic8_companion.collect.collector import NO_BARS
from magic8_companion.collect.day_files import DayFiles
from magic8_companion.domain.errors import ConfigError
from magic8_companion.durable import publish_file
from magic8_companion.recordings.bar_folder import BarFolder

NAME: Final = "collection_report.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolReport:
    """The days of one symbol: complete, partial, without bars, not yet collected; ``notes`` by day."""

    symbol: str
    complete: int
    partial: int
    without: int
    open: int
    notes: dict[date, tuple[str, ...]]


def report_of(files: DayFiles, symbols: Sequence[str], days: Sequence[date]) -> tuple[SymbolReport, ...]:
    """Read the folder as replay and training do, and count the days of each symbol."""
    reader = _reader(files)
    found = []
    for symbol in symbols:
        readable = set(reader.days(symbol)) if reader else set()
        notes = {day: note for day in days if (note := files.notes(symbol, day))}
        done = [day for day in days if files.is_done(symbol, day)]
        without = sum(NO_BARS in note for note in notes.values())
        complete = sum(day in readable for day in done)
        found.append(
            SymbolReport(
                symbol=symbol,
                complete=complete,
                partial=len(done) - complete - without,
                without=without,
                open=len(days) - len(done),
                notes=notes,
            )
        )
    return tuple(found)


def write_report(files: DayFiles, reports: Sequence[SymbolReport], days: Sequence[date]) -> str:
    """Write the page into the folder and return its table."""
    head = ["symbol", "complete days", "days with gaps", "days without bars", "not collected"]
    rows = [[item.symbol, *map(str, (item.complete, item.partial, item.without, item.open))] for item in reports]
    lines = [" | ".join(cells) for cells in (head, ["---"] * len(head), *rows)]
    table = "\n".join(f"| {line} |" for line in lines)
    span = f"{days[0]} to {days[-1]}, {len(days)} sessions" if days else "no session"
    notes = [
        f"- {item.symbol} {day}: {sentence}"
        for item in reports
        for day, sentences in sorted(item.notes.items())
        for sentence in sentences
    ]
    wrong = "\n".join(notes) or "Nothing."
    page = f"# Collected 5-minute bars, {span}\n\n{table}\n\n## What is wrong\n\n{wrong}\n"
    publish_file(files.folder / NAME, page.encode())
    return table


def _reader(files: DayFiles) -> BarFolder | None:
    try:
        return BarFolder(files.folder)
    except ConfigError:  # the folder is still empty
        return None
