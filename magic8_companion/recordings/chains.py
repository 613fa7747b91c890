"""Read recorded option chains: the newest snapshot of a symbol, at most a few minutes old.

A snapshot is all rows of one symbol and one time.  Missing, negative and non-finite quotes are None.  A count that is 0
in every row of a snapshot (volume, open interest) is missing and becomes None; a single 0 is a real 0.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.bars import from_ns, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import REPLAY
from magic8_companion.domain.option_chain import OptionChain, OptionRow
from magic8_companion.domain.trading_day import new_york_day, previous_session, utc_text
from magic8_companion.recordings.bar_file import CHAIN, DataFile, FileLayout
from magic8_companion.recordings.bar_folder import BarFolder

MAX_AGE: Final = timedelta(minutes=5)

_VALUES: Final = tuple(item.name for item in fields(OptionRow))
_QUOTES: Final = frozenset({"call_bid", "call_ask", "put_bid", "put_ask"})
_COUNTS: Final = frozenset({"call_oi", "put_oi", "call_volume", "put_volume"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChainRows:
    """Rows of one file; every array has shape (n_rows,)."""

    stamps: Integers
    symbols: npt.NDArray[np.str_]
    values: dict[str, Floats]


class RecordedChains:
    """The option chains of a folder; files are read on demand.  Thread-safe."""

    def __init__(self, folder: BarFolder) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._rows: dict[str, _ChainRows | None] = {}
        self.problems: list[str] = []

    def newest(self, symbol: str, now: datetime) -> OptionChain:
        """Return the newest snapshot that was complete at ``now``.

        Raises
        ------
        DataUnavailable
            ``no_chain_recorded`` when the last minutes have none; ``no_0dte_chain`` when it expires later.
        """
        day = new_york_day(now)
        found: tuple[int, _ChainRows] | None = None
        for rows in self._on(day):
            known = rows.stamps[(rows.symbols == symbol) & (rows.stamps <= to_ns(now))]
            if len(known) and (found is None or known.max() > found[0]):
                found = int(known.max()), rows
        if found is None or to_ns(now) - found[0] > MAX_AGE // timedelta(microseconds=1) * 1_000:
            raise DataUnavailable("no_chain_recorded", f"{symbol}: no chain recorded shortly before {utc_text(now)}")
        return _chain(symbol, found[0], found[1])

    def last(self, symbol: str, day: date) -> OptionChain:
        """Return the last snapshot of a trading date, of any age.

        Raises
        ------
        DataUnavailable
            ``no_chain_recorded`` when the folder has none of that day.
        """
        return _last(self._on(day), symbol, day)

    def _on(self, day: date) -> list[_ChainRows]:
        with self._lock:
            files = self._folder.files(day, day)
            for file in files:
                if file.name not in self._rows:
                    layout = self._folder.layout(file)
                    is_chain = layout is not None and layout.kind == CHAIN
                    self._rows[file.name] = self._read(file, layout) if layout is not None and is_chain else None
            return [rows for file in files if (rows := self._rows[file.name]) is not None]

    def _read(self, file: DataFile, layout: FileLayout) -> _ChainRows | None:
        try:
            return _rows_of(file, layout)
        except DataUnavailable as error:
            self.problems.append(error.detail)
            return None


def chain_in_file(path: Path, symbol: str, day: date | None = None) -> OptionChain:
    """Return the last snapshot of a symbol in one file of chains, of ``day`` if it is given.

    Raises
    ------
    DataUnavailable
        ``bad_file`` when the file has no chains, ``no_chain_recorded`` when it has none of that symbol and day.
    """
    file = DataFile(path=path, name=path.name)
    layout = file.layout()
    if layout.kind != CHAIN:
        raise DataUnavailable("bad_file", f"{path} has no option chains (time, symbol, spot, strike and quotes)")
    return _last([_rows_of(file, layout)], symbol, day)


def _rows_of(file: DataFile, layout: FileLayout) -> _ChainRows:
    names = [name for name in ("spot", *_VALUES) if name in layout.columns]
    table = file.read_columns(layout, [layout.time_column, "symbol", *names])
    symbols = np.array([name.upper() for name in table["symbol"].to_pylist()])
    return _ChainRows(
        stamps=file.stamps(table[layout.time_column]),
        symbols=symbols,
        values={name: file.floats(table[name]) for name in names},
    )


def _last(files: list[_ChainRows], symbol: str, day: date | None) -> OptionChain:
    found: tuple[int, _ChainRows] | None = None
    for rows in files:
        stamps = np.unique(rows.stamps[rows.symbols == symbol])
        ours = [int(stamp) for stamp in stamps if day is None or new_york_day(from_ns(int(stamp))) == day]
        if ours and (found is None or ours[-1] > found[0]):
            found = ours[-1], rows
    if found is None:
        raise DataUnavailable("no_chain_recorded", f"no chain of {symbol} was recorded{f' on {day}' if day else ''}")
    return _chain(symbol, *found)


def _chain(symbol: str, stamp: int, rows: _ChainRows) -> OptionChain:
    here = np.flatnonzero((rows.stamps == stamp) & (rows.symbols == symbol))
    here = here[np.argsort(rows.values["strike"][here], kind="stable")]
    columns = {name: _received(name, values[here]) for name, values in rows.values.items() if name != "spot"}
    as_of = from_ns(stamp)
    day = new_york_day(as_of)
    table = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return OptionChain(
        symbol=symbol,
        spot=float(rows.values["spot"][here[0]]),
        rows=tuple(OptionRow(**row) for row in table),
        expiry=day + timedelta(days=int(table[0].get("dte") or 0)),
        as_of=as_of,
        source=REPLAY,
        status=REPLAY,
        oi_as_of=previous_session(day).day,
    )


def _received(name: str, values: Floats) -> list[Any]:
    if name in _COUNTS and not np.nan_to_num(values).any():
        return [None] * len(values)
    missing = ~np.isfinite(values) | ((values < 0) & (name in _QUOTES))
    whole = name in _COUNTS or name == "dte"
    return [
        None if gone else int(value) if whole else value for value, gone in zip(values.tolist(), missing, strict=True)
    ]
