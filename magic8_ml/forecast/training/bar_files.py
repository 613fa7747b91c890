"""Bars and VIX of a training: the host's own reading of recorded files, and what is refused before the work begins.

``magic8_companion.recordings`` says which files are understood and which bars are believed.  A bar that is not costs
its day, as in the host's replay, and a note says so; a file that cannot be read stops the training.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from magic8_companion.domain.bar_lengths import DAY_NS
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.strategy import VIX
from magic8_companion.domain.trading_day import BAR, FIRST_YEAR, LAST_YEAR
from magic8_companion.recordings.bar_folder import BarFolder, read_daily
from magic8_companion.recordings.bar_series import BarSeries
from magic8_ml.forecast.session_table import session_table
from magic8_ml.metrics.refusal import TrainingRefused

_THURSDAY: Final = 3  # weekday of 1970-01-01
_WEEKS_OF_ROWS: Final = 20
_NEVER: Final = 0.05
_VIX_RANGE: Final = (1.0, 150.0)
"""Range of the VIX in index points, which detects fractions: it has been between 9 and 90 since 1990.  One opening in a
hundred may lie outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingBars:
    """5-minute bars per symbol; ``notes`` are sentences about bars and symbols that were passed over."""

    bars: dict[str, Bars]
    notes: tuple[str, ...]


def read_bar_folder(folder: Path, symbols: tuple[str, ...] | None = None) -> TrainingBars:
    """Read the 5-minute bars of regular sessions below ``folder``; ``symbols`` limits what is kept.

    Raises
    ------
    TrainingRefused
        When the folder holds no bars, a wanted symbol is not among them, or a file cannot be read or believed at all.
    """
    try:
        recorded = BarFolder(folder)
    except ConfigError as error:
        raise TrainingRefused(error.problems[0]) from error
    refused = recorded.refused()
    if torn := [error.detail for error in refused if error.reason == "bad_file"]:
        raise TrainingRefused("; ".join(torn))
    known = {symbol: recorded.series(symbol) for symbol in recorded.symbols()}
    found = {symbol: series[BAR] for symbol, series in known.items() if BAR in series}
    wanted = tuple(symbol for symbol in found if symbol != VIX) if symbols is None else symbols
    if unknown := [symbol for symbol in wanted if symbol not in found]:
        raise TrainingRefused(
            f"no 5-minute bars of {', '.join(unknown)} in {folder}; found: {', '.join(found) or 'none'}"
        )
    other = [symbol for symbol in known if known[symbol] and symbol not in {*found, VIX} and symbols is None]
    notes = [error.detail for error in refused]
    notes += [f"{symbol} is passed over: it has no 5-minute bars" for symbol in other]
    notes += [sentence for symbol in wanted for sentence in found[symbol].problems]
    if not wanted:
        raise TrainingRefused("; ".join(notes) or f"there are no 5-minute bars in {folder}")
    bars = {symbol: _checked(found[symbol]) for symbol in wanted}
    for symbol, series in bars.items():
        _require_opening_bars(series, symbol)
    return TrainingBars(bars=bars, notes=tuple(notes))


def _require_opening_bars(bars: Bars, symbol: str) -> None:
    """Refuse bars of which hardly any begins at the open: they are stamped at their end, five minutes too late."""
    table = session_table()
    session = np.clip(np.searchsorted(table.opens, bars.starts, side="right") - 1, 0, None)
    opens = table.opens[np.unique(session)]
    if len(opens) >= _WEEKS_OF_ROWS and np.isin(opens, bars.starts).mean() <= _NEVER:
        raise TrainingRefused(
            f"{symbol}: hardly any day has a bar at the open, so the bars are stamped at their end; move them five"
            " minutes back"
        )


def read_vix_daily(path: Path) -> Bars:
    """Read daily VIX rows (date, open, high, low, close) of the years of the exchange calendar.

    ``path`` may also be a folder of bars that holds the VIX, daily or intraday.

    Raises
    ------
    TrainingRefused
        When the file is missing, is not daily, holds no row that can be believed, or no VIX in index points.
    """
    return _require_points(_require_own_days(_vix_in(path) if path.is_dir() else _vix_of(path), path), path)


def _vix_of(path: Path) -> Bars:
    if not path.is_file():
        raise TrainingRefused(f"the VIX file {path} is not there (parquet or CSV with date, open, high, low, close)")
    try:
        return _checked(read_daily(path))
    except DataUnavailable as error:
        raise TrainingRefused(f"the VIX file {path} cannot be used: {error.detail}") from error


def _vix_in(folder: Path) -> Bars:
    try:
        bars = BarFolder(folder).daily(VIX, date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))
    except ConfigError as error:
        raise TrainingRefused(error.problems[0]) from error
    if not len(bars):
        raise TrainingRefused(f"the folder {folder} holds no complete day of the VIX")
    return bars


def _require_own_days(vix: Bars, path: Path) -> Bars:
    """Refuse rows stamped on the midnight after their day: Friday's row is then on a Saturday, and Monday has none."""
    weekday = (vix.starts // DAY_NS + _THURSDAY) % 7
    if len(vix) >= _WEEKS_OF_ROWS and not (weekday == 0).any():
        raise TrainingRefused(
            f"the VIX in {path.name} has no row on a Monday: its rows are stamped on the midnight after their day; move"
            " them one day back"
        )
    return vix


def _require_points(vix: Bars, path: Path) -> Bars:
    low, high = _VIX_RANGE
    outside = int(((vix.open < low) | (vix.open > high)).sum())
    if outside > len(vix) / 100:
        odd = f"{outside} of {len(vix)} opens lie outside {low:g} to {high:g}"
        raise TrainingRefused(f"{path.name} is not the VIX in index points: {odd}")
    if len(vix) > 1 and np.ptp(vix.open) == 0:
        raise TrainingRefused(f"{path.name} has one and the same value on every day: this is not the VIX")
    return vix


def _checked(series: BarSeries) -> Bars:
    if not len(series.bars):
        raise TrainingRefused("; ".join(series.problems) or f"{series.symbol} has no bar of a regular session")
    return series.bars
