"""Simulated option chains: quotes that could be real, at every minute of any day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.trading_day import require_session, sessions_between
from magic8_companion.options.black_scholes import CALL, PUT, price
from magic8_companion.options.products import product
from magic8_companion.providers.simulated_chain import simulated_chain
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_companion.providers.simulated_symbols import SYMBOLS
from tests.providers.makers import DAY, HALF_DAY, new_york

MARKET = SimulatedMarket()
FRIDAYS = [session for session in sessions_between(date(2024, 1, 1), date(2025, 12, 31)) if session.day.weekday() == 4]
STEPS = {"SPX": 5, "NDX": 10, "SPY": 1, "QQQ": 1, "XSP": 1, "IWM": 1, "RUT": 5, "AAPL": 2.5, "TSLA": 2.5}


def chain(now: datetime, symbol: str = "SPX", each_side: int = 20) -> OptionChain:
    """Return a chain of the default market."""
    return simulated_chain(MARKET, symbol, now, each_side)


def column(of: OptionChain, name: str) -> np.ndarray:
    """Return one value of every strike."""
    return np.array([getattr(row, name) for row in of.rows], dtype=float)


@st.composite
def moments(draw: st.DrawFn) -> tuple[datetime, str]:
    """Draw a symbol and a second of a Friday, from the first complete bar to the last second."""
    session = draw(st.sampled_from(FRIDAYS))
    seconds = int((session.close_at - session.open_at).total_seconds())
    return session.open_at + timedelta(seconds=draw(st.integers(300, seconds - 1))), draw(st.sampled_from([*SYMBOLS]))


@given(moment=moments())
@settings(max_examples=120, deadline=None)
def test_quotes_could_be_real(moment: tuple[datetime, str]) -> None:
    """Nothing is crossed, negative or beside its tick; volatility, delta and gamma are finite and in their range."""
    now, symbol = moment
    found = chain(now, symbol)
    for side in ("call", "put"):
        bid, ask = column(found, f"{side}_bid"), column(found, f"{side}_ask")
        assert (bid >= 0).all()
        assert (ask > bid).all()
        tick = product(symbol).tick
        assert np.allclose(ask / tick, np.rint(ask / tick))
        assert (column(found, f"{side}_iv") > 0).all()
        assert (column(found, f"{side}_gamma") >= 0).all()
        assert (np.abs(column(found, f"{side}_delta")) <= 1).all()
        assert (np.diff(column(found, f"{side}_delta")) <= 1e-6).all()
    assert (np.diff(column(found, "call_bid")) <= 1e-9).all()
    assert (np.diff(column(found, "put_ask")) >= -1e-9).all()


@given(moment=moments())
@settings(max_examples=60, deadline=None)
def test_put_call_parity_holds_within_the_spread(moment: tuple[datetime, str]) -> None:
    """Near the money call minus put is spot minus strike, as far as the quotes can tell."""
    now, symbol = moment
    found = chain(now, symbol)
    for row in found.rows[15:26]:
        forward = found.spot - row.strike
        assert row.call_bid - row.put_ask <= forward + 1e-9
        assert row.call_ask - row.put_bid >= forward - 1e-9


def test_quotes_hold_the_price_of_their_volatility() -> None:
    """Bid and ask enclose the Black-Scholes price at the row's volatility and the seconds that are left."""
    now = new_york(DAY, 14, 45, 5)
    found = chain(now)
    years = product("SPX").years_left(DAY, now)
    for side, right in (("call", CALL), ("put", PUT)):
        mid = price(found.spot, column(found, "strike"), years, 0.0, column(found, f"{side}_iv"), right)
        assert (column(found, f"{side}_bid") <= mid + 1e-3).all()
        assert (column(found, f"{side}_ask") >= mid - 1e-3).all()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_strikes_surround_the_money(symbol: str) -> None:
    """There are 41 strikes on the symbol's step, the middle one at the money."""
    found = chain(new_york(date(2025, 4, 11), 12), symbol)
    strikes = column(found, "strike")
    assert len(strikes) == 41
    assert set(np.diff(strikes)) == {STEPS[symbol]}
    assert abs(strikes[20] - found.spot) <= STEPS[symbol] / 2
    assert len(chain(new_york(date(2025, 4, 11), 12), symbol, 5).rows) == 11


def test_far_strikes_have_no_bid_and_dear_volatility() -> None:
    """Late in the day far calls and puts have a bid of 0 and one tick of ask; the smile is lowest near the money."""
    found = chain(new_york(DAY, 15, 30))
    assert found.rows[0].put_bid == found.rows[-1].call_bid == 0.0
    assert found.rows[0].put_ask == found.rows[-1].call_ask == 0.05
    vols = column(found, "call_iv")
    assert vols[0] > vols[20] * 1.05
    assert 15 < int(np.argmin(vols)) < 35


def test_open_interest_stays_and_volume_grows() -> None:
    """Open interest is last night's all day long; volume only grows; both like round strikes near the money."""
    early, late = chain(new_york(DAY, 10), each_side=40), chain(new_york(DAY, 15), each_side=40)
    before, after = ({row.strike: row for row in item.rows} for item in (early, late))
    common = sorted(before.keys() & after.keys())
    assert len(common) > 30
    for strike in common:
        assert (before[strike].call_oi, before[strike].put_oi) == (after[strike].call_oi, after[strike].put_oi)
        assert before[strike].call_volume <= after[strike].call_volume
    assert sum(row.call_volume or 0 for row in late.rows) > 2 * sum(row.call_volume or 0 for row in early.rows)
    round_ones = [row.put_oi for row in late.rows if row.strike % 50 == 0]
    others = [row.put_oi for row in late.rows if row.strike % 25]
    assert np.mean(round_ones) > 1.5 * np.mean(others)
    assert early.oi_as_of == date(2025, 4, 8)


def test_options_cost_more_than_what_follows() -> None:
    """Over many days the squared move to the close is less than the variance in the straddle, but not by half."""
    ratios = []
    for session in sessions_between(date(2023, 1, 1), date(2024, 12, 31)):
        now = session.open_at + timedelta(minutes=95)
        found = chain(now, "SPX", 5)
        row = min(found.rows, key=lambda item: abs(item.strike - found.spot))
        deviation = row.call_iv * np.sqrt(product("SPX").years_left(session.day, now))
        close = MARKET.bars("SPX", session.day, session.day).close[-1]
        ratios.append((np.log(close / found.spot) / deviation) ** 2)
    assert 0.6 < np.mean(ratios) < 1.0


@pytest.mark.parametrize("seconds", [60, 10, 2, 1])
def test_the_last_seconds_are_quoted(seconds: int) -> None:
    """In the last minute quotes are finite and close to what exercise would bring."""
    found = chain(require_session(DAY).close_at - timedelta(seconds=seconds))
    for row in found.rows:
        assert row.call_bid - 0.5 <= max(found.spot - row.strike, 0.0) + 1.0
        assert row.call_ask >= max(found.spot - row.strike, 0.0) - 0.5


@pytest.mark.parametrize(
    ("now", "symbol", "reason"),
    [
        (new_york(DAY, 9, 34), "SPX", "no_bars_yet"),
        (new_york(DAY, 16), "SPX", "market_closed"),
        (new_york(HALF_DAY, 13), "SPX", "market_closed"),
        (new_york(date(2025, 4, 12), 12), "SPX", "market_closed"),
        (new_york(DAY, 12), "VIX", "no_chain"),
        (new_york(DAY, 12), "DIA", "no_chain"),
        (new_york(DAY, 12), "AAPL", "no_0dte_chain"),
    ],
)
def test_where_there_is_no_chain_the_reason_is_given(now: datetime, symbol: str, reason: str) -> None:
    """No chain before the first bar, after the close, without options, or when none of them expires today."""
    with pytest.raises(DataUnavailable) as caught:
        chain(now, symbol)
    assert caught.value.reason == reason


def test_stock_options_expire_at_the_end_of_the_week() -> None:
    """On Fridays, and on Thursdays before a Friday without session, stocks have a 0DTE chain."""
    for day in (date(2025, 4, 11), date(2025, 4, 17)):
        assert chain(new_york(day, 12), "TSLA").expiry == day


def test_a_chain_is_the_same_whoever_asks() -> None:
    """A fresh market gives the same chain to the last digit."""
    now = new_york(DAY, 11, 0, 5)
    assert simulated_chain(SimulatedMarket(), "QQQ", now, 20) == chain(now, "QQQ")
