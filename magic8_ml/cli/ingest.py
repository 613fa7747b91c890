"""``python -m magic8_ml ingest --raw DIR --out DIR``: read the raw history into one typed data set."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from magic8_companion.command_line import as_path
from magic8_ml.history.folders import find_download
from magic8_ml.history.ingest import IngestOptions, Mapper, ingest
from magic8_ml.history.ingest_records import IngestReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--raw", type=as_path, required=True, help="folder that holds the daily folders")
    parser.add_argument("--out", type=as_path, required=True, help="folder of the data set, made or brought up to date")
    parser.add_argument("--jobs", type=int, default=1, help="months read at the same time (default 1)")
    parser.add_argument("--csv", action="store_true", help="write each month as CSV too")
    parser.add_argument(
        "--payoff-labels",
        action="store_true",
        help="where a sheet has no result (December 2022), let the payoff at the close be the label",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(args: argparse.Namespace) -> int:
    """Run it; return 0, 1 if a file could not be read (the rest is), 2 if there is no such folder."""
    if not args.raw.is_dir():
        print(f"{args.raw} is no folder", file=sys.stderr)
        return 2
    options = IngestOptions(payoff_labels=args.payoff_labels, with_csv=args.csv)
    with (
        _mapper(args.jobs) as mapper,
        tqdm(total=find_download(args.raw).folders, unit="folder", disable=args.quiet, desc="ingest") as bar,
    ):
        result = ingest(args.raw, args.out, options, mapper=mapper, progress=bar.update)
    for sentence in result.report["alerts"]:
        print(f"! {sentence}", file=sys.stderr)
    print(_summary(result.report, result.folders_read, result.folders_known, args.out))
    return 1 if result.report["folders"]["refused_files"] else 0


@contextmanager
def _mapper(jobs: int) -> Iterator[Mapper]:
    if jobs <= 1:
        yield map
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
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
