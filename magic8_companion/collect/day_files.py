"""A folder of daily files: ``symbol=SPX/date=2025-04-09/bars.parquet``, and ``_notes.json`` beside it when needed.

The notes of a day are written before its bars and only then is the day done, so a killed writer leaves days that are
done or not, nothing between.  The same bars give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Final

import orjson
import pyarrow.parquet as pq

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import ConfigError
from magic8_companion.durable import encode, publish_file
from magic8_companion.recordings.bar_table import intraday_table

BARS: Final = "bars.parquet"
NOTES: Final = "_notes.json"


class DayFiles:
    """The files of a folder.  One process writes at a time.

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
        """Tell whether a day needs no further question: its bars are there, or it is known that there are none."""
        here = self._day(symbol, day)
        return (here / BARS).exists() or self._noted_bars(here) == 0

    def has_notes(self, symbol: str, day: date) -> bool:
        """Tell whether something is wrong with a day."""
        return (self._day(symbol, day) / NOTES).exists()

    def notes(self, symbol: str, day: date) -> tuple[str, ...]:
        """Return what is wrong with a day, one sentence each."""
        if not self.has_notes(symbol, day):
            return ()
        return tuple(orjson.loads((self._day(symbol, day) / NOTES).read_bytes())["notes"])

    def write(self, symbol: str, day: date, bars: Bars, source: str, notes: Sequence[str]) -> None:
        """Write the bars of a day that can be believed and what is wrong with it; without bars the notes alone.

        Raises
        ------
        PublishError
            When the file system refuses.
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
        """Delete the half-written files of a killed writer."""
        for leftover in self.folder.glob("symbol=*/date=*/.*.tmp"):
            leftover.unlink()

    def _day(self, symbol: str, day: date) -> Path:
        return self.folder / f"symbol={symbol}" / f"date={day}"

    def _noted_bars(self, here: Path) -> int | None:
        try:
            noted: int = orjson.loads((here / NOTES).read_bytes())["bars"]
        except FileNotFoundError:
            return None
        return noted
