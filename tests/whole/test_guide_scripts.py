"""The operator guide's own test scripts, run as scripts: a fresh process, a project folder, a model beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_ml.forecast.training.train import train

pytestmark = pytest.mark.xdist_group("guide_scripts")

QUICK_LOAD = """
from magic8_companion.scoring import create_scorer
from magic8_ml import MLEnhancedScoring

scorer = MLEnhancedScoring(create_scorer("standard"), "../MLOptionTrading")
print("ML Integration:", "SUCCESS" if scorer.ml_system else "FAILED")
"""

LIVE_DATA_SCORING = """
import asyncio

from magic8_companion.analysis import MarketAnalyzer
from magic8_companion.providers import get_provider
from magic8_companion.scoring import create_scorer
from magic8_ml import MLEnhancedScoring


async def score():
    scorer = MLEnhancedScoring(create_scorer("standard"), "../MLOptionTrading")
    assert get_provider().is_connected()
    market_data = await MarketAnalyzer().analyze_symbol("SPX")
    for strategy, value in (await scorer.score_combo_types(market_data, "SPX")).items():
        print(f"{strategy}: {value:.1f}")
    print(scorer.details_for("SPX")["ml_status"])
    print(market_data["implied_vol_source"], len(market_data["option_chain"]) > 0)


asyncio.run(score())
"""

PHASE_2 = """
import asyncio
import json
from pathlib import Path

from magic8_ml import MLSchedulerExtension


async def phase_2():
    scheduler = MLSchedulerExtension()
    print("provider:", scheduler.data_provider.name)
    scheduler.update_market_data()
    print("has data:", bool(scheduler.bar_data_cache))
    scheduler.run_ml_prediction()
    predictions = json.loads(Path("data/ml_predictions_5min.json").read_text())
    print("checkpoint:", predictions["checkpoint_time"])
    for symbol, record in predictions["recommendations"].items():
        best = record["best_strategy"]
        print(f"{symbol}: {best} ({record['strategies'][best]['ml_confidence']:.1%})")
    merged = json.loads(Path("data/recommendations.json").read_text())
    print("merged:", merged.get("ml_5min_enhanced", False))


asyncio.run(phase_2())
"""

RunScript = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project folder with a trained model in its neighbour ``MLOptionTrading``, as the guide has it."""
    root = tmp_path_factory.mktemp("guide")
    market, first, last = SimulatedMarket(seed=8), date(2024, 9, 1), date(2025, 6, 25)
    bars = {symbol: market.bars(symbol, first, last) for symbol in ("SPX", "SPY")}
    train(bars, market.vix_daily(date(2023, 6, 1), last), root / "MLOptionTrading")
    (root / "Magic8").mkdir()
    return root / "Magic8"


@pytest.fixture
def run(project: Path) -> RunScript:
    """Return a function that runs a script in the project folder and returns the lines it printed."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("M8C_", "ML_", "MAGIC8_"))}
    environment = outside | {
        "M8C_MARKET_DATA_PROVIDER": "simulated",
        "M8C_SIMULATED_SEED": "8",
        "M8C_REPLAY_DATE": "2025-06-26",
        "M8C_ML_PATH": "../MLOptionTrading",
        "M8C_NONLIVE_OUTPUT_DIR": "data",
        "M8C_LOG_FILE_PATH": "",
    }

    def run_script(script: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", script],
            check=False,
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run_script


def test_the_quick_load_test_finds_the_model(run: RunScript) -> None:
    """The scorer, given the model's folder by its second argument, loads it."""
    assert run(QUICK_LOAD) == ["ML Integration: SUCCESS"]


def test_live_data_scoring_prints_three_scores(run: RunScript) -> None:
    """Analysis, rules and model work together from a coroutine; the model really answered."""
    lines = run(LIVE_DATA_SCORING)
    assert [line.split(":")[0] for line in lines[:3]] == ["Butterfly", "Iron_Condor", "Vertical"]
    assert all(0 <= float(line.split(": ")[1]) <= 100 for line in lines[:3])
    assert lines[3:] == ["ok", "atm True"]


def test_phase_2_writes_both_files_from_a_running_loop(run: RunScript, project: Path) -> None:
    """Called inside a coroutine nothing deadlocks; both files appear, and every symbol has a prediction."""
    lines = run(PHASE_2)
    assert lines[:3] == ["provider: simulated", "has data: True", "checkpoint: 10:35 ET"]
    assert [line.split(":")[0] for line in lines[3:5]] == ["SPX", "SPY"]
    predictions = json.loads((project / "data" / "ml_predictions_5min.json").read_text())
    assert predictions["ml_status"] == "ok"
    assert predictions["data_status"] == "simulated"
    merged = json.loads((project / "data" / "recommendations.json").read_text())
    assert set(merged["recommendations"]) == {"SPX", "SPY"}
