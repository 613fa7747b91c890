"""Distributions agree with themselves, and the odds of structures with numerical integration and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.options.chain_quotes import clean_chain
from magic8_companion.options.costs import Fill, net_cost, opening_fees
from magic8_companion.options.distribution import (
    Distribution,
    Lognormal,
    ScaledResiduals,
    SmileImplied,
    expected_put,
)
from magic8_companion.options.odds import evaluate, expected_payoff, touch_probability, win_probability
from magic8_companion.options.payoff import Leg, payoff
from magic8_companion.options.products import Fees, product
from magic8_companion.options.smile import fit_smile
from magic8_companion.options.structures import butterfly, iron_butterfly, iron_condor, vertical
from tests.options.chains import simulated_chain, with_row

SPOT = 6244.43
LOGNORMAL = Lognormal(mean=SPOT, total_vol=0.0032)
RESIDUALS = np.random.default_rng(3).standard_t(5, 4000)


def makers() -> dict[str, Distribution]:
    """Return one distribution of each kind with nearly the same width."""
    return {
        "lognormal": LOGNORMAL,
        "smile": SmileImplied(smile=fit_smile(clean_chain(simulated_chain()))),
        "residuals": ScaledResiduals(mean=SPOT, scale=0.0026, residuals=RESIDUALS),
    }


@pytest.mark.parametrize("kind", ["lognormal", "smile", "residuals"])
def test_every_distribution_keeps_the_contract(kind: str) -> None:
    """The mean, the distribution function, the quantiles and the expected calls describe one and the same thing."""
    distribution = makers()[kind]
    probabilities = (np.arange(20_000) + 0.5) / 20_000
    levels = distribution.quantile(probabilities)
    assert levels.mean() == pytest.approx(distribution.mean, rel=2e-5)
    assert np.diff(levels).min() >= 0
    np.testing.assert_allclose(distribution.cdf(levels), probabilities, atol=3e-4)
    strikes = SPOT + np.array([-60.0, -10.0, 0.0, 15.0, 50.0])
    simulated = np.maximum(levels - strikes[:, None], 0).mean(axis=1)
    np.testing.assert_allclose(distribution.expected_call(strikes), simulated, atol=0.02)
    np.testing.assert_allclose(
        expected_put(distribution, strikes), np.maximum(strikes[:, None] - levels, 0).mean(axis=1), atol=0.12
    )


@pytest.mark.parametrize("kind", ["lognormal", "smile", "residuals"])
@pytest.mark.parametrize(
    ("legs", "cost"),
    [
        (butterfly([6220, 6245, 6270], "C"), 8.0),
        (butterfly([6220, 6250, 6270], "P"), 4.0),
        (iron_butterfly([6220, 6245, 6270]), -17.0),
        (iron_condor([6200, 6210, 6280, 6290]), -1.5),
        (vertical([6230, 6240], "P", -1), -4.0),
        (vertical([6240, 6260], "C"), 9.0),
    ],
)
def test_odds_agree_with_a_million_settlements(kind: str, legs: tuple[Leg, ...], cost: float) -> None:
    """Win probability, expected value and tail loss equal those of a plain simulation of the distribution."""
    distribution = makers()[kind]
    levels = distribution.quantile((np.arange(1_000_000) + 0.5) / 1_000_000)
    results = 100 * (payoff(legs, levels) - cost) - 4.4
    odds = evaluate(legs, cost, distribution, fees=4.4)
    assert odds.win_probability == pytest.approx((results > 0).mean(), abs=5e-4)
    assert odds.expected_value == pytest.approx(results.mean(), abs=2.0)
    assert odds.cvar == pytest.approx(-np.sort(results)[:50_000].mean(), rel=2e-3, abs=0.5)


@given(st.floats(-3, 3), st.floats(0.5, 30))
def test_a_narrow_vertical_costs_its_probability(z: float, width: float) -> None:
    """The price over the width lies between the probabilities of settling above either strike."""
    distribution = LOGNORMAL
    low = SPOT * float(np.exp(0.0032 * z))
    price = expected_payoff(vertical([low, low + width], "C"), distribution) / width
    upper, lower = 1 - distribution.cdf([low, low + width])
    assert lower - 1e-9 <= price <= upper + 1e-9


def test_what_is_bought_at_the_model_price_has_no_expected_value() -> None:
    """Priced at its own distribution every structure is fair; fees are what is lost."""
    distribution = makers()["smile"]
    legs = iron_condor([6200, 6210, 6280, 6290])
    cost = expected_payoff(legs, distribution)
    assert evaluate(legs, cost, distribution, fees=4.04).expected_value == pytest.approx(-4.04)


def test_touch_probability_agrees_with_simulated_paths() -> None:
    """One-sided, two-sided and hit at once: Brownian paths of 4,000 steps give the same to two hundredths."""
    random = np.random.default_rng(11)
    steps = random.normal(0, 0.0032 / np.sqrt(4000), (4000, 4000)).cumsum(axis=1)
    high, low = SPOT * np.exp(steps.max(axis=1)), SPOT * np.exp(steps.min(axis=1))
    distribution = LOGNORMAL
    assert touch_probability([6270.0], distribution) == pytest.approx((high >= 6270).mean(), abs=0.02)
    assert touch_probability([6225.0], distribution) == pytest.approx((low <= 6225).mean(), abs=0.02)
    either = ((high >= 6265) | (low <= 6225)).mean()
    assert touch_probability([6225.0, 6265.0], distribution) == pytest.approx(either, abs=0.02)
    assert touch_probability([SPOT], distribution) == pytest.approx(1.0, abs=0.01)
    assert touch_probability([], distribution) == 0.0


@given(st.floats(-0.02, 0.0), st.floats(0.0, 0.02))
def test_two_levels_are_touched_at_least_as_often_as_one(down: float, up: float) -> None:
    """The series of reflections stays a probability however near the levels are."""
    distribution = LOGNORMAL
    levels = SPOT * np.exp([down, up])
    either = touch_probability(levels, distribution)
    assert max(touch_probability([level], distribution) for level in levels) - 2e-3 <= either <= 1


def test_pins_are_only_near_short_strikes() -> None:
    """A short strike at the money is often within 0.1 % at settlement, one far away never."""
    distribution = LOGNORMAL
    near = evaluate(vertical([SPOT, SPOT + 10], "C", -1), -4.0, distribution)
    far = evaluate(vertical([SPOT + 90, SPOT + 100], "C", -1), -0.1, distribution)
    assert near.pin_probability == pytest.approx(0.245, abs=0.01)
    assert far.pin_probability < 1e-4


def test_a_structure_that_never_wins_has_probability_zero() -> None:
    """No break-even and a loss everywhere."""
    assert win_probability(vertical([6000, 6010], "C"), 10.5, LOGNORMAL) == 0.0


def test_residuals_must_be_enough_and_finite() -> None:
    """A distribution is not built from a handful of numbers or from NaN."""
    for residuals, scale in (([0.1] * 10, 0.01), ([np.nan] * 50, 0.01), (RESIDUALS, 0.0)):
        with pytest.raises(DataUnavailable, match="bad_distribution"):
            ScaledResiduals(mean=SPOT, scale=scale, residuals=residuals)


def test_costs_of_a_condor_from_its_quotes() -> None:
    """Mid, between and natural are one half-spread of every leg apart; fees follow each leg's premium."""
    quotes = clean_chain(simulated_chain())
    legs = iron_condor([6200, 6210, 6280, 6290])
    mid, between, natural = (net_cost(legs, quotes, fill) for fill in Fill)
    spreads = sum(
        (quotes.puts if leg.right == "P" else quotes.calls).half_spread[np.flatnonzero(quotes.strikes == leg.strike)[0]]
        for leg in legs
    )
    assert natural - mid == pytest.approx(spreads)
    assert between == pytest.approx((mid + natural) / 2)
    assert mid < 0
    assert opening_fees(legs, quotes, product("SPX").fees) == pytest.approx(4 * 0.65 + 0.36 * 3 + 0.45, abs=0.28)
    assert opening_fees(legs, quotes, Fees()) == pytest.approx(2.6)


def test_a_leg_without_a_believed_quote_has_no_cost() -> None:
    """Crossed, stale and unlisted legs are refused."""
    quotes = clean_chain(with_row(simulated_chain(), 6245.0, call_bid=9.0, call_ask=8.0))
    for strike in (6245.0, 6247.0):
        with pytest.raises(DataUnavailable, match="bad_leg"):
            net_cost([Leg(right="C", strike=strike, quantity=1)], quotes, Fill.MID)
