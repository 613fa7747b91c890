"""A thousand kills at random moments of a played day, a host, a training, a promotion and an ingest.

After each kill every file is whole, every line of the journal is still there and no process is left; the next start
goes on, and the last run of a folder leaves no temporary file.  A restarted host has published within 5 s.

    python -m benchmarks.kills
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.kills.killing import RESTART_S, Tally, kill_often
from tests.kills.targets import TARGETS

SHARES: Final = {"played day": 0.3, "host": 0.25, "training": 0.1, "promotion": 0.2, "ingest": 0.15}
PART: Final = 25
"""Kills in one folder."""


def part(name: str, seed: int) -> Tally:
    """Kill one command in one folder."""
    target = next(target for target in TARGETS if target.name == name)
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        kill_often(target, Path(folder).resolve(), PART, random.Random(seed), tally)
    return tally


def main() -> int:
    """Print the table; return 1 when anything was torn, lost, left or late."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--kills", type=int, default=1_000)
    words.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    words.add_argument("--seed", type=int, default=8)
    given = words.parse_args()
    parts = {name: max(1, round(share * given.kills / PART)) for name, share in SHARES.items()}
    jobs = [(name, given.seed + number) for name, count in parts.items() for number in range(count)]
    with ProcessPoolExecutor(given.processes) as pool:
        found = list(zip(jobs, pool.map(part, *zip(*jobs, strict=True)), strict=True))
    print("| killed | kills | torn, lost or left | restarts | slowest restart |\n|---|---|---|---|---|")
    failed = False
    for name in parts:
        tallies = [tally for (of, _), tally in found if of == name]
        problems = [problem for tally in tallies for problem in tally.problems]
        restarts = [seconds for tally in tallies for seconds in tally.restarts]
        slowest = f"{max(restarts):.1f} s" if restarts else "-"
        print(f"| {name} | {sum(tally.kills for tally in tallies)} | {len(problems)} | {len(restarts)} | {slowest} |")
        print(*problems, sep="\n", file=sys.stderr)
        failed |= bool(problems) or max(restarts, default=0.0) > RESTART_S
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
