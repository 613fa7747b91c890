"""Small parts of the model: the map of strategies, ranks, and the region that was seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.domain.strategy import BASE_STRATEGIES, NO_TRADE, TIE_ORDER
from magic8_ml.features.labels import BUCKETS
from magic8_ml.models.bounds import Bounds
from magic8_ml.models.confidence import ReferenceRanks
from magic8_ml.models.strategy_view import DIRECTIONS, OUTCOMES, REGIMES, choose, strategy_probabilities


def cell(direction: str, regime: str) -> np.ndarray:
    """Return a joint that is sure of one cell."""
    joint = np.zeros((1, 3, 3))
    joint[0, DIRECTIONS.index(direction), REGIMES.index(regime)] = 1
    return joint


@pytest.mark.parametrize(
    ("regime", "direction", "strategy"),
    [
        ("low", "neutral", "Butterfly"),
        ("low", "bearish", "Iron_Condor"),
        ("low", "bullish", "Iron_Condor"),
        ("normal", "neutral", "Iron_Condor"),
        ("normal", "bullish", "Vertical"),
        ("normal", "bearish", "Vertical"),
        ("high", "bullish", "Vertical"),
        ("high", "bearish", "Vertical"),
        ("high", "neutral", "No_Trade"),
    ],
)
def test_each_cell_belongs_to_its_strategy(regime: str, direction: str, strategy: str) -> None:
    """A butterfly sells volatility around a pin: it belongs to LOW volatility, never to high."""
    assert strategy_probabilities(cell(direction, regime))[0, OUTCOMES.index(strategy)] == 1


def test_equal_ranks_follow_the_order_of_ties() -> None:
    """Iron_Condor before Vertical before Butterfly."""
    ranks = np.full((1, len(OUTCOMES)), 0.9)
    joint = np.full((1, 3, 3), 1 / 9)
    for name in TIE_ORDER:
        assert OUTCOMES[int(choose(joint, ranks, 0.65)[0])] == name
        ranks[0, OUTCOMES.index(name)] = 0.8


def test_no_trade_needs_its_cell_and_the_absence_of_a_good_strategy() -> None:
    """A quiet direction in high volatility vetoes only what does not rank at the threshold."""
    ranks = np.array([[0.3, 0.2, 0.6, 0.9]])
    veto, other = cell("neutral", "high"), cell("neutral", "low")
    assert OUTCOMES[int(choose(veto, ranks, 0.65)[0])] == NO_TRADE
    assert OUTCOMES[int(choose(veto, ranks, 0.60)[0])] == "Vertical"
    assert OUTCOMES[int(choose(other, ranks, 0.65)[0])] == "Vertical"


def references(n_rows: int = 400) -> tuple[ReferenceRanks, np.ndarray]:
    """Collect random strategy probabilities in all buckets."""
    probabilities = np.random.default_rng(4).dirichlet(np.ones(4), n_rows * BUCKETS)
    return ReferenceRanks.collect(probabilities, np.tile(np.arange(BUCKETS), n_rows)), probabilities


def test_every_strategy_is_outstanding_one_time_in_five() -> None:
    """On draws of the same distribution each strategy ranks at 0.80 or above in 20 +- 3 %."""
    ranks, _ = references()
    fresh = np.random.default_rng(5).dirichlet(np.ones(4), 5_000)
    answer = ranks.ranks(fresh, np.arange(5_000) % BUCKETS)
    for strategy in BASE_STRATEGIES:
        assert abs((answer[:, OUTCOMES.index(strategy)] >= 0.8).mean() - 0.2) < 0.03


@given(st.floats(0, 1), st.integers(0, BUCKETS - 1))
def test_ranks_agree_with_counting(probability: float, bucket: int) -> None:
    """Mid-rank: those below count one, equals one half."""
    ranks, _ = references(50)
    past = ranks.values["Vertical"][bucket]
    p = round(probability, 6)
    counted = ((past < p).sum() + 0.5 * (past == p).sum()) / len(past)
    row = np.full((1, 4), probability)
    assert ranks.ranks(row, np.array([bucket]))[0, OUTCOMES.index("Vertical")] == pytest.approx(counted, abs=5e-5)


def test_ranks_survive_the_file() -> None:
    """The plain form holds everything; a bucket without references is refused."""
    ranks, probabilities = references(20)
    plain = ranks.as_json()
    buckets = np.arange(len(probabilities)) % BUCKETS
    again = ReferenceRanks.from_json(plain)
    assert np.array_equal(again.ranks(probabilities, buckets), ranks.ranks(probabilities, buckets))
    plain["Butterfly"][3] = []
    with pytest.raises(ValueError, match="no reference"):
        ReferenceRanks.from_json(plain)


NAMES = ("a", "b", "c", "d", "e")


def test_far_values_are_named_and_near_ones_are_not() -> None:
    """Half a range beyond what was seen is still like it; further is not."""
    seen = Bounds.of(np.random.default_rng(6).uniform(0, 1, (500, 5)))
    assert seen.offenders(np.array([1.4, -0.4, 0.5, 0.5, np.nan]), NAMES) == ()
    assert seen.offenders(np.array([1.6, 0.5, 0.5, -0.6, 0.5]), NAMES) == ("a", "d")


def test_too_many_unknown_values_are_named() -> None:
    """Three missing values that never were missing are borne, four are not; a column that used to miss is."""
    nan = np.nan
    rows = np.random.default_rng(7).uniform(0, 1, (500, 5))
    rows[0, 4] = nan
    seen = Bounds.of(rows)
    assert seen.offenders(np.array([nan, nan, nan, 0.5, nan]), NAMES) == ()
    assert seen.offenders(np.array([nan, nan, nan, nan, 0.5]), NAMES) == ("a", "b", "c", "d")


def test_bounds_survive_the_file() -> None:
    """The plain form holds everything, a column never seen included."""
    rows = np.random.default_rng(8).uniform(0, 1, (50, 5))
    rows[:, 2] = np.nan
    seen = Bounds.of(rows)
    again = Bounds.from_json(seen.as_json())
    for row in (np.array([0.5, 0.5, 7.0, 0.5, 0.5]), np.array([9.0, 0.5, np.nan, 0.5, 0.5])):
        assert again.offenders(row, NAMES) == seen.offenders(row, NAMES)
