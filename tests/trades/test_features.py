"""Trade features: geometry in implied sigmas, nothing from later, nothing that names the day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.options.distribution import Lognormal
from magic8_companion.options.odds import win_probability
from magic8_companion.options.payoff import profile
from magic8_ml.messages import EnhancedDiscordParser
from magic8_ml.trades.feature_catalogue import (
    CATALOGUE,
    OUTCOME_COLUMNS,
    TRADE_FEATURES,
    LeakingColumn,
    digest_of,
    feature_named,
    trade_features,
)
from magic8_ml.trades.feature_inputs import LookAhead
from magic8_ml.trades.orders import TradeUnit, terms_of
from magic8_ml.trades.payoffs import payoffs_of
from tests.trades.example import AT, CONDOR, FLY, PUT_CREDIT, delta, market, prices, stamps, ticket, tickets


def _value(name: str, asked: TradeUnit, **context: object) -> float:
    terms = terms_of([asked], stamps(1), prices(1))
    return float(trade_features(terms, **context)[0, TRADE_FEATURES.index(name)])  # type: ignore[arg-type]  # by name


@given(tickets())
def test_payoffs_are_those_of_the_option_maths(asked: TradeUnit) -> None:
    """Best, worst and the levels at which a trade turns agree with the exact profile of its legs."""
    terms = terms_of([asked], stamps(1), prices(1))
    found = payoffs_of(terms)
    exact = profile(asked.legs, asked.net_premium + float(terms.fees[0]) / 100)
    assert exact.max_profit is not None
    assert exact.max_loss is not None
    assert found.best[0] == pytest.approx(exact.max_profit)
    assert found.worst[0] == pytest.approx(-exact.max_loss)
    assert np.sort(found.breakevens[~np.isnan(found.breakevens)]) == pytest.approx(sorted(exact.breakevens))


@given(tickets(), st.floats(0.001, 0.05))
def test_price_win_is_the_lognormal_probability_of_the_option_maths(asked: TradeUnit, sigma: float) -> None:
    """The odds by the price are those of the same legs under a lognormal without drift."""
    terms = terms_of([asked], stamps(1), prices(1))
    lognormal = Lognormal(mean=5855.5, total_vol=sigma)
    exact = win_probability(asked.legs, asked.net_premium + float(terms.fees[0]) / 100, lognormal)
    said = trade_features(terms, market(1, sigma), names=["price_win"])[0, 0]
    assert said == pytest.approx(exact, abs=1e-9)


def test_geometry_of_the_seed_example_is_in_sigmas() -> None:
    """A long butterfly wins between its break-evens, whose distances are counted in implied sigmas."""
    context = {"market": market(1)}
    assert _value("win_above_sigma", FLY, **context) == pytest.approx(np.log((5829.82 + 0.044) / 5855.5) / 0.005)
    assert _value("win_below_sigma", FLY, **context) == pytest.approx(np.log((5880.18 - 0.044) / 5855.5) / 0.005)
    assert _value("premium_ratio", FLY) == pytest.approx(24.82 / 50)
    assert _value("implied_win", FLY) == pytest.approx((24.82 + 0.044) / 50)
    assert _value("width_sigma", FLY, **context) == pytest.approx(50 / (5855.5 * 0.005))


def test_credits_and_debits_are_told_apart_by_their_legs() -> None:
    """A condor that is sold has two break-evens around the price, a put credit spread only one."""
    context = {"market": market(1)}
    assert _value("is_credit", CONDOR) == 1
    assert _value("is_credit", FLY) == 0
    assert _value("win_above_sigma", CONDOR, **context) < 0 < _value("win_below_sigma", CONDOR, **context)
    assert _value("win_above_sigma", PUT_CREDIT, **context) < 0
    assert np.isnan(_value("win_below_sigma", PUT_CREDIT, **context))


def test_what_is_missing_is_missing() -> None:
    """Without market, delta row and premium nothing stands for them, least of all 0."""
    unpriced = ticket("Butterfly", [5905, 5855, 5805], float("nan"))
    row = trade_features(terms_of([unpriced], stamps(1), prices(1)))[0]
    known = {name for name, value in zip(TRADE_FEATURES, row, strict=True) if not np.isnan(value)}
    assert known == {"minutes_to_close", "session_fraction", "half_hours_left", "weekday", "predicted_vs_price"}


def test_a_score_is_no_price_level() -> None:
    """Short terms of 0.65 are scores: as distances from the price they are missing."""
    assert np.isnan(_value("price_vs_short", FLY, delta=delta(1, short_term=0.65)))
    assert _value("price_vs_short", FLY, delta=delta(1)) == pytest.approx(-100 * 4.5 / 5855.5)


@pytest.mark.parametrize("younger", ["market", "delta"])
def test_a_younger_market_or_delta_row_is_refused(younger: str) -> None:
    """What became known after the decision can not become a feature."""
    late = {"market": AT, "delta": AT, younger: AT + 1}
    context = {"market": market(1, known_at=late["market"]), "delta": delta(1, known_at=late["delta"])}
    with pytest.raises(LookAhead, match="younger"):
        _value("weekday", FLY, **context)


@pytest.mark.parametrize("name", sorted(OUTCOME_COLUMNS))
def test_no_outcome_level_date_or_sheet_is_a_feature(name: str) -> None:
    """A column that tells the outcome, the day or the sheet is refused by name."""
    assert name not in TRADE_FEATURES
    with pytest.raises(LeakingColumn, match=name):
        feature_named(name)


def test_features_do_not_change_with_the_price_level() -> None:
    """The same trade on a symbol ten times as dear has the same features: no level survives."""
    factor = 10.0
    dear = [
        TradeUnit(
            symbol="SPY",
            strategy=asked.strategy,
            legs=tuple(replace(leg, strike=leg.strike * factor) for leg in asked.legs),
            net_premium=asked.net_premium * factor,
            predicted=5862.0 * factor,
        )
        for asked in (FLY, CONDOR, PUT_CREDIT)
    ]
    free = [name for name in TRADE_FEATURES if name not in {"fee_share", "implied_win", "risk_reward_ratio"}]
    cheap = terms_of([FLY, CONDOR, PUT_CREDIT], stamps(3), prices(3))
    costly = terms_of(dear, stamps(3), prices(3) * factor)
    cheap.fees[:] = costly.fees[:] = 0
    assert trade_features(cheap, market(3), names=free) == pytest.approx(
        trade_features(costly, market(3), names=free), nan_ok=True
    )


@given(st.lists(tickets(), min_size=1, max_size=12))
def test_a_row_depends_on_its_own_trade_alone(asked: list[TradeUnit]) -> None:
    """One at a time or all at once, the features are the same to the last bit."""
    n = len(asked)
    together = trade_features(terms_of(asked, stamps(n), prices(n)), market(n), delta(n))
    for place, one in enumerate(asked):
        alone = trade_features(terms_of([one], stamps(1), prices(1)), market(1), delta(1))
        assert together[place].tobytes() == alone[0].tobytes()


def test_a_message_becomes_a_ticket() -> None:
    """The seed example is parsed and priced without a word lost."""
    text = "SPX\nPredicted Close: 5862\nBUY +1 Butterfly SPX 100 22 May 25 5905/5855/5805 CALL @24.82 LMT"
    (trade,) = EnhancedDiscordParser().parse(text).trades
    assert TradeUnit.of_message(trade) == FLY


def test_the_digest_names_order_and_version() -> None:
    """Another order of columns is another identity."""
    assert digest_of(TRADE_FEATURES) != digest_of(TRADE_FEATURES[::-1])
    assert len({feature.name for feature in CATALOGUE}) == len(CATALOGUE)
