"""Read 300 synthetic daily folders, then one more: exact against the manifest, CPU time, memory, time of one folder.

The bar is the predecessor's processor on the same volume and kind of machine: 251 CPU s and 639 MB.  Run it with
``python benchmarks/ingest.py --generator make_raw_magic8.py [--folder DIR] [--days 300]``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from magic8_companion.paths import written_path

PREDECESSOR_CPU_S, PREDECESSOR_MEMORY_MB, PREDECESSOR_DAYS = 251.0, 639.0, 300
MIN_RATIO, MAX_ONE_FOLDER_S = 15.0, 2.0


class Cost(NamedTuple):
    """What a process took."""

    wall_s: float
    cpu_s: float
    memory_mb: float


def measured(*words: object) -> Cost:
    """Run a command of the plugin in a process of its own and return its cost."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "magic8_ml", *map(str, words)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words} ended with {process.returncode}")
    return Cost(time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def generate(script: Path, out: Path, days: int, start: str) -> dict[str, object]:
    """Write folders of the benchmark's size and return what must be found in them."""
    manifest = out.with_suffix(".json")
    words = ["--benchmark", "--out", out, "--days", days, "--start", start, "--manifest", manifest]
    subprocess.run([sys.executable, script, *map(str, words)], check=True)
    expected: dict[str, object] = json.loads(manifest.read_text(encoding="utf-8"))["expected"]
    return expected


def found(out: Path) -> dict[str, object]:
    """Return the numbers of the report that the manifest knows."""
    report = json.loads((out / "ingest_report.json").read_text(encoding="utf-8"))
    return {
        "rows": report["rows"]["output"],
        "labelled": report["labels"]["known"],
        "wins": report["labels"]["wins"],
        "rows_joined_with_trades": report["joins"]["profit_and_trades"],
        "rows_joined_with_delta": report["delta"]["matched"],
        "duplicate_rows_dropped": report["rows"]["duplicates"],
        "quarantined_profits": report["rows"]["quarantined"],
        "source_file": report["source_file"],
    }


def digest(out: Path) -> str:
    """Return one digest of every file of the data set."""
    total = hashlib.sha256()
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        total.update(path.relative_to(out).as_posix().encode() + path.read_bytes())
    return total.hexdigest()


def compare(expected: dict[str, object], out: Path) -> bool:
    """Print every number that differs from the manifest and tell whether none does."""
    wanted = expected | {"wins": expected["labels"]["wins"]}  # type: ignore[index]
    wrong = {name: (value, wanted[name]) for name, value in found(out).items() if value != wanted[name]}
    print("manifest   ", "equal" if not wrong else f"DIFFERS: {wrong}")
    return not wrong


def main() -> int:
    """Measure, print one line for each promise, return 1 if one is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generator", type=written_path, required=True)
    parser.add_argument("--folder", type=written_path, default=Path(tempfile.gettempdir()) / "magic8_ingest_benchmark")
    parser.add_argument("--days", type=int, default=PREDECESSOR_DAYS)
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    raw, out, other = (options.folder / name for name in ("raw", "out", "other"))
    options.folder.mkdir(parents=True)
    expected = generate(options.generator, raw, options.days, "2025-01-02")

    first = measured("ingest", "--raw", raw, "--out", out, "--quiet")
    exact = compare(expected, out)
    before = digest(out)
    again = measured("ingest", "--raw", raw, "--out", out, "--quiet")
    two_jobs = measured("ingest", "--raw", raw, "--out", other, "--quiet", "--jobs", "2")
    same = digest(out) == before == digest(other)
    start_up = measured("ingest", "--help")
    generate(options.generator, options.folder / "new", 1, "2026-12-31")
    for folder in (options.folder / "new").iterdir():
        shutil.move(folder, raw / folder.name)
    one_more = measured("ingest", "--raw", raw, "--out", out, "--quiet")

    ratio = PREDECESSOR_CPU_S * options.days / PREDECESSOR_DAYS / first.cpu_s
    added_s = one_more.wall_s - start_up.wall_s
    print(
        f"{options.days} folders  {first.cpu_s:.1f} CPU s, {first.wall_s:.1f} s wall: 1/{ratio:.1f} of the predecessor"
    )
    print(f"memory       {first.memory_mb:.0f} MB of {PREDECESSOR_MEMORY_MB:.0f}")
    print(f"nothing new  {again.wall_s:.2f} s; bytes {'equal' if same else 'DIFFER'}, with two processes as well")
    print(f"two workers  {two_jobs.wall_s:.1f} s wall, {first.wall_s / two_jobs.wall_s:.2f} times as fast")
    print(f"one folder   {one_more.wall_s:.2f} s, {added_s:.2f} s beside start-up")
    kept = exact and same and ratio >= MIN_RATIO and first.memory_mb <= PREDECESSOR_MEMORY_MB
    return 0 if kept and added_s <= MAX_ONE_FOLDER_S else 1


if __name__ == "__main__":
    sys.exit(main())
