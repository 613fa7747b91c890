"""The market as trades see it live is the row that the five-minute model serves and trains on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from magic8_companion.domain.bars import to_ns
from magic8_companion.options.payoff import Leg
from magic8_ml.forecast.day_history import DayHistoryCache
from magic8_ml.forecast.model_files import load_model
from magic8_ml.forecast.prediction_inputs import PredictionInputs
from magic8_ml.forecast.predictor import serving_rows
from magic8_ml.trades.five_minute_forecast import FiveMinuteForecaster
from magic8_ml.trades.orders import TradeUnit, terms_of
from magic8_ml.trades.snapshots import Snapshots
from magic8_ml.trades.trade_markets import market_snapshots
from tests.forecast.markets import Market, session_of, state_at

AGE = timedelta(minutes=10)


@pytest.mark.parametrize("hours", [0.25, 2.0, 5.5])
def test_a_snapshot_is_the_row_that_is_served(market: Market, models: Path, hours: float) -> None:
    """Features and implied sigma are equal to the bit, the forecast to the rounding of single precision."""
    model = load_model(models)
    row, session = session_of(market.bars["SPY"], -5)
    state = state_at(market, "SPY", row, session.open_at + timedelta(hours=hours, seconds=5))
    snapshot = Snapshots(FiveMinuteForecaster.of(model), max_bar_age=AGE, max_vix_age=AGE).of(state)
    inputs = PredictionInputs.from_state(state)
    served = serving_rows(inputs, inputs.today, model.forecaster.terciles, DayHistoryCache())
    assert np.array_equal(snapshot.features, served.features[0], equal_nan=True)
    assert snapshot.sigma == served.sigma_today[0]
    assert snapshot.price == state.spot
    assert snapshot.forecast_sigma == pytest.approx(model.forecaster.variance.sigma(served)[0], rel=1e-6)


def test_a_snapshot_is_the_market_that_training_looks_up(market: Market) -> None:
    """A trade of the history at that moment is given the same features and sigma."""
    row, session = session_of(market.bars["SPY"], -5)
    at = session.open_at + timedelta(hours=2, seconds=5)
    snapshot = Snapshots(None, max_bar_age=AGE, max_vix_age=AGE).of(state_at(market, "SPY", row, at))
    legs = (Leg(right="P", strike=90.0, quantity=1), Leg(right="P", strike=91.0, quantity=-1))
    ticket = TradeUnit(symbol="SPY", strategy="Vertical", legs=legs, net_premium=-0.1)
    terms = terms_of([ticket], np.array([to_ns(at)]), np.array([snapshot.price]))
    looked_up = market_snapshots(terms, market.bars, market.vix).contexts()
    assert np.array_equal(looked_up.features[0], snapshot.features, equal_nan=True)
    assert (looked_up.sigma[0], looked_up.known_at[0]) == (snapshot.sigma, snapshot.known_at)
