"""The acceptance of the rules: a year of real days, no chain, rules alone."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from benchmarks.rule_scores import ScoredDay, score_day, sixty_days
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.domain.trading_day import sessions_between
from magic8_companion.recordings.bar_folder import BarFolder, read_daily
from tests.real_data import real_data_dir

pytestmark = pytest.mark.real_data

HIGH = 65.0


@pytest.fixture(scope="module", params=["SPY", "QQQ"])
def scored_days(request: pytest.FixtureRequest) -> list[ScoredDay]:
    """Return every checkpoint of a year of one symbol."""
    folder = BarFolder(real_data_dir())
    vix = read_daily(real_data_dir() / "vix_daily_1990-2021_2024-2025-08.parquet").bars
    sessions = sessions_between(date(2024, 8, 9), date(2025, 8, 8))
    return [item for session in sessions for item in score_day(folder, vix, request.param, session, {})]


def test_a_year_was_scored(scored_days: list[ScoredDay]) -> None:
    """All checkpoints of 249 days, three of them half days with three checkpoints."""
    assert len(scored_days) == 249 * 4 - 3


@pytest.mark.parametrize("name", BASE_STRATEGIES)
def test_each_strategy_is_high_at_5_to_40_per_cent_of_checkpoints(scored_days: list[ScoredDay], name: str) -> None:
    """Over the year, and at every checkpoint of the day."""
    high = np.array([item.scores[name] >= HIGH for item in scored_days])
    walls = np.array([item.checkpoint for item in scored_days])
    assert 0.05 <= high.mean() <= 0.40
    for wall in np.unique(walls):
        assert 0.05 <= high[walls == wall].mean() <= 0.40


@pytest.mark.parametrize("name", BASE_STRATEGIES)
def test_so_it_is_in_every_window_of_60_trading_days(scored_days: list[ScoredDay], name: str) -> None:
    """Calm or wild, no quarter silences a strategy or calls everything HIGH."""
    low, high = sixty_days(scored_days, name)
    assert low >= 0.05
    assert high <= 0.40


@pytest.mark.parametrize("name", BASE_STRATEGIES)
def test_scores_are_spread(scored_days: list[ScoredDay], name: str) -> None:
    """The scale is used from below 20 to above 70, not a narrow band near HIGH."""
    scores = np.array([item.scores[name] for item in scored_days])
    low, high = np.quantile(scores, [0.05, 0.95])
    assert low < 20
    assert high > 70
    assert scores.std() > 15


def test_high_goes_with_what_the_strategy_wants(scored_days: list[ScoredDay]) -> None:
    """The expected range breaks less often after Butterfly or Iron_Condor HIGH, and more often after Vertical HIGH."""
    broken = np.array([item.excursion > 1 for item in scored_days])
    excess = {}
    for name in BASE_STRATEGIES:
        high = np.array([item.scores[name] >= HIGH for item in scored_days])
        excess[name] = broken[high].mean() - broken[~high].mean()
    assert excess["Butterfly"] < -0.05
    assert excess["Iron_Condor"] < -0.05
    assert excess["Vertical"] > 0.05
