"""``magic8 ingest --raw DIR --out DIR``: read the raw history into one typed data set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import click

from magic8_companion.child_process import end_with_parent
from magic8_companion.command_line import DIR, DONE, FAILED, command, echo, new_progress
from magic8_companion.durable import FolderLock
from magic8_ml.history.folders import find_download
from magic8_ml.history.ingest import IngestOptions, Mapper, ingest
from magic8_ml.history.ingest_records import IngestReport

ABOUT: Final = """Read the raw Magic8 history into one data set.

Exit code 0: done.  1: there is no such folder, or a file could not be read (every other file is read).
3: another process writes into the output folder.
"""
_LABELS: Final = "label a trade without result (December 2022) by its payoff at the close"


@command("ingest", ABOUT)
@click.option("--raw", type=DIR, required=True, help="folder that holds the daily folders")
@click.option("--out", type=DIR, required=True, help="folder of the data set; created or updated")
@click.option("--jobs", type=int, default=1, show_default=True, help="processes; each reads a month")
@click.option("--csv", is_flag=True, help="write each month as CSV too")
@click.option("--payoff-labels", is_flag=True, help=_LABELS)
@click.option("--quiet", is_flag=True, help="no progress bar")
def ingest_command(*, raw: Path, out: Path, jobs: int, csv: bool, payoff_labels: bool, quiet: bool) -> int:
    """Ingest."""
    if not raw.is_dir():
        raise click.ClickException(f"{raw} is not a folder")
    bar = new_progress("folders")
    bar.disable = bar.disable or quiet
    with FolderLock(out), _mapper(jobs) as mapper, bar:
        task = bar.add_task("ingest", total=find_download(raw).folders, note="")
        options = IngestOptions(payoff_labels=payoff_labels, with_csv=csv)
        result = ingest(raw, out, options, mapper=mapper, progress=lambda folders: bar.advance(task, folders))
    for sentence in result.report["alerts"]:
        echo(f"! {sentence}", err=True)
    echo(_summary(result.report, result.folders_read, result.folders_known, out))
    return FAILED if result.report["folders"]["refused_files"] else DONE


@contextmanager
def _mapper(jobs: int) -> Iterator[Mapper]:
    if jobs <= 1:
        yield map
        return
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=end_with_parent, initargs=(os.getpid(),)
    ) as pool:
        yield pool.map


def _summary(report: IngestReport, read: int, known: int, out: Path) -> str:
    rows, labels, delta = report["rows"], report["labels"], report["delta"]
    rate = "-" if labels["win_rate"] is None else f"{labels['win_rate']:.2%}"
    coverage = "-" if delta["coverage"] is None else f"{delta['coverage']:.2%}"
    return "\n".join(
        (
            f"{read} folders read, {known} known before",
            f"rows      {rows['output']:,}; {rows['duplicates']:,} repeated, {rows['quarantined']:,} quarantined",
            f"sheets    {rows['profit']:,} profit, {rows['trades']:,} trades, {rows['delta']:,} delta rows",
            f"labels    {labels['known']:,} known, {labels['wins']:,} wins ({rate}), {labels['missing']:,} missing",
            f"delta     {delta['matched']:,} rows matched, {coverage} of the rows of its symbol",
            f"report    {out / 'ingest_report.html'}",
        )
    )
