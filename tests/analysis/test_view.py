"""From a state to a view, in every mode."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest

from magic8_companion.analysis import AnalysisConfig, analyse
from magic8_companion.analysis.volatility import vix_range
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from tests.analysis.states import made_chain, made_state, with_vix

NOON = datetime(2025, 7, 9, 16, 30, tzinfo=UTC)


def test_without_a_chain_the_vix_prices_everything() -> None:
    """Source names say so, and the range is the one of the table."""
    state = made_state(vix=16.0)
    view = analyse(state)
    assert (view.implied_vol, view.implied_vol_source, view.iv_source, view.range_source) == (16.0, "vix", "vix", "vix")
    assert view.expected_range_pct == vix_range(16.0, state.session, state.as_of)
    assert view.expected_range_day_pct == pytest.approx(0.16 / np.sqrt(252))
    assert (view.gamma, view.atm_options_count, view.oi_coverage, view.tape["gamma_ratio"]) == (None, 0, 0.0, None)


def test_with_a_chain_the_straddle_prices_the_rest_of_the_day() -> None:
    """ATM volatility and straddle of the chain; the percentile of SPY stays that of the VIX."""
    view = analyse(made_state(chain=made_chain(NOON, vol=0.20)))
    assert view.implied_vol == pytest.approx(20.0)
    assert (view.implied_vol_source, view.range_source, view.iv_source) == ("atm", "straddle", "vix")
    assert view.expected_range_pct == pytest.approx(0.20 * (210 / 525_600) ** 0.5, rel=0.02)
    assert view.atm_options_count == 5
    assert view.gamma is not None
    assert view.gamma["regime"] == "neutral"
    assert view.gamma_environment_code == "range_bound"


def test_mode_simple_ignores_the_chain() -> None:
    """The same state, seen without it."""
    state = made_state(chain=made_chain(NOON))
    assert analyse(state, "simple") == replace(analyse(replace(state, chain=None), "simple"), state=state)


def test_mode_enhanced_sees_what_standard_sees() -> None:
    """No adjustment has proven itself, so nothing is added."""
    state = made_state(chain=made_chain(NOON))
    assert analyse(state, "enhanced") == analyse(state, "standard")


def test_an_unknown_mode_is_a_mistake() -> None:
    """Never a silent default."""
    with pytest.raises(ValueError, match="standrad"):
        analyse(made_state(), "standrad")


def test_a_chain_without_quotes_falls_back_to_the_vix_but_keeps_its_gamma() -> None:
    """What the quotes do not answer is not invented."""
    chain = made_chain(NOON, put_oi=0)
    rows = tuple(replace(row, call_bid=None, put_bid=None) for row in chain.rows)
    view = analyse(made_state(chain=replace(chain, rows=rows)))
    assert (view.implied_vol_source, view.range_source, view.atm_options_count) == ("vix", "vix", 0)
    assert view.tape["gamma_ratio"] == pytest.approx(1.0)


def test_an_old_chain_gives_no_gamma() -> None:
    """Older than GAMMA_MAX_AGE_MINUTES."""
    chain = made_chain(NOON, put_oi=0)
    old = replace(chain, as_of=NOON - timedelta(minutes=6))
    assert analyse(made_state(chain=old)).gamma is None
    patient = AnalysisConfig(gamma_max_age_minutes=10)
    assert analyse(made_state(chain=old), options=patient).gamma is not None


def test_little_open_interest_is_published_but_not_scored() -> None:
    """Below a coverage of 0.6 the rules are told that they do not know."""
    chain = made_chain(NOON)
    rows = tuple(replace(row, put_oi=None) if row.strike > 598 else row for row in chain.rows)
    view = analyse(made_state(chain=replace(chain, rows=rows)))
    assert view.gamma is not None
    assert view.oi_coverage < 0.6
    assert view.tape["gamma_ratio"] is None


def test_other_symbols_are_ranked_among_their_own_volatilities() -> None:
    """QQQ with 60 own closes; with 59, or without a chain, the VIX stands in."""
    state = made_state(symbol="QQQ", chain=made_chain(NOON, symbol="QQQ", vol=0.20))
    own = list(np.linspace(10.0, 19.0, 60))
    view = analyse(state, atm_history=own)
    assert (view.iv_source, view.iv_percentile) == ("atm", 100.0)
    assert view.expected_range_day_pct == pytest.approx(0.20 / np.sqrt(252))
    assert analyse(state, atm_history=own[1:]).iv_source == "vix"
    assert analyse(replace(state, chain=None), atm_history=own).iv_source == "vix"


def test_the_index_never_leaves_the_vix() -> None:
    """SPX, SPY and XSP have no other history."""
    view = analyse(made_state(chain=made_chain(NOON)), atm_history=[10.0] * 100)
    assert view.iv_source == "vix"


def test_missing_vix_skips_the_symbol_with_its_reason() -> None:
    """The sentence carries what the observer heard."""
    with pytest.raises(DataUnavailable, match="provider timed out") as refusal:
        analyse(replace(made_state(), vix=None, missing={"vix": "provider timed out"}))
    assert refusal.value.reason == "missing_vix"


def test_a_short_vix_history_skips_the_symbol() -> None:
    """The shortest window is a setting."""
    state = made_state()
    short = replace(state, vix_daily=state.vix_daily[-40:])
    with pytest.raises(DataUnavailable) as refusal:
        analyse(short)
    assert refusal.value.reason == "iv_history_short"
    assert analyse(short, options=AnalysisConfig(iv_min_history_days=40)).iv_source == "vix"


def test_the_percentile_is_the_mid_rank_of_the_last_year() -> None:
    """By counting."""
    state = made_state(vix=16.5)
    closes = state.vix_daily.close[-252:]
    assert analyse(state).iv_percentile == pytest.approx(100 * np.mean(closes < 16.5))


def test_without_vix_bars_the_reading_stands_for_the_open() -> None:
    """A source that knows one number only."""
    state = made_state()
    assert analyse(replace(state, vix_bars=Bars.empty())).tape == analyse(state).tape


def test_a_half_day_is_analysed() -> None:
    """12:30 is half an hour before its close."""
    view = analyse(made_state(day=date(2024, 11, 29), wall=time(12, 30)))
    assert view.state.minutes_to_close == 30.0
    assert 0 < view.expected_range_pct < view.expected_range_day_pct


def test_the_state_is_not_changed() -> None:
    """Same input, same answer, and the arrays stay read-only."""
    state = made_state(chain=made_chain(NOON))
    before = state.bars.close.copy(), state.history.close.copy()
    assert analyse(state) == analyse(state)
    assert (before[0] == state.bars.close).all()
    assert (before[1] == state.history.close).all()
    assert not state.history.close.flags.writeable


def test_the_dict_for_callers_is_complete() -> None:
    """What analyze_symbol returns, with the view inside."""
    view = analyse(made_state(chain=made_chain(NOON)))
    data = view.as_market_data()
    assert data["view"] is view
    assert data["iv_percentile"] == view.iv_percentile
    assert data["gamma"] == view.gamma
    assert data["minutes_to_close"] == 210.0


@pytest.mark.parametrize("vix", [11.0, 16.0, 23.0, 40.0])
def test_one_per_cent_of_vix_moves_no_percentile_by_a_cliff(vix: float) -> None:
    """End to end, from the reading to the measures that rules read."""
    state = made_state()
    before, after = analyse(with_vix(state, vix)).tape, analyse(with_vix(state, 1.01 * vix)).tape
    for name, value in before.items():
        if name.endswith("_percentile"):
            assert after[name] == pytest.approx(value, abs=7.0), name
