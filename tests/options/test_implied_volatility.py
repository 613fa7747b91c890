"""Implied volatility comes back from every price that carries it, and a reason from every price that does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vollib.black_scholes.implied_volatility import implied_volatility as vollib_implied_volatility

from magic8_companion.options.black_scholes import CALL, PUT, price
from magic8_companion.options.implied_volatility import Reason, implied_volatility


def test_random_volatilities_are_recovered() -> None:
    """20,000 prices from 1 second to 4 days and from 1 % to 500 %: error below 1e-8 wherever no reason is given."""
    random = np.random.default_rng(5)
    count = 20_000
    years, vol = 10 ** random.uniform(-7.5, -2, count), 10 ** random.uniform(-2, 0.7, count)
    strike = 6000 * np.exp(np.clip(random.normal(size=count) * vol * np.sqrt(years) * 4, -0.7, 0.7))
    right, rate = random.choice([CALL, PUT], count), random.choice([0.0, 0.05], count)
    answer = implied_volatility(price(6000, strike, years, rate, vol, right), 6000, strike, years, rate, right)
    solved = answer.reason == Reason.OK
    assert np.max(np.abs(answer.vol[solved] - vol[solved])) < 1e-8
    assert set(answer.reason[~solved].tolist()) == {Reason.NO_INFORMATION}
    assert np.isnan(answer.vol[~solved]).all()
    out_of_the_money = right * (strike - 6000 * np.exp(rate * years)) >= 0
    assert solved[out_of_the_money].all()


@given(
    distance=st.floats(-36.0, 36.0),
    years=st.floats(3e-8, 0.003),
    vol=st.floats(0.03, 5.0),
    rate=st.floats(0.0, 0.1),
)
def test_an_out_of_the_money_price_always_carries_its_volatility(
    distance: float, years: float, vol: float, rate: float
) -> None:
    """The round trip holds 36 standard deviations out."""
    strike = 6000 * np.exp(rate * years + distance * vol * np.sqrt(years))
    right = CALL if distance > 0 else PUT
    answer = implied_volatility(price(6000, strike, years, rate, vol, right), 6000, strike, years, rate, right)
    assert answer.reason == Reason.OK
    assert float(answer.vol) == pytest.approx(vol, rel=1e-8)


def test_a_price_below_the_normal_numbers_answers_rightly_or_not_at_all() -> None:
    """Between 1e-324 and 1e-300 a price loses its digits: no answer is off by more than 1e-8."""
    vol = np.linspace(0.4, 0.6, 20_001)
    value = price(5466.0, 4980.0, 2.68e-5, 0.0, vol, PUT)
    assert value[0] == 0 < value[-1]
    answer = implied_volatility(value, 5466.0, 4980.0, 2.68e-5, 0.0, PUT)
    solved = answer.reason == Reason.OK
    assert solved.any()
    assert np.max(np.abs(answer.vol / vol - 1)[solved]) < 1e-8


def test_a_library_of_others_agrees() -> None:
    """Vollib finds the same volatility for the same price."""
    own = implied_volatility(2.35, 6244.0, 6270.0, 0.00035, 0.04, CALL)
    assert float(own.vol) == pytest.approx(
        vollib_implied_volatility(2.35, 6244.0, 6270.0, 0.00035, 0.04, "c"), rel=1e-9
    )


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        (Reason.MISSING, {"price": np.nan}),
        (Reason.BAD_INPUT, {"spot": 0.0}),
        (Reason.BAD_INPUT, {"strike": np.nan}),
        (Reason.BAD_INPUT, {"right": 0.0}),
        (Reason.EXPIRED, {"years": 0.0}),
        (Reason.EXPIRED, {"years": -1e-4}),
        (Reason.NEGATIVE, {"price": -0.05}),
        (Reason.ZERO, {"price": 0.0}),
        (Reason.BELOW_INTRINSIC, {"strike": 90.0, "price": 9.99}),
        (Reason.NO_INFORMATION, {"strike": 90.0, "price": 10.0, "rate": 0.0}),
        (Reason.ABOVE_BOUND, {"price": 100.0}),
        (Reason.ABOVE_BOUND, {"price": 101.0, "right": PUT}),
        (Reason.OK, {}),
    ],
)
def test_a_price_without_volatility_has_a_reason(reason: Reason, change: dict[str, float]) -> None:
    """Each way of carrying no information has its own code and a NaN."""
    inputs = {"price": 1.0, "spot": 100.0, "strike": 101.0, "years": 0.002, "rate": 0.04, "right": CALL} | change
    answer = implied_volatility(**inputs)
    assert Reason(int(answer.reason)) is reason
    assert np.isnan(answer.vol) == (reason is not Reason.OK)


anything = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 100.0, 6000.0, 1e-320, 1e300, np.inf, np.nan]))


@given(price=anything, spot=anything, strike=anything, years=anything, rate=anything, right=st.sampled_from([1, -1, 0]))
def test_no_input_gets_an_unflagged_answer(
    price: float, spot: float, strike: float, years: float, rate: float, right: float
) -> None:
    """A volatility is finite and positive or NaN with a reason."""
    answer = implied_volatility(price, spot, strike, years, rate, right)
    assert bool(np.isfinite(answer.vol) and answer.vol > 0) == (answer.reason == Reason.OK)
