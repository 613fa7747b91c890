"""A million altered files of 60 kinds and more: the kit approves none that an independent careful reader refuses.

The kinds are in ``tests/reader_kit/kinds.py``, the careful reader in ``tests/reader_kit/careful_reader.py``.  Each
process takes a part with its own seed.  Run it with ``python -m benchmarks.fuzz_reader``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.reader_kit.fuzz import Tally, fuzz

FILES, PART = 1_000_000, 10_000
MIN_KINDS, MIN_SEALED = 60, 0.5


def part(seed: int) -> Tally:
    """Return the answers of one part."""
    with tempfile.TemporaryDirectory() as name:
        return fuzz(PART, seed, Path(name))


def main() -> int:
    """Print what was asked and answered; the exit code tells whether all promises hold."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--files", type=int, default=FILES, help=f"default {FILES}, in parts of {PART}")
    arguments.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    total, reasons, kinds = Tally(), Counter[str](), Counter[str]()
    seeds = range(given.seed, given.seed + given.files // PART)
    with ProcessPoolExecutor(given.processes) as pool:
        for tally in pool.map(part, seeds):
            total.files += tally.files
            total.sealed += tally.sealed
            total.approved += tally.approved
            total.wrong += tally.wrong
            reasons += tally.reasons
            kinds += tally.kinds
    sealed = total.sealed / total.files
    print(f"files {total.files}, kinds {len(kinds)} (limit {MIN_KINDS}), rarest kind {min(kinds.values())}")
    print(f"correct hash over altered content: {100 * sealed:.1f} % (limit {100 * MIN_SEALED:.0f} %)")
    print(f"approved {total.approved}, of which the careful reader refuses {len(total.wrong)} (limit 0)")
    print("reasons:", ", ".join(f"{reason} {count}" for reason, count in reasons.most_common()))
    for wrong in total.wrong[:20]:
        print("WRONG", wrong)
    return int(bool(total.wrong) or len(kinds) < MIN_KINDS or sealed < MIN_SEALED)


if __name__ == "__main__":
    sys.exit(main())
