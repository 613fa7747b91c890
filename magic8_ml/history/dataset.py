"""Store the data set: one parquet file and one JSON file of figures per month, each replaced atomically.

OUT/history/month=2024-08/trades.parquet   rows of ``schema.SCHEMA``
OUT/state/2024-08.json                     digest of its sheets, and its figures
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from magic8_companion.outside_files.parquet import read_parquet
from magic8_companion.outside_files.plain_files import read_bytes


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    yield temporary
    temporary.replace(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthState:
    """The state of a month on disk: ``digest`` of its sheets, their folders, and its figures."""

    digest: str
    folders: int
    figures: dict[str, Any]


class HistoryStore:
    """The folder of the data set; readers see only complete files."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def months(self) -> tuple[str, ...]:
        """Return the months that are complete on disk, in order."""
        return tuple(sorted(path.stem for path in (self.out / "state").glob("????-??.json")))

    def month_file(self, month: str) -> Path:
        """Return the path of a month's rows."""
        return self.out / "history" / f"month={month}" / "trades.parquet"

    def state(self, month: str) -> MonthState | None:
        """Return the state of a month, or None if it is not complete."""
        path = self.out / "state" / f"{month}.json"
        if not path.exists() or not self.month_file(month).exists():
            return None
        try:
            return MonthState(**orjson.loads(read_bytes(path)))
        except (ValueError, TypeError):  # a damaged state: the month is read again
            return None

    def write_month(self, month: str, table: pa.Table, state: MonthState, *, with_csv: bool = False) -> None:
        """Replace a month: its rows first, then its state, which marks it as complete."""
        with _replacing(self.month_file(month)) as temporary:
            pq.write_table(table, temporary, compression="zstd")
        if with_csv:
            with _replacing(self.out / "csv" / f"{month}.csv") as temporary:
                arrow_csv.write_csv(table, temporary)
        self.write_json(
            f"state/{month}.json", {"digest": state.digest, "folders": state.folders, "figures": state.figures}
        )

    def write_json(self, name: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Replace a JSON file below the folder."""
        self.write_bytes(
            name, orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        )

    def write_bytes(self, name: str, content: bytes) -> None:
        """Replace a file below the folder."""
        with _replacing(self.out / name) as temporary:
            temporary.write_bytes(content)

    def read(self, columns: Sequence[str] | None = None, months: Sequence[str] | None = None) -> pa.Table:
        """Return the rows of some or all months, in time order.

        Raises
        ------
        FileNotFoundError
            If the folder has no month.
        """
        wanted = self.months() if months is None else tuple(months)
        if not wanted:
            raise FileNotFoundError(f"{self.out} has no history; run: python -m magic8_ml ingest")
        tables = [read_parquet(self.month_file(month), columns) for month in wanted]
        return pa.concat_tables(tables)
