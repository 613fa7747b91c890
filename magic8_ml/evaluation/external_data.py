"""5-minute bars and the VIX as other people keep them: one file or a folder, CSV or parquet, stamps in any zone.

Everything is turned into the form the product reads, and then read by the product: what is not believed of our own
files is not believed of others either.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from magic8_companion.domain.bars import COLUMNS, Bars
from magic8_companion.domain.trading_day import BAR, NEW_YORK
from magic8_companion.recordings.bar_file import DataFile
from magic8_ml.evaluation.external_table import PRICES, holds_prices, is_table, read_table
from magic8_ml.evaluation.external_times import are_days, days_of, nanoseconds_of, stamps_of, times_of
from magic8_ml.forecast.session_table import BAR_NS, session_table
from magic8_ml.forecast.symbol_families import family_of
from magic8_ml.forecast.training.bar_files import TrainingBars, read_bar_folder, read_vix_daily
from magic8_ml.metrics.refusal import TrainingRefused

_WORDS: Final = re.compile(r"[A-Za-z]+")
_VIX_OPEN: Final = time(9, 30)
_VIX_CLOSE: Final = time(16, 15)
_VIX_OPEN_BY: Final = timedelta(hours=9, minutes=45)
_NEVER: Final = 0.05
_NEARLY_ALWAYS: Final = 0.95
_QUIET: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalFormat:
    """How files are meant: ``symbol`` where they do not say, the zone of times without one, and what is stamped.

    ``stamped_at_end`` is None where the bars are to tell.
    """

    symbol: str | None = None
    timezone: str | None = None
    stamped_at_end: bool | None = None


def read_external_bars(path: Path, reading: ExternalFormat) -> TrainingBars:
    """Read a file or every file of a folder.

    Raises
    ------
    TrainingRefused
        When there is no file, one cannot be understood, or no bar can be believed; the sentence says how to help.
    """
    files = sorted(p for p in path.rglob("*") if is_table(p)) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise TrainingRefused(f"there is no CSV or parquet file at {path}")
    staged, notes = {}, []
    with tempfile.TemporaryDirectory() as staging:
        for number, file in enumerate(files):
            frame, file_notes = _understood(DataFile(path=file, name=_below(path, file)), reading)
            notes += file_notes
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
    notes += [_by_their_names(note, staged) for note in found.notes]
    return TrainingBars(bars=found.bars, notes=tuple(dict.fromkeys(notes)))


def read_any_bars(folder: Path, symbols: tuple[str, ...] | None = None) -> TrainingBars:
    """Read bars as recorded by the product, else as other programs write them; ``symbols`` limits what is kept.

    Raises
    ------
    TrainingRefused
        With the sentence about recorded bars when neither reading succeeds.
    """
    try:
        return read_bar_folder(folder, symbols)
    except TrainingRefused as refusal:
        try:
            found = read_external_bars(folder, ExternalFormat())
        except TrainingRefused:
            raise refusal from None
        kept = {symbol: bars for symbol, bars in found.bars.items() if symbols is None or symbol in symbols}
        if not kept or set(symbols or ()) - set(kept):
            raise
        return TrainingBars(bars=kept, notes=found.notes)


def read_external_vix(path: Path, reading: ExternalFormat) -> Bars:
    """Read the VIX, one row a day or several: of those in the session the first open and the last close are the day's.

    Raises
    ------
    TrainingRefused
        When the file is missing or cannot be understood.
    """
    if not path.is_file():
        return read_vix_daily(path)
    with tempfile.TemporaryDirectory() as staging:
        staged = Path(staging) / "VIX.parquet"
        _vix_days(path, reading).to_parquet(staged, index=False)
        try:
            return read_vix_daily(staged)
        except TrainingRefused as refusal:
            sentence = str(refusal).replace(str(staged), staged.name)
            raise TrainingRefused(_by_their_names(sentence, {staged.name: path.name})) from refusal


def _by_their_names(sentence: str, staged: Mapping[str, str]) -> str:
    for name, own in staged.items():
        sentence = sentence.replace(name, own)
    return sentence


def _vix_days(file: Path, reading: ExternalFormat) -> pd.DataFrame:
    frame = read_table(file)
    if not holds_prices(frame):
        raise TrainingRefused(f"{file.name} has no columns open, high, low and close of the VIX")
    values = times_of(file, frame)
    if are_days(values):
        return frame[list(PRICES)].assign(date=days_of(file, values)).sort_values("date", kind="stable")
    stamps, _ = stamps_of(file, values, reading.timezone)
    local = stamps.tz_convert(NEW_YORK)
    midnights = next((zoned for zoned in (stamps, local) if (zoned == zoned.normalize()).all()), None)
    prices = frame[list(PRICES)].set_axis(local if midnights is None else midnights).sort_index(kind="stable")
    if midnights is None and local.normalize().has_duplicates:
        prices = _in_session(prices, stamped_at_end=bool(reading.stamped_at_end))
    if prices.empty:
        raise TrainingRefused(f"{file.name} holds no VIX between 09:30 and 16:15 New York time")
    date = pd.DatetimeIndex(prices.index).tz_localize(None).normalize().rename("date")
    return prices.groupby(date).agg({"open": "first", "high": "max", "low": "min", "close": "last"}).reset_index()


def _in_session(prices: pd.DataFrame, *, stamped_at_end: bool) -> pd.DataFrame:
    # a day whose first value is of later is a day without an open: forecasts of before must not know that value
    prices = prices.between_time(_VIX_OPEN, _VIX_CLOSE, inclusive="right" if stamped_at_end else "both")
    stamps = pd.DatetimeIndex(prices.index)
    first = pd.Series(stamps, index=stamps).groupby(stamps.normalize()).transform("min")
    return prices[(first - stamps.normalize() <= _VIX_OPEN_BY).to_numpy()]


def _below(path: Path, file: Path) -> str:
    # the part of a path that may name the symbol: of a single file no folder but one that promises it
    if path.is_dir():
        return file.relative_to(path).as_posix()
    return "/".join([*(part for part in file.parts if part.startswith("symbol=")), file.name])


def _understood(name: DataFile, reading: ExternalFormat) -> tuple[pd.DataFrame | None, list[str]]:
    # None where the file holds something else than bars of a day; rows may stand in any order
    file = name.path
    frame = read_table(file)
    if not holds_prices(frame) or are_days(values := times_of(file, frame)):
        return None, []
    stamps, notes = stamps_of(file, values, reading.timezone)
    columns: dict[str, Any] = {"ts_utc": stamps, "symbol": _symbols(name, frame, reading)}
    columns |= {name: frame[name].to_numpy() for name in (*PRICES, "volume") if name in frame}
    bars = pd.DataFrame(columns).dropna(subset="ts_utc").sort_values("ts_utc", kind="stable", ignore_index=True)
    at_end = reading.stamped_at_end
    if at_end is None and _seem_stamped_at_end(bars):
        at_end = True
        notes = [*notes, "times are taken as those of the bars' ends: only so do the bars fit the sessions"]
    return bars.assign(ts_utc=bars["ts_utc"] - BAR) if at_end else bars, notes


def _seem_stamped_at_end(bars: pd.DataFrame) -> bool:
    # of the regular session alone: never a bar at the open, always one at the close.  With bars before the open: the
    # one at the open is a quiet one of before, the next one is the opening
    moments = nanoseconds_of(pd.DatetimeIndex(bars["ts_utc"]))
    if not len(moments):
        return False
    table = session_table()
    traded = np.unique(np.clip(np.searchsorted(table.opens, moments, side="right") - 1, 0, None))
    opens, closes = table.opens[traded], table.closes[traded]
    if np.isin(opens, moments).mean() <= _NEVER:
        return bool(np.isin(closes, moments).mean() >= _NEARLY_ALWAYS)
    if np.isin(opens - BAR_NS, moments).mean() <= _NEVER:
        return False
    width = pd.Series((bars["high"] - bars["low"]).to_numpy(), index=moments).groupby(level=0).first()
    first, second = (width.reindex(opens + shift).median() for shift in (0, BAR_NS))
    return bool(first < _QUIET * second)


def _symbols(name: DataFile, frame: pd.DataFrame, reading: ExternalFormat) -> Any:  # noqa: ANN401 - one name, or one for each row
    if "symbol" in frame:
        return frame["symbol"].astype(str).str.upper().to_numpy()
    symbol = reading.symbol or name.folder_symbol or _index_in(name.path.stem) or name.path_symbol
    if symbol is None:
        raise TrainingRefused(f"{name.path.name} does not say its symbol; name it with --symbol")
    return symbol.upper()


def _index_in(stem: str) -> str | None:
    # an index or its fund anywhere in the name: bars_SPY_2024.csv
    return next((word for word in _WORDS.findall(stem) if len(family_of(word.upper())) > 1), None)


def with_older(bars: Mapping[str, Bars], older: Mapping[str, Bars]) -> dict[str, Bars]:
    """Put the bars of earlier times in front, symbol by symbol; other symbols of ``older`` are left out."""
    return {name: older_first(older[name], series) if name in older else series for name, series in bars.items()}


def older_first(older: Bars, newer: Bars) -> Bars:
    """Join two series: what ``older`` holds from the first time of ``newer`` on is left out."""
    if not len(newer):
        return older
    before = older[: int(np.searchsorted(older.starts, newer.starts[0]))]
    columns = {name: np.concatenate((getattr(before, name), getattr(newer, name))) for name in ("starts", *COLUMNS)}
    return Bars(**columns, length=newer.length)
