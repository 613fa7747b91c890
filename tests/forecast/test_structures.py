"""The canonical structures: closed forms for many rows, held against the option mathematics of single orders."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.domain.structure import vertical_of
from magic8_companion.options.distribution import Lognormal
from magic8_companion.options.odds import expected_payoff, win_probability
from magic8_companion.options.payoff import Leg, payoff, profile
from magic8_companion.options.structures import butterfly, iron_condor, vertical
from magic8_ml.forecast.forecaster import Outcomes
from magic8_ml.forecast.structures import (
    COST_PER_CONTRACT,
    SHAPES,
    SPREADS,
    VERTICALS,
    StructureTrades,
    price_structures,
    select_strategies,
)

SPOT = 6000.0


def legs_of(s: float) -> list[tuple[Leg, ...]]:
    """Build the six orders by the constructors that people's orders go through."""

    def strikes(*multiples: float) -> list[float]:
        return [SPOT * (1 + multiple * s) for multiple in multiples]

    return [
        butterfly(strikes(-1, 0, 1), "C"),
        iron_condor(strikes(-1.6, -1, 1, 1.6)),
        vertical(strikes(-1.35, -0.75), "P", -1),
        vertical(strikes(0.75, 1.35), "C", -1),
        vertical(strikes(0, 0.8), "C", 1),
        vertical(strikes(-0.8, 0), "P", 1),
    ]


@pytest.mark.parametrize("s", [0.0005, 0.002, 0.01, 0.04])
def test_prices_odds_and_losses_are_those_of_single_orders(s: float) -> None:
    """Premium, probability of a gain and largest loss equal what payoff, profile and odds say of the same legs."""
    trades, market = price_structures(np.array([s])), Lognormal(mean=SPOT, total_vol=s)
    for n, legs in enumerate(legs_of(s)):
        cost = float(trades.cost[0, n]) * SPOT
        fees = COST_PER_CONTRACT * SHAPES[n].contracts * SPOT
        assert cost == pytest.approx(expected_payoff(legs, market) + fees, abs=1e-6)
        assert profile(legs, cost).max_loss == pytest.approx(float(trades.largest_loss[0, n]) * SPOT, abs=1e-6)
        assert win_probability(legs, cost, market) == pytest.approx(float(trades.implied[0, n]), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0005, 0.04), st.floats(-4, 4))
def test_results_are_those_of_single_orders(s: float, deviations: float) -> None:
    """Settle anywhere: net result and the question of a gain equal the payoff of the legs less their cost."""
    trades, move = price_structures(np.array([s])), np.array([deviations * s])
    net, won = trades.net(move)[0], trades.won(move)[0]
    for n, legs in enumerate(legs_of(s)):
        result = float(payoff(legs, SPOT * np.exp(move[0]))) / SPOT - trades.cost[0, n]
        assert net[n] * trades.largest_loss[0, n] == pytest.approx(result, abs=1e-12)
        if abs(result) > 1e-12:
            assert won[n] == (result > 0)


def test_where_costs_eat_the_credit_nothing_can_be_won() -> None:
    """Minutes before the close the condor's credit is below its costs: no settlement ends in a gain."""
    late = price_structures(np.array([0.0002]))
    assert late.cost[0, 1] > 0
    assert late.implied[0, 1] == 0
    assert not late.won(np.array([0.0]))[0, 1]


def test_the_fair_value_of_every_structure_is_its_cost_of_trading() -> None:
    """Under the price's own lognormal no structure earns anything: the expected result is minus the costs."""
    s = 0.01
    trades = price_structures(np.array([s]))
    draws = np.exp(s * np.random.default_rng(1).standard_normal(400_000) - s * s / 2)
    many = StructureTrades(
        **{name: np.repeat(getattr(trades, name), len(draws), axis=0) for name in ("s", "cost", "low", "high")}
    )
    np.testing.assert_allclose(many.net(np.log(draws)).mean(axis=0), trades.fair_value[0], atol=0.004)


def test_a_path_that_reached_a_short_strike_has_touched_it() -> None:
    """The condor's shorts lie one sigma out; debit spreads have nothing that must not be reached."""
    outcomes = Outcomes(
        realised=np.full(2, 1e-4),
        move=np.zeros(2),
        highest=np.array([0.002, 0.0101]),
        lowest=np.array([-0.002, -0.002]),
    )
    touched = price_structures(np.array([0.01, 0.01])).touched(outcomes)
    assert not touched[0].any()
    assert touched[1].tolist() == [True, True, False, True, False, False]


def test_each_vertical_has_the_right_action_and_side_of_its_payoff() -> None:
    """The named side gains far above the strikes when it is bull, far below when it is bear."""
    for name, spread, legs in zip(VERTICALS, SPREADS, legs_of(0.01)[2:], strict=True):
        assert spread.structure == f"{name.replace('_', ' ')} vertical"
        assert vertical_of(legs) == spread
        below, above = payoff(legs, [0.5 * SPOT, 2 * SPOT]).tolist()
        assert spread.side == ("bull" if above > below else "bear")


def test_the_meant_vertical_is_picked_row_by_row() -> None:
    """Columns behind the first two are the four verticals; a stack of columns is picked alike."""
    columns = np.arange(12.0).reshape(2, 6)
    meant = np.array([0, 3])
    picked = select_strategies(columns, meant)
    assert picked.tolist() == [[0, 1, 2], [6, 7, 11]]
    assert np.array_equal(select_strategies(np.stack((columns, -columns)), meant), np.stack((picked, -picked)))
