"""Record each option chain that the host receives: ``chains/SPX/2025-06-26.parquet``, one file per symbol and day.

The folder is a folder of recordings: provider replay reads it, alone or beside bars.  A file is replaced as a whole by
an atomic rename, so a reader sees the old one or the new one.  A failure to record writes one log line and does not
affect the decision.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from magic8_companion.domain.option_chain import OptionChain, OptionRow
from magic8_companion.domain.trading_day import new_york_day
from magic8_companion.outside_files.parquet import read_parquet
from magic8_companion.outside_files.plain_files import FileRefused

FOLDER: Final = "chains"

_INTEGERS: Final = frozenset({"call_oi", "put_oi", "call_volume", "put_volume", "dte"})
_VALUES: Final = tuple(item.name for item in fields(OptionRow))
_SCHEMA: Final = pa.schema(
    [
        ("ts_utc", pa.timestamp("us", tz="UTC")),
        ("symbol", pa.string()),
        ("spot", pa.float64()),
        *((name, pa.int64() if name in _INTEGERS else pa.float64()) for name in _VALUES),
        ("source", pa.string()),
        ("status", pa.string()),
    ]
)

_log = logging.getLogger(__name__)


class ChainRecorder:
    """The recorder of one output folder; the first chain creates the folder.  Thread-safe.

    Parameters
    ----------
    retention_days
        Files of older days are deleted, once a day; 0 keeps all.
    """

    def __init__(self, output_dir: Path, *, retention_days: int = 0) -> None:
        self._folder, self._retention_days = output_dir / FOLDER, retention_days
        self._turn = threading.Lock()
        self._pruned_on: date | None = None
        for leftover in self._folder.glob("*/.*.parquet.*.tmp"):  # of a killed host
            with suppress(OSError):
                leftover.unlink()

    def path_of(self, symbol: str, day: date) -> Path:
        """Return the file of a symbol and trading date."""
        return self._folder / symbol / f"{day}.parquet"

    def record(self, chains: Sequence[OptionChain]) -> None:
        """Record chains; a chain replaces an earlier one of the same symbol and time.  File errors do not raise."""
        with self._turn:
            for (symbol, day), group in groupby(sorted(chains, key=_place), key=_place):
                try:
                    self._add(self.path_of(symbol, day), [_table(chain) for chain in group])
                    self._prune(day)
                except (OSError, pa.ArrowException) as error:
                    _log.warning("The chains of %s were not recorded: %s", symbol, error)

    def _prune(self, today: date) -> None:
        if not self._retention_days or self._pruned_on == today:
            return
        self._pruned_on, oldest = today, f"{today - timedelta(days=self._retention_days)}"
        for path in self._folder.glob("*/????-??-??.parquet"):
            if path.stem < oldest:
                path.unlink()

    def _add(self, path: Path, tables: Sequence[pa.Table]) -> None:
        new = pa.concat_tables(tables)
        kept = [_kept(path, new)] if path.exists() else []
        path.parent.mkdir(parents=True, exist_ok=True)
        # hidden until it is complete: readers of the folder skip names that begin with a dot
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
        try:
            pq.write_table(pa.concat_tables([*kept, new]).sort_by("ts_utc"), temporary, compression="zstd")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _place(chain: OptionChain) -> tuple[str, date]:
    return chain.symbol, new_york_day(chain.as_of)


def _kept(path: Path, new: pa.Table) -> pa.Table:
    try:
        old = read_parquet(path).cast(_SCHEMA)
    except (FileRefused, pa.ArrowException, ValueError) as error:  # keep a damaged file under another name
        aside = path.with_name(f"{path.name}.damaged")
        path.replace(aside)
        _log.warning("%s could not be read (%s) and is kept as %s", path, error, aside.name)
        return _SCHEMA.empty_table()
    return old.filter(pc.invert(pc.is_in(old["ts_utc"], value_set=new["ts_utc"].combine_chunks())))


def _table(chain: OptionChain) -> pa.Table:
    count = len(chain.rows)
    columns = {
        "ts_utc": [chain.as_of] * count,
        "symbol": [chain.symbol] * count,
        "spot": [chain.spot] * count,
        **{name: [getattr(row, name) for row in chain.rows] for name in _VALUES},
        "source": [chain.source] * count,
        "status": [chain.status] * count,
    }
    return pa.table(columns, schema=_SCHEMA)
