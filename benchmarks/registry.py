"""Rollback, change-over and retraining beside their limits: none of them may be felt by a slot.

The slots are real ones: eight simulated symbols observed, predicted, merged and published.  A slot is as late as it is
published after the moment for which it was due, its thread being asleep until then.  Beside them retrainings on four
years of two symbols run at their low priority, halted and continued every few slots, so that both kinds of slots meet
the same other load.  Run it with ``python benchmarks/registry.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import orjson
from cycle import DAY, SYMBOLS, learn

from magic8_companion.providers.bar_writer import write_bar_files
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_ml.forecast.ml_config import MLConfig
from magic8_ml.forecast.ml_system import ProductionMLSystem
from magic8_ml.registry.manifest import MANIFEST, read_manifest
from magic8_ml.registry.passport import PASSPORT
from magic8_ml.registry.reloading import PAUSE_SECONDS
from magic8_ml.registry.versions import Registry, add_version
from magic8_ml.registry.weekly import start_process

MAX_ROLLBACK_S, MAX_CHANGE_OVER_S, MAX_LATE_S, MAX_P99_RATIO = 1.0, 1.0, 1.0, 1.10
BLOCK, SLOTS, DAYS = 10, 360, 3
"""Slots between two halts of the retraining, slots of a day (a minute apart), and how often the day is played."""

SLEEP_S = 0.05
"""How long the thread sleeps before each slot."""


def timed(call: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def second_version(folder: Path) -> tuple[Registry, str]:
    """Add the champion once more under another name and promote it, so that there is somewhere to roll back to."""
    registry = Registry(folder)
    first = registry.folder_of("champion")
    manifest = read_manifest(first)
    passport = {name: part for name, part in manifest.pop(PASSPORT).items() if name not in {"seal", "format_version"}}
    manifest["model_version"] += "-again"

    def write(fresh: Path) -> None:
        shutil.copytree(first, fresh)
        (fresh / MANIFEST).write_bytes(orjson.dumps(manifest))

    version = add_version(folder, write, passport)
    registry.promote(version, "benchmark")
    return registry, version


def rollback_seconds(registry: Registry, version: str) -> float:
    """Return the wall time of the command, start of Python included; ``version`` serves again afterwards."""
    words = [sys.executable, "-m", "magic8_ml", "models", "rollback", "--path", str(registry.folder.parent)]
    seconds = timed(lambda: subprocess.run(words, check=True, capture_output=True))
    registry.promote(version, "benchmark")
    return seconds


def change_over(registry: Registry) -> tuple[float, float]:
    """Return the seconds of asking for an unchanged champion, and of the first asking after a rollback."""
    stem = registry.folder / "model.ubj"
    system = ProductionMLSystem(MLConfig(direction_model_path=stem, volatility_model_path=stem))
    before = system.model_version
    threading.Event().wait(PAUSE_SECONDS)
    unchanged = timed(lambda: system.predictor)
    registry.rollback("benchmark")
    threading.Event().wait(PAUSE_SECONDS)
    changed = timed(lambda: system.predictor)
    if system.model_version == before:
        raise SystemExit("the model was not changed over")
    return unchanged, changed


def children_cpu_seconds() -> float:
    """Return the processor time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Retrainings:
    """Retrainings of four years and two symbols, one after the other."""

    def __init__(self, folder: Path) -> None:
        last = date(2025, 6, 20)
        span = (last - timedelta(days=4 * 365), last)
        files = write_bar_files(folder / "bars", SimulatedMarket(8), ("SPY", "QQQ"), *span)
        words = ["--bars-dir", str(folder / "bars"), "--vix", str(files[-1]), "--out", str(folder / "other")]
        self._words = [sys.executable, "-m", "magic8_ml", "retrain", *words, "--if-older-than-sessions", "0"]
        self._said = folder / "retrain.txt"
        self._cpu_before = children_cpu_seconds()
        self._process = start_process(self._words, self._said)

    def go_on(self) -> None:
        """Continue the one that was halted, or start the next."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
        elif self._process.poll():
            raise SystemExit(f"the retraining failed:\n{self._said.read_text()}")
        else:
            self._process = start_process(self._words, self._said)

    def halt(self) -> None:
        """Let it stand still."""
        self._process.send_signal(signal.SIGSTOP)

    def end(self) -> float:
        """Kill it; return the seconds of processor time that all of them got."""
        self._process.kill()
        self._process.wait()
        return children_cpu_seconds() - self._cpu_before


def slots(retrainings: Retrainings, output: str) -> tuple[list[float], list[float]]:
    """Play the day once; return by how many seconds slots with and without a retraining beside them were late."""
    from magic8_companion.bootstrap import build_service  # noqa: PLC0415  # after the settings are in the environment
    from magic8_companion.unified_config import load_settings  # noqa: PLC0415  # as above
    from magic8_ml import MLSchedulerExtension  # noqa: PLC0415  # as above

    os.environ["M8C_NONLIVE_OUTPUT_DIR"] = output
    host = build_service(load_settings(), asyncio.Event()).services
    extension = MLSchedulerExtension(host=host)
    never = threading.Event()
    host.clock.wait_until(host.clock.now() + timedelta(minutes=20, seconds=5), "benchmark", never)  # 09:45:05
    busy: list[float] = []
    quiet: list[float] = []
    for number in range(SLOTS):
        with_retraining = number // BLOCK % 2 == 0
        if number % BLOCK == 0:
            (retrainings.go_on if with_retraining else retrainings.halt)()
        host.clock.wait_until(host.clock.now() + timedelta(seconds=61), "benchmark", never)
        due = time.perf_counter() + SLEEP_S
        never.wait(SLEEP_S)
        published = extension.run_ml_prediction(force=True)
        late = time.perf_counter() - due
        if published is None:
            raise SystemExit(f"slot {number} was left out: {extension.last_skip_reason}")
        (busy if with_retraining else quiet).append(late)
    host.close()
    return busy[BLOCK:], quiet[BLOCK:]  # the first ones fill the caches


def p99(seconds: Sequence[float]) -> float:
    """Return the 99th percentile."""
    return statistics.quantiles(seconds, n=100)[98]


def interval(busy: Sequence[float], quiet: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the ratio of both p99, from 2,000 draws of whole blocks of slots."""
    draws = np.random.default_rng(8)
    blocks = [np.reshape(side, (-1, BLOCK)) for side in (busy, quiet)]

    def drawn(side: np.ndarray) -> float:
        return p99(side[draws.integers(len(side), size=len(side))].ravel().tolist())

    low, high = np.quantile([drawn(blocks[0]) / drawn(blocks[1]) for _ in range(2000)], (0.025, 0.975)).tolist()
    return low, high


def main() -> int:
    """Print every figure beside its limit; the exit code tells whether all hold."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        learn(folder)
        os.chdir(folder)
        os.environ |= {
            "M8C_SYMBOLS": ",".join(SYMBOLS),
            "M8C_REPLAY_DATE": DAY,
            "M8C_ML_PATH": str(folder / "data/simulated/ml"),
            "M8C_ML_5MIN_CHECKPOINT_PAUSE_MINUTES": "0",
        }
        registry, version = second_version(folder / "data/simulated/ml/models")
        rollback = statistics.median(rollback_seconds(registry, version) for _ in range(5))
        unchanged, changed = change_over(registry)
        retrainings = Retrainings(folder)
        days = [slots(retrainings, f"slots{number}") for number in range(DAYS)]
        trained = retrainings.end()
    busy, quiet = ([late for day in days for late in day[side]] for side in (0, 1))
    low, high = interval(busy, quiet)
    figures = [
        ("models rollback, whole command, s", rollback, MAX_ROLLBACK_S),
        ("asking for an unchanged champion, us", 1e6 * unchanged, None),
        ("first asking after a promotion, s", changed, MAX_CHANGE_OVER_S),
        ("slot lateness, 8 symbols, p50 ms", 1000 * statistics.median(quiet), None),
        ("the same beside a retraining, p50 ms", 1000 * statistics.median(busy), None),
        ("slot lateness, 8 symbols, p99 ms", 1000 * p99(quiet), None),
        ("the same beside a retraining, p99 ms", 1000 * p99(busy), None),
        ("latest slot beside a retraining, s", max(busy), MAX_LATE_S),
        ("p99 with / without a retraining", p99(busy) / p99(quiet), None),
        ("lower end of its 95 % interval", low, MAX_P99_RATIO),
        ("upper end", high, None),
        ("processor time of the retrainings, s", trained, None),
    ]
    for title, value, limit in figures:
        verdict = "" if limit is None else f"limit {limit:g}  {'ok' if value <= limit else 'MISSED'}"
        print(f"{title:<38}{value:9.3f}  {verdict}")
    print(f"{len(busy)} slots beside a retraining, {len(quiet)} without")
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; other load widens the interval")
    return int(any(limit is not None and value > limit for _, value, limit in figures))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    sys.exit(main())
