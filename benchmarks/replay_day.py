"""Wall time of a whole replayed day for two symbols with ML on, from process start to process end.

Usage: ``python benchmarks/replay_day.py --bars-dir DIR --vix FILE [--date 2025-04-09 --train-to 2025-03-31]``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from magic8_companion.paths import written_path

LIMIT_S = 10.0
SYMBOLS = "SPY,QQQ"


def main() -> int:
    """Train once, replay the day three times, print the median beside the limit."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--bars-dir", type=written_path, required=True)
    words.add_argument("--vix", type=written_path, required=True)
    words.add_argument("--date", default="2025-04-09")
    words.add_argument("--train-to", default="2025-03-31")
    given = words.parse_args()
    bars = str(given.bars_dir.resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        training = ["--bars-dir", bars, "--vix", str(given.vix.resolve()), "--symbols", SYMBOLS]
        training += ["--end-date", given.train_to, "--out", "ml"]
        subprocess.run([sys.executable, "-m", "magic8_ml", "train", *training], cwd=folder, check=True)
        switches = {"M8C_ENABLE_ML_INTEGRATION": "true", "M8C_ENABLE_ML_5MIN": "true", "M8C_ML_PATH": "ml"}
        seconds = []
        for number in range(3):
            day = ["--provider", "replay", "--replay-dir", bars, "--date", given.date, "--symbols", SYMBOLS]
            command = [sys.executable, "-m", "magic8_companion.unified_main", *day, "--output-dir", f"run{number}"]
            begin = time.perf_counter()
            subprocess.run(command, cwd=folder, env=os.environ | switches, check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - begin)
    median = statistics.median(seconds)
    print(f"replay of {given.date}, {SYMBOLS}: median {median:.2f} s of {len(seconds)}, limit {LIMIT_S:g} s")
    return int(median > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
