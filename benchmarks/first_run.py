"""Time the first decision of a first simulated run, from the start of the process: training included.

python benchmarks/first_run.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Final

LIMIT_S: Final = 20.0
_POLL_S: Final = 0.05


def main() -> int:
    """Run once in an empty folder and compare with the limit."""
    with tempfile.TemporaryDirectory() as name:
        seconds = _first_decision(Path(name))
    used = getrusage(RUSAGE_CHILDREN)
    processor = used.ru_utime + used.ru_stime
    print(f"first decision after {seconds:.1f} s, limit {LIMIT_S:g} s; {processor:.1f} s of processor time for the day")
    return int(seconds > LIMIT_S)


def _first_decision(folder: Path) -> float:
    begin, seconds = time.perf_counter(), float("inf")
    command = [sys.executable, "-m", "magic8_companion", "run"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while _runs(process):
            documents = folder.glob("data/simulated/recommendations_archive/recommendations_*.json")
            if seconds == float("inf") and any(b"10:30 ET" in path.read_bytes() for path in documents):
                seconds = time.perf_counter() - begin
    return seconds


def _runs(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(timeout=_POLL_S)
    except subprocess.TimeoutExpired:
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
