"""One 5-minute cycle of 8 symbols, beside its floor in the same run; memory of a whole day; time of ``--help``.

The cycle is the real one: bars in memory -> observation -> features -> model -> merge -> schema -> both files
archived, replaced and synced.  The floor is what nobody can avoid: the bare model calls, orjson, and two atomic
replacements with fsync.  Run it with ``python benchmarks/cycle.py``.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson

SYMBOLS = ("SPX", "SPY", "NDX", "QQQ", "RUT", "IWM", "XSP", "AAPL")
DAY = "2025-06-26"
MAX_RATIO, MAX_CYCLE_MS, MAX_MEMORY_MB, MAX_HELP_S = 4.0, 60.0, 350.0, 0.5


def learn(folder: Path) -> None:
    """Play the day once as a user would: it trains the model that the cycles use."""
    words = ["--date", DAY, "--symbols", ",".join(SYMBOLS)]
    subprocess.run([sys.executable, "-m", "magic8_companion", *words], cwd=folder, check=True, capture_output=True)


def cycles(folder: Path) -> tuple[list[float], list[float]]:
    """Return the seconds of each cycle and of its floor, measured in turn."""
    from magic8_companion.bootstrap import build_service  # noqa: PLC0415  # after the settings are in the environment
    from magic8_companion.unified_config import load_settings  # noqa: PLC0415  # as above
    from magic8_ml import MLSchedulerExtension  # noqa: PLC0415  # as above

    host = build_service(load_settings(), asyncio.Event()).services
    extension = MLSchedulerExtension(host=host)
    predictor = extension.ml_system.predictor  # type: ignore[union-attr]
    never = threading.Event()
    whole, floor = [], []
    host.clock.wait_until(host.clock.now() + timedelta(minutes=10, seconds=5), "benchmark", never)  # 09:35:05
    for number in range(48):
        host.clock.wait_until(host.clock.now() + timedelta(minutes=5), "benchmark", never)
        begin = time.perf_counter()
        result = extension.run_ml_prediction()
        whole.append(time.perf_counter() - begin)
        if result is None or len(result.signals) != len(SYMBOLS):
            raise SystemExit(f"slot {number} did not predict all symbols: {extension.last_skip_reason} {result}")
        floor.append(_floor(predictor.model.forecaster.variance.booster, folder, host.output_dir))
    host.close()
    return whole[8:], floor[8:]


def _floor(booster: Any, folder: Path, output: Path) -> float:  # noqa: ANN401  # the library is untyped
    from magic8_ml.models.boosted_variance import explain_boosted  # noqa: PLC0415  # as above

    names = ("recommendations.json", "ml_predictions_5min.json")
    contents = [orjson.loads((output / name).read_bytes()) for name in names]
    row = np.zeros((1, booster.num_features()))
    begin = time.perf_counter()
    for _ in SYMBOLS:
        explain_boosted(booster, row)
    for name, content in zip(names, contents, strict=True):
        _replace(folder / f"floor_{name}", orjson.dumps(content))
    return time.perf_counter() - begin


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def help_seconds() -> float:
    """Return the median wall time of ``--help``."""
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        command = [sys.executable, "-m", "magic8_companion.unified_main", "--help"]
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def day_memory_mb(folder: Path) -> float:
    """Return the peak resident memory of the process that plays a whole day with ML on, in MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    words = ["--date", DAY, "--symbols", ",".join(SYMBOLS)]  # the model is there: no training process is started
    process = subprocess.Popen(
        [sys.executable, "-m", "magic8_companion", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status or usage.ru_maxrss > before * 100:
        raise SystemExit(f"the day ended with status {status}")
    return usage.ru_maxrss / 1024


def main() -> int:
    """Print every figure beside its limit; the exit code tells whether all hold."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        learn(folder)
        os.chdir(folder)
        os.environ |= {
            "M8C_SYMBOLS": ",".join(SYMBOLS),
            "M8C_REPLAY_DATE": DAY,
            "M8C_NONLIVE_OUTPUT_DIR": "cycles",
            "M8C_ML_PATH": str(folder / "data/simulated/ml"),
        }
        whole, floor = cycles(folder)
        for setting in ("M8C_SYMBOLS", "M8C_REPLAY_DATE", "M8C_NONLIVE_OUTPUT_DIR", "M8C_ML_PATH"):
            del os.environ[setting]
        ratio = statistics.median(a / b for a, b in zip(whole, floor, strict=True))
        figures = [
            ("cycle of 8 symbols, p50 ms", 1000 * statistics.median(whole), MAX_CYCLE_MS),
            ("cycle of 8 symbols, max ms", 1000 * max(whole), None),
            ("its floor, p50 ms", 1000 * statistics.median(floor), None),
            ("cycle / floor, median of pairs", ratio, MAX_RATIO),
            ("memory of a whole day, MB", day_memory_mb(folder), MAX_MEMORY_MB),
            ("--help, s", help_seconds(), MAX_HELP_S),
        ]
    for title, value, limit in figures:
        verdict = "" if limit is None else f"limit {limit:g}  {'ok' if value <= limit else 'MISSED'}"
        print(f"{title:<34}{value:9.2f}  {verdict}")
    return int(any(limit is not None and value > limit for _, value, limit in figures))


if __name__ == "__main__":
    sys.exit(main())
