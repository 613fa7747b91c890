"""Fixtures that are expensive and shared: each is made once per run, and only where a test asks for it.

Builders live in modules next to the tests that they serve; their imports wait until a fixture is used, so that the
host's tests run without the ``ml`` extra.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from magic8_ml.evaluation.out_of_sample import OutOfSample
    from magic8_ml.forecast.forecaster import Rows
    from magic8_ml.forecast.training.report import TrainingReport
    from magic8_ml.registry.versions import Registry
    from magic8_ml.trades.predictor import WinProbabilityPredictor
    from magic8_ml.trades.sample import Sample
    from magic8_ml.trades.training.fit import WinModelFit
    from tests.evaluation.made_evaluation import Made
    from tests.forecast.markets import Market
    from tests.registry.made_registry import Retraining
    from tests.trades.simulated_trades import Simulated


@pytest.fixture(scope="session")
def market() -> Market:
    """Draw 220 sessions of two symbols, half days among them."""
    from tests.forecast.trained_model import draw_market

    return draw_market()


@pytest.fixture(scope="session")
def report(market: Market, tmp_path_factory: pytest.TempPathFactory) -> TrainingReport:
    """Train on all but the last 20 sessions of the market."""
    from tests.forecast.trained_model import train_model

    return train_model(market, tmp_path_factory.mktemp("ml"))


@pytest.fixture(scope="session")
def models(report: TrainingReport) -> Path:
    """Return the folder of the trained model; tests that change files copy it."""
    return report.folder


@pytest.fixture(scope="session")
def tuning_rows() -> Rows:
    """Return labelled rows of 160 sessions of one symbol."""
    from tests.forecast.training.tuning_rows import draw_tuning_rows

    return draw_tuning_rows()


@pytest.fixture(scope="session")
def retraining(tmp_path_factory: pytest.TempPathFactory) -> Retraining:
    """Train on all but the newest sessions of a market, then retrain on all of it."""
    from tests.registry.made_registry import retrain_once

    return retrain_once(tmp_path_factory.mktemp("retrained"))


@pytest.fixture
def registry_of_two(retraining: Retraining, tmp_path: Path) -> Callable[[], Registry]:
    """Return a maker of copies of the registry: the first version is champion, the retrained one is challenger."""
    from tests.registry.made_registry import copy_registry

    return lambda: copy_registry(retraining, tmp_path)


@pytest.fixture(scope="session")
def drawn_rows() -> Rows:
    """Draw 210 days of two symbols."""
    from tests.evaluation.made_evaluation import draw_rows

    return draw_rows()


@pytest.fixture(scope="session")
def out_of_sample(drawn_rows: Rows) -> OutOfSample:
    """Return the out-of-sample predictions of the demonstration model."""
    from tests.evaluation.made_evaluation import judge_demo_model

    return judge_demo_model(drawn_rows)


@pytest.fixture(scope="session")
def made(drawn_rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Evaluate two designs."""
    from tests.evaluation.made_evaluation import evaluate_two_designs

    return evaluate_two_designs(drawn_rows, tmp_path_factory.mktemp("evaluation"))


@pytest.fixture(scope="session")
def sample() -> Sample:
    """Draw 160 days of nine pairs, one of which was traded on a few days only."""
    from tests.trades.fitted_models import draw_sample

    return draw_sample()


@pytest.fixture(scope="session")
def fitted(sample: Sample) -> WinModelFit:
    """Fit the win-probability models in this process."""
    from tests.trades.fitted_models import fit_models

    return fit_models(sample)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Simulate bars, VIX and a ledger, and train a win-probability model on it."""
    from tests.trades.simulated_trades import simulate_trades

    return simulate_trades(tmp_path_factory.mktemp("simulated_trades"))


@pytest.fixture(scope="session")
def predictor(simulated: Simulated) -> WinProbabilityPredictor:
    """Load the champion without a forecast."""
    from tests.trades.simulated_trades import load_price_predictor

    return load_price_predictor(simulated)


@pytest.fixture(scope="session")
def forecasting(simulated: Simulated) -> WinProbabilityPredictor:
    """Load the champion with a forecaster."""
    from tests.trades.simulated_trades import load_forecasting_predictor

    return load_forecasting_predictor(simulated)
