"""Bars and VIX from a folder of parquet or CSV files: one file a symbol, or daily pieces, as collectors write them.

A file is taken as 5-minute bars when it has a time column and open, high, low, close, and its stamps lie 5 minutes
apart.  Its symbol is, in this order, the column ``symbol``, a folder ``symbol=XYZ``, or the first word of its name.
Where two files hold the same day, the file with more bars is believed for the whole day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from magic8_companion.domain.bars import COLUMNS, Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.domain.trading_day import BAR, FIRST_YEAR, LAST_YEAR
from magic8_ml.features.sessions import BAR_NS, session_table
from magic8_ml.training.refusal import TrainingRefused

_TIME_COLUMNS: Final = ("ts_utc", "time", "timestamp", "datetime", "date")
_PRICES: Final = COLUMNS[:4]
_SUFFIXES: Final = (".parquet", ".csv")
_VIX: Final = "VIX"


@dataclass(frozen=True, slots=True, kw_only=True)
class BarFolder:
    """What a folder held: bars per symbol, files that are no 5-minute bars, and days that two files contested."""

    bars: dict[str, Bars]
    ignored: dict[str, str]
    contested: tuple[str, ...]


def read_bar_folder(folder: Path, symbols: tuple[str, ...] | None = None) -> BarFolder:
    """Read the 5-minute bars of regular sessions below ``folder``; ``symbols`` limits what is kept.

    Raises
    ------
    TrainingRefused
        When the folder holds no bars, a wanted symbol is not among them, or a file holds impossible bars.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES) if folder.is_dir() else []
    if not paths:
        raise TrainingRefused(f"no parquet or CSV file in {folder}")
    ignored: dict[str, str] = {}
    pieces: dict[str, list[_Piece]] = {}
    for path in paths:
        try:
            for piece in _pieces_of(path):
                pieces.setdefault(piece.symbol, []).append(piece)
        except _NotBars as reason:
            ignored[str(path.relative_to(folder))] = str(reason)
    wanted = tuple(sorted(set(pieces) - {_VIX})) if symbols is None else symbols
    if unknown := [symbol for symbol in wanted if symbol not in pieces]:
        found = ", ".join(sorted(pieces)) or "none"
        raise TrainingRefused(f"no 5-minute bars of {', '.join(unknown)} in {folder}; found: {found}")
    contested: list[str] = []
    bars = {symbol: _joined(pieces[symbol], contested) for symbol in wanted}
    return BarFolder(bars=bars, ignored=ignored, contested=tuple(contested))


def read_vix_daily(path: Path) -> Bars:
    """Read daily VIX rows (date, open, high, low, close) of the years of the exchange calendar.

    Raises
    ------
    TrainingRefused
        When the file is missing, is not daily, or holds impossible rows.
    """
    if path.suffix.lower() not in _SUFFIXES or not path.is_file():
        raise TrainingRefused(f"the VIX file {path} is not there (parquet or CSV with date, open, high, low, close)")
    try:
        frame = _timed(_read(path))
    except _NotBars as reason:
        raise TrainingRefused(f"the VIX file {path} {reason}") from reason
    index = pd.DatetimeIndex(frame.index)
    frame = frame[(index.year >= FIRST_YEAR) & (index.year <= LAST_YEAR)]
    if (pd.DatetimeIndex(frame.index).normalize() != frame.index).any():
        raise TrainingRefused(f"the VIX file {path} is not daily: its stamps have a time of day")
    return _checked(frame, path, timedelta(days=1))


class _NotBars(Exception):
    """A file holds something else; the text says what."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Piece:
    symbol: str
    path: Path
    frame: pd.DataFrame
    days: npt.NDArray[np.int64]  # position of each row's session on the exchange calendar


def _pieces_of(path: Path) -> Iterator[_Piece]:
    raw = _read(path)
    frame = _timed(raw)
    names = raw["symbol"].astype(str).tolist() if "symbol" in raw else [_symbol_in(path)] * len(raw)
    for name in sorted(set(names)):
        rows = frame[[other == name for other in names]].sort_index()
        steps = np.diff(pd.DatetimeIndex(rows.index).asi8)
        if not len(steps) or np.median(steps) != BAR_NS:
            raise _NotBars("is no 5-minute series")
        table = session_table()
        stamps = pd.DatetimeIndex(rows.index).asi8
        days = np.searchsorted(table.opens, stamps, side="right") - 1
        regular = (days >= 0) & (stamps < table.closes[days])
        yield _Piece(symbol=canonical_symbol(name), path=path, frame=rows[regular], days=days[regular])


def _read(path: Path) -> pd.DataFrame:
    try:
        raw = pd.read_parquet(path) if path.suffix.lower() == ".parquet" else pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise TrainingRefused(f"{path} cannot be read: {error}") from error
    if raw.empty:
        raise TrainingRefused(f"{path} holds no rows")
    return raw.rename(columns=str.lower)


def _timed(raw: pd.DataFrame) -> pd.DataFrame:
    name = next((column for column in _TIME_COLUMNS if column in raw), None)
    stamps: Any = raw.index if name is None else raw[name]
    if name is None and not isinstance(raw.index, pd.DatetimeIndex):
        raise _NotBars(f"has no time column (one of {', '.join(_TIME_COLUMNS)})")
    if missing := [column for column in _PRICES if column not in raw]:
        raise _NotBars(f"has no column {', '.join(missing)}")
    try:
        index = pd.DatetimeIndex(pd.to_datetime(stamps, utc=True)).as_unit("ns")
    except (ValueError, TypeError) as error:
        raise _NotBars(f"has an unreadable time: {error}") from error
    columns = {column: raw[column].to_numpy(dtype=np.float64) for column in _PRICES}
    volume = raw["volume"].fillna(0).to_numpy(dtype=np.float64) if "volume" in raw else np.zeros(len(raw))
    return pd.DataFrame({**columns, "volume": volume}, index=index)


def _symbol_in(path: Path) -> str:
    partition = next((part for part in path.parts if part.startswith("symbol=")), None)
    return partition.removeprefix("symbol=") if partition else re.split(r"[^A-Za-z]", path.stem)[0]


def _joined(pieces: list[_Piece], contested: list[str]) -> Bars:
    taken: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
    series: list[Bars] = []
    for piece in sorted(pieces, key=lambda piece: (-len(piece.frame), str(piece.path))):
        again = np.isin(piece.days, taken)
        if again.any():
            days = len(np.unique(piece.days[again]))
            contested.append(f"{piece.path.name}: {days} days of {piece.symbol} are taken from a larger file")
        series.append(_checked(piece.frame[~again].drop_duplicates(), piece.path, BAR))
        taken = np.union1d(taken, piece.days)
    return _merged(series)


def _merged(series: list[Bars]) -> Bars:
    starts = np.concatenate([bars.starts for bars in series])
    order = np.argsort(starts)
    columns: dict[str, Any] = {n: np.concatenate([getattr(bars, n) for bars in series])[order] for n in COLUMNS}
    return Bars(starts=starts[order], **columns)


def _checked(frame: pd.DataFrame, path: Path, length: timedelta) -> Bars:
    try:
        return Bars.from_frame(frame.sort_index(), length)
    except DataUnavailable as error:
        raise TrainingRefused(f"{path}: {error.detail}") from error
