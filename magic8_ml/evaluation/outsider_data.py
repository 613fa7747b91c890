"""5-minute bars and the VIX as other people keep them: one file or a folder, CSV or parquet, stamps in any zone.

Everything is turned into the form the product reads, and then read by the product: what is not believed of our own
files is not believed of others either.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.trading_day import BAR, NEW_YORK
from magic8_ml.training.bar_files import TrainingBars, read_bar_folder, read_vix_daily
from magic8_ml.training.refusal import TrainingRefused

_SUFFIXES: Final = (".csv", ".parquet")
_TIMES: Final = ("ts_utc", "timestamp", "time", "datetime", "date")
_PRICES: Final = ("open", "high", "low", "close")
_OFFSET: Final = re.compile(r"(?:Z|UTC|[+-]\d{2}:?\d{2})\s*$", re.IGNORECASE)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}( 00:00:00)?|\d{1,2}/\d{1,2}/\d{4}")
_ENOUGH: Final = 50
_CLOCK: Final = re.compile(r"\d{1,2}:\d{2}")
_ZONE: Final = re.compile(r"\s([A-Za-z]+/[A-Za-z_]+)\s*$")
_LETTERS: Final = re.compile(r"[A-Za-z]+")
_EPOCH_UNITS: Final = ((1e17, 1), (1e14, 1_000), (1e11, 1_000_000), (1e8, 1_000_000_000))
_VIX_OPEN: Final = time(9, 30)
_VIX_CLOSE: Final = time(16, 15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How files are meant: ``symbol`` where they do not say, the zone of stamps without one, and what is stamped."""

    symbol: str | None = None
    timezone: str | None = None
    stamped_at_end: bool = False


def read_outsider_bars(path: Path, reading: Reading) -> TrainingBars:
    """Read a file or every file of a folder.

    Raises
    ------
    TrainingRefused
        When there is no file, one cannot be understood, or no bar can be believed; the sentence says how to help.
    """
    files = sorted(p for p in path.rglob("*") if p.suffix.lower() in _SUFFIXES) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise TrainingRefused(f"there is no CSV or parquet file at {path}")
    staged: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as staging:
        for number, file in enumerate(files):
            frame = _understood(file, reading)
            if frame is not None:
                # numbered as they stand in the folder: where two files hold a bar, the first one is believed
                name = f"bars_{number:05d}.parquet"
                frame.to_parquet(Path(staging) / name, index=False)
                staged[name] = file.name
        if not staged:
            holder = "the folder" if path.is_dir() else "the file"
            wanted = "open, high, low, close and a time of day"
            raise TrainingRefused(f"{holder} {path.name} holds no 5-minute bars: {wanted}")
        try:
            found = read_bar_folder(Path(staging))
        except TrainingRefused as refusal:
            raise TrainingRefused(_by_their_names(str(refusal), staged)) from refusal
    return TrainingBars(bars=found.bars, notes=tuple(_by_their_names(note, staged) for note in found.notes))


def _by_their_names(sentence: str, staged: Mapping[str, str]) -> str:
    for name, own in staged.items():
        sentence = sentence.replace(name, own)
    return sentence


def read_outsider_vix(path: Path, reading: Reading) -> Bars:
    """Read the VIX, one row a day or several: of those in the session the first open and the last close are the day's.

    Raises
    ------
    TrainingRefused
        When the file is missing or cannot be understood.
    """
    if not path.is_file() or (daily := _vix_days(path, reading)) is None:
        return read_vix_daily(path)
    with tempfile.TemporaryDirectory() as staging:
        daily.to_parquet(Path(staging) / path.with_suffix(".parquet").name)
        return read_vix_daily(Path(staging) / path.with_suffix(".parquet").name)


def _vix_days(file: Path, reading: Reading) -> pd.DataFrame | None:
    # None where the rows are days already, or are no prices: both are the product's own business
    frame = _frame(file)
    if not set(_PRICES) <= set(frame.columns):
        return None
    values = _times(file, frame)
    if _are_days(values):
        return None
    stamps = _stamps(file, values, reading)
    local = stamps.tz_convert(NEW_YORK)
    if any((zoned == zoned.normalize()).all() for zoned in (stamps, local)):
        return None
    prices = frame[list(_PRICES)].set_axis(local).sort_index()
    if local.normalize().has_duplicates:
        prices = prices.between_time(_VIX_OPEN, _VIX_CLOSE, inclusive="right" if reading.stamped_at_end else "both")
    if prices.empty:
        raise TrainingRefused(f"{file.name} holds no VIX between 09:30 and 16:15 New York time")
    date = pd.DatetimeIndex(prices.index).tz_localize(None).normalize().rename("date")
    return prices.groupby(date).agg({"open": "first", "high": "max", "low": "min", "close": "last"}).reset_index()


def _understood(file: Path, reading: Reading) -> pd.DataFrame | None:
    frame = _frame(file)
    if not set(_PRICES) <= set(frame.columns):
        return None
    values = _times(file, frame)
    if _are_days(values):
        return None
    stamps = _stamps(file, values, reading)
    if reading.stamped_at_end:
        stamps = stamps - BAR
    columns: dict[str, Any] = {"ts_utc": stamps, "symbol": _symbols(file, frame, reading)}
    columns |= {name: frame[name].to_numpy() for name in (*_PRICES, "volume") if name in frame}
    return pd.DataFrame(columns)


def _frame(file: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(file) if file.suffix.lower() == ".parquet" else pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise TrainingRefused(f"{file.name} cannot be read: {error}") from error
    if isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.rename_axis("time").reset_index()
    return frame.rename(columns=lambda name: str(name).strip().lower())


def _times(file: Path, frame: pd.DataFrame) -> pd.Series[Any]:
    name = next((column for column in _TIMES if column in frame), None)
    if name is None:
        raise TrainingRefused(f"{file.name} has no time column; name it one of {', '.join(_TIMES)}")
    if name == "time" and "date" in frame and _CLOCK.match(str(frame[name].iloc[0] if len(frame) else "")):
        return frame["date"].astype(str) + " " + frame["time"].astype(str)
    return frame[name]


def _are_days(values: pd.Series[Any]) -> bool:
    return all(_DAY.fullmatch(text) for text in values.head(_ENOUGH).astype(str).tolist())


def _stamps(file: Path, values: pd.Series[Any], reading: Reading) -> pd.DatetimeIndex:
    try:
        if not pd.api.types.is_numeric_dtype(values):
            return _zoned(file, values, reading)
        size = float(values.abs().max())
        factor = next((factor for least, factor in _EPOCH_UNITS if size >= least), None)
        if factor is None:
            raise TrainingRefused(f"{file.name}: the numbers in its time column are no times since 1970")
        nanoseconds = (values.astype(np.int64) * factor).to_numpy()
        return pd.DatetimeIndex(nanoseconds.view("datetime64[ns]"), tz="UTC")
    except (ValueError, TypeError) as error:
        raise TrainingRefused(f"{file.name} holds a time that cannot be read: {error}") from error


def _zoned(file: Path, values: pd.Series[Any], reading: Reading) -> pd.DatetimeIndex:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return pd.DatetimeIndex(values).tz_convert("UTC")
    zone = reading.timezone
    if not pd.api.types.is_datetime64_dtype(values):
        texts = values.astype(str)
        with_offset = texts.str.contains(_OFFSET)
        if with_offset.all():
            return pd.DatetimeIndex(pd.to_datetime(texts, utc=True))
        if with_offset.any():
            raise TrainingRefused(f"{file.name} has times with and times without a zone")
        named = texts.str.extract(_ZONE, expand=False).dropna().unique().tolist()
        if len(named) == 1:
            values, zone = texts.str.replace(_ZONE, "", regex=True), named[0]
    if zone is None:
        raise TrainingRefused(f"{file.name} has times without a zone; name it, such as --timezone America/New_York")
    return _localised(values, zone)


def _localised(values: pd.Series[Any], name: str) -> pd.DatetimeIndex:
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise TrainingRefused(f"there is no time zone {name}") from error
    local = pd.DatetimeIndex(pd.to_datetime(values))
    return local.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").tz_convert("UTC")


def _symbols(file: Path, frame: pd.DataFrame, reading: Reading) -> Any:  # noqa: ANN401 - one name, or one for each row
    if "symbol" in frame:
        return frame["symbol"].astype(str).str.upper().to_numpy()
    folder = next((part.removeprefix("symbol=") for part in file.parts if part.startswith("symbol=")), None)
    letters = _LETTERS.match(file.stem)
    name = reading.symbol or folder or (letters[0] if letters else None)
    if name is None:
        raise TrainingRefused(f"{file.name} does not say its symbol; name it with --symbol")
    return name.upper()
