"""Parquet of others: what a few bytes expand to is bounded before it is made plain."""

from __future__ import annotations

import resource
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from magic8_companion.outside_files.parquet import TableLimits, parquet_schema, read_parquet
from magic8_companion.outside_files.plain_files import FileRefused

SMALL = TableLimits(max_rows=100_000, max_decoded_bytes=10_000_000)


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Types, texts, dictionaries, missing values and the index of pandas survive; columns come in the asked order."""
    table = pa.table(
        {
            "a": pa.array([1, None, 3]),
            "b": ["x", None, "y"],
            "c": pa.array(["p", "q", "p"]).dictionary_encode(),
            "d": pa.array([1.5, 2.5, None], pa.float32()),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    assert read_parquet(tmp_path / "t.parquet").equals(table)
    assert read_parquet(tmp_path / "t.parquet", ["d", "b"]).equals(table.select(["d", "b"]))
    assert parquet_schema(tmp_path / "t.parquet").names == ["a", "b", "c", "d"]
    frame = pd.DataFrame({"v": [1.0, 2.0]}, index=pd.DatetimeIndex(["2025-01-02", "2025-01-03"], name="day"))
    frame.to_parquet(tmp_path / "f.parquet")
    assert read_parquet(tmp_path / "f.parquet").to_pandas().equals(frame)


def test_a_long_text_that_many_rows_share_is_refused(tmp_path: Path) -> None:
    """A small file whose texts would fill memory is refused before the texts are made plain."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 50_000, pa.int32()), pa.array(["x" * 1_000_000]))
    pq.write_table(pa.table({"symbol": texts.dictionary.take(pa.array([0]))}), tmp_path / "one.parquet")
    pq.write_table(pa.table({"symbol": texts}), tmp_path / "t.parquet", store_schema=False)
    assert (tmp_path / "t.parquet").stat().st_size < 1_500_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FileRefused, match=r"t.parquet takes more than 10,000,000 bytes of memory; split it"):
        read_parquet(tmp_path / "t.parquet", limits=SMALL)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes; plain it takes 50 GB


def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    """A run of one value is a few bytes for any number of rows."""
    pq.write_table(pa.table({"a": pa.array([7] * 200_000, pa.int8())}), tmp_path / "t.parquet")
    with pytest.raises(FileRefused, match=r"t.parquet has more than 100,000 rows; split it"):
        read_parquet(tmp_path / "t.parquet", limits=SMALL)


def test_numbers_beyond_the_memory_limit_are_refused(tmp_path: Path) -> None:
    """Repeated numbers count with the size that they have in memory."""
    columns = {f"c{number}": pa.array([1.0] * 90_000) for number in range(20)}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    with pytest.raises(FileRefused, match="takes more than"):
        read_parquet(tmp_path / "t.parquet", limits=SMALL)
    assert read_parquet(tmp_path / "t.parquet", ["c1"], limits=SMALL).num_rows == 90_000


def test_a_nested_column_is_refused(tmp_path: Path) -> None:
    """Lists in a row have no bound of their own, and no reader needs them."""
    pq.write_table(pa.table({"a": [[1, 2], [3]]}), tmp_path / "t.parquet")
    with pytest.raises(FileRefused, match="has the nested column a; write one value a row"):
        read_parquet(tmp_path / "t.parquet")


def test_a_damaged_file_is_refused_by_name(tmp_path: Path) -> None:
    """Damage and a missing column end in a sentence that names the file."""
    (tmp_path / "t.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(FileRefused, match=r"t.parquet is no readable parquet file \(.*\); write it again"):
        read_parquet(tmp_path / "t.parquet")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "u.parquet")
    with pytest.raises(FileRefused, match=r"u.parquet has no column b"):
        read_parquet(tmp_path / "u.parquet", ["a", "b"])
