"""The market between the bars: prices within a bar agree with the bar, and nothing is seen too early."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.domain.bar_lengths import aggregate
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import require_session
from magic8_companion.options.black_scholes import greeks
from magic8_companion.options.products import product
from magic8_companion.testing.contracts import CALL, CLASSES, PUT, option_of
from magic8_companion.testing.market import RecordedGatewayMarket, minute_bars, seen_at, tape_at
from magic8_companion.testing.option_prices import OptionPrices
from tests.real_data import real_data_dir
from tests.testing.tools import DAY, MARKET, START, EmptyMarket

SESSION = require_session(DAY)
TODAY = MARKET.bars("SPX", DAY, DAY)
MOMENTS = st.integers(1, int((SESSION.close_at - SESSION.open_at).total_seconds()))


@given(second=MOMENTS)
@settings(max_examples=60, deadline=None)
def test_the_tape_agrees_with_the_bars(second: int) -> None:
    """At any second the price lies within its bar, and at the end of a bar it is the close."""
    at = SESSION.open_at + timedelta(seconds=second)
    tape = tape_at(MARKET, "SPX", at)
    number = (second - 1) // 300
    assert TODAY.low[number] <= tape.last <= TODAY.high[number]
    assert tape.high == pytest.approx(max(tape.high or 0, *TODAY.high[:number], tape.last))
    assert tape.open == TODAY.open[0]
    if second % 300 == 0:
        assert tape.last == TODAY.close[number]
        assert (tape.high, tape.low) == (TODAY.high[: number + 1].max(), TODAY.low[: number + 1].min())


@given(second=MOMENTS)
@settings(max_examples=40, deadline=None)
def test_a_bar_that_is_running_hides_its_end(second: int) -> None:
    """What comes later in the day changes nothing of what is seen; the running bar only grows into itself."""
    at = SESSION.open_at + timedelta(seconds=second)
    seen = seen_at(TODAY, at)
    running = (second - 1) // 300
    changed = Bars(
        starts=TODAY.starts,
        **{
            name: np.concatenate([getattr(TODAY, name)[: running + 1], 2 * getattr(TODAY, name)[running + 1 :]])
            for name in ("open", "high", "low", "close", "volume")
        },
    )
    again = seen_at(changed, at)
    assert len(seen) == running + 1
    assert all(np.array_equal(getattr(seen, name), getattr(again, name)) for name in ("open", "high", "low", "close"))
    assert seen.high[-1] <= TODAY.high[running]
    assert seen.low[-1] >= TODAY.low[running]


def test_minute_bars_make_the_five_minute_bars_again() -> None:
    """Five bars of one minute have together the prices of the bar that they come from."""
    again = aggregate(minute_bars(TODAY, SESSION.close_at), timedelta(minutes=5))
    for name in ("starts", "open", "high", "low", "close"):
        assert np.array_equal(getattr(again, name), getattr(TODAY, name))


@pytest.mark.parametrize(
    ("at", "trading"),
    [
        (datetime(2025, 6, 26, 13, 29, 59, tzinfo=UTC), False),
        (datetime(2025, 6, 26, 13, 30, tzinfo=UTC), True),
        (datetime(2025, 6, 26, 20, 0, tzinfo=UTC), False),
        (datetime(2025, 6, 28, 15, 0, tzinfo=UTC), False),
        (datetime(2025, 7, 3, 17, 0, tzinfo=UTC), False),
    ],
)
def test_outside_the_session_the_last_price_stays(at: datetime, trading: bool) -> None:
    """Before the open, after the close and on weekends the tape shows what was last."""
    tape = tape_at(MARKET, "SPY", at)
    assert tape.trading is trading
    assert tape.last > 0
    assert tape.last_at <= at


def test_a_symbol_without_bars_is_unknown() -> None:
    """Nothing is invented about a symbol of which nothing is known."""
    with pytest.raises(DataUnavailable):
        tape_at(EmptyMarket(Bars.empty()), "SPX", START)


@pytest.mark.parametrize("at", [SESSION.open_at, START, SESSION.close_at - timedelta(seconds=1)])
def test_options_are_priced_at_the_price_of_the_moment(at: datetime) -> None:
    """Price and greeks are Black-Scholes at the quoted volatility, bid and ask enclose them, from open to close."""
    prices, spot = OptionPrices(MARKET), tape_at(MARKET, "SPX", at).last
    number = round(spot / 5)
    for right, sign in ((CALL, 1.0), (PUT, -1.0)):
        quote = prices.quote(option_of(CLASSES["SPXW"], DAY, right, number), at)
        assert quote is not None
        years = max(5.0, product("SPX").seconds_left(DAY, at)) / 31_536_000
        answer = greeks(spot, number * 5.0, years, 0.0, quote.volatility, sign)
        assert (quote.price, quote.delta) == pytest.approx((float(answer.price), float(answer.delta)))
        assert quote.vega == pytest.approx(float(answer.vega) / 100)
        assert quote.bid < quote.price < quote.ask
        assert quote.spot == spot


@pytest.mark.parametrize(
    ("name", "expiry", "at"),
    [
        ("SPXW", date(2025, 6, 27), START),
        ("SPX", date(2025, 7, 18), datetime(2025, 7, 18, 15, 0, tzinfo=UTC)),
        ("SPXW", DAY, datetime(2025, 6, 26, 13, 0, tzinfo=UTC)),
        ("SPXW", DAY, SESSION.close_at),
    ],
)
def test_other_options_are_silent(name: str, expiry: date, at: datetime) -> None:
    """Later expiries, the morning-settled class and closed hours have no quotes."""
    assert OptionPrices(MARKET).quote(option_of(CLASSES[name], expiry, CALL, 1350), at) is None


@pytest.mark.real_data
def test_recorded_bars_are_shown_as_they_are() -> None:
    """A folder of recorded bars makes a market with its prices, options included."""
    market = RecordedGatewayMarket(real_data_dir())
    at = datetime(2019, 2, 12, 16, 2, tzinfo=UTC)
    bars = market.bars("SPY", date(2019, 2, 12), date(2019, 2, 12))
    tape = tape_at(market, "SPY", at)
    quote = OptionPrices(market).quote(option_of(CLASSES["SPY"], date(2019, 2, 12), PUT, round(tape.last)), at)
    assert len(bars) == 78
    assert bars.low[18] <= tape.last <= bars.high[18]
    assert quote is not None
    assert quote.bid < quote.ask


def test_a_folder_without_the_symbol_is_no_market(tmp_path: Path) -> None:
    """Symbols that no file holds are unknown, not simulated."""
    path = tmp_path / "SPY.csv"
    path.write_text("time,open,high,low,close,volume\n2025-06-26T13:30:00Z,1,1,1,1,1\n")
    with pytest.raises(DataUnavailable):
        RecordedGatewayMarket(tmp_path).bars("SPX", DAY, DAY)
