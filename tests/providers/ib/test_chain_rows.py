"""Rows of a chain: IB's figures where they came, our own where they did not, nothing where nothing is known."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.domain.option_chain import OptionRow
from magic8_companion.options.black_scholes import CALL, PUT, delta, gamma, price
from magic8_companion.options.products import product
from magic8_companion.providers.ib.chain import nearest_strikes
from magic8_companion.providers.ib.chain_rows import Completeness, OptionLines, chain_rows
from magic8_companion.providers.ib.contracts import Listed
from magic8_companion.providers.ib.quotes import OLDEST, MarketDataLine
from magic8_companion.providers.ib.waiting import Notifier
from tests.providers.ib.fakes import ASK, BID, DAY, MORNING, options

SPOT, VOL = 600.0, 0.20
SINCE = MORNING - OLDEST
YEARS = product("SPX").years_left(DAY, MORNING)


def line(
    contract: Listed, bid: float | None, ask: float | None, *, model: tuple[float, ...] | None = None
) -> MarketDataLine:
    """Return a line that has said this."""
    made = MarketDataLine(contract, MORNING, Notifier())
    for tick, value in ((BID, bid), (ASK, ask)):
        if value is not None:
            made.on_price(tick, value, MORNING)
    if model is not None:
        made.on_greeks(13, *model)
    return made


def fair(contract: Listed, half_spread: float = 0.01, **said: object) -> MarketDataLine:
    """Return a line whose mid is the Black-Scholes price at the volatility of the tests."""
    right = CALL if contract.right == "C" else PUT
    middle = float(price(SPOT, contract.strike, YEARS, 0.0, VOL, right))
    return line(contract, middle - half_spread, middle + half_spread, **said)  # type: ignore[arg-type]  # test's business


def pairs(symbol: str = "SPX", count: int = 5, **said: object) -> list[OptionLines]:
    """Return calls and puts around the money."""
    listed = options(symbol, DAY, symbol, count)
    return [
        OptionLines(strike=call.strike, call=fair(call, **said), put=fair(put, **said))
        for call, put in zip(listed[::2], listed[1::2], strict=True)
    ]


def rows_of(lines: list[OptionLines], symbol: str = "SPX") -> tuple[tuple[OptionRow, ...], Completeness]:
    """Return rows and completeness."""
    return chain_rows(lines, SPOT, product(symbol), DAY, MORNING, SINCE)


def test_ibs_model_is_taken_whole() -> None:
    """Volatility, delta and gamma of an option that settles at the close are IB's."""
    rows, on_error = rows_of(pairs(model=(0.31, 0.42, 0.013)))
    assert {(row.call_iv, row.call_delta, row.call_gamma) for row in rows} == {(0.31, 0.42, 0.013)}
    assert (on_error.greeks, on_error.own_greeks) == (10, 0)


@pytest.mark.parametrize("symbol", ["SPY", "QQQ", "IWM"])
def test_volatilities_that_run_to_a_quarter_past_four_are_stretched(symbol: str) -> None:
    """IB's volatility over the time to 16:15 becomes one over the time to 16:00; delta and gamma stay."""
    rows, _ = rows_of(pairs(symbol, model=(0.31, 0.42, 0.013)), symbol)
    minutes = 5 * 60
    assert rows[0].call_iv == pytest.approx(0.31 * math.sqrt((minutes + 15) / minutes))
    assert (rows[0].call_delta, rows[0].call_gamma) == (0.42, 0.013)
    total = rows[0].call_iv ** 2 * minutes
    assert total == pytest.approx(0.31**2 * (minutes + 15))


def test_missing_greeks_come_from_the_options_own_volatility() -> None:
    """Without IB's model the mid gives volatility, delta and gamma by Black-Scholes, each strike its own."""
    rows, on_error = rows_of(pairs())
    for row in rows:
        assert row.call_iv == pytest.approx(VOL, rel=1e-6)
        assert row.put_iv == pytest.approx(VOL, rel=1e-6)
        assert row.call_delta == pytest.approx(float(delta(SPOT, row.strike, YEARS, 0.0, VOL, CALL)), abs=1e-6)
        assert row.put_delta == pytest.approx(float(delta(SPOT, row.strike, YEARS, 0.0, VOL, PUT)), abs=1e-6)
        assert row.put_gamma == pytest.approx(float(gamma(SPOT, row.strike, YEARS, 0.0, VOL, PUT)), rel=1e-5)
    assert len({row.call_gamma for row in rows}) == 5
    assert on_error.own_greeks == 10


def test_what_ib_sent_stays_when_the_rest_is_computed() -> None:
    """IB's volatility without its gamma gives the gamma of that volatility, not of the quotes."""
    rows, _ = rows_of(pairs(model=(0.40, 0.55, math.nan)))
    assert rows[2].call_iv == 0.40
    assert rows[2].call_delta == 0.55
    assert rows[2].call_gamma == pytest.approx(float(gamma(SPOT, 600.0, YEARS, 0.0, 0.40, CALL)))


def test_an_option_without_a_mid_stays_without() -> None:
    """No bid, a bid of 0 or a single side give no volatility and no Greeks: nothing is invented."""
    call, put = options("SPX", DAY, "SPX", 1)
    for bid, ask in ((None, 0.05), (0.0, 0.05), (-1.0, 0.05), (None, None)):
        rows, _ = rows_of([OptionLines(strike=600.0, call=line(call, bid, ask), put=line(put, bid, ask))])
        assert (rows[0].call_iv, rows[0].call_gamma, rows[0].put_delta) == (None, None, None)


def test_crossed_quotes_are_blanked_and_counted() -> None:
    """A bid above its ask is no quote; a locked one is."""
    call, put = options("SPX", DAY, "SPX", 1)
    rows, on_error = rows_of([OptionLines(strike=600.0, call=line(call, 5.2, 5.1), put=line(put, 5.1, 5.1))])
    assert (rows[0].call_bid, rows[0].call_ask) == (None, None)
    assert (rows[0].put_bid, rows[0].put_ask) == (5.1, 5.1)
    assert (on_error.crossed, on_error.quoted, on_error.answered, on_error.options) == (1, 1, 2, 2)


def test_bids_of_zero_are_kept_and_asks_of_zero_are_not() -> None:
    """A bid of 0 is real; nobody sells for nothing."""
    call, put = options("SPX", DAY, "SPX", 1)
    rows, on_error = rows_of([OptionLines(strike=600.0, call=line(call, 0.0, 0.05), put=line(put, 0.0, 0.0))])
    assert (rows[0].call_bid, rows[0].call_ask) == (0.0, 0.05)
    assert (rows[0].put_bid, rows[0].put_ask) == (0.0, None)
    assert (on_error.quoted, on_error.priced) == (1, 2)


def test_old_quotes_are_not_used() -> None:
    """What was received before the trusted time is as good as nothing."""
    rows, on_error = chain_rows(pairs(), SPOT, product("SPX"), DAY, MORNING, MORNING + timedelta(microseconds=1))
    assert all(row.call_bid is None and row.put_ask is None and row.call_iv is None for row in rows)
    assert on_error.quoted == 0


def test_open_interest_comes_from_the_days_book_and_missing_sides_stay_empty() -> None:
    """Open interest is looked up by contract; a strike without its put has empty put columns."""
    call, _ = options("SPX", DAY, "SPX", 1)
    rows, on_error = rows_of([OptionLines(strike=600.0, call=fair(call), interest={call.con_id: 0})])
    assert (rows[0].call_oi, rows[0].put_oi, rows[0].put_bid, rows[0].put_volume) == (0, None, None, None)
    assert (on_error.options, on_error.open_interest) == (2, 1)


@given(st.floats(0.5, 5000), st.integers(5, 40), st.lists(st.integers(1, 400), min_size=1, max_size=120, unique=True))
def test_the_strikes_nearest_to_spot_are_taken(spot: float, each_side: int, steps: list[int]) -> None:
    """The nearest strike and N neighbours on each side, without holes, nearest first; each option once."""
    strikes = sorted(2.5 * step for step in steps)
    template = options("SPX", DAY, "SPXW", 1)
    listed = [replace(item, strike=strike) for strike in strikes for item in template]
    chosen = nearest_strikes([*listed, *listed], spot, each_side)
    taken = sorted({item.strike for item in chosen})
    middle = strikes.index(min(strikes, key=lambda strike: abs(strike - spot)))
    assert taken == strikes[max(0, middle - each_side) : middle + each_side + 1]
    assert len(chosen) == 2 * len(taken)
    distances = [abs(item.strike - spot) for item in chosen]
    assert distances == sorted(distances)
