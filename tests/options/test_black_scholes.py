"""Prices and Greeks against a high-precision reference, an independent library and the laws they must obey."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vollib.black_scholes_merton import black_scholes_merton
from vollib.black_scholes_merton.greeks import analytical

from magic8_companion.options import black_scholes
from magic8_companion.options.black_scholes import CALL, PUT, right_sign

YEAR_SECONDS = 365 * 86_400
GREEKS = black_scholes.PriceAndGreeks._fields


def reference() -> dict[str, np.ndarray]:
    """Read 226 points computed with 400 digits; the Greeks there are numerical derivatives of the price."""
    with (Path(__file__).parent / "black_scholes_reference.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = {name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name != "right"}
    table["right"] = right_sign([row["right"] for row in rows])
    return table


def evaluate(name: str, table: dict[str, np.ndarray]) -> np.ndarray:
    """Call one function on the whole table."""
    function = getattr(black_scholes, name)
    inputs = (table["spot"], table["strike"], table["seconds"] / YEAR_SECONDS, table["rate"], table["vol"])
    return function(*inputs, table["right"], dividend_yield=table["dividend_yield"])


@pytest.mark.parametrize("name", GREEKS)
def test_each_value_agrees_with_the_reference_from_one_day_to_one_second(name: str) -> None:
    """The relative error stays below 1e-10 at strikes +-10 %, down to prices of 1e-285."""
    table = reference()
    assert np.max(np.abs(evaluate(name, table) / table[name] - 1)) < 1e-10


@pytest.mark.parametrize("name", GREEKS)
def test_the_joint_function_returns_what_the_single_ones_return(name: str) -> None:
    """``greeks`` is a shared computation, not a second formula."""
    table = reference()
    inputs = (table["spot"], table["strike"], table["seconds"] / YEAR_SECONDS, table["rate"], table["vol"])
    joint = black_scholes.greeks(*inputs, table["right"], dividend_yield=table["dividend_yield"])
    np.testing.assert_array_equal(getattr(joint, name), evaluate(name, table))


@pytest.mark.parametrize("right", ["c", "p"])
def test_a_library_of_others_agrees(right: str) -> None:
    """Vollib gives the same price, delta, gamma, vega and theta in its own units."""
    point = (6012.5, 6025.0, 3 / (24 * 365), 0.045, 0.14, 0.012)
    spot, strike, years, rate, vol, dividend_yield = point
    own = black_scholes.greeks(spot, strike, years, rate, vol, right_sign(right), dividend_yield=dividend_yield)
    args = (right, *point[:2], years, rate, vol, dividend_yield)
    assert float(own.price) == pytest.approx(black_scholes_merton(*args), rel=1e-10)
    assert float(own.delta) == pytest.approx(analytical.delta(*args), rel=1e-10)
    assert float(own.gamma) == pytest.approx(analytical.gamma(*args), rel=1e-10)
    assert float(own.vega) / 100 == pytest.approx(analytical.vega(*args), rel=1e-10)
    assert float(own.theta) / 365 == pytest.approx(analytical.theta(*args), rel=1e-10)


markets = {
    "spot": st.floats(1.0, 30_000.0),
    "ratio": st.floats(0.5, 2.0),
    "years": st.floats(1e-9, 0.01),
    "rate": st.floats(-0.02, 0.1),
    "vol": st.floats(0.01, 5.0),
}


@given(**markets)
def test_call_minus_put_is_the_discounted_forward_minus_strike(
    spot: float, ratio: float, years: float, rate: float, vol: float
) -> None:
    """Put-call parity holds to rounding."""
    strike = spot * ratio
    call, put = (float(black_scholes.price(spot, strike, years, rate, vol, right)) for right in (CALL, PUT))
    assert call - put == pytest.approx(spot - strike * np.exp(-rate * years), rel=1e-12, abs=1e-12 * spot)


@given(**markets)
def test_a_price_lies_between_intrinsic_value_and_its_upper_bound(
    spot: float, ratio: float, years: float, rate: float, vol: float
) -> None:
    """A call is worth at most the spot, a put at most the discounted strike, both at least their intrinsic value."""
    strike = spot * ratio
    present = strike * np.exp(-rate * years)
    call, put = (float(black_scholes.price(spot, strike, years, rate, vol, right)) for right in (CALL, PUT))
    slack = 1e-12 * spot
    assert max(spot - present, 0) - slack <= call <= spot + slack
    assert max(present - spot, 0) - slack <= put <= present + slack


anything = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, 1.0, 100.0, 6000.0, 1e-320, 1e300, np.inf, np.nan]))


@given(spot=anything, strike=anything, years=anything, rate=anything, vol=anything, right=st.sampled_from([1, -1, 0]))
def test_no_input_makes_an_infinite_answer_or_a_warning(
    spot: float, strike: float, years: float, rate: float, vol: float, right: float
) -> None:
    """Whatever comes in, what comes out is a finite number or NaN, the flag for no answer."""
    answer = black_scholes.greeks(spot, strike, years, rate, vol, right, dividend_yield=0.01)
    assert not np.isinf(np.stack(answer)).any()


@given(**markets)
def test_a_sensible_market_always_has_all_its_greeks(
    spot: float, ratio: float, years: float, rate: float, vol: float
) -> None:
    """NaN is for impossible inputs, never for far strikes or the last second."""
    assert np.isfinite(np.stack(black_scholes.greeks(spot, spot * ratio, years, rate, vol, CALL))).all()


@pytest.mark.parametrize(
    "change", [{"spot": 0.0}, {"strike": -1.0}, {"years": -1e-9}, {"vol": -0.1}, {"right": 0.5}, {"rate": np.nan}]
)
def test_impossible_inputs_are_flagged_by_nan(change: dict[str, float]) -> None:
    """Each impossible input alone makes the answer NaN."""
    inputs = {"spot": 100.0, "strike": 101.0, "years": 1e-3, "rate": 0.05, "vol": 0.2, "right": CALL} | change
    assert np.isnan(np.stack(black_scholes.greeks(**inputs))).all()


@pytest.mark.parametrize(("right", "expected"), [(CALL, 3.0), (PUT, 0.0)])
def test_at_settlement_the_price_is_intrinsic_and_greeks_do_not_exist(right: float, expected: float) -> None:
    """With no time left the price is the payoff and the Greeks are flagged."""
    value, *others = black_scholes.greeks(103.0, 100.0, 0.0, 0.05, 0.2, right)
    assert float(value) == expected
    assert np.isnan(np.stack(others)).all()


def test_a_dividend_yield_equal_to_the_rate_is_black_76() -> None:
    """Then spot plays the forward: call and put at the forward cost the same."""
    call, put = (black_scholes.price(100.0, 100.0, 0.002, 0.05, 0.2, right, dividend_yield=0.05) for right in (1, -1))
    assert float(call) == float(put)


def test_inputs_broadcast() -> None:
    """A column of spots against a row of strikes gives a grid."""
    spots, strikes = np.array([[99.0], [100.0], [101.0]]), np.array([98.0, 102.0])
    assert black_scholes.price(spots, strikes, 1e-3, 0.0, 0.2, CALL).shape == (3, 2)
