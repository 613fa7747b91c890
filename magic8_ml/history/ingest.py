"""Read a download into the data set by month: skip unchanged months; the same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from magic8_companion.outside_files.plain_files import bounded, read_bytes
from magic8_ml.history.dataset import HistoryStore, MonthState
from magic8_ml.history.folders import LARGEST_SHEET, Download, Month, SheetFile, find_download
from magic8_ml.history.ingest_records import IngestReport
from magic8_ml.history.month import read_month
from magic8_ml.history.report import build_report
from magic8_ml.history.report_files import write_report_files
from magic8_ml.history.schema import VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """Options of reading a download.

    payoff_labels
        Use the payoff at the close where a sheet has no result (December 2022).
    with_csv
        Write each month as CSV too.
    """

    payoff_labels: bool = False
    with_csv: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthTask:
    """One month to bring up to date; picklable, so that a worker on any machine can do it."""

    month: Month
    out: Path
    options: IngestOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """The report, the number of folders that were read, and the number of unchanged folders."""

    report: IngestReport
    folders_read: int
    folders_known: int


class Mapper(Protocol):
    """Applies a function to tasks and yields the results in order: ``map``, or that of an executor or a cluster."""

    def __call__(self, function: Callable[[MonthTask], bool], tasks: Sequence[MonthTask], /) -> Iterable[bool]:
        """Yield ``function(task)`` for each task."""


def ingest(
    raw: Path,
    out: Path,
    options: IngestOptions | None = None,
    *,
    mapper: Mapper = map,
    progress: Callable[[int], object] = lambda folders: None,  # noqa: ARG005 - silence
) -> IngestResult:
    """Bring the data set in ``out`` up to date with the download in ``raw`` and write the report.

    Parameters
    ----------
    mapper
        Where the months are read; each is independent of the others.
    progress
        Called with the number of folders of each month that is done.
    """
    download = find_download(raw)
    tasks = [MonthTask(month=month, out=out, options=options or IngestOptions()) for month in download.months]
    read = known = 0
    for task, was_read in zip(tasks, mapper(update_month, tasks), strict=True):
        read, known = read + was_read * task.month.folders, known + (not was_read) * task.month.folders
        progress(task.month.folders)
    return IngestResult(report=write_report(download, HistoryStore(out)), folders_read=read, folders_known=known)


def update_month(task: MonthTask) -> bool:
    """Read a month's sheets if a sheet or an option changed; return whether they were read."""
    store = HistoryStore(task.out)
    contents = [read_bytes(file.path, max_bytes=LARGEST_SHEET) for file in task.month.files]
    digest = _digest(task.month.files, contents, task.options)
    state = store.state(task.month.key)
    if state is not None and state.digest == digest:
        return False
    with bounded(store.month_file(task.month.key).parent):
        result = read_month(task.month.files, contents, payoff_labels=task.options.payoff_labels)
    state = MonthState(digest=digest, folders=task.month.folders, figures=result.figures)
    store.write_month(task.month.key, result.table, state, with_csv=task.options.with_csv)
    return True


def write_report(download: Download, store: HistoryStore) -> IngestReport:
    """Add up the figures of all months, write every report file, and return the report."""
    states = {month: state for month in store.months() if (state := store.state(month)) is not None}
    report = build_report(download, states)
    write_report_files(store, report, states)
    return report


def _digest(files: Sequence[SheetFile], contents: Sequence[bytes], options: IngestOptions) -> str:
    total = sha256(f"{VERSION} {options}".encode())
    for file, content in zip(files, contents, strict=True):
        total.update(f"\n{file.name} {sha256(content).hexdigest()}".encode())
    return total.hexdigest()
