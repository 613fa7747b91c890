"""Write daily files: ``symbol=SPX/date=2025-04-09/bars.parquet``, with ``_notes.json`` when needed.

The notes of a day are written before its bars, and the bars mark the day as done.  So after a kill each day is either
done or not done.  The same bars give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow.parquet as pq

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import ConfigError
from magic8_companion.durable import encode, publish_file
from magic8_companion.outside_files.plain_files import FileRefused, read_bytes
from magic8_companion.recordings.bar_table import intraday_table

BARS: Final = "bars.parquet"
NOTES: Final = "_notes.json"


class DayFiles:
    """The files of a folder.  Only one process may write at a time.

    Raises
    ------
    ConfigError
        When the folder cannot be created.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError([f"the folder {folder} cannot be created ({error.strerror}); choose another"]) from error
        self.folder = folder

    def is_done(self, symbol: str, day: date) -> bool:
        """Return whether a day is done: its bars exist, or it is known to have none."""
        here = self._day(symbol, day)
        return (here / BARS).exists() or self._noted_bars(here) == 0

    def has_notes(self, symbol: str, day: date) -> bool:
        """Return whether a day has faults."""
        return (self._day(symbol, day) / NOTES).exists()

    def notes(self, symbol: str, day: date) -> tuple[str, ...]:
        """Return the faults of a day, one sentence each."""
        if not self.has_notes(symbol, day):
            return ()
        return tuple(_read_notes(self._day(symbol, day) / NOTES)["notes"])

    def write(self, symbol: str, day: date, bars: Bars, source: str, notes: Sequence[str]) -> None:
        """Write the valid bars and the faults of a day; without bars only the notes.

        Raises
        ------
        PublishError
            When the file system reports an error.
        """
        here = self._day(symbol, day)
        here.mkdir(parents=True, exist_ok=True)
        if notes:
            publish_file(here / NOTES, encode({"bars": len(bars), "notes": list(notes)}))
        if len(bars):
            buffer = BytesIO()
            pq.write_table(intraday_table(bars, symbol, source), buffer)
            publish_file(here / BARS, buffer.getvalue())
        if not notes:
            (here / NOTES).unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Delete the partial files of a killed writer."""
        for leftover in self.folder.glob("symbol=*/date=*/.*.tmp"):
            leftover.unlink()

    def _day(self, symbol: str, day: date) -> Path:
        return self.folder / f"symbol={symbol}" / f"date={day}"

    def _noted_bars(self, here: Path) -> int | None:
        try:
            noted: int = _read_notes(here / NOTES)["bars"]
        except FileNotFoundError:
            return None
        return noted


def _read_notes(path: Path) -> dict[str, Any]:
    try:
        notes = orjson.loads(read_bytes(path))
        return {"bars": int(notes["bars"]), "notes": [str(note) for note in notes["notes"]]}
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise FileRefused(path, "does not hold the notes of a day; delete it, then the day is fetched again") from error
