"""One market and one model for all tests of the model: both are drawn and fitted once."""

from __future__ import annotations

from pathlib import Path

import pytest

from magic8_ml.forecast.training.report import TrainingReport
from magic8_ml.forecast.training.train import train
from tests.ml.markets import Market, make_market, session_of


@pytest.fixture(scope="session")
def market() -> Market:
    """Draw 220 sessions of two symbols, half days among them."""
    return make_market(220, symbols=("QQQ", "SPY"))


@pytest.fixture(scope="session")
def report(market: Market, tmp_path_factory: pytest.TempPathFactory) -> TrainingReport:
    """Train on all but the last 20 sessions."""
    _, last = session_of(market.bars["SPY"], -21)
    return train(market.bars, market.vix, tmp_path_factory.mktemp("ml"), last_day=last.day)


@pytest.fixture(scope="session")
def models(report: TrainingReport) -> Path:
    """Return the folder of the trained model; tests that change files copy it."""
    return report.folder
