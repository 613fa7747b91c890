"""Implied sigma, premium, anchor and costs against slow twins and numbers by hand."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.trading_day import require_session
from magic8_companion.options.payoff import payoff
from magic8_companion.options.products import product
from magic8_companion.options.structures import build
from magic8_ml.forecast.session_table import session_table
from magic8_ml.history.ledger_anchor import MIN_ANCHOR_DAYS, past_anchor
from magic8_ml.history.ledger_draws import draw_days
from magic8_ml.history.ledger_premium import leg_prices, model_value
from magic8_ml.history.ledger_structures import NAMES, QUANTITY, STRATEGIES, LedgerStructures, paid, structures_at
from magic8_ml.history.ledger_trades import slippage
from tests.history.simulated_ledger import bars, spy_ledger, vix

ACTIONS = ("BUY", "SELL", "SELL", "SELL", "BUY", "BUY")
RIGHTS = ("CALL", "CALL", "PUT", "CALL", "CALL", "PUT")


def variances(row: int, bars_done: int) -> tuple[float, float, float]:
    """Return a day's realised variance before and after an entry, and what the VIX open implied for the day."""
    session = session_table().sessions[row]
    day = bars("SPY").between(session.open_at, session.close_at)
    squared = np.diff(np.log(np.concatenate((day.open[:1], day.close)))) ** 2
    stamp = session_table().days[row] * 86_400 * 1_000_000_000
    opened = vix().open[np.searchsorted(vix().starts, stamp)]
    return squared[:bars_done].sum(), squared[bars_done:].sum(), (opened / 100) ** 2 / 252


@pytest.mark.parametrize("place", [0, 4000, 15000, 30000])
def test_implied_sigma_is_the_vix_times_the_trailing_share(place: int) -> None:
    """The definition, day by day: mean of RV_rem/(VIX^2/252) over 120 sessions, and pace to the power 0.45."""
    row = spy_ledger().slice(place, 1).to_pylist()[0]
    today = session_table().position(row["date"])
    done = int((row["timestamp"] - require_session(row["date"]).open_at) / timedelta(minutes=5))
    first = session_table().position(bars("SPY").first_start.date())
    past = [n for n in range(max(first, today - 120), today) if not session_table().sessions[n].is_half_day]
    known = np.array([variances(n, done) for n in past])
    share_done, share_left = (known[:, :2] / known[:, 2:]).mean(axis=0)
    so_far, _, day_variance = variances(today, done)
    implied = day_variance * share_left
    if row["price_maker"] == "today":
        implied *= (so_far / (day_variance * share_done)) ** 0.45
    assert row["s_imp"] == pytest.approx(np.sqrt(implied), rel=1e-9)
    assert row["s_imp_source"] == {"naive": "vix_share", "today": "vix_share_pace"}[row["price_maker"]]


def layouts(count: int = 200) -> tuple[LedgerStructures, Floats, Floats]:
    """Return structures of many days at one spot, the spots and implied sigmas."""
    spot, sigma = np.linspace(590.0, 610.0, count), np.linspace(0.002, 0.012, count)
    draws = draw_days(8, "SPY", np.arange(19000, 19000 + count))
    return structures_at(spot, sigma, draws, np.arange(count), 1.0), spot, sigma


def test_payoff_equals_the_signed_legs() -> None:
    """One vectorised payoff serves all six structures: that of the legs, turned so that its owner never owes."""
    shapes, spot, sigma = layouts()
    level = spot * np.exp(sigma * np.linspace(-2, 2, len(spot)))
    widths = paid(shapes, level)
    for n, column in np.argwhere(shapes.is_listed).tolist():
        strikes = shapes.strikes[n, column]
        legs = build(STRATEGIES[column], strikes[~np.isnan(strikes)].tolist(), ACTIONS[column], RIGHTS[column])
        sign = 1 if ACTIONS[column] == "BUY" else -1
        assert widths[n, column] * shapes.width[n, column] == pytest.approx(sign * float(payoff(legs, level[n])))
    assert widths[shapes.is_listed].min() >= 0
    assert widths[shapes.is_listed].max() <= 1 + 1e-12


def test_model_value_is_the_expected_payoff_on_a_flat_smile() -> None:
    """Without smile the premium is the mean payoff under the lognormal at s_imp."""
    shapes, spot, sigma = layouts(20)
    value = model_value(shapes, leg_prices(shapes, spot, sigma, np.zeros(20), np.zeros(20)))
    normal = np.linspace(-8, 8, 20_001)
    weight = np.exp(-(normal**2) / 2)
    weight /= weight.sum()
    for n in range(20):
        one = LedgerStructures(strikes=shapes.strikes[[n]], width=shapes.width[[n]], is_listed=shapes.is_listed[[n]])
        levels = spot[n] * np.exp(sigma[n] * normal - sigma[n] ** 2 / 2)
        np.testing.assert_allclose(weight @ paid(one, levels), value[n], atol=2e-5)


def test_anchor_is_the_odds_of_the_past_and_nothing_before_sixty_days() -> None:
    """A slow twin: mean paid and mean asked of earlier days of the same half hour, as odds."""
    rng = np.random.default_rng(8)
    day = np.repeat(np.arange(90), 4)
    bucket = np.tile([3, 3, 5, 5], 90)
    asked, came = rng.uniform(0.1, 0.3, (360, 2)), rng.uniform(0, 1, (360, 2))
    counts = rng.random((360, 2)) < 0.95
    anchor = past_anchor(day, bucket, asked, came, counts)
    for n, column in ((0, 0), (250, 1), (300, 0), (359, 1)):
        past = (day < day[n]) & (bucket == bucket[n]) & counts[:, column]
        assert anchor.days[n, column] == len(np.unique(day[past]))
        if len(np.unique(day[past])) < MIN_ANCHOR_DAYS:
            assert np.isnan(anchor.shift[n, column])
            continue
        paid_mean, asked_mean = came[past, column].mean(), asked[past, column].mean()
        expected = np.log(paid_mean / (1 - paid_mean)) - np.log(asked_mean / (1 - asked_mean))
        assert anchor.shift[n, column] == pytest.approx(expected)


def test_anchor_removes_the_bias_of_a_price_maker() -> None:
    """A price that asks two thirds of what is paid on average is off by 0.10 before and below 0.005 after the anchor.

    What is paid is its own mean here, so no luck of the draw enters; the rest is that a mean of odds is not the odds of
    a mean.
    """
    truth = np.random.default_rng(8).uniform(0.15, 0.45, (2000, 1))
    asked = truth * 2 / 3
    anchor = past_anchor(np.arange(2000), np.full(2000, 4), asked, truth, np.ones((2000, 1), dtype=np.bool_))
    later = anchor.days[:, 0] >= 500
    value = anchor.apply(asked)[later]
    assert abs((truth[later] - value).mean()) < 0.005
    assert (truth - asked)[later].mean() > 0.09
    assert 0 < value.min() < value.max() < 1


def test_nothing_paid_so_far_is_no_certainty() -> None:
    """Odds of zero would price a structure at nothing for ever: at most half a trade away from it."""
    zeros = np.zeros((100, 1))
    anchor = past_anchor(np.arange(100), np.full(100, 4), zeros + 0.1, zeros, np.ones((100, 1), dtype=np.bool_))
    assert np.isfinite(anchor.shift[60:]).all()


def test_four_cheap_index_legs_cost_the_published_total() -> None:
    """0.25, 0.75 and 3 bp of spot for an iron condor on SPX; two legs cost half of it."""
    lost = slippage(np.full((1, 6, 4), 0.5), np.array([6000.0]), product("SPX"))
    np.testing.assert_allclose(lost[0, NAMES.index("iron_condor")], [0.15, 0.45, 1.8])
    np.testing.assert_allclose(lost[0, NAMES.index("put_credit")], [0.075, 0.225, 0.9])


def test_dear_legs_cost_a_share_of_their_price() -> None:
    """A butterfly of legs of 40 points: 4 contracts x 40 x share x fill exceeds the floor; fees are per contract."""
    legs = np.full((1, 6, 4), 40.0)
    lost = slippage(legs, np.array([6000.0]), product("SPX"))
    np.testing.assert_allclose(lost[0, 0], [0.2, 1.6, 6.4])
    np.testing.assert_allclose(product("SPX").fees.of_legs(QUANTITY, legs)[0], 1.10 * np.array([4, 4, 2, 2, 2, 2]))
