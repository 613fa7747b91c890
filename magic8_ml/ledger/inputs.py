"""Bars and VIX of a ledger: recorded files as the host reads them, and what is refused before the work begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.trading_day import BAR
from magic8_companion.recordings.bar_folder import BarFolder, read_daily


class LedgerRefused(Exception):
    """The ledger cannot be made; the command says why in one sentence and ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedBars:
    """5-minute bars per symbol, of days on which none is missing; ``notes`` tell what was passed over."""

    bars: dict[str, Bars]
    notes: tuple[str, ...]


def read_bars(folder: Path, symbols: tuple[str, ...]) -> RecordedBars:
    """Read the complete days of each symbol below ``folder``.

    Raises
    ------
    LedgerRefused
        When the folder or a file cannot be read, or a symbol has no complete day of 5-minute bars.
    """
    try:
        recorded = BarFolder(folder)
    except ConfigError as error:
        raise LedgerRefused(error.problems[0]) from error
    refused = recorded.refused()
    if torn := [error.detail for error in refused if error.reason == "bad_file"]:
        raise LedgerRefused("; ".join(torn))
    series = {symbol: recorded.series(symbol).get(BAR) for symbol in symbols}
    found = {symbol: item for symbol, item in series.items() if item is not None and len(item.complete)}
    if unknown := [symbol for symbol in symbols if symbol not in found]:
        known = ", ".join(recorded.symbols()) or "none"
        raise LedgerRefused(f"no complete day of 5-minute bars of {', '.join(unknown)} in {folder}; found: {known}")
    notes = [error.detail for error in refused]
    notes += [sentence for item in found.values() for sentence in item.problems]
    return RecordedBars(bars={symbol: item.complete for symbol, item in found.items()}, notes=tuple(notes))


def read_vix(path: Path) -> Bars:
    """Read daily VIX rows (date, open, high, low, close).

    Raises
    ------
    LedgerRefused
        When the file is missing, is not daily, or holds no row that can be believed.
    """
    if not path.is_file():
        raise LedgerRefused(f"the VIX file {path} is not there (parquet or CSV with date, open, high, low, close)")
    try:
        series = read_daily(path)
    except DataUnavailable as error:
        raise LedgerRefused(f"the VIX file {path} cannot be used: {error.detail}") from error
    if not len(series.bars):
        raise LedgerRefused("; ".join(series.problems) or f"the VIX file {path} holds no row")
    return series.bars
