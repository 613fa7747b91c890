"""Resumable, incremental, the same bytes whenever repeated and whatever the order of the folders."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, time
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from magic8_ml.history import ingest as ingest_module
from magic8_ml.history.dataset import HistoryStore
from magic8_ml.history.ingest import IngestOptions, MonthTask, ingest
from tests.history.raw_days import Signal, delta_row, write_folder

FIXTURES = Path(__file__).parent / "fixtures" / "raw"
DAYS = (date(2024, 7, 31), date(2024, 8, 5), date(2024, 8, 6))


def write_day(raw: Path, day: date, suffix: str = "5568E") -> None:
    """Write a small folder of a day."""
    signals = [Signal(day=day, at=at) for at in (time(9, 35), time(9, 40))]
    write_folder(raw, f"{day}-{suffix}", profit=signals, trades=signals, delta=[delta_row(day, time(9, 35))])


def digests(out: Path) -> dict[str, str]:
    """Return the digest of each file below a folder."""
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


def test_repeating_gives_the_same_bytes(tmp_path: Path) -> None:
    """A second run changes no byte, and a run into another folder writes the same files."""
    ingest(FIXTURES, tmp_path / "a")
    before = digests(tmp_path / "a")
    again = ingest(FIXTURES, tmp_path / "a")
    ingest(FIXTURES, tmp_path / "b")
    assert digests(tmp_path / "a") == before == digests(tmp_path / "b")
    assert (again.folders_read, again.folders_known) == (0, 7)


def test_the_order_of_folders_and_of_arrival_does_not_matter(tmp_path: Path) -> None:
    """Folders that arrive one by one, backwards, end in the bytes of one run over all."""
    folders = sorted(path.name for path in FIXTURES.iterdir())
    for name in reversed(folders):
        shutil.copytree(FIXTURES / name, tmp_path / "raw" / name)
        ingest(tmp_path / "raw", tmp_path / "bit by bit")
    ingest(FIXTURES, tmp_path / "at once")
    assert digests(tmp_path / "bit by bit") == digests(tmp_path / "at once")


def test_only_months_with_something_new_are_read_again(tmp_path: Path) -> None:
    """A new folder brings its month up to date; the other months are known by their digest."""
    for day in DAYS[:2]:
        write_day(tmp_path / "raw", day)
    ingest(tmp_path / "raw", tmp_path / "out")
    july = HistoryStore(tmp_path / "out").month_file("2024-07")
    stamp = july.stat().st_mtime_ns
    write_day(tmp_path / "raw", DAYS[2])
    result = ingest(tmp_path / "raw", tmp_path / "out")
    assert (result.folders_read, result.folders_known) == (2, 1)
    assert july.stat().st_mtime_ns == stamp
    assert result.report["rows"]["output"] == 6


def test_a_changed_cell_of_equal_length_is_noticed(tmp_path: Path) -> None:
    """Contents decide, not sizes or times."""
    write_day(tmp_path / "raw", DAYS[1])
    ingest(tmp_path / "raw", tmp_path / "out")
    sheet = next((tmp_path / "raw").rglob("profit*.csv"))
    sheet.write_bytes(sheet.read_bytes().replace(b"57.0", b"56.0"))
    result = ingest(tmp_path / "raw", tmp_path / "out")
    assert result.folders_read == 1
    assert HistoryStore(tmp_path / "out").read(["profit"])["profit"].to_pylist() == [56.0, 56.0]


def test_other_options_read_again(tmp_path: Path) -> None:
    """Labels by payoff are another data set: the months are read again."""
    ingest(FIXTURES, tmp_path / "out")
    result = ingest(FIXTURES, tmp_path / "out", IngestOptions(payoff_labels=True))
    assert result.folders_read == 7
    assert result.report["labels"]["known"] == 58


def test_an_interrupted_run_is_resumed(tmp_path: Path) -> None:
    """Months that were finished stay; the rest is read by the next run, with the bytes of an undisturbed one."""

    class Interrupted(Exception):
        pass

    def two_months(function: Callable[[MonthTask], bool], tasks: Sequence[MonthTask]) -> Iterable[bool]:
        for number, task in enumerate(tasks):
            if number == 2:
                raise Interrupted
            yield function(task)

    with pytest.raises(Interrupted):
        ingest(FIXTURES, tmp_path / "out", mapper=two_months)
    assert HistoryStore(tmp_path / "out").months() == ("2022-12", "2023-01")
    result = ingest(FIXTURES, tmp_path / "out")
    assert (result.folders_read, result.folders_known) == (4, 3)
    ingest(FIXTURES, tmp_path / "undisturbed")
    assert digests(tmp_path / "out") == digests(tmp_path / "undisturbed")


def test_a_month_whose_rows_are_gone_is_read_again(tmp_path: Path) -> None:
    """The state vouches only for rows that are there."""
    ingest(FIXTURES, tmp_path / "out")
    HistoryStore(tmp_path / "out").month_file("2023-01").unlink()
    assert ingest(FIXTURES, tmp_path / "out").folders_read == 2


def test_a_month_that_left_the_download_is_kept_and_said_so(tmp_path: Path) -> None:
    """Raw folders may be archived: the data set keeps their month and the report names it."""
    for day in DAYS:
        write_day(tmp_path / "raw", day)
    ingest(tmp_path / "raw", tmp_path / "out")
    shutil.rmtree(tmp_path / "raw" / f"{DAYS[0]}-5568E")
    report = ingest(tmp_path / "raw", tmp_path / "out").report
    assert report["folders"]["months_no_longer_in_download"] == ["2024-07"]
    assert report["rows"]["output"] == 6


def test_progress_counts_folders(tmp_path: Path) -> None:
    """The bar gets as many steps as there are folders."""
    steps: list[int] = []
    ingest(FIXTURES, tmp_path / "out", progress=steps.append)
    assert sum(steps) == 7


def test_the_data_set_is_partitioned_by_month(tmp_path: Path) -> None:
    """Any parquet reader reads the folder, the month as a column of its own."""
    ingest(FIXTURES, tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "history")
    assert table.num_rows == 64
    assert sorted(set(table["month"].to_pylist())) == ["2022-12", "2023-01", "2023-11", "2024-01", "2024-08", "2025-06"]


def test_months_and_columns_can_be_chosen(tmp_path: Path) -> None:
    """A reader takes what it needs; an empty folder says how to fill it."""
    ingest(FIXTURES, tmp_path / "out")
    rows = HistoryStore(tmp_path / "out").read(["symbol", "win"], ["2023-01"])
    assert (rows.num_rows, rows.column_names) == (16, ["symbol", "win"])
    with pytest.raises(FileNotFoundError, match="python -m magic8_ml ingest"):
        HistoryStore(tmp_path / "empty").read()


def test_csv_on_request(tmp_path: Path) -> None:
    """Each month as CSV beside the parquet files, with the same header."""
    ingest(FIXTURES, tmp_path / "out", IngestOptions(with_csv=True))
    lines = (tmp_path / "out" / "csv" / "2023-01.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 17
    assert lines[0].startswith('"date","time","timestamp","symbol"')


def test_a_task_is_a_value_for_any_worker() -> None:
    """What a worker gets is a module's function and a plain value."""
    assert ingest_module.update_month.__module__ == "magic8_ml.history.ingest"
    task = MonthTask(month=ingest_module.find_download(FIXTURES).months[0], out=Path("o"), options=IngestOptions())
    assert replace(task) == task
