"""What one market-data line says, and what it does not."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.providers.ib.contracts import PUT, Listed
from magic8_companion.providers.ib.quotes import OLDEST, Greeks, MarketDataLine
from magic8_companion.providers.ib.waiting import Notifier
from tests.providers.ib.fakes import ASK, BID, DELAYED, FROZEN, LAST, LIVE, MORNING, listed, options

SECOND = timedelta(seconds=1)
SINCE = MORNING - OLDEST
CALL_OPTION, PUT_OPTION = options("SPY", MORNING.date(), "SPY", count=1)


def line(contract: Listed | None = None) -> MarketDataLine:
    """Return a new line."""
    return MarketDataLine(contract or listed(), MORNING, Notifier())


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, -0.5])
@pytest.mark.parametrize("tick", [BID, ASK, LAST])
def test_what_is_no_price_is_none(tick: int, value: float) -> None:
    """-1, NaN and the like mean that there is no price; that this was said is known."""
    quote = line()
    quote.on_price(tick, value, MORNING)
    name = {BID: "bid", ASK: "ask", LAST: "last"}[tick]
    assert quote.value(name, SINCE) is None
    assert quote.answered(name)
    assert quote.fresh_at < MORNING


def test_a_bid_of_zero_is_real() -> None:
    """A bid of 0 is a bid, whatever its size; a last price of 0 is none."""
    quote = line()
    quote.on_price(BID, 0.0, MORNING)
    quote.on_price(LAST, 0.0, MORNING)
    assert quote.bid_ask(SINCE) == (0.0, None)
    assert quote.spot(SINCE) is None


def test_a_bad_price_replaces_a_good_one() -> None:
    """What was known before is not served in its place."""
    quote = line()
    quote.on_price(LAST, 600.0, MORNING)
    quote.on_price(LAST, math.nan, MORNING + SECOND)
    assert quote.spot(SINCE) is None


@pytest.mark.parametrize(
    ("bid", "ask", "last", "spot"),
    [
        (599.9, 600.1, 600.05, 600.05),
        (599.9, 600.1, 601.0, 600.0),
        (599.9, 600.1, None, 600.0),
        (None, 600.1, 600.05, 600.05),
        (600.2, 600.1, 600.05, None),
        (None, None, 6000.0, 6000.0),
        (599.9, None, None, None),
    ],
)
def test_the_spot_is_the_last_price_if_the_market_agrees(
    bid: float | None, ask: float | None, last: float | None, spot: float | None
) -> None:
    """The last price between bid and ask, else their middle; without quotes the last price; none if they cross."""
    quote = line()
    for tick, price in ((BID, bid), (ASK, ask), (LAST, last)):
        if price is not None:
            quote.on_price(tick, price, MORNING)
    assert quote.spot(SINCE) == (None if spot is None else pytest.approx(spot))


def test_prices_are_served_by_the_time_of_their_receipt() -> None:
    """A price is known until it is too old; nothing received before the asked time is served."""
    quote = line()
    quote.on_price(LAST, 600.0, MORNING)
    assert quote.spot(MORNING) == 600.0
    assert quote.spot(MORNING + timedelta(microseconds=1)) is None


def test_a_price_from_memory_is_given_away_by_its_time() -> None:
    """A price that was traded half an hour ago is not served although it arrived just now; neither are its quotes."""
    quote = line()
    for tick, price in ((BID, 599.9), (ASK, 600.1), (LAST, 600.0)):
        quote.on_price(tick, price, MORNING)
    old = MORNING - timedelta(minutes=30)
    quote.on_text(45, str(int(old.timestamp())), MORNING, MORNING)
    assert quote.spot(SINCE) is None
    assert quote.fresh_at == old


def test_a_later_trade_at_the_same_price_keeps_it_fresh() -> None:
    """IB does not repeat an unchanged price; the time of the last trade says that it still holds."""
    quote = line()
    quote.on_price(LAST, 600.0, MORNING)
    quote.on_text(45, str(int(MORNING.timestamp())), MORNING, MORNING)
    later = MORNING + timedelta(seconds=90)
    quote.on_text(45, str(int(later.timestamp())), later, later)
    assert quote.spot(later - OLDEST) == 600.0


def test_frozen_prices_are_never_fresh() -> None:
    """What a gateway shows of a market that is shut is no price of now."""
    quote = line()
    quote.on_data_type(FROZEN)
    quote.on_price(LAST, 600.0, MORNING)
    assert quote.spot(SINCE) is None
    assert quote.answered("last")
    quote.on_data_type(LIVE)
    quote.on_price(LAST, 600.0, MORNING)
    assert quote.spot(SINCE) == 600.0


def test_delayed_data_are_marked() -> None:
    """The announced type, a delayed tick or code 10167 mark the line; an old trade time is normal then."""
    for mark in (
        lambda quote: quote.on_data_type(DELAYED),
        lambda quote: quote.on_price(68, 600.0, MORNING),
        lambda quote: quote.on_code(10167, "delayed"),
    ):
        quote = line()
        mark(quote)
        assert quote.delayed
        assert quote.refusal is None
        quote.on_price(68, 600.0, MORNING)
        quote.on_text(88, str(int((MORNING - timedelta(minutes=15)).timestamp())), MORNING, MORNING)
        assert quote.spot(SINCE) == 600.0


def test_a_partly_subscribed_line_flows_on() -> None:
    """Code 10090 marks the line and does not end it; 354 ends it."""
    quote = line()
    quote.on_code(10090, "part")
    assert quote.partial
    assert quote.refusal is None
    quote.on_code(354, "not subscribed")
    assert quote.refusal is not None
    assert quote.refusal.code == 354


@pytest.mark.parametrize(("contract", "own", "other"), [(CALL_OPTION, 27, 28), (PUT_OPTION, 28, 27)])
def test_open_interest_is_that_of_the_options_own_side(contract: Listed, own: int, other: int) -> None:
    """Tick 27 counts for a call and 28 for a put; a 0 is a 0, nothing is None."""
    quote = line(contract)
    quote.on_count(other, 77.0, MORNING)
    assert quote.open_interest() is None
    quote.on_count(own, math.nan, MORNING)
    assert quote.open_interest() is None
    quote.on_count(own, 0.0, MORNING)
    assert quote.open_interest() == 0


def test_the_volume_of_an_option_is_its_own() -> None:
    """Ticks 29 and 30 count first, the plain volume stands in for them."""
    quote = line(PUT_OPTION)
    assert PUT_OPTION.right == PUT
    assert quote.volume() is None
    quote.on_count(8, 12.0, MORNING)
    assert quote.volume() == 12
    quote.on_count(30, 0.0, MORNING)
    assert quote.volume() == 0


@given(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(allow_nan=True, allow_infinity=True),
)
def test_greeks_are_possible_or_none(volatility: float, delta: float, gamma: float) -> None:
    """Whatever IB sends, nothing impossible is kept."""
    quote = line(CALL_OPTION)
    quote.on_greeks(13, volatility, delta, gamma)
    kept = quote.greeks
    assert kept is not None
    assert kept.volatility is None or 0 < kept.volatility < math.inf
    assert kept.delta is None or -1 <= kept.delta <= 1
    assert kept.gamma is None or 0 <= kept.gamma < math.inf


def test_only_the_model_computes_greeks() -> None:
    """The computations at bid, ask and last are not taken; -1 and -2 mean that nothing was computed."""
    quote = line(CALL_OPTION)
    for tick in (10, 11, 12):
        quote.on_greeks(tick, 0.2, 0.5, 0.01)
    assert quote.greeks is None
    quote.on_greeks(13, -1.0, -2.0, -2.0)
    assert quote.greeks == Greeks(volatility=None, delta=None, gamma=None)
    quote.on_greeks(83, 0.2, 0.5, 0.01)
    assert quote.greeks == Greeks(volatility=0.2, delta=0.5, gamma=0.01)


async def test_whatever_arrives_rings_the_bell() -> None:
    """Whoever waits for a line looks again at each message."""
    import asyncio

    notifier = Notifier()
    quote = MarketDataLine(listed(), MORNING, notifier)
    for say in (
        lambda: quote.on_price(LAST, 600.0, MORNING),
        lambda: quote.on_count(8, 5.0, MORNING),
        lambda: quote.on_greeks(13, 0.2, 0.5, 0.01),
        lambda: quote.on_data_type(LIVE),
        lambda: quote.on_code(354, ""),
    ):
        waiting = asyncio.ensure_future(notifier.changed())
        await asyncio.sleep(0)
        say()
        await asyncio.wait_for(waiting, 1)
