"""The payoff of a million trades at once is the payoff of each trade by the option maths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.domain.errors import OrderRefused
from magic8_companion.domain.strategy import HISTORY_STRATEGIES
from magic8_companion.options.payoff import payoff
from magic8_companion.options.risk_reward import calculate_risk_reward
from magic8_companion.options.structures import STRIKE_COUNT, build
from magic8_ml.history.order_sentences import BUY, RIGHTS, SELL
from magic8_ml.history.settlement import build_structures, profit_bounds_usd, profit_usd

COUNTS = STRIKE_COUNT | {"Sonar": 4}


@st.composite
def trades(draw: st.DrawFn) -> tuple[str, tuple[float, ...], str, str, float, float]:
    """Draw strategy, ascending strikes, right, action, premium and close."""
    strategy = draw(st.sampled_from(HISTORY_STRATEGIES))
    strikes = draw(st.lists(st.integers(20, 400), min_size=COUNTS[strategy], max_size=COUNTS[strategy], unique=True))
    right = "CALL/PUT" if COUNTS[strategy] == 4 else draw(st.sampled_from(["CALL", "PUT"]))
    premium = draw(st.integers(1, 900)) / 100
    close = draw(st.integers(0, 4500)) / 10
    return (
        strategy,
        tuple(sorted(s / 2 for s in strikes)),
        right,
        draw(st.sampled_from(["BUY", "SELL"])),
        premium,
        close,
    )


@given(st.lists(trades(), min_size=1, max_size=20))
def test_settlement_equals_the_option_maths(drawn: list[tuple[str, tuple[float, ...], str, str, float, float]]) -> None:
    """Payoff, profit and bounds of every structure agree with the scalar functions to the cent."""
    strategy = np.array([HISTORY_STRATEGIES.index(name) for name, *_ in drawn])
    strikes = np.array([[*levels, *[np.nan] * (4 - len(levels))] for _, levels, *_ in drawn])
    right = np.array([RIGHTS.index(name) for _, _, name, *_ in drawn])
    action = np.array([BUY if name == "BUY" else SELL for _, _, _, name, *_ in drawn])
    premium, close = np.array([trade[4] for trade in drawn]), np.array([trade[5] for trade in drawn])
    structures = build_structures(strategy, strikes, right, action)
    worst, best = profit_bounds_usd(structures, action, premium)
    profit, paid = profit_usd(structures, action, premium, close), structures.payoff(close[:, None])[:, 0]
    for n, (name, levels, side, act, price, at) in enumerate(drawn):
        legs = build(name, levels, act, "CALL" if side == "CALL/PUT" else side)
        expected = float(payoff(legs, at))
        assert paid[n] == pytest.approx(expected, abs=1e-9)
        sign = 1 if act == "BUY" else -1
        assert profit[n] == pytest.approx(100 * (expected - sign * price), abs=1e-6)
        assert structures.contracts[n] == sum(abs(leg.quantity) for leg in legs)
        try:
            risk = calculate_risk_reward(name, levels, price, act, 1, "CALL" if side == "CALL/PUT" else side)
        except OrderRefused:
            continue
        assert (-worst[n], best[n]) == pytest.approx((risk.max_loss, risk.max_profit), abs=1e-6)


@pytest.mark.parametrize(
    ("strategy", "strikes", "right", "action"),
    [
        (0, [5.0, 6.0, np.nan, np.nan], 0, BUY),
        (0, [5.0, 6.0, 7.0, np.nan], 2, BUY),
        (1, [5.0, 6.0, 7.0, 8.0], 0, SELL),
        (2, [5.0, 6.0, np.nan, np.nan], -1, SELL),
        (2, [5.0, 6.0, np.nan, np.nan], 0, 0),
    ],
)
def test_what_is_no_structure_has_no_payoff(strategy: int, strikes: list[float], right: int, action: int) -> None:
    """Wrong number of strikes, wrong right or no action: unknown, never 0."""
    structures = build_structures(np.array([strategy]), np.array([strikes]), np.array([right]), np.array([action]))
    assert not structures.known[0]
    assert np.isnan(profit_usd(structures, np.array([action]), np.array([1.0]), np.array([6.5])))[0]
    assert np.isnan(profit_bounds_usd(structures, np.array([action]), np.array([1.0]))).all()
