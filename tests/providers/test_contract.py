"""What every provider of bars must do, run on each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.domain.bar_lengths import interval_length
from magic8_companion.domain.bars import COLUMNS, Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.trading_day import require_session, sessions_between
from magic8_companion.ports import TypedBars
from magic8_companion.providers.bar_writer import write_bar_files
from magic8_companion.providers.catalogue import create_provider
from magic8_companion.providers.clocked import PlayableDays
from magic8_companion.providers.simulated_market import SimulatedMarket
from tests.providers.makers import DAY, HALF_DAY, SetClock, new_york, utc

Ask = Callable[..., Any]
SYMBOLS = ("SPX", "SPY", "VIX")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a year of bars that ends with the day of the tests."""
    folder = tmp_path_factory.mktemp("bars")
    write_bar_files(folder, SimulatedMarket(), ("SPX", "SPY"), date(2024, 11, 1), date(2025, 4, 11))
    return folder


@pytest.fixture(params=["simulated", "replay"], scope="module")
def provider(request: pytest.FixtureRequest, recorded: Path) -> Any:
    """Return each provider in turn, with a clock that the test sets."""
    return create_provider(request.param, SetClock(new_york(DAY, 12)), replay_path=recorded)


@pytest.fixture
def at(provider: Any) -> Callable[[datetime], Any]:
    """Return a function that puts the provider's clock somewhere and returns the provider."""

    def put(now: datetime) -> Any:
        provider._clock.at = now
        return provider

    return put


def bars(provider: Any, symbol: str = "SPX", interval: str = "5m", period: str = "1d") -> pd.DataFrame:
    """Ask for bars."""
    return asyncio.run(provider.get_historical_data(symbol, interval=interval, period=period))


def refusal(call: Any) -> DataUnavailable:
    """Return the refusal of a coroutine."""
    with pytest.raises(DataUnavailable) as caught:
        asyncio.run(call)
    return caught.value


@pytest.mark.parametrize("interval", ["5m", "15m", "30m", "1h", "1d"])
def test_bars_and_frames_are_the_same(at: Ask, interval: str) -> None:
    """Whoever asks for bars gets what the frame holds, with their length."""
    source = at(new_york(DAY, 12))
    typed = asyncio.run(source.get_bars("SPX", interval, "5d"))
    assert isinstance(source, TypedBars)
    assert typed.length == interval_length(interval)
    pd.testing.assert_frame_equal(typed.frame(), bars(source, "SPX", interval, "5d"))


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("interval", ["5m", "15m", "30m", "1h", "1d"])
def test_frames_have_the_canonical_form(at: Ask, symbol: str, interval: str) -> None:
    """Columns, types, time zone and order are those of the contract, and the values are possible bars."""
    frame = bars(at(new_york(DAY, 12)), symbol, interval, "5d")
    assert tuple(frame.columns) == COLUMNS
    assert set(frame.dtypes) == {np.dtype("float64")}
    assert str(frame.index.tz) == "UTC"
    assert frame.index.name == "time"
    assert len(Bars.from_frame(frame)) == len(frame) > 0


@pytest.mark.parametrize(("day", "count"), [(DAY, 78), (HALF_DAY, 42)])
def test_a_session_has_all_its_bars_and_no_other(at: Ask, day: date, count: int) -> None:
    """A full day has 78 bars of 5 minutes and a half day 42, from the open to the close."""
    frame = bars(at(new_york(day, 18)))
    session = require_session(day)
    assert len(frame) == count
    assert frame.index[0] == session.open_at
    assert frame.index[-1] == session.close_at - timedelta(minutes=5)


@given(second=st.integers(300, 6 * 3600 + 1800))
@settings(max_examples=40, deadline=None)
def test_only_complete_bars_are_given(provider: Any, second: int) -> None:
    """A bar that starts at t is given from t + 5 minutes on, to the second; the spot is its close."""
    session = require_session(DAY)
    provider._clock.at = session.open_at + timedelta(seconds=second)
    frame = bars(provider)
    assert len(frame) == min(second // 300, 78)
    assert asyncio.run(provider.get_spot_price("SPX")) == frame["close"].iloc[-1]


@given(minutes=st.integers(5, 389), symbol=st.sampled_from(SYMBOLS), interval=st.sampled_from(["5m", "30m", "1h"]))
@settings(max_examples=40, deadline=None)
def test_time_only_adds_bars(provider: Any, minutes: int, symbol: str, interval: str) -> None:
    """What is answered early in the day is the beginning of what is answered at the close."""
    session = require_session(DAY)
    provider._clock.at = session.close_at
    whole = bars(provider, symbol, interval, "3d")
    provider._clock.at = session.open_at + timedelta(minutes=minutes)
    early = bars(provider, symbol, interval, "3d")
    pd.testing.assert_frame_equal(early, whole.iloc[: len(early)])


@pytest.mark.parametrize("when", [(9, 0), (9, 30), (9, 34)])
def test_there_is_nothing_before_the_first_bar_is_complete(at: Ask, when: tuple[int, int]) -> None:
    """Before 09:35 neither today's bars nor a spot can be had, and the reason says when."""
    provider = at(new_york(DAY, *when))
    for call in (provider.get_spot_price("SPX"), provider.get_historical_data("SPX", "5m", "1d")):
        answer = refusal(call)
        assert answer.reason == "no_bars_yet"
        assert "09:35 ET" in answer.detail


def test_history_can_be_had_before_the_open(at: Ask) -> None:
    """A longer period before the open holds the days before today."""
    frame = bars(at(new_york(DAY, 9)), period="3d")
    assert len(frame) == 2 * 78


@pytest.mark.parametrize(("interval", "minutes"), [("15m", 15), ("30m", 30), ("1h", 60)])
@pytest.mark.parametrize("day", [DAY, HALF_DAY])
def test_longer_bars_are_made_of_5_minute_bars(at: Ask, interval: str, minutes: int, day: date) -> None:
    """Longer bars count from the open; open, extremes, close and volume are those of their parts."""
    provider = at(new_york(day, 16))
    parts, session = bars(provider, "SPY"), require_session(day)
    expected = parts.resample(f"{minutes}min", origin=pd.Timestamp(session.open_at)).agg(
        {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    )
    pd.testing.assert_frame_equal(bars(provider, "SPY", interval), expected, check_freq=False)


def test_a_longer_bar_waits_for_its_last_part(at: Ask) -> None:
    """At 11:25 the bar of 10:30 to 11:30 is not there; the short last bar of the day is there at the close."""
    assert len(bars(at(new_york(DAY, 11, 25)), interval="1h")) == 1
    assert len(bars(at(new_york(DAY, 11, 30)), interval="1h")) == 2
    assert len(bars(at(new_york(DAY, 15, 59)), interval="1h")) == 6
    assert len(bars(at(new_york(DAY, 16)), interval="1h")) == 7


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_daily_bars_are_those_of_past_days(at: Ask, symbol: str) -> None:
    """Daily bars carry 00:00 UTC of their date, hold the session's open, extremes and close, and exclude today."""
    provider = at(new_york(DAY, 15))
    daily = bars(provider, symbol, "1d", "1mo")
    days = [session.day for session in sessions_between(date(2025, 3, 10), date(2025, 4, 8))]
    assert list(daily.index) == [pd.Timestamp(utc(day)) for day in days]
    last = bars(at(new_york(days[-1], 16)), symbol)
    assert daily.iloc[-1][["open", "high", "low", "close"]].tolist() == [
        last["open"].iloc[0],
        last["high"].max(),
        last["low"].min(),
        last["close"].iloc[-1],
    ]


@pytest.mark.parametrize(("period", "days"), [("1d", 1), ("2d", 2), ("30d", 30), ("1w", 5), ("2w", 10), ("1mo", 23)])
def test_periods_end_with_today(at: Ask, period: str, days: int) -> None:
    """Nd counts sessions with today; weeks and months go back by the calendar."""
    frame = bars(at(new_york(DAY, 16)), period=period)
    assert len(set(frame.index.date)) == days
    assert frame.index[-1].date() == DAY


@pytest.mark.parametrize(
    ("interval", "period", "reason"),
    [
        ("1m", "1d", "interval_unavailable"),
        ("5 mins", "1d", "interval_unavailable"),
        ("5m", "1 D", "period_unavailable"),
        ("5m", "0d", "period_unavailable"),
        ("5m", "max", "period_unavailable"),
    ],
)
def test_unknown_intervals_and_periods_are_refused(at: Ask, interval: str, period: str, reason: str) -> None:
    """What is not offered is refused by name, never answered with something else."""
    answer = refusal(at(new_york(DAY, 12)).get_historical_data("SPX", interval, period))
    assert answer.reason == reason
    assert repr(period if "period" in reason else interval) in answer.detail


@pytest.mark.parametrize("day", [date(2025, 4, 12), date(2025, 1, 9), date(2024, 11, 28)])
def test_a_shut_exchange_has_no_running_session(at: Ask, day: date) -> None:
    """On weekends and holidays today's bars and the spot are refused with a sentence."""
    provider = at(new_york(day, 12))
    for call in (provider.get_spot_price("SPX"), provider.get_historical_data("SPX", "5m", "1d")):
        assert refusal(call).reason == "market_closed"


def test_an_unknown_symbol_is_refused(at: Ask) -> None:
    """A symbol without bars is no_data, and the sentence names the symbols there are."""
    answer = refusal(at(new_york(DAY, 12)).get_historical_data("DIA", "5m", "1d"))
    assert answer.reason == "no_data"
    assert "SPX" in answer.detail


@pytest.mark.parametrize("name", ["spx", " SPX ", "SPXW"])
def test_symbols_are_read_as_people_write_them(at: Ask, name: str) -> None:
    """Case, blanks and the option class do not matter."""
    provider = at(new_york(DAY, 12))
    pd.testing.assert_frame_equal(bars(provider, name), bars(provider, "SPX"))


def test_a_frame_belongs_to_who_asked(at: Ask) -> None:
    """Changing an answer changes no later one."""
    provider = at(new_york(DAY, 12))
    first = bars(provider)
    kept = first.copy()
    first.loc[:, "close"] = 0.0
    pd.testing.assert_frame_equal(bars(provider), kept)


def test_any_loop_in_any_thread_may_ask(at: Ask) -> None:
    """The provider is not bound to a loop: threads with loops of their own get the same answers at the same time."""
    provider = at(new_york(DAY, 12))
    assert provider.loop_bound is False
    wanted = [("SPX", "10d"), ("SPY", "20d"), ("VIX", "30d")] * 4
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda item: bars(provider, item[0], period=item[1]), wanted))
    for item, answer in zip(wanted, answers, strict=True):
        pd.testing.assert_frame_equal(answer, bars(provider, item[0], period=item[1]))


def test_a_chain_is_an_envelope_or_a_reason(at: Ask) -> None:
    """A chain reads back as an option chain of now; without one the refusal names the reason."""
    provider = at(new_york(DAY, 12))
    if provider.name == "replay":
        assert refusal(provider.get_option_chain("SPX")).reason == "no_chain_recorded"
        return
    envelope = asyncio.run(provider.get_option_chain("SPX"))
    chain = OptionChain.from_envelope(envelope)
    assert chain.as_envelope() == envelope
    assert {len(row) for row in envelope["option_chain"]} == {16}
    assert (chain.symbol, chain.expiry, chain.source, chain.status) == ("SPX", DAY, provider.name, provider.status)


def test_the_provider_says_what_it_is(provider: Any) -> None:
    """Name and status are published with every document, so they must not pass for live."""
    assert provider.name == provider.status
    assert provider.status in {"replay", "simulated"}


def test_days_can_be_looked_at_before_they_are_played(provider: Any) -> None:
    """Symbols, days and the span are known without a clock; a day that cannot be played says why."""
    assert isinstance(provider, PlayableDays)
    assert set(SYMBOLS) <= set(provider.symbols())
    assert {DAY, HALF_DAY} <= set(provider.days("SPX"))
    first, last = provider.span("SPX") or (date.max, date.min)
    assert first <= date(2024, 11, 1) < date(2025, 4, 11) <= last
    assert provider.span("DIA") is None
    assert provider.days("DIA") == ()
    provider.check_day("SPX", DAY)
    with pytest.raises(DataUnavailable, match="market_closed"):
        provider.check_day("SPX", date(2025, 1, 9))
    assert provider.problems() == ()


@pytest.mark.parametrize("name", ["simulated", "replay"])
def test_a_closed_provider_answers_nothing(name: str, recorded: Path) -> None:
    """After close, which may be called twice, the provider says that it is closed."""
    provider = create_provider(name, SetClock(new_york(DAY, 12)), replay_path=recorded)
    assert provider.is_connected()
    asyncio.run(provider.close())
    asyncio.run(provider.close())
    assert not provider.is_connected()
    for call in (
        provider.get_spot_price("SPX"),
        provider.get_historical_data("SPX", "5m", "1d"),
        provider.get_option_chain("SPX"),
    ):
        assert refusal(call).reason == "closed"


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize(("interval", "period"), [("5m", "30d"), ("30m", "5d"), ("1d", "3mo")])
def test_a_written_market_replays_as_it_was(recorded: Path, symbol: str, interval: str, period: str) -> None:
    """Files that were written from the simulated market give back the same bars."""
    clock = SetClock(new_york(DAY, 13, 7))
    simulated, replayed = create_provider("simulated", clock), create_provider("replay", clock, replay_path=recorded)
    pd.testing.assert_frame_equal(bars(simulated, symbol, interval, period), bars(replayed, symbol, interval, period))
