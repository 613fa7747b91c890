"""Read columns of a parquet file within limits.

A few bytes of parquet can stand for gigabytes: a row count, a run of one value, one long text that a million rows point
to.  So rows are read in batches, with texts as references to their distinct values, and both the rows and the memory
that plain columns would take are added up before anything is made plain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from magic8_companion.outside_files.plain_files import MAX_BYTES, FileRefused, opened

_BATCH_ROWS: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLimits:
    """Limits of a table.

    max_bytes
        Of the file.
    max_rows
        Rows; ten years of one-minute bars have a million.
    max_decoded_bytes
        Memory of the columns that are read.
    """

    max_bytes: int = MAX_BYTES
    max_rows: int = 20_000_000
    max_decoded_bytes: int = 1024 * 1024 * 1024


TABLE_LIMITS: Final = TableLimits()


def read_parquet(
    path: Path, columns: Sequence[str] | None = None, *, limits: TableLimits = TABLE_LIMITS, within: Path | None = None
) -> pa.Table:
    """Return columns of a parquet file, all by default; ``within`` as in :func:`plain_files.opened`.

    Raises
    ------
    FileRefused
        When it is no plain file, damaged, lacks a column, has a nested one, or exceeds a limit.
    OSError
        When it is missing or not readable.
    """
    schema = parquet_schema(path, limits=limits, within=within)
    wanted = schema.names if columns is None else list(columns)
    if missing := sorted(set(wanted) - set(schema.names)):
        raise FileRefused(path, f"has no column {missing[0]}; write it again")
    plain = pa.schema([schema.field(name) for name in wanted], schema.metadata)
    if nested := [field.name for field in plain if pa.types.is_nested(field.type)]:
        raise FileRefused(path, f"has the nested column {nested[0]}; write one value a row")
    texts = [field.name for field in plain if _is_text(field.type)]
    with _parquet(path, limits, within, texts) as file:
        read = pa.schema([file.schema_arrow.field(name) for name in wanted])
        batches = [batch.select(wanted) for batch in _batches(path, file, wanted, limits)]
        return pa.Table.from_batches(batches, read).cast(plain)


def parquet_schema(path: Path, *, limits: TableLimits = TABLE_LIMITS, within: Path | None = None) -> pa.Schema:
    """Return the columns of a parquet file and their types; raises as :func:`read_parquet` does."""
    with _parquet(path, limits, within, ()) as file:
        return file.schema_arrow


@contextmanager
def _parquet(path: Path, limits: TableLimits, within: Path | None, texts: Sequence[str]) -> Iterator[pq.ParquetFile]:
    try:
        with (
            opened(path, max_bytes=limits.max_bytes, within=within) as stream,
            pq.ParquetFile(stream, read_dictionary=list(texts)) as file,
        ):
            _require_rows(path, file.metadata.num_rows, limits)
            yield file
    except pa.ArrowException as error:
        first_line = str(error).partition("\n")[0]
        raise FileRefused(path, f"is no readable parquet file ({first_line}); write it again") from error


def _batches(path: Path, file: pq.ParquetFile, wanted: Sequence[str], limits: TableLimits) -> Iterator[pa.RecordBatch]:
    rows, size = 0, 0
    _require_bytes(path, _unpacked_bytes(file.metadata, wanted), limits)
    for batch in file.iter_batches(_BATCH_ROWS, columns=list(wanted), use_threads=False):
        rows += batch.num_rows
        size += sum(_plain_bytes(column) for column in batch.columns)
        _require_rows(path, rows, limits)
        _require_bytes(path, size, limits)
        yield batch


def _require_rows(path: Path, rows: int, limits: TableLimits) -> None:
    if rows > limits.max_rows:
        raise FileRefused(path, f"has more than {limits.max_rows:,} rows; split it")


def _require_bytes(path: Path, size: int, limits: TableLimits) -> None:
    if size > limits.max_decoded_bytes:
        raise FileRefused(path, f"takes more than {limits.max_decoded_bytes:,} bytes of memory; split it")


def _unpacked_bytes(metadata: pq.FileMetaData, wanted: Sequence[str]) -> int:
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    chunks = (group.column(number) for group in groups for number in range(group.num_columns))
    return sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema in wanted)


def _plain_bytes(column: pa.Array) -> int:
    if not pa.types.is_dictionary(column.type) or not _is_text(column.type.value_type):
        return int(column.nbytes)
    lengths = pc.binary_length(column.dictionary).cast(pa.int64()).take(column.indices)
    return int(column.indices.nbytes) + int(pc.sum(lengths).as_py() or 0)


def _is_text(kind: pa.DataType) -> bool:
    return any(is_kind(kind) for is_kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary))
