"""Read the bars and VIX of a ledger as the host reads them, and reject unusable files before the work starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import ConfigError
from magic8_companion.domain.strategy import VIX
from magic8_companion.domain.trading_day import BAR
from magic8_companion.recordings.bar_folder import BarFolder
from magic8_ml.forecast.training.bar_files import read_vix_daily
from magic8_ml.metrics.refusal import TrainingRefused


class LedgerRefused(Exception):
    """The ledger cannot be built; the command prints the reason and ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedBars:
    """5-minute bars per symbol, of days on which none is missing; ``notes`` list what was skipped."""

    bars: dict[str, Bars]
    notes: tuple[str, ...]


def read_bars(folder: Path, symbols: tuple[str, ...] | None = None) -> RecordedBars:
    """Read the complete days of each symbol below ``folder``, by default of all that have some, the VIX apart.

    Raises
    ------
    LedgerRefused
        When the folder or a file is not readable, or a symbol has no complete day of 5-minute bars.
    """
    try:
        recorded = BarFolder(folder)
    except ConfigError as error:
        raise LedgerRefused(error.problems[0]) from error
    refused = recorded.refused()
    if torn := [error.detail for error in refused if error.reason == "bad_file"]:
        raise LedgerRefused("; ".join(torn))
    wanted = symbols or tuple(symbol for symbol in recorded.symbols() if symbol != VIX)
    series = {symbol: recorded.series(symbol).get(BAR) for symbol in wanted}
    found = {symbol: item for symbol, item in series.items() if item is not None and len(item.complete)}
    if not found and symbols is None:
        raise LedgerRefused(f"no symbol has a complete day of 5-minute bars in {folder}")
    if unknown := [symbol for symbol in symbols or () if symbol not in found]:
        known = ", ".join(recorded.symbols()) or "none"
        raise LedgerRefused(f"no complete day of 5-minute bars of {', '.join(unknown)} in {folder}; found: {known}")
    notes = [error.detail for error in refused]
    notes += [sentence for item in found.values() for sentence in item.problems]
    return RecordedBars(bars={symbol: item.complete for symbol, item in found.items()}, notes=tuple(notes))


def read_vix(path: Path) -> Bars:
    """Read daily VIX rows (date, open, high, low, close), or the VIX of a folder of bars.

    Raises
    ------
    LedgerRefused
        When there is no file, it is not daily, or it has no valid row.
    """
    try:
        return read_vix_daily(path)
    except TrainingRefused as refusal:
        raise LedgerRefused(str(refusal)) from refusal
