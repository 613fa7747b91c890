"""Rollback, change-over and retraining beside their limits: none of them may be felt by a slot.

The slots are real ones: eight simulated symbols observed, predicted, merged and published.  During the last part a
retraining on four years of two symbols runs beside them at its low priority; it is halted and continued every few
slots, so that both kinds of slots meet the same other load.  Run it with ``python benchmarks/registry.py``.
"""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from cycle import DAY, SYMBOLS, learn

from magic8_companion.providers.bar_writer import write_bar_files
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_ml.registry.reloading import PAUSE_SECONDS
from magic8_ml.registry.versions import Registry
from magic8_ml.serving.config import MLConfig
from magic8_ml.serving.system import ProductionMLSystem

MAX_ROLLBACK_S, MAX_CHANGE_OVER_S, MAX_P99_RATIO = 1.0, 1.0, 1.10
BLOCK, SLOTS = 10, 340
"""Slots between two halts of the retraining, and in all: a session has 385 minutes."""


def timed(call: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def second_version(folder: Path) -> Registry:
    """Make a former champion out of a copy, so that there is somewhere to roll back to."""
    registry = Registry(folder)
    first = registry.folder_of("champion")
    copy = first.with_name("copy")
    shutil.copytree(first, copy)
    registry.promote("copy", "benchmark")
    return registry


def rollback_seconds(registry: Registry) -> float:
    """Return the wall time of the command, start of Python included; the copy serves again afterwards."""
    words = [sys.executable, "-m", "magic8_ml", "models", "rollback", "--path", str(registry.folder.parent)]
    seconds = timed(lambda: subprocess.run(words, check=True, capture_output=True))
    registry.promote("copy", "benchmark")
    return seconds


def change_over(registry: Registry) -> tuple[float, float]:
    """Return the seconds of asking for an unchanged champion, and of the first asking after a rollback."""
    stem = registry.folder / "model.ubj"
    system = ProductionMLSystem(MLConfig(direction_model_path=stem, volatility_model_path=stem))
    threading.Event().wait(PAUSE_SECONDS)
    unchanged = timed(lambda: system.predictor)
    registry.rollback("benchmark")
    threading.Event().wait(PAUSE_SECONDS)
    return unchanged, timed(lambda: system.model_version)


def four_years(folder: Path) -> list[str]:
    """Write simulated bars of four years and two symbols; return the words of their retraining."""
    last = date(2025, 6, 20)
    files = write_bar_files(folder / "bars", SimulatedMarket(8), ("SPY", "QQQ"), last - timedelta(days=4 * 365), last)
    words = ["--bars-dir", str(folder / "bars"), "--vix", str(files[-1]), "--out", str(folder / "other")]
    return [sys.executable, "-m", "magic8_ml", "retrain", *words]


def slots(folder: Path, words: list[str]) -> tuple[list[float], list[float], bool]:
    """Return the seconds of slots with and without a retraining beside them, and whether it ran all the time."""
    from magic8_companion.bootstrap import standalone_host  # noqa: PLC0415  # after the settings are in the environment
    from magic8_ml import MLSchedulerExtension  # noqa: PLC0415  # as above

    host = standalone_host()
    extension = MLSchedulerExtension(host=host)
    never = threading.Event()
    with (folder / "retrain.txt").open("wb") as said:
        process = subprocess.Popen(words, stdout=said, stderr=said)
    busy: list[float] = []
    quiet: list[float] = []
    for number in range(SLOTS):
        with_retraining = number // BLOCK % 2 == 0
        if number % BLOCK == 0:
            process.send_signal(signal.SIGCONT if with_retraining else signal.SIGSTOP)
        host.clock.wait_until(host.clock.now() + timedelta(seconds=61), "benchmark", never)
        (busy if with_retraining else quiet).append(timed(lambda: extension.run_ml_prediction(force=True)))
    ran = process.poll() is None
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.wait()
    host.close()  # type: ignore[attr-defined]  # the host of the settings can be closed
    return busy[BLOCK:], quiet[BLOCK:], ran


def p99(seconds: list[float]) -> float:
    """Return the 99th percentile."""
    return statistics.quantiles(seconds, n=100)[98]


def main() -> int:
    """Print every figure beside its limit; the exit code tells whether all hold."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        learn(folder)
        os.chdir(folder)
        os.environ |= {
            "M8C_SYMBOLS": ",".join(SYMBOLS),
            "M8C_REPLAY_DATE": DAY,
            "M8C_NONLIVE_OUTPUT_DIR": "slots",
            "M8C_ML_PATH": str(folder / "data/simulated/ml"),
            "M8C_ML_5MIN_CHECKPOINT_PAUSE_MINUTES": "0",
        }
        registry = second_version(folder / "data/simulated/ml/models")
        rollback = statistics.median(rollback_seconds(registry) for _ in range(5))
        unchanged, changed = change_over(registry)
        busy, quiet, ran = slots(folder, four_years(folder))
    figures = [
        ("models rollback, whole command, s", rollback, MAX_ROLLBACK_S),
        ("asking for an unchanged champion, us", 1e6 * unchanged, None),
        ("first asking after a promotion, s", changed, MAX_CHANGE_OVER_S),
        ("slot of 8 symbols, p50 ms", 1000 * statistics.median(quiet), None),
        ("the same beside a retraining, p50 ms", 1000 * statistics.median(busy), None),
        ("slot of 8 symbols, p99 ms", 1000 * p99(quiet), None),
        ("the same beside a retraining, p99 ms", 1000 * p99(busy), None),
        ("p99 with / without a retraining", p99(busy) / p99(quiet), MAX_P99_RATIO),
    ]
    for title, value, limit in figures:
        verdict = "" if limit is None else f"limit {limit:g}  {'ok' if value <= limit else 'MISSED'}"
        print(f"{title:<38}{value:9.3f}  {verdict}")
    print(f"the retraining ran beside all slots: {'yes' if ran else 'no, it ended before them'}")
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; other load widens the p99 ratio")
    return int(any(limit is not None and value > limit for _, value, limit in figures))


if __name__ == "__main__":
    sys.exit(main())
