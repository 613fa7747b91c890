"""Bars and prices, as the real yfinance reads them from a Yahoo that runs late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.domain.bar_lengths import aggregate
from magic8_companion.domain.bars import COLUMNS, Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import require_session, sessions_between
from magic8_companion.providers.yahoo.library import Library
from magic8_companion.providers.yahoo.patience import BackOff
from magic8_companion.providers.yahoo.session import BoundedSession
from magic8_companion.testing.market import seen_at
from magic8_companion.testing.yahoo_answers import Habits
from magic8_companion.testing.yahoo_server import YahooServer
from tests.providers.makers import DAY, HALF_DAY, new_york, utc
from tests.providers.yahoo.servers import DELAY, MARKET, PROMPT, bars, provider, put, refusal, yahoo
from tests.providers.yahoo.servers import ask as answer_of


@pytest.fixture(scope="module")
def server() -> Iterator[YahooServer]:
    """Run a server that is 15 minutes late."""
    with yahoo() as running:
        yield running


def expected(symbol: str, day: date, until: object) -> pd.DataFrame:
    """Return the bars of the simulated market that are complete at an instant."""
    return MARKET.bars(symbol, day, day).known_at(until).frame()  # type: ignore[arg-type]


@given(second=st.integers(300, 7 * 3600), symbol=st.sampled_from(["SPX", "SPY", "VIX"]), twice=st.booleans())
@settings(max_examples=25, deadline=None)
def test_only_bars_that_yahoo_knows_completely_are_given(
    server: YahooServer, second: int, symbol: str, twice: bool
) -> None:
    """The running bar never passes, however its rows are stamped; what is complete in Yahoo's time is all there."""
    server.habits = Habits(running_bar_twice=twice)
    session = require_session(DAY)
    seen = session.open_at + timedelta(seconds=second)
    put(server, seen + DELAY)
    frame = bars(provider(server), symbol)
    pd.testing.assert_frame_equal(frame, expected(symbol, DAY, min(seen, session.close_at)))
    assert tuple(frame.columns) == COLUMNS
    assert (str(frame.index.tz), frame.index.name) == ("UTC", "time")


@pytest.mark.parametrize(("day", "count"), [(DAY, 78), (HALF_DAY, 42)])
def test_after_the_close_the_whole_session_is_there(server: YahooServer, day: date, count: int) -> None:
    """The last bar comes with Yahoo's closing time, or at the latest half an hour after the close."""
    close = require_session(day).close_at
    put(server, close + DELAY)
    assert len(bars(provider(server))) == count
    put(server, close + DELAY - timedelta(seconds=1))
    assert len(bars(provider(server))) == count - 1


def test_before_yahoo_knows_a_bar_the_reason_says_that_it_is_late(server: YahooServer) -> None:
    """At 09:45 a Yahoo that is 15 minutes late has seen the open and nothing else."""
    put(server, new_york(DAY, 9, 45))
    refused = refusal(provider(server).get_historical_data("SPX", "5m", "1d"))
    assert refused.reason == "no_bars_yet"
    assert "late" in refused.detail
    put(server, new_york(DAY, 9, 50))
    assert len(bars(provider(server))) == 1


def test_the_answer_says_what_it_is(server: YahooServer) -> None:
    """Source, delay and ticker stand on the frame; the provider declares itself delayed."""
    put(server, new_york(DAY, 11))
    source = provider(server)
    assert bars(source, "SPXW").attrs == {"source": "yahoo", "status": "delayed", "ticker": "^GSPC"}
    assert (source.name, source.status, source.loop_bound) == ("yahoo", "delayed", False)


@pytest.mark.parametrize(("interval", "minutes"), [("15m", 15), ("30m", 30), ("1h", 60)])
def test_longer_bars_are_made_of_5_minute_bars(server: YahooServer, interval: str, minutes: int) -> None:
    """They count from the open and only complete ones are given."""
    put(server, new_york(DAY, 12, 7))
    whole = MARKET.bars("QQQ", date(2025, 4, 7), DAY).known_at(new_york(DAY, 11, 52))
    frame = bars(provider(server), "QQQ", interval, "3d")
    pd.testing.assert_frame_equal(frame, aggregate(whole, timedelta(minutes=minutes)).frame())


@pytest.mark.parametrize("symbol", ["VIX", "SPY"])
def test_daily_bars_are_those_of_past_days(server: YahooServer, symbol: str) -> None:
    """They carry 00:00 UTC of their date, whatever zone Yahoo keeps the symbol in; today's is not among them."""
    put(server, new_york(DAY, 15))
    daily = bars(provider(server), symbol, "1d", "1mo")
    days = [session.day for session in sessions_between(date(2025, 3, 10), date(2025, 4, 8))]
    assert list(daily.index) == [pd.Timestamp(utc(day)) for day in days]
    pd.testing.assert_frame_equal(daily, MARKET.daily(symbol, days[0], days[-1]).frame())


def test_history_ends_where_yahoo_forgets(server: YahooServer) -> None:
    """5-minute bars of 90 trading days are asked for as far as Yahoo keeps them, without a refused request."""
    put(server, new_york(DAY, 11))
    frame = bars(provider(server), "SPY", period="90d")
    assert date(frame.index[0].year, frame.index[0].month, frame.index[0].day) == date(2025, 2, 10)
    assert len(set(frame.index.date)) == len(sessions_between(date(2025, 2, 9), DAY))


def test_index_bars_have_no_volume_and_stock_bars_have_theirs(server: YahooServer) -> None:
    """An index trades nothing, whatever Yahoo counts; a missing volume is none."""
    put(server, new_york(DAY, 11))
    assert not bars(provider(server), "SPX")["volume"].any()
    assert (bars(provider(server), "SPY")["volume"] > 0).all()


def test_the_price_is_yahoos_newest(server: YahooServer) -> None:
    """It moves within a bar; right after a request for bars it costs no further one."""
    put(server, new_york(DAY, 11, 2, 13))
    source = provider(server)
    bars(source, "SPX")
    asked = server.served["/v8/finance/chart/^GSPC"]
    seen = seen_at(MARKET.bars("SPX", DAY, DAY), new_york(DAY, 10, 47, 13))
    assert answer_of(source.get_spot_price("SPX")) == seen.close[-1]
    assert server.served["/v8/finance/chart/^GSPC"] == asked
    put(server, new_york(DAY, 11, 2, 34))
    later = seen_at(MARKET.bars("SPX", DAY, DAY), new_york(DAY, 10, 47, 34))
    assert answer_of(source.get_spot_price("SPX")) == later.close[-1]


@pytest.mark.parametrize("day", [date(2025, 4, 12), date(2025, 1, 9)])
def test_a_shut_exchange_is_named(server: YahooServer, day: date) -> None:
    """On weekends and holidays there are no bars of today and no price."""
    put(server, new_york(day, 12))
    source = provider(server)
    for question in (source.get_historical_data("SPX", "5m", "1d"), source.get_spot_price("SPX")):
        assert refusal(question).reason == "market_closed"


@pytest.mark.parametrize(
    ("interval", "period", "reason"), [("1m", "1d", "interval_unavailable"), ("5m", "max", "period_unavailable")]
)
def test_what_is_not_offered_is_refused(server: YahooServer, interval: str, period: str, reason: str) -> None:
    """Yahoo's own words for intervals and periods are not passed through."""
    assert refusal(provider(server).get_historical_data("SPX", interval, period)).reason == reason


def test_an_unknown_symbol_is_refused(server: YahooServer) -> None:
    """The sentence names it."""
    put(server, new_york(DAY, 11))
    refused = refusal(provider(server).get_historical_data("NOSUCH", "5m", "1d"))
    assert refused.reason == "no_data"
    assert "NOSUCH" in refused.detail


def test_what_yahoo_explains_is_told(server: YahooServer) -> None:
    """Asked for more than it keeps, Yahoo says how much that is; its sentence is passed on."""
    put(server, new_york(DAY, 11))
    library = Library(BoundedSession(10, server.address), BackOff(server.clock))
    with pytest.raises(DataUnavailable, match=r"no_data: .* must be within the last 60 days"):
        library.chart("SPY", "5m", new_york(date(2025, 2, 7), 12))


def test_xsp_is_read_as_itself_or_as_a_tenth_of_the_index(server: YahooServer) -> None:
    """Without bars of ^XSP the answer is made of ^GSPC and says so; price and bars come from the same ticker."""
    put(server, new_york(DAY, 11))
    own = bars(provider(server), "XSP")
    assert own.attrs["ticker"] == "^XSP"
    server.fault("gap", "XSP")
    source = provider(server)
    derived = bars(source, "XSP")
    server.heal()
    assert derived.attrs["ticker"] == "^GSPC x 0.1"
    np.testing.assert_allclose(derived["close"], bars(provider(server), "SPX")["close"] / 10)
    assert answer_of(source.get_spot_price("XSP")) == pytest.approx(answer_of(source.get_spot_price("SPX")) / 10)


def test_a_missing_or_empty_row_costs_the_symbol_its_day(server: YahooServer) -> None:
    """A hole in today's bars is named with its time; nothing is filled in, and other symbols are not touched."""
    put(server, new_york(DAY, 11))
    for fault, reason in (("gap", "bars_gap"), ("nan", "bad_bars")):
        server.fault(fault, "^GSPC")
        refused = refusal(provider(server).get_historical_data("SPX", "5m", "1d"))
        assert refused.reason == reason
        assert "2025-04-09" in refused.detail
        assert len(bars(provider(server), "SPY")) == 15
        server.heal()


def test_a_prompt_yahoo_is_believed_to_the_second() -> None:
    """Without delay a bar is given from its end on."""
    with yahoo(PROMPT, new_york(DAY, 10, 0)) as server:
        source = provider(server)
        assert len(bars(source)) == 6
        put(server, new_york(DAY, 10, 4, 59))
        assert len(bars(source)) == 6
        put(server, new_york(DAY, 10, 5))
        assert Bars.from_frame(bars(source)).last_end == new_york(DAY, 10, 5)
