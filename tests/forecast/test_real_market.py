"""The model on real bars: trained to March 2025, judged on what came before by walk-forward and on what came after."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from magic8_companion.clocks import OneTime
from magic8_companion.domain.ml_result import Prediction
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.providers.replay import ReplayProvider
from magic8_ml.forecast.called_trades import HIGH
from magic8_ml.forecast.contract_call import parse_answer, prediction_arguments
from magic8_ml.forecast.day_history import DayHistory, DayHistoryCache
from magic8_ml.forecast.intraday import today_of
from magic8_ml.forecast.labels import ENTRY_BARS, FIRST_ENTRY, LAST_ENTRY
from magic8_ml.forecast.ml_config import MLConfig
from magic8_ml.forecast.ml_system import ProductionMLSystem
from magic8_ml.forecast.prediction_inputs import PredictionInputs
from magic8_ml.forecast.predictor import rows_at, serving_rows
from magic8_ml.forecast.session_table import FULL_DAY_BARS, complete_days, session_table, values_on
from magic8_ml.forecast.training.bar_files import read_bar_folder, read_vix_daily
from magic8_ml.forecast.training.dataset import symbol_days
from magic8_ml.forecast.training.report import TrainingReport
from magic8_ml.forecast.training.train import train
from tests.forecast.markets import Market, state_at
from tests.real_data import real_data_dir

pytestmark = [pytest.mark.real_data, pytest.mark.xdist_group("real_market")]
LAST_TRAINING_DAY = date(2025, 3, 31)


@pytest.fixture(scope="module")
def real() -> Market:
    """Read the real bars as they are."""
    folder = real_data_dir()
    return Market(
        bars=read_bar_folder(folder, ("SPY", "QQQ")).bars,
        vix=read_vix_daily(folder / "vix_daily_1990-2021_2024-2025-08.parquet"),
    )


@pytest.fixture(scope="module")
def trained(real: Market, tmp_path_factory: pytest.TempPathFactory) -> TrainingReport:
    """Train to March 2025."""
    return train(real.bars, real.vix, tmp_path_factory.mktemp("real"), last_day=LAST_TRAINING_DAY)


@pytest.fixture(scope="module")
def system(trained: TrainingReport) -> ProductionMLSystem:
    """Load what was trained."""
    stem = trained.folder / "model.pkl"
    return ProductionMLSystem(MLConfig(direction_model_path=stem, volatility_model_path=stem))


def test_regime_has_skill_and_direction_does_no_harm(trained: TrainingReport) -> None:
    """Out of fold: regime RPSS at least 15 % over climatology; direction within noise of it, and no miracle."""
    found = trained.evaluation
    assert found.volatility.rpss >= 0.15
    assert found.volatility.log_loss < found.volatility.log_loss_climatology
    assert -0.005 <= found.direction.rpss <= 0.03


def test_classes_hold_about_a_third_each(trained: TrainingReport) -> None:
    """Trailing terciles keep every class alive in every year of the data."""
    for stage in (trained.evaluation.direction, trained.evaluation.volatility):
        assert all(0.25 < share < 0.42 for share in stage.shares.values())


def test_every_strategy_is_reached_after_the_training(system: ProductionMLSystem, real: Market) -> None:
    """From April to June 2025, every half hour of each day and symbol: each strategy is chosen in 5 % or more."""
    table = session_table()
    chosen: Counter[str] = Counter()
    for row in range(table.position(date(2025, 4, 1)), table.position(date(2025, 7, 1)) + 1):
        for symbol in ("SPY", "QQQ"):
            for minutes in range(30, 375, 30):
                at = table.sessions[row].open_at + timedelta(minutes=minutes, seconds=5)
                if at < table.sessions[row].close_at:
                    result = parse_answer(system.predict(**prediction_arguments(state_at(real, symbol, row, at))))
                    chosen[result.strategy if isinstance(result, Prediction) else result.reason] += 1
    for strategy in ("Butterfly", "Iron_Condor", "Vertical"):
        assert chosen[strategy] / chosen.total() >= 0.05, chosen
    assert sum(chosen[s] for s in ("Butterfly", "Iron_Condor", "Vertical", "No_Trade")) / chosen.total() > 0.98, chosen


def test_every_slot_that_answers_is_high_on_10_to_45_percent_of_days(real: Market, system: ProductionMLSystem) -> None:
    """On the days after the training, from 09:45 to 15:45: no slot is HIGH by its hour."""
    forecaster, table = system.predictor.model.forecaster, session_table()
    at = np.arange(FIRST_ENTRY, FULL_DAY_BARS - LAST_ENTRY + 1) - 1
    high = []
    for symbol in ("SPY", "QQQ"):
        series = real.bars[symbol]
        rows, positions = complete_days(series, table.position(LAST_TRAINING_DAY) + 1, table.position(date(2025, 8, 8)))
        for row, place in zip(rows.tolist(), positions[:, 0].tolist(), strict=True):
            vix = float(values_on(real.vix.starts, real.vix.open, row, row + 1)[0])
            today = today_of(series[place : place + FULL_DAY_BARS], DayHistory.before(row, series, real.vix), vix)
            forecast = forecaster.predict(rows_at(today, at, symbol, forecaster.terciles))
            high.append((forecast.call_confidence >= HIGH) & (forecast.chosen < len(BASE_STRATEGIES)))
    assert len(high) > 150
    share = np.mean(high, axis=0)
    assert share.shape == (73,)
    assert ((share >= 0.10) & (share <= 0.45)).all(), share.round(2).tolist()


@pytest.mark.parametrize(("day", "slots"), [(date(2025, 4, 9), 76), (date(2024, 11, 29), 40)])
def test_wild_and_half_days_are_answered(system: ProductionMLSystem, real: Market, day: date, slots: int) -> None:
    """The day of the largest rise since 2008 and a half day: a prediction at every trained slot, for both symbols."""
    row = session_table().position(day)
    for symbol in ("SPY", "QQQ"):
        for slot in range(3, slots):
            at = session_table().sessions[row].open_at + timedelta(minutes=5 * slot, seconds=5)
            result = parse_answer(system.predict(**prediction_arguments(state_at(real, symbol, row, at))))
            assert isinstance(result, Prediction), (symbol, slot, result)


@pytest.mark.parametrize(
    "day",
    [date(2018, 6, 12), date(2020, 4, 7), date(2020, 11, 30), date(2024, 11, 6), date(2024, 12, 2), date(2025, 4, 9)],
)
async def test_the_host_gives_the_bars_that_training_used(real: Market, system: ProductionMLSystem, day: date) -> None:
    """Observed through the host's own replay, the row is that of the training, bit for bit, after odd days too."""
    data = symbol_days("SPY", real.bars["SPY"], real.vix)
    n = data.days.tolist().index(session_table().position(day))
    clock = FixedClock(session_table().sessions[session_table().position(day)].open_at)
    options = EngineConfig(symbols=("SPY",), kill_switch_file=Path("none"))
    observer = MarketObserver(ReplayProvider(real_data_dir(), clock), clock, options)
    opened = clock.instant
    for entry in (0, 4, 15, 24):
        clock.instant = opened + timedelta(minutes=5 * int(ENTRY_BARS[entry]), seconds=5)
        arguments = prediction_arguments(await observer.observe("SPY", with_chain=False))
        inputs = PredictionInputs.from_frames(arguments["bar_data"], arguments["vix_data"], arguments["current_time"])
        rows = serving_rows(inputs, inputs.today, system.predictor.model.forecaster.terciles, DayHistoryCache())
        assert np.array_equal(rows.features[0], data.features[n, entry], equal_nan=True)


class FixedClock(OneTime):
    """A clock that stands where the test puts it."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        """Return the instant."""
        return self.instant

    def enter(self, participant: str) -> None:
        """Nobody waits here."""

    def leave(self, participant: str) -> None:
        """Nobody waits here."""

    async def sleep_until(self, instant: datetime, participant: str) -> None:
        """Nobody waits here."""
        raise AssertionError(f"{participant} waits for {instant}")

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:
        """Nobody waits here."""
        raise AssertionError(f"{participant} waits for {instant}")


def test_two_sources_give_close_predictions_for_a_week(real: Market) -> None:
    """The week of 2019-02-11 stands in two files; all of it is taken from the three-year file, the first by name."""
    table = session_table()
    first, end = (table.sessions[table.position(date(2019, 2, day))].open_at for day in (11, 19))
    week = real.bars["SPY"].between(first, end)
    rows = pd.read_parquet(real_data_dir() / "spy_5m_2018_2020.parquet")
    rows = rows[(rows["ts_utc"] >= first) & (rows["ts_utc"] < end)]
    np.testing.assert_array_equal(week.close, rows["close"])
    np.testing.assert_array_equal(week.volume, rows["volume"])
