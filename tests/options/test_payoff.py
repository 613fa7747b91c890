"""Payoffs are piecewise linear: bounds, additivity, parity and break-evens hold for any legs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.options.payoff import Leg, LegTable, Profile, leg_table, payoff, profile
from magic8_companion.options.structures import butterfly, iron_butterfly, iron_condor, vertical

legs = st.builds(
    Leg,
    right=st.sampled_from("CP"),
    strike=st.integers(1, 200).map(float),
    quantity=st.integers(-3, 3).filter(bool),
)
positions = st.lists(legs, min_size=1, max_size=6)
levels = st.floats(0, 400)
three_strikes = st.lists(st.integers(1, 100), min_size=3, max_size=3, unique=True)
four_strikes = st.lists(st.integers(1, 100), min_size=4, max_size=4, unique=True)


@given(positions, positions, levels)
def test_payoffs_add_up(one: list[Leg], other: list[Leg], level: float) -> None:
    """Two positions are worth the sum of what each is worth."""
    assert payoff(one + other, level) == pytest.approx(float(payoff(one, level) + payoff(other, level)))


@given(positions, levels, st.floats(-50, 50))
def test_no_settlement_leaves_the_bounds(position: list[Leg], level: float, cost: float) -> None:
    """Maximum and minimum of the profile bound every result; an open side is None."""
    result, bounds = float(payoff(position, level)) - cost, profile(position, cost)
    assert bounds.max_profit is None or result <= bounds.max_profit + 1e-6
    assert bounds.max_loss is None or result >= -bounds.max_loss - 1e-6


@given(positions, st.integers(-5000, 5000))
def test_break_evens_separate_winning_from_losing(position: list[Leg], cents: int) -> None:
    """A cost that no payoff equals: the sign changes at every break-even and nowhere else."""
    cost = cents / 100 + 0.005
    breakevens = profile(position, cost).breakevens
    for level in breakevens:
        before, after = payoff(position, [level - 1e-4, level + 1e-4]) - cost
        assert before * after < 0
    wins = payoff(position, np.arange(0, 5500) + 0.001) - cost > 0
    assert np.count_nonzero(wins[1:] != wins[:-1]) <= len(breakevens)


@given(three_strikes, levels)
def test_call_and_put_butterflies_with_equal_strikes_differ_by_a_forward_of_unequal_wings(
    strikes: list[int], level: float
) -> None:
    """Parity: calls minus puts is the constant (low + high - 2 middle) with opposite sign, zero for equal wings."""
    low, middle, high = sorted(strikes)
    difference = payoff(butterfly(strikes, "C"), level) - payoff(butterfly(strikes, "P"), level)
    assert float(difference) == pytest.approx(2 * middle - low - high)


@given(three_strikes, levels)
def test_an_iron_butterfly_is_a_butterfly_less_its_lower_wing(strikes: list[int], level: float) -> None:
    """Selling the iron one pays what the call butterfly pays, minus the lower width."""
    low, middle, _ = sorted(strikes)
    difference = payoff(butterfly(strikes, "C"), level) - payoff(iron_butterfly(strikes), level)
    assert float(difference) == pytest.approx(middle - low)


@given(four_strikes, levels)
def test_a_condor_is_two_verticals(strikes: list[int], level: float) -> None:
    """The sold condor is a sold put vertical and a sold call vertical, in any order of the strikes."""
    low, put, call, high = sorted(strikes)
    two = [*vertical([low, put], "P", -1), *vertical([call, high], "C", -1)]
    assert float(payoff(iron_condor(strikes), level)) == float(payoff(two, level))


@given(three_strikes, st.sampled_from("CP"), st.floats(-20, 20))
def test_selling_is_the_negative_of_buying(strikes: list[int], right: str, cost: float) -> None:
    """Maximum loss and maximum profit change places."""
    bought, sold = profile(butterfly(strikes, right), cost), profile(butterfly(strikes, right, -1), -cost)
    assert (bought.max_profit, bought.max_loss) == pytest.approx((sold.max_loss, sold.max_profit))


@given(positions, st.integers(-5000, 5000))
def test_arrays_and_plain_floats_give_one_profile(position: list[Leg], cents: int) -> None:
    """Extremes and break-evens of any legs, open sides included, are the same from the table and from floats."""
    cost = cents / 100 + 0.005
    one, many = profile(position, cost), leg_table(position).profiles(np.asarray(cost))
    assert float(many.best) == pytest.approx(np.inf if one.max_profit is None else one.max_profit)
    assert -float(many.worst) == pytest.approx(np.inf if one.max_loss is None else one.max_loss)
    found = many.breakevens[~np.isnan(many.breakevens)]
    assert found.tolist() == pytest.approx(list(one.breakevens))
    assert (found.size, bool(many.first_wins)) == (np.count_nonzero(many.direction), payoff(position, 0.0) > cost)


@given(positions)
def test_extremes_are_those_of_the_profile_without_cost(position: list[Leg]) -> None:
    """The least and greatest payoff of a table bound its profile at cost 0, also in an open tail."""
    found = leg_table(position).profiles(np.asarray(0.0))
    low, high = leg_table(position).extremes()
    assert (float(low), float(high)) == pytest.approx((float(found.worst), float(found.best)))


def test_padding_changes_nothing() -> None:
    """A trade of two legs in a table of four keeps its payoff, extremes and break-even."""
    padded = LegTable(
        strikes=np.array([[100.0, 105, 105, 105]]), quantity=np.array([[1, -1, 0, 0]]), is_call=np.ones((1, 4), bool)
    )
    found = padded.profiles(np.array([2.0]))
    assert [float(edge) for edge in (found.best[0], found.worst[0])] == [3.0, -2.0]
    assert found.breakevens[~np.isnan(found.breakevens)].tolist() == [102.0]
    assert padded.extremes()[0].tolist() == [0.0]
    assert padded.extremes()[1].tolist() == [5.0]


def test_the_probability_of_a_profit_counts_the_winning_intervals() -> None:
    """A butterfly wins between its break-evens: P(below the upper) minus P(below the lower)."""
    fly = leg_table(butterfly([100, 110, 120], "C")).profiles(np.asarray(5.0))
    below = np.where(fly.breakevens < 110, 0.25, 0.75)
    assert float(fly.win_probability(below)) == 0.5


def test_an_open_side_is_none() -> None:
    """A bought call can win without limit, a sold one lose without limit; a sold put only down to zero."""
    assert profile([Leg(right="C", strike=100.0, quantity=1)], 2.0) == Profile(
        max_profit=None, max_loss=2.0, below=-2.0, above=None, breakevens=(102.0,)
    )
    assert profile([Leg(right="C", strike=100.0, quantity=-1)], -2.0).max_loss is None
    assert profile([Leg(right="P", strike=100.0, quantity=-1)], -2.0).max_loss == 98.0
    assert profile([Leg(right="P", strike=100.0, quantity=-1)], -2.0).below is None


@pytest.mark.parametrize(("cost", "breakevens"), [(0.0, (100.0, 120.0)), (10.0, ()), (5.0, (105.0, 115.0))])
def test_a_result_of_exactly_zero_is_no_profit(cost: float, breakevens: tuple[float, ...]) -> None:
    """A free butterfly wins only between its wings, one at full price nowhere."""
    assert profile(butterfly([100, 110, 120], "C"), cost).breakevens == breakevens


def test_actions_are_named() -> None:
    """The sign of the quantity is the action."""
    assert [leg.action for leg in vertical([100, 105], "P")] == ["SELL", "BUY"]
