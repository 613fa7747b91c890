"""Read recorded bars from a folder: map symbols and days to files, read them on demand and cache them.

The constructor reads only file names.  A file without a date in its path is read once as a whole; of files with a date,
only those of the requested days are read.  A fault of one symbol or day does not affect others.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Final

from magic8_companion.domain.bar_lengths import DAY, daily_from, utc_midnight
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.strategy import VIX
from magic8_companion.domain.trading_day import BAR, FIRST_YEAR, LAST_YEAR, Session, new_york_day, new_york_label
from magic8_companion.recordings.bar_checks import CheckedBars, checked
from magic8_companion.recordings.bar_file import BARS, SUFFIXES, DataFile, FileLayout, RawBars
from magic8_companion.recordings.bar_series import BarSeries, series_of

_EVER: Final = (date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))
_OPEN_KNOWN_AFTER: Final = timedelta(minutes=1)


@dataclass(slots=True)
class _SymbolFiles:
    """The cached files of one symbol."""

    files: set[str] = field(default_factory=set)
    parts: dict[timedelta, list[CheckedBars]] = field(default_factory=dict)
    series: dict[timedelta, BarSeries] = field(default_factory=dict)


class BarFolder:
    """Recorded bars by symbol and day; thread-safe.

    Raises
    ------
    ConfigError
        When the folder does not exist or holds no parquet or CSV file.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            why = "is a file; use its folder" if folder.exists() else "does not exist; create it or choose another one"
            raise ConfigError([f"the folder of recorded bars {folder} {why}"])
        self._files = tuple(_found(folder))
        if not self._files:
            raise ConfigError([f"the folder of recorded bars {folder} has no parquet or CSV file; put bars into it"])
        self._undated = [file for file in self._files if file.day is None]
        self._dated = sorted((file.day, file.name, file) for file in self._files if file.day is not None)
        self._lock = threading.RLock()
        self._layouts: dict[str, FileLayout | None] = {}
        self._rows: dict[str, dict[str, CheckedBars]] = {}
        self._refused: dict[tuple[str, str], DataUnavailable] = {}
        self._kept: dict[str, _SymbolFiles] = {}

    def files(self, first: date, last: date) -> list[DataFile]:
        """Return the files that may have rows of [first, last]."""
        left = bisect_left(self._dated, first, key=itemgetter(0))
        right = bisect_right(self._dated, last, key=itemgetter(0))
        return [*self._undated, *(file for _, _, file in self._dated[left:right])]

    def layout(self, file: DataFile) -> FileLayout | None:
        """Return the layout of a file, or None when it is not readable (see :meth:`problems`)."""
        with self._lock:
            if file.name not in self._layouts:
                try:
                    self._layouts[file.name] = file.layout()
                except DataUnavailable as error:
                    self._layouts[file.name] = None
                    self._refused[file.name, file.path_symbol or ""] = error
            return self._layouts[file.name]

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that have bars, in alphabetical order."""
        named: set[str] = set()
        for file in self._files:
            if file.day is not None and file.path_symbol in named:
                continue  # one daily file of a symbol is enough
            layout = self.layout(file)
            if layout is not None and layout.kind == BARS:
                named |= {layout.symbol} if layout.symbol else set(self._read(file, layout))
        return tuple(sorted(named))

    def days(self, symbol: str) -> tuple[date, ...]:
        """Return the trading dates on which no 5-minute bar of ``symbol`` is missing, oldest first."""
        series = self.series(symbol)
        return series[BAR].days if BAR in series else ()

    def span(self, symbol: str) -> tuple[date, date] | None:
        """Return the first and the last trading date with any bar of ``symbol``, or None without one."""
        filled = [item.bars for item in self.series(symbol).values() if len(item.bars)]
        if not filled:
            return None
        first = min(bars.first_start for bars in filled)
        return first.date(), max(bars.last_end - bars.length for bars in filled).date()

    def series(self, symbol: str) -> dict[timedelta, BarSeries]:
        """Return all recorded bars of a symbol, by bar length."""
        return self._series(symbol, *_EVER)

    def refused(self) -> tuple[DataUnavailable, ...]:
        """Read all files and return the errors of unusable ones, one per file and symbol."""
        for symbol in self.symbols():
            self.series(symbol)
        with self._lock:
            return tuple(self._refused.values())

    def problems(self) -> tuple[str, ...]:
        """Read all files and return one sentence per problem."""
        series = [item for symbol in self.symbols() for item in self.series(symbol).values()]
        return (
            *(error.detail for error in self.refused()),
            *(sentence for item in series for sentence in item.problems),
        )

    def today(self, symbol: str, length: timedelta, session: Session, now: datetime) -> Bars:
        """Return the bars of ``session`` that are complete at ``now`` (see ``bar_requests.BarSource``).

        If the VIX has only daily bars, the day's open is visible from one minute after the open, and nothing else of
        that day.

        Raises
        ------
        DataUnavailable
            ``bars_gap``, ``bad_bars``, ``bars_contradict``, ``bars_out_of_order``, ``bad_file`` or ``no_data``.
        """
        series = self._series(symbol, session.day, session.day)
        for item in _intraday(series, length):
            if item.covers(session, now):
                return item.today(session, now)
        if symbol == VIX and DAY in series and now >= session.open_at + _OPEN_KNOWN_AFTER:
            opening = series[DAY].opening(session, length)
            if len(opening):
                return opening
        if now < session.open_at + length:
            return Bars.empty(length)
        raise self._nothing(symbol, session.day, now)

    def history(self, symbol: str, length: timedelta, start: datetime, end: datetime) -> Bars:
        """Return the bars of the complete days between two instants (see ``bar_requests.BarSource``)."""
        for item in _intraday(self._series(symbol, new_york_day(start), new_york_day(end)), length):
            bars = item.complete.between(start, end)
            if len(bars):
                return bars
        return Bars.empty(length)

    def daily(self, symbol: str, first: date, last: date) -> Bars:
        """Return the daily bars of [first, last]: recorded ones, else built from complete 5-minute days."""
        series = self._series(symbol, first, last)
        if DAY in series:
            bars = series[DAY].bars
        else:
            bars = daily_from(series[BAR].complete) if BAR in series else Bars.empty(DAY)
        return bars.between(utc_midnight(first), utc_midnight(last) + DAY)

    def _series(self, symbol: str, first: date, last: date) -> dict[timedelta, BarSeries]:
        with self._lock:
            kept = self._kept.setdefault(symbol, _SymbolFiles())
            grown = set()
            for file in self.files(first, last):
                if file.name in kept.files:
                    continue
                kept.files.add(file.name)
                layout = self.layout(file) if file.folder_symbol in {None, symbol} else None
                if layout is None or layout.kind != BARS or layout.symbol not in {None, symbol}:
                    continue
                part = self._read(file, layout).get(symbol)
                if part is not None:
                    kept.parts.setdefault(part.length, []).append(part)
                    grown.add(part.length)
            kept.series |= {length: series_of(kept.parts[length], symbol) for length in grown}
            return dict(kept.series)

    def _read(self, file: DataFile, layout: FileLayout) -> dict[str, CheckedBars]:
        with self._lock:
            if file.name not in self._rows:
                rows = self._rows[file.name] = {}
                for raw in self._raw(file, layout):
                    try:
                        rows[raw.symbol] = checked(raw, file.day)
                    except DataUnavailable as error:
                        self._refused[file.name, raw.symbol] = error
            return self._rows[file.name]

    def _raw(self, file: DataFile, layout: FileLayout) -> tuple[RawBars, ...]:
        try:
            return file.read_bars(layout)
        except DataUnavailable as error:
            self._refused[file.name, layout.symbol or ""] = error
            return ()

    def _nothing(self, symbol: str, day: date, now: datetime) -> DataUnavailable:
        near = {file.name for file in self.files(day, day)}
        with self._lock:
            refused = list(self._refused.items())
        for (name, suspect), error in refused:
            if suspect in {symbol, ""} and name in near:
                return DataUnavailable(error.reason, error.detail)
        span = self.span(symbol)
        if span is None:
            return DataUnavailable("no_data", self._nothing_ever(symbol, sorted({name for (name, _), _ in refused})))
        by = f"{day}" if new_york_day(now) > day else f"{day} up to {new_york_label(now)}"
        first, last = span
        return DataUnavailable("no_data", f"{symbol}: no bars of {by}; bars run from {first} to {last}")

    def _nothing_ever(self, symbol: str, unread: list[str]) -> str:
        known = ", ".join(self.symbols()) or "none"
        sentence = f"no file holds bars of {symbol}; the symbols with bars are: {known}"
        if unread:
            sentence += f"; not read: {', '.join(unread)}"
        for file in self._files:
            layout = self.layout(file) if file.path_symbol == symbol else None
            if layout is not None and layout.kind != BARS:
                sentence += f"; {file.name} has no columns open, high, low and close, separated by commas"
        return sentence


def read_daily(path: Path) -> BarSeries:
    """Return the daily bars of one file, such as the VIX of Cboe; only days that the calendar covers.

    Raises
    ------
    DataUnavailable
        ``bad_file`` when it is not readable, has other data than daily bars, or has more than one symbol.
    """
    file = DataFile(path=path, name=path.name)
    layout = file.layout()
    if layout.kind != BARS:
        raise DataUnavailable("bad_file", f"{path.name} has no columns open, high, low and close next to its dates")
    symbols = file.read_bars(layout)
    parts = [checked(raw, None) for raw in symbols]
    if len(parts) > 1 or parts[0].length != DAY:
        raise DataUnavailable("bad_file", f"{path.name} is not daily: it must hold one row a day of one symbol")
    return series_of(parts, symbols[0].symbol)


def _intraday(series: dict[timedelta, BarSeries], length: timedelta) -> list[BarSeries]:
    # bars of the requested length first, then the longest from which they can be built
    return [series[part] for part in sorted(series, reverse=True) if part <= length and not length % part]


def _found(folder: Path) -> Iterator[DataFile]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith((".", "_")):
                yield DataFile(path=path, name=path.relative_to(folder).as_posix())
