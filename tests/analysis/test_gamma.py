"""Gamma exposure against a slow twin, recorded chains and the words of the contract."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from magic8_companion.analysis.gamma import bias_of, gamma_profile, magnitude_of, regime_of
from magic8_companion.analysis.own_volatility import with_volatilities
from magic8_companion.domain.option_chain import OptionChain, OptionRow
from magic8_companion.domain.trading_day import require_session
from magic8_companion.options.black_scholes import CALL, PUT, delta
from magic8_companion.options.fitted_chain import fit_chain
from tests.analysis.recorded import recorded_chains
from tests.analysis.states import made_chain

AT = datetime(2025, 7, 9, 16, 30, tzinfo=UTC)


def twin_exposure(spot: float, row: OptionRow, minutes: float) -> float:
    """Return USD per 1 % move of one strike, option by option, straight from the definition."""
    years = max(minutes, 5.0) / 525_600
    total = 0.0
    for vol, interest, sign in ((row.call_iv, row.call_oi, 1), (row.put_iv, row.put_oi, -1)):
        if vol and interest:
            root = vol * math.sqrt(years)
            d1 = (math.log(spot / row.strike) + vol * vol * years / 2) / root
            gamma = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi) / (spot * root)
            total += sign * gamma * interest * 100 * spot * spot * 0.01
    return total


def skewed(chain: OptionChain) -> OptionChain:
    """Return the chain with calls above and puts below the spot, as dealers often find it."""
    rows = tuple(
        replace(row, call_oi=3000 if row.strike > chain.spot else 100, put_oi=2000 if row.strike < chain.spot else 100)
        for row in chain.rows
    )
    return replace(chain, rows=rows)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "net", "gross", "flip", "call_wall", "put_wall", "regime"),
    [
        ("SPX 2025-06-20", -12.15e9, 26.3e9, 6010.0, 5975.0, 5945.0, "negative"),
        ("SPX 2025-07-09", 7.46e9, 20.1e9, 6232.0, 6275.0, 6230.0, "positive"),
        ("SPY 2025-06-18", 0.10e9, 4.9e9, 598.2, 599.0, 598.0, "neutral"),
    ],
)
def test_recorded_chains(
    name: str, net: float, gross: float, flip: float, call_wall: float, put_wall: float, regime: str
) -> None:
    """Net and gross within 2 % of gross, flip within 0.02 %, walls exact."""
    chain = recorded_chains()[name]
    profile = gamma_profile(fit_chain(chain), require_session(chain.expiry).minutes_to_close(chain.as_of))
    assert profile is not None
    assert profile.net_gex == pytest.approx(net, abs=0.02 * gross)
    assert profile.gross_gex == pytest.approx(gross, abs=0.02 * gross)
    assert profile.gamma_flip == pytest.approx(flip, rel=0.0002)
    assert (profile.call_wall, profile.put_wall, profile.regime) == (call_wall, put_wall, regime)


def test_the_fast_sums_agree_with_the_slow_twin() -> None:
    """Net, gross and every strike."""
    chain = skewed(made_chain(AT))
    profile = gamma_profile(fit_chain(chain), 210.0)
    assert profile is not None
    by_strike = [twin_exposure(chain.spot, row, 210.0) for row in chain.rows]
    assert profile.net_gex == pytest.approx(sum(by_strike))
    for row, expected in zip(profile.strikes, by_strike, strict=True):
        assert row["call_gex"] + row["put_gex"] == pytest.approx(expected, rel=1e-9, abs=1e-6)
    assert profile.ratio == pytest.approx(profile.net_gex / profile.gross_gex)


def test_the_flip_is_where_the_repriced_net_is_nil() -> None:
    """Moving spot to the flip makes the twin's sum vanish against its gross."""
    chain = skewed(made_chain(AT))
    profile = gamma_profile(fit_chain(chain), 210.0)
    assert profile is not None
    assert profile.gamma_flip is not None
    there = sum(twin_exposure(profile.gamma_flip, row, 210.0) for row in chain.rows)
    assert abs(there) < 0.002 * profile.gross_gex


def test_calls_alone_are_positive_and_have_no_flip() -> None:
    """The convention: dealers hold the calls; no sign change is an answer."""
    profile = gamma_profile(fit_chain(made_chain(AT, put_oi=0)), 210.0)
    assert profile is not None
    assert profile.ratio == pytest.approx(1.0)
    assert profile.gamma_flip is None
    assert profile.put_wall is None
    assert profile.convention == "calls+ puts-"


def test_walls_stand_on_their_side_of_spot() -> None:
    """Call wall at or above spot, put wall at or below it, by the largest exposure."""
    chain = made_chain(AT)
    rows = tuple(
        replace(row, call_oi=9000 if row.strike == 603 else 10, put_oi=9000 if row.strike == 598 else 10)
        for row in chain.rows
    )
    profile = gamma_profile(fit_chain(replace(chain, rows=rows)), 210.0)
    assert profile is not None
    assert (profile.call_wall, profile.put_wall) == (603.0, 598.0)


def test_half_known_open_interest_gives_no_walls() -> None:
    """Below a coverage of 0.6 a wall would be an accident of what was received."""
    chain = made_chain(AT)
    rows = tuple(replace(row, call_oi=None) if index % 2 else row for index, row in enumerate(chain.rows))
    profile = gamma_profile(fit_chain(replace(chain, rows=rows)), 210.0)
    assert profile is not None
    assert profile.oi_coverage == pytest.approx(21 / 41)
    assert profile.confidence == profile.oi_coverage
    assert (profile.call_wall, profile.put_wall, profile.bias) == (None, None, "neutral")


def test_a_part_of_the_volatilities_says_nothing_about_the_regime() -> None:
    """Without those of the puts the sum is that of the calls: its sign would be the opposite of the whole."""
    chain = made_chain(AT)
    heavy = tuple(replace(row, put_oi=3 * (row.put_oi or 0)) for row in chain.rows)
    whole = gamma_profile(fit_chain(replace(chain, rows=heavy)), 210.0)
    calls = tuple(replace(row, put_iv=None) for row in heavy)
    part = gamma_profile(fit_chain(replace(chain, rows=calls)), 210.0)
    assert whole is not None
    assert part is not None
    assert (whole.regime, whole.confidence, whole.oi_coverage) == ("negative", 1.0, 1.0)
    assert (part.regime, part.bias, part.magnitude) == ("neutral", "neutral", "low")
    assert (part.confidence, part.oi_coverage) == (0.0, 1.0)
    assert (part.gamma_flip, part.call_wall, part.put_wall, part.max_pain) == (None, None, None, None)
    assert {sums["gamma_flip"] for sums in part.conventions.values()} == {None}


def test_an_option_without_open_interest_needs_no_volatility() -> None:
    """It weighs nothing either way."""
    chain = made_chain(AT)
    rows = (replace(chain.rows[0], call_oi=0, call_iv=None), *chain.rows[1:])
    profile = gamma_profile(fit_chain(replace(chain, rows=rows)), 210.0)
    assert profile is not None
    assert profile.confidence == 1.0


def test_a_sign_that_is_rounding_is_no_flip() -> None:
    """Calls and puts that cancel at every spot leave a net of binary noise."""
    chain = made_chain(AT)
    rows = tuple(replace(row, call_iv=0.2, put_iv=0.2, call_oi=500, put_oi=500) for row in chain.rows)
    profile = gamma_profile(fit_chain(replace(chain, rows=rows)), 210.0)
    assert profile is not None
    assert abs(profile.net_gex) < 1e-6 * profile.gross_gex
    assert profile.gamma_flip is None


@pytest.mark.parametrize("changes", [{"call_oi": 0, "put_oi": 0}, {"call_oi": None, "put_oi": None}])
def test_without_open_interest_there_is_no_profile(changes: dict) -> None:
    """Zero or unknown: None, never a division."""
    chain = made_chain(AT)
    rows = tuple(replace(row, **changes) for row in chain.rows)
    assert gamma_profile(fit_chain(replace(chain, rows=rows)), 210.0) is None


def test_an_option_without_volatility_adds_nothing() -> None:
    """Missing is missing: the other options stand."""
    chain = made_chain(AT)
    rows = tuple(replace(row, call_iv=None, put_iv=0.0) if row.strike < 600 else row for row in chain.rows)
    profile = gamma_profile(fit_chain(replace(chain, rows=rows)), 210.0)
    assert profile is not None
    assert all(row["call_gex"] == row["put_gex"] == 0 for row in profile.strikes if row["strike"] < 600)
    assert profile.gross_gex > 0


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "net"), [("SPX 2025-06-20", -12.15e9), ("SPX 2025-07-09", 7.46e9)])
def test_without_any_volatility_the_quotes_give_it(name: str, net: float) -> None:
    """A recorded chain stripped of its source's volatilities keeps net within 5 % of gross, regime and walls."""
    chain = recorded_chains()[name]
    bare = replace(chain, rows=tuple(replace(row, call_iv=None, put_iv=None) for row in chain.rows))
    minutes = require_session(chain.expiry).minutes_to_close(chain.as_of)
    full, own = gamma_profile(fit_chain(chain), minutes), gamma_profile(fit_chain(bare), minutes)
    assert full is not None
    assert own is not None
    assert own.net_gex == pytest.approx(net, abs=0.05 * full.gross_gex)
    assert (own.regime, own.call_wall, own.put_wall) == (full.regime, full.call_wall, full.put_wall)


def test_one_volatility_of_the_source_is_enough_to_keep_to_it() -> None:
    """Volatility and time come from one source: the quotes never fill single gaps, nor a chain without a price."""
    chain = made_chain(AT)
    gaps = replace(chain, rows=(chain.rows[0], *(replace(row, call_iv=None, put_iv=None) for row in chain.rows[1:])))
    assert with_volatilities(fit_chain(gaps)) is gaps
    unpriced = tuple(replace(row, call_iv=None, put_iv=None, call_bid=None) for row in chain.rows)
    assert with_volatilities(fit_chain(replace(chain, rows=unpriced))).rows == unpriced


def test_time_never_falls_below_five_minutes() -> None:
    """In the last minutes gamma stays what it is five minutes before the close."""
    chain = skewed(made_chain(AT))
    last, five = gamma_profile(fit_chain(chain), 0.5), gamma_profile(fit_chain(chain), 5.0)
    assert last == five


def test_the_object_is_plain() -> None:
    """The keys of the contract, then those beyond it, with lists and floats only."""
    profile = gamma_profile(fit_chain(skewed(made_chain(AT))), 210.0)
    assert profile is not None
    plain = profile.as_dict()
    assert list(plain) == [
        "net_gex",
        "gross_gex",
        "ratio",
        "regime",
        "magnitude",
        "bias",
        "gamma_flip",
        "call_wall",
        "put_wall",
        "oi_coverage",
        "confidence",
        "convention",
        "as_of",
        "strikes",
        "max_pain",
        "vanna_exposure",
        "charm_exposure",
        "conventions",
    ]
    assert plain["as_of"] == "2025-07-09T16:30:00Z"
    assert {type(value) for row in plain["strikes"] for value in row.values()} == {float}


def test_both_conventions_are_named() -> None:
    """Dealers long calls and short puts, or short both: then the net is minus the gross and never flips."""
    profile = gamma_profile(fit_chain(skewed(made_chain(AT))), 210.0)
    assert profile is not None
    assert list(profile.conventions) == ["calls+ puts-", "calls- puts-"]
    held, short = profile.conventions.values()
    assert (held["net_gex"], held["gamma_flip"]) == (pytest.approx(profile.net_gex), profile.gamma_flip)
    assert held["vanna_exposure"] == profile.vanna_exposure
    assert held["charm_exposure"] == profile.charm_exposure
    assert (short["net_gex"], short["gamma_flip"]) == (pytest.approx(-profile.gross_gex), None)


def test_vanna_and_charm_are_differences_of_delta() -> None:
    """A volatility point up, an hour later: the twin re-prices every delta."""
    chain, minutes, nudge = skewed(made_chain(AT)), 210.0, 1e-4
    profile = gamma_profile(fit_chain(chain), minutes)
    assert profile is not None

    def dollars(minutes_left: float, more_vol: float) -> float:
        total = 0.0
        for row in chain.rows:
            for vol, interest, side in ((row.call_iv, row.call_oi, CALL), (row.put_iv, row.put_oi, PUT)):
                assert vol is not None
                assert interest is not None
                priced = float(delta(chain.spot, row.strike, minutes_left / 525_600, 0.0, vol + more_vol, side))
                total += (1 if side == CALL else -1) * priced * interest * 100 * chain.spot
        return total

    by_vol = (dollars(minutes, nudge) - dollars(minutes, -nudge)) / (2 * nudge) * 0.01
    by_time = (dollars(minutes - 0.01, 0.0) - dollars(minutes + 0.01, 0.0)) / 0.02 * 60
    assert profile.vanna_exposure == pytest.approx(by_vol, rel=1e-4)
    assert profile.charm_exposure == pytest.approx(by_time, rel=1e-4)


def test_max_pain_pays_the_owners_least() -> None:
    """A brute-force search over all strikes agrees; half-known interest has none."""
    chain = made_chain(AT)
    rows = tuple(
        replace(row, call_oi=500 + 37 * (n % 11), put_oi=2500 - 90 * (n % 17)) for n, row in enumerate(chain.rows)
    )
    profile = gamma_profile(fit_chain(replace(chain, rows=rows)), 210.0)
    assert profile is not None

    def paid(level: float) -> float:
        calls = sum((row.call_oi or 0) * max(level - row.strike, 0) for row in rows)
        return calls + sum((row.put_oi or 0) * max(row.strike - level, 0) for row in rows)

    assert profile.max_pain == min((row.strike for row in rows), key=paid)
    half = tuple(replace(row, call_oi=None) if n % 2 else row for n, row in enumerate(rows))
    blind = gamma_profile(fit_chain(replace(chain, rows=half)), 210.0)
    assert blind is not None
    assert blind.max_pain is None


@pytest.mark.parametrize(
    ("ratio", "regime", "magnitude"),
    [(0.0999, "neutral", "low"), (0.1, "positive", "low"), (-0.15, "negative", "moderate"), (0.35, "positive", "high")],
)
def test_names_of_the_ratio(ratio: float, regime: str, magnitude: str) -> None:
    """Neutral inside 0.10; magnitudes begin at their bounds."""
    assert regime_of(ratio) == regime
    assert magnitude_of(ratio) == magnitude


def test_bounds_are_a_setting() -> None:
    """Other bounds, other names."""
    assert magnitude_of(0.2, {"extreme": 0.9, "high": 0.2, "moderate": 0.1}) == "high"


@pytest.mark.parametrize(
    ("regime", "place", "bias"),
    [
        ("positive", 0.19, "support_test"),
        ("positive", 0.5, "range_bound"),
        ("positive", 0.81, "resistance_test"),
        ("negative", 0.29, "bearish"),
        ("negative", 0.5, "volatile"),
        ("negative", 0.71, "bullish"),
        ("neutral", 0.5, "neutral"),
    ],
)
def test_bias_between_the_walls(regime: str, place: float, bias: str) -> None:
    """The place of spot between put wall 100 and call wall 200."""
    assert bias_of(regime, 100 + 100 * place, 200.0, 100.0) == bias
    assert bias_of(regime, 100 + 100 * place, None, 100.0) == "neutral"
    assert bias_of(regime, 100.0, 100.0, 100.0) == "neutral"
