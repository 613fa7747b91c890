"""One market and one model for all tests of the model: both are drawn and fitted once."""

from __future__ import annotations

from pathlib import Path

from magic8_ml.forecast.training.report import TrainingReport
from magic8_ml.forecast.training.train import train
from tests.forecast.markets import Market, make_market, session_of


def draw_market() -> Market:
    """Draw 220 sessions of two symbols, half days among them."""
    return make_market(220, symbols=("QQQ", "SPY"))


def train_model(market: Market, out: Path) -> TrainingReport:
    """Train on all but the last 20 sessions."""
    _, last = session_of(market.bars["SPY"], -21)
    return train(market.bars, market.vix, out, last_day=last.day)
