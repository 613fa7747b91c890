"""Win probabilities on simulated trades over real bars: the floors that were set in advance, and the old mistake."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from magic8_ml.cli.ledger import make_ledger
from magic8_ml.evaluation.trade_baselines import FORECAST
from magic8_ml.evaluation.trade_evaluate import TradeEvaluationConfig, evaluate_trades
from magic8_ml.forecast.training.walk_forward import WalkForwardConfig
from magic8_ml.history.ledger_inputs import read_bars, read_vix
from magic8_ml.history.ledger_store import write_ledger
from magic8_ml.trades.dataset import MarketFiles, ledger_data
from tests.real_data import real_data_dir

pytestmark = [pytest.mark.real_data, pytest.mark.slow, pytest.mark.timeout(1200)]
VIX = "vix_daily_1990-2021_2024-2025-08.parquet"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Judge the forecast distribution on SPY and QQQ, all years that are there."""
    folder, out = real_data_dir(), tmp_path_factory.mktemp("ledger")
    _write(folder, out)
    rows = ledger_data(out, MarketFiles(bars=folder, vix=folder / VIX)).rows
    question = TradeEvaluationConfig(model=FORECAST, plan=WalkForwardConfig(refit_days=60), demo_rounds=100)
    return evaluate_trades(rows, question, out, facts={})


def _write(folder: Path, out: Path) -> None:
    recorded = read_bars(folder, ("SPY", "QQQ")).bars
    table, figures = make_ledger(
        recorded, read_vix(folder / VIX), first_day=date(2018, 1, 2), last_day=date(2025, 8, 8), makers=("today",)
    )
    write_ledger(out, table.filter(pc.field("scenario") == "base"), figures)


def test_the_floors_are_held(report: dict[str, Any]) -> None:
    """Skill over the base rate and both recalibrated prices, a slope near one, and taken trades better than skipped."""
    assert {goal["name"]: goal["status"] for goal in report["goals"]} == {
        goal["name"]: "passed" for goal in report["goals"]
    }
    assert report["alarms"] == []
    assert report["scored"]["days"] > 600


def test_the_random_split_pretends(report: dict[str, Any]) -> None:
    """The predecessor's recipe looks far better than it is, and by day it is worse than the recalibrated premium."""
    for recipe, gap in ((report["leakage_demo"][:4], 0.02), (report["leakage_demo"][4:], 0.06)):
        random, _, _, forward = recipe
        assert random["brier_skill"] > forward["brier_skill"] + 0.1
        assert random["accuracy"] > forward["accuracy"] + gap
        assert random["price_skill"] > 0 > forward["price_skill"]


def test_former_hopes_are_not_met_and_said_to_be(report: dict[str, Any]) -> None:
    """Neither the hoped-for accuracy nor the correlation of reward with profit exists."""
    found = {hope["name"]: hope["found"] for hope in report["hopes"]}
    assert found["accuracy"][2] < 0.85
    assert found["correlation of reward/risk with profit in US dollars"][2] < 0.7
