"""Time the first decision of a first simulated run, from the start of the process: training included.

The decision counts when its row is on standard output; its document is published by then.

python benchmarks/first_run.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

LIMIT_S: Final = 20.0
_ROW: Final = "10:30 ET"
_TIMES: Final = slice(11, 15)  # of the process and of the children that it waited for, user and system, after the name


def main() -> int:
    """Run once in an empty folder and compare with the limit."""
    with tempfile.TemporaryDirectory() as name:
        seconds, processor = _first_decision(Path(name))
    print(f"first decision after {seconds:.1f} s, limit {LIMIT_S:g} s; {processor:.1f} s of processor time until then")
    return int(seconds > LIMIT_S)


def _first_decision(folder: Path) -> tuple[float, float]:
    begin = time.perf_counter()
    command = [sys.executable, "-m", "magic8_companion", "run"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        for line in process.stdout or ():
            if line.startswith(_ROW):
                seconds, processor = time.perf_counter() - begin, _processor_seconds(process.pid)
                process.terminate()
                return seconds, processor
    return float("inf"), float("nan")


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[_TIMES])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
