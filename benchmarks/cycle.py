"""One 5-minute cycle of 8 symbols next to its floor in the same run; memory of a day; CPU time of ``magic8 --help``.

The cycle is the real one: bars in memory -> observation -> features -> model -> merge -> schema -> both files
archived, replaced and synced.  The floor is what nobody can avoid: the same predictions as bare calls of the model on
rows that are ready (regression, trees with their attributions, distribution, odds, ranks: one call per symbol, as in
the cycle), orjson, and two atomic replacements with fsync of file and folder.  What of the model is the library's trees
alone is shown beside it.  Run it with ``python benchmarks/cycle.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import orjson

SYMBOLS = ("SPX", "SPY", "NDX", "QQQ", "RUT", "IWM", "XSP", "AAPL")
DAY = "2025-06-26"
MAX_RATIO, MAX_CYCLE_MS, MAX_MEMORY_MB, MAX_HELP_CPU_S = 4.0, 60.0, 350.0, 0.15


class Times(NamedTuple):
    """Seconds of one cycle, of its floor, and of the floor if the model were its trees alone."""

    cycle: float
    floor: float
    trees_floor: float


def learn(folder: Path) -> None:
    """Play the day once as a user would: it trains the model that the cycles use."""
    words = ["--date", DAY, "--symbols", ",".join(SYMBOLS)]
    subprocess.run([sys.executable, "-m", "magic8_companion", *words], cwd=folder, check=True, capture_output=True)


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Work in the folder with the settings of the cycles."""
    settings = {
        "M8C_SYMBOLS": ",".join(SYMBOLS),
        "M8C_REPLAY_DATE": DAY,
        "M8C_NONLIVE_OUTPUT_DIR": "cycles",
        "M8C_ML_PATH": str(folder / "data/simulated/ml"),
    }
    os.environ |= settings
    try:
        with chdir(folder):
            yield
    finally:
        for setting in settings:
            del os.environ[setting]


def cycles(folder: Path) -> list[Times]:
    """Return the times of each cycle and of its floor, measured in turn."""
    from magic8_companion.bootstrap import build_service  # noqa: PLC0415  # after the settings are in the environment
    from magic8_companion.unified_config import load_settings  # noqa: PLC0415  # as above
    from magic8_ml import MLSchedulerExtension  # noqa: PLC0415  # as above

    host = build_service(load_settings(), asyncio.Event()).services
    extension = MLSchedulerExtension(host=host)
    forecaster = extension.ml_system.predictor.model.forecaster  # type: ignore[union-attr]
    never = threading.Event()
    times = []
    host.clock.wait_until(host.clock.now() + timedelta(minutes=20, seconds=5), "benchmark", never)  # 09:45:05
    for number in range(48):
        host.clock.wait_until(host.clock.now() + timedelta(minutes=5), "benchmark", never)
        begin = time.perf_counter()
        result = extension.run_ml_prediction()
        whole = time.perf_counter() - begin
        if result is None or len(result.signals) != len(SYMBOLS):
            raise SystemExit(f"slot {number} did not predict all symbols: {extension.last_skip_reason} {result}")
        rows = [_ready_row(host, symbol, forecaster.terciles) for symbol in SYMBOLS]
        model, trees, files = _floor(forecaster, rows, folder, host.output_dir)
        times.append(Times(whole, model + files, trees + files))
    host.close()
    return times[8:]


def _ready_row(host: Any, symbol: str, terciles: Any) -> Any:  # noqa: ANN401  # types load after the settings
    from magic8_ml.forecast.day_history import DayHistoryCache  # noqa: PLC0415  # as above
    from magic8_ml.forecast.prediction_inputs import PredictionInputs  # noqa: PLC0415  # as above
    from magic8_ml.forecast.predictor import serving_rows  # noqa: PLC0415  # as above

    inputs = PredictionInputs.from_state(host.observe(symbol))
    return serving_rows(inputs, inputs.today, terciles, DayHistoryCache())


def _floor(forecaster: Any, rows: list[Any], folder: Path, output: Path) -> tuple[float, float, float]:  # noqa: ANN401  # as above
    """Return the seconds of all model calls, of the trees among them, and of the files."""
    from magic8_ml.forecast.boosted_variance import explain_boosted  # noqa: PLC0415  # as above

    names = ("recommendations.json", "ml_predictions_5min.json")
    contents = [orjson.loads((output / name).read_bytes()) for name in names]
    begin = time.perf_counter()
    for row in rows:
        forecaster.explain(row)
    predicted = time.perf_counter()
    for name, content in zip(names, contents, strict=True):
        replace_bare(folder / f"floor_{name}", orjson.dumps(content))
    written = time.perf_counter()
    for row in rows:
        explain_boosted(forecaster.variance.booster, row.features)
    return predicted - begin, time.perf_counter() - written, written - predicted


def replace_bare(path: Path, data: bytes) -> None:
    """Replace a file durably in one step, and do nothing else."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def help_cpu_seconds() -> float:
    """Return the median CPU time of ``magic8 --help``."""
    command = [
        sys.executable,
        "-c",
        "import sys; from magic8_companion.cli.main import main; sys.exit(main())",
        "--help",
    ]
    times = []
    for _ in range(9):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"--help ended with status {status}")
        times.append(usage.ru_utime + usage.ru_stime)
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
        with at_work(folder):
            times = cycles(folder)
        figures = [
            ("cycle of 8 symbols, p50 ms", 1000 * statistics.median(one.cycle for one in times), MAX_CYCLE_MS),
            ("cycle of 8 symbols, max ms", 1000 * max(one.cycle for one in times), None),
            ("its floor, p50 ms", 1000 * statistics.median(one.floor for one in times), None),
            ("cycle / floor, median of pairs", statistics.median(one.cycle / one.floor for one in times), MAX_RATIO),
            ("floor with trees alone, p50 ms", 1000 * statistics.median(one.trees_floor for one in times), None),
            ("cycle / floor with trees alone", statistics.median(one.cycle / one.trees_floor for one in times), None),
            ("memory of a whole day, MB", day_memory_mb(folder), MAX_MEMORY_MB),
            ("magic8 --help, s of CPU time", help_cpu_seconds(), MAX_HELP_CPU_S),
        ]
    for title, value, limit in figures:
        verdict = "" if limit is None else f"limit {limit:g}  {'ok' if value <= limit else 'MISSED'}"
        print(f"{title:<34}{value:9.2f}  {verdict}")
    return int(any(limit is not None and value > limit for _, value, limit in figures))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    sys.exit(main())
