"""One file of somebody else as a table with lower-case column names: CSV however it is separated, or parquet."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TextIO

import pandas as pd

from magic8_ml.metrics.refusal import TrainingRefused

SUFFIXES: Final = (".csv", ".csv.gz", ".txt", ".parquet")
PRICES: Final = ("open", "high", "low", "close")

_TIMES: Final = frozenset({"ts_utc", "timestamp", "time", "datetime", "date"})
_SEPARATORS: Final = ",;\t|"
_DECIMAL_COMMA: Final = re.compile(r"\d,\d")
_SAME: Final = {"ticker": "symbol"}


def is_table(path: Path) -> bool:
    """Tell by its name whether a file may hold a table.

    >>> [is_table(Path(name)) for name in ("SPY.csv.gz", "spy.PARQUET", "notes.md")]
    [True, True, False]
    """
    return path.name.lower().endswith(SUFFIXES)


def read_table(file: Path) -> pd.DataFrame:
    """Read a file; an index of times or symbols becomes columns.

    Raises
    ------
    TrainingRefused
        When it cannot be read, or two columns differ only in capitals.
    """
    try:
        is_parquet = file.suffix.lower() == ".parquet"
        frame = _flat(pd.read_parquet(file)) if is_parquet else _Dialect.of(file).read(file)
        frame = _named(file, frame)
        return frame.assign(**{name: _numbers(frame[name]) for name in (*PRICES, "volume") if name in frame})
    except (OSError, ValueError, csv.Error) as error:
        raise TrainingRefused(f"{file.name} cannot be read: {str(error).strip()}") from error


def holds_prices(frame: pd.DataFrame) -> bool:
    """Tell whether open, high, low and close are there."""
    return set(PRICES) <= set(frame.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dialect:
    """How a CSV file is written; ``ticker`` is named where the header has three lines, as yfinance writes it."""

    separator: str
    decimal: str
    ticker: str | None

    @classmethod
    def of(cls, file: Path) -> Self:
        opened: Callable[..., TextIO] = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rt", encoding="utf-8-sig") as lines:
            head, second = lines.readline(), lines.readline()
        separator = max(_SEPARATORS, key=head.count)
        comma = separator != "," and _DECIMAL_COMMA.search(second) is not None
        fields = next(csv.reader([second], delimiter=separator), [])
        ticker = fields[1] if head.startswith("Price") and fields[:1] == ["Ticker"] else None
        return cls(separator=separator, decimal="," if comma else ".", ticker=ticker)

    def read(self, file: Path) -> pd.DataFrame:
        skipped = [] if self.ticker is None else [1, 2]
        frame = pd.read_csv(file, sep=self.separator, decimal=self.decimal, skiprows=skipped, encoding="utf-8-sig")
        first = str(frame.columns[0])
        if first.startswith("Unnamed") and _TIMES & {str(name).strip().lower() for name in frame.columns}:
            frame = frame.drop(columns=first)  # the numbers of the rows
        elif self.ticker is not None or first.startswith("Unnamed"):
            frame = frame.rename(columns={first: "time"})
        return frame if self.ticker is None else frame.assign(symbol=self.ticker)


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    numbered = frame.index.nlevels == 1 and frame.index.name is None and pd.api.types.is_integer_dtype(frame.index)
    if numbered:  # the numbers of the rows, with gaps where rows were filtered
        return frame.reset_index(drop=True)
    names = [str(name or "time") for name in frame.index.names]
    return frame.rename_axis(index=names).reset_index()


def _named(file: Path, frame: pd.DataFrame) -> pd.DataFrame:
    frame.columns = pd.Index([str(name).strip().lower() for name in frame.columns])
    frame = frame.rename(columns=_SAME)
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise TrainingRefused(f"{file.name} has two columns {twice}; keep one symbol and one of them")
    return frame


def _numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    # 5,912.25 is a number to people; read_csv's own option for it costs the last bit of every price
    if pd.api.types.is_numeric_dtype(values):
        return values
    return pd.to_numeric(values.astype(str).str.replace(",", ""))
