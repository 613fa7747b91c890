"""Read one file of a folder of recordings: recognize it by its columns, without validation of its values.

============  ======================================================================================================
bars          a time column (``ts_utc``, ``timestamp``, ``time``, ``datetime`` or ``date``) and ``open high low close``;
              ``volume`` and ``symbol`` are optional
option chain  a time column, ``symbol``, ``spot``, ``strike`` and the quotes of call and put in one row
other         any other file is ignored
============  ======================================================================================================

Times have a zone: tz-aware columns in parquet, an offset in every stamp in CSV.  A column of plain dates makes
daily bars.  Without a symbol column the symbol comes from the path: a folder ``symbol=SPY``, else the letters that the
file name begins with (``spy_5m.csv``), else, when it begins with a digit, those of its folder (``SPY/2025-04-09.csv``).
A folder ``date=2025-04-09`` or a file or folder that is called by a date alone holds that day and no other.
"""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import NEW_YORK

SUFFIXES: Final = (".parquet", ".csv")
BARS: Final = "bars"
CHAIN: Final = "chain"
OTHER: Final = "other"

_TIME_COLUMNS: Final = ("ts_utc", "timestamp", "time", "datetime", "date")
_PRICES: Final = ("open", "high", "low", "close")
_QUOTES: Final = frozenset({"symbol", "spot", "strike", "call_bid", "call_ask", "put_bid", "put_ask"})
_DATE: Final = re.compile(r"(?:date=)?(\d{4}-[01]\d-[0-3]\d)(?:\.\w+)?")
_LETTERS: Final = re.compile(r"[A-Za-z]+")
_HYPHEN_BEFORE_CLOCK: Final = r"^\s*\d{4}-\d{2}-\d{2}[+-]\d{1,2}:?\d{2}"
_UTC: Final = pa.timestamp("ns", tz="UTC")
_LABELLED_UTC: Final = r"(?i)(Z|UTC|\+00:?00)\s*$"
_OPEN_MINUTE, _LAST_MINUTE = 9 * 60 + 30, 16 * 60 + 15
_FEW_IN_SESSION: Final = 0.7
_ROUNDING: Final = 1e-6
_UNKNOWN_VOLUME: Final = -1.0  # of an index at IB
_NEARLY_ALL: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLayout:
    """The content of a file; ``columns`` maps lower-case names to the names in the file."""

    kind: str
    columns: dict[str, str]
    time_column: str = ""
    symbol: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBars:
    """Rows of one symbol as one file has them; ``prices`` has shape (4, n_rows): open, high, low, close.

    ``starts`` are nanoseconds since the epoch, UTC; a missing price is NaN; a missing volume is 0.
    """

    file: str
    symbol: str
    starts: Integers
    prices: Floats
    volume: Floats

    @classmethod
    def of(cls, bars: Bars, symbol: str, source: str) -> RawBars:
        """Return valid bars as the rows of ``source``."""
        prices = np.stack([getattr(bars, name) for name in _PRICES])
        return cls(file=source, symbol=symbol, starts=bars.starts, prices=prices, volume=bars.volume)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A parquet or CSV file; ``name`` is its path below the folder, for messages."""

    path: Path
    name: str

    @property
    def is_parquet(self) -> bool:
        """Return whether the file is parquet, not CSV."""
        return self.path.suffix.lower() == ".parquet"

    @property
    def path_symbol(self) -> str | None:
        """Return the symbol that the path names.

        >>> DataFile(path=Path(), name="symbol=SPY/date=2025-04-09/part-0.parquet").path_symbol
        'SPY'
        >>> DataFile(path=Path(), name="vix_daily.csv").path_symbol
        'VIX'
        """
        if self.folder_symbol is not None:
            return self.folder_symbol
        parts = PurePosixPath(self.name).parts
        named = parts[-1] if not parts[-1][0].isdigit() or len(parts) == 1 else parts[-2]
        letters = _LETTERS.match(named)
        return letters[0].upper() if letters else None

    @property
    def folder_symbol(self) -> str | None:
        """Return the symbol of a folder ``symbol=SPY``, which every row must have."""
        for part in PurePosixPath(self.name).parts:
            if part.startswith("symbol="):
                return part.removeprefix("symbol=").upper()
        return None

    @property
    def day(self) -> date | None:
        """Return the trading date in the path, or None when the file may have any day.

        >>> DataFile(path=Path(), name="SPX/2025-04-09.parquet").day
        datetime.date(2025, 4, 9)
        """
        for part in PurePosixPath(self.name).parts:
            if match := _DATE.fullmatch(part):
                return date.fromisoformat(match[1])
        return None

    def layout(self) -> FileLayout:
        """Recognize the file by its columns.

        Raises
        ------
        DataUnavailable
            ``bad_file`` when it is not readable, is empty, or has prices without a time column.
        """
        names = self._column_names()
        columns = {name.strip().lower(): name for name in names}
        time_column = next((name for name in _TIME_COLUMNS if name in columns), "")
        if columns.keys() >= set(_PRICES):
            if not time_column:
                raise self._refused(f"has prices but no time column; name it {' or '.join(_TIME_COLUMNS)}")
            symbol = self._only_symbol(columns) if "symbol" in columns else self.path_symbol
            return FileLayout(kind=BARS, columns=columns, time_column=time_column, symbol=symbol)
        kind = CHAIN if columns.keys() >= _QUOTES and time_column else OTHER
        return FileLayout(kind=kind, columns=columns, time_column=time_column)

    def read_bars(self, layout: FileLayout) -> tuple[RawBars, ...]:
        """Return the rows of each symbol, in the order of the file.

        Raises
        ------
        DataUnavailable
            ``bad_file`` when a value has the wrong type, a time has no zone, or there are no rows.
        """
        wanted = [name for name in (layout.time_column, *_PRICES, "volume", "symbol") if name in layout.columns]
        table = self.read_columns(layout, wanted)
        starts = self.stamps(table[layout.time_column])
        self._require_true_label(table[layout.time_column], starts)
        prices = _without_rounding(np.stack([self.floats(table[name]) for name in _PRICES]))
        volume = self.floats(table["volume"]) if "volume" in wanted else np.zeros(len(starts))
        volume = np.where(np.isnan(volume) | (volume == _UNKNOWN_VOLUME), 0.0, volume)
        if "symbol" not in wanted:
            symbol = self.path_symbol
            if symbol is None:
                raise self._refused("has no symbol column and no symbol in its name; give it a name like spy_5m.csv")
            return (RawBars(file=self.name, symbol=symbol, starts=starts, prices=prices, volume=volume),)
        return tuple(
            RawBars(file=self.name, symbol=symbol, starts=starts[rows], prices=prices[:, rows], volume=volume[rows])
            for symbol, rows in self._rows_by_symbol(table["symbol"])
        )

    def read_columns(self, layout: FileLayout, wanted: list[str]) -> pa.Table:
        """Return some columns under their lower-case names; CSV times stay text, CSV numbers become float64."""
        originals = [layout.columns[name] for name in wanted]
        try:
            if self.is_parquet:
                with pq.ParquetFile(self.path) as parquet:
                    table = parquet.read(columns=originals, use_threads=False).select(originals)
            else:
                texts = {layout.time_column, "symbol"}
                types = {layout.columns[n]: pa.string() if n in texts else pa.float64() for n in wanted}
                options = pa_csv.ConvertOptions(column_types=types, include_columns=originals, strings_can_be_null=True)
                table = pa_csv.read_csv(self.path, convert_options=options)
        except (pa.ArrowException, OSError) as error:
            raise self._refused(f"cannot be read ({_first_line(error)}); write it again") from error
        if not table.num_rows:
            raise self._refused("is empty; delete it or write it again")
        return table.rename_columns(wanted)

    def stamps(self, column: pa.ChunkedArray) -> Integers:
        """Return times as nanoseconds since the epoch, UTC; plain dates become 00:00 UTC.

        Raises
        ------
        DataUnavailable
            ``bad_file`` when a time is missing, unreadable, or has no zone.
        """
        if column.null_count:
            raise self._refused("has a row without a time; correct or delete the row")
        try:
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                self._require_unmistakable(column)
                column = self._parsed(column)
            nanoseconds = column.cast(pa.timestamp("ns", tz=getattr(column.type, "tz", None))).cast(pa.int64())
        except pa.ArrowException as error:
            raise self._refused(f"has a time that cannot be read ({_first_line(error)}); write ISO 8601") from error
        stamps: Integers = nanoseconds.to_numpy().copy()
        if getattr(column.type, "tz", None) is None and (stamps % 86_400_000_000_000).any():
            raise self._refused("has times without a zone; write them with an offset, such as 2025-04-09T13:30:00Z")
        return stamps

    def floats(self, column: pa.ChunkedArray) -> Floats:
        """Return numbers as float64; a missing one is NaN.

        Raises
        ------
        DataUnavailable
            ``bad_file`` when a value is not a number.
        """
        try:
            values: Floats = column.cast(pa.float64()).to_numpy()
        except pa.ArrowException as error:
            raise self._refused(f"has a value that is not a number ({_first_line(error)}); correct it") from error
        return values

    def _require_unmistakable(self, column: pa.ChunkedArray) -> None:
        doubtful = column.filter(pc.match_substring_regex(column, _HYPHEN_BEFORE_CLOCK))
        if len(doubtful):
            raise self._refused(
                f"has the time {doubtful[0]}, whose clock could be an offset; write a blank between date and clock"
            )

    def _require_true_label(self, column: pa.ChunkedArray, starts: Integers) -> None:
        """Refuse bars of clock times in New York whose label says UTC: as UTC they begin hours before the session."""
        if not pa.types.is_string(column.type) or not pc.all(pc.match_substring_regex(column, _LABELLED_UTC)).as_py():
            return
        labelled = _share_in_session(starts)
        if labelled < _FEW_IN_SESSION and _share_in_session(starts, is_clock=True) > _NEARLY_ALL:
            raise self._refused(
                "has times that are labelled UTC and fill the session as clock times of New York; write their offset,"
                " such as 2025-07-07T09:30:00-04:00"
            )

    def _parsed(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        for kind in (_UTC, pa.date32()):
            try:
                return column.cast(kind)
            except pa.ArrowInvalid:
                continue
        with suppress(pa.ArrowInvalid):
            return pc.strptime(column, format="%m/%d/%Y", unit="s")  # Cboe's date format of the VIX
        return column.cast(pa.timestamp("ns"))  # a time without zone, or an error that names the value

    def _rows_by_symbol(self, column: pa.ChunkedArray) -> list[tuple[str, npt.NDArray[np.intp] | slice]]:
        encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
        if encoded.null_count:
            raise self._refused("has a row without a symbol; correct or delete the row")
        spellings = [name.strip().upper() for name in encoded.dictionary.to_pylist()]
        names = list(dict.fromkeys(spellings))  # SPY and spy are one symbol
        if len(names) == 1:
            return [(names[0], slice(None))]
        codes = np.array([names.index(spelling) for spelling in spellings])[encoded.indices.to_numpy()]
        return [(name, np.flatnonzero(codes == code)) for code, name in enumerate(names)]

    def _column_names(self) -> list[str]:
        try:
            if not self.path.stat().st_size:
                raise self._refused("is empty; delete it or write it again")
            if self.is_parquet:
                return list(pq.read_schema(self.path).names)
            with self.path.open(newline="", encoding="utf-8-sig") as lines:
                return next(csv.reader(lines), [])
        except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
            raise self._refused(f"cannot be read ({_first_line(error)}); write it again") from error

    def _only_symbol(self, columns: dict[str, str]) -> str | None:
        # the footer of a parquet file often proves that it has one symbol; else any symbol is possible
        if not self.is_parquet:
            return None
        metadata = pq.read_metadata(self.path)
        names = set()
        position = metadata.schema.names.index(columns["symbol"])
        for number in range(metadata.num_row_groups):
            statistics: Any = metadata.row_group(number).column(position).statistics
            if statistics is None or not statistics.has_min_max:
                return None
            names |= {statistics.min, statistics.max}
        return str(names.pop()).upper() if len(names) == 1 else None

    def _refused(self, sentence: str) -> DataUnavailable:
        return DataUnavailable("bad_file", f"{self.name} {sentence}")


def _without_rounding(prices: Floats) -> Floats:
    """Return prices whose high and low include open and close where only rounding kept them apart."""
    opened, high, low, close = prices
    top, bottom = np.maximum(opened, close), np.minimum(opened, close)
    high = np.where((high < top) & (high >= top * (1 - _ROUNDING)), top, high)
    low = np.where((low > bottom) & (low <= bottom * (1 + _ROUNDING)), bottom, low)
    return np.stack([opened, high, low, close])


def _share_in_session(starts: Integers, *, is_clock: bool = False) -> float:
    """Return the share of bars that begin between 09:30 and 16:15 New York; ``is_clock``: starts are clock times."""
    times = pd.DatetimeIndex(starts.view("datetime64[ns]"))
    local = times if is_clock else times.tz_localize("UTC").tz_convert(NEW_YORK)
    minutes = np.asarray(local.hour * 60 + local.minute)
    return float(np.mean((minutes >= _OPEN_MINUTE) & (minutes <= _LAST_MINUTE)))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
