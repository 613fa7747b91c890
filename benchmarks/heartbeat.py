"""One heartbeat next to the bare atomic replacement of the same bytes, and the content hash next to a 5-minute cycle.

The heartbeat is the host's own: lock checked, document encoded and sealed, written, synced, renamed, folder synced.
The bare replacement writes ready bytes in the same way.  Both take turns.  The cycle is that of ``cycle.py``; the
hashes are those of its two documents.  Run it with ``python -m benchmarks.heartbeat``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle as around
from pathlib import Path
from typing import NamedTuple

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.cycle import SYMBOLS, at_work, cycles, learn, replace_bare
from magic8_companion.durable import FolderLock
from magic8_companion.publishing.documents import UNSEALED
from magic8_companion.publishing.publisher import Publisher
from magic8_companion.publishing.seal import sealed
from tests.publishing.recommendation_sets import SLOT, calm, directed, overlaid, quiet, recommendation_set

BEATS = 400
MAX_RATIO, MAX_HASH_PCT = 2.0, 2.0


class Cost(NamedTuple):
    """Wall and CPU seconds of one piece of work."""

    wall: float
    cpu: float


def cost(work: Callable[[], object]) -> Cost:
    """Do the work and return what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def beats(folder: Path) -> tuple[list[Cost], list[Cost]]:
    """Return the costs of heartbeats and of bare replacements of the same bytes, in turn."""
    records = dict(zip(SYMBOLS, around((overlaid(), directed(), calm(), quiet())), strict=False))
    own, bare = [], []
    with FolderLock(folder) as lock:
        publisher = Publisher(folder, lock=lock)
        publisher.publish(recommendation_set(recommendations=records, skipped={}))
        for number in range(BEATS):
            at = SLOT + timedelta(seconds=20 * number)
            own.append(cost(lambda at=at: publisher.heartbeat(at, at + timedelta(seconds=60))))
            data = (folder / "recommendations.json").read_bytes()
            bare.append(cost(lambda data=data: replace_bare(folder / "bare.json", data)))
    print(f"document of {len(SYMBOLS)} symbols, bytes{len(data):>13}")
    return own[BEATS // 10 :], bare[BEATS // 10 :]


def hash_pct(folder: Path) -> float:
    """Return what sealing its two documents takes of a cycle, in %."""
    learn(folder)
    with at_work(folder):
        times = cycles(folder)
        names = ("recommendations.json", "ml_predictions_5min.json")
        documents = [(Path("cycles") / name).read_bytes() for name in names]
    blank = [data.replace(orjson.loads(data)["content_hash"].encode(), UNSEALED.encode()) for data in documents]
    hashes = [sum(cost(lambda data=data: sealed(data)).wall for data in blank) for _ in range(200)]
    return 100 * statistics.median(hashes) / statistics.median(one.cycle for one in times)


def main() -> int:
    """Print every figure beside its limit; the exit code tells whether all hold."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        own, bare = beats(Path(name))
    with tempfile.TemporaryDirectory() as name:
        share = hash_pct(Path(name))
    ratio = statistics.median(one.wall / floor.wall for one, floor in zip(own, bare, strict=True))
    figures = [
        ("heartbeat, p50 ms", 1000 * statistics.median(one.wall for one in own), None),
        ("bare replacement, p50 ms", 1000 * statistics.median(one.wall for one in bare), None),
        ("heartbeat / bare, median of pairs", ratio, MAX_RATIO),
        ("heartbeat, ms of CPU time", 1000 * statistics.mean(one.cpu for one in own), None),
        ("bare replacement, ms of CPU time", 1000 * statistics.mean(one.cpu for one in bare), None),
        ("hashes, % of a 5-minute cycle", share, MAX_HASH_PCT),
    ]
    for title, value, limit in figures:
        verdict = "" if limit is None else f"limit {limit:g}  {'ok' if value <= limit else 'MISSED'}"
        print(f"{title:<34}{value:9.3f}  {verdict}")
    return int(any(limit is not None and value > limit for _, value, limit in figures))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    sys.exit(main())
