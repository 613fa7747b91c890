"""Play every fault of the IB tests slowly, and write the tables of docs/interactive_brokers.md.

    python -m benchmarks.ib_faults [--speed 2] [--at-once 12] [--write]

Each case runs the real client library over TCP against the simulated gateway: first the host's own observer asks,
then, for what is published, whole hosts run.  The clock runs ``speed`` times as fast as real time.  The exit code says
whether every case kept its promise.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.cli import test_rehearsal_faults as published
from tests.cli.rehearsal_hosts import Host
from tests.providers.ib.chaos import Outcome, Traces, play_all
from tests.providers.ib.chaos_cases import CASES

PAGE: Final = Path(__file__).parent.parent / "docs" / "interactive_brokers.md"
BEGIN: Final = "<!-- faults: written by benchmarks/ib_faults.py -->"
END: Final = "<!-- end of faults -->"
PUBLISHED_BEGIN: Final = "<!-- published: written by benchmarks/ib_faults.py -->"
PUBLISHED_END: Final = "<!-- end of published -->"


def table(outcomes: Iterable[Outcome]) -> str:
    """Return the rows of the table in Markdown."""
    rows = ["| Fault | What the host knew | Checked beside |", "|---|---|---|"]
    rows += [f"| {outcome.case.name} | {outcome.text()} | {_checked(outcome)} |" for outcome in outcomes]
    return "\n".join(rows)


def _checked(outcome: Outcome) -> str:
    looks = outcome.case.looks
    return "" if looks is None else (looks.__doc__ or "").removeprefix("Check that ").removesuffix(".")


def published_table(hosts: dict[str, Host]) -> str:
    """Return what the files of whole hosts said, as Markdown."""
    rows = ["| Fault | What the file said |", "|---|---|"]
    rows += [f"| {name} | {seen.text(published.CASES[name].symbols)} |" for name, seen in hosts.items()]
    return "\n".join(rows)


def replace_table(page: str, text: str, begin: str = BEGIN, end: str = END) -> str:
    r"""Return the page with the table between its marks replaced.

    >>> replace_table(f"a {BEGIN} old {END} b", "new") == f"a {BEGIN}\n\nnew\n\n{END} b"
    True
    """
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def report(outcomes: dict[str, Outcome], traces: Traces, seconds: float) -> bool:
    """Print the outcomes and return whether every promise was kept."""
    for name, outcome in outcomes.items():
        print(f"{name:50} {outcome.text()}")
        for problem in outcome.problems:
            print(f"    BROKEN: {problem}")
    broken = sum(bool(outcome.problems) for outcome in outcomes.values())
    print(f"\n{len(outcomes)} faults in {seconds:.0f} s, {broken} promises broken; left behind: {traces}")
    return not broken and not traces.errors and not traces.threads and not traces.tasks


def main() -> int:
    """Play, print, and write the page if asked to; return 0 if every promise was kept."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--speed", type=float, default=2.0, help="clock seconds per real second")
    words.add_argument("--at-once", type=int, default=12, help="cases side by side")
    words.add_argument("--write", action="store_true", help="write the table into the page")
    given = words.parse_args()
    logging.basicConfig(level=logging.CRITICAL)  # what the library says of each fault is not the result
    begun = time.perf_counter()
    outcomes, traces = asyncio.run(play_all(CASES, given.speed, given.at_once))
    kept = report(outcomes, traces, time.perf_counter() - begun)
    with tempfile.TemporaryDirectory() as folder:
        hosts = asyncio.run(published.play(Path(folder), published.CASES, given.speed))
    for name, seen in hosts.items():
        problems = published.wrong_with(published.CASES[name], seen)
        print(f"{name:30} {seen.text(published.CASES[name].symbols)}", *problems, sep="\n    BROKEN: ")
        kept &= not problems
    if given.write:
        page = replace_table(PAGE.read_text(encoding="utf-8"), table(outcomes.values()))
        PAGE.write_text(replace_table(page, published_table(hosts), PUBLISHED_BEGIN, PUBLISHED_END), encoding="utf-8")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
