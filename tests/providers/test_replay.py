"""The replay provider: nothing recorded after the clock's time can be seen; recorded chains; the real files."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.trading_day import require_session
from magic8_companion.providers.bar_writer import write_bar_files
from magic8_companion.providers.replay import ReplayProvider
from magic8_companion.providers.simulated_market import SimulatedMarket
from tests.providers.makers import DAY, day_rows, new_york, replay, save
from tests.real_data import real_data_dir

QUESTIONS = [
    (symbol, interval, period)
    for symbol in ("SPY", "VIX")
    for interval, period in (("5m", "1d"), ("5m", "3d"), ("30m", "2d"), ("1h", "1d"), ("1d", "1mo"))
]


def answers(folder: Path, now: datetime) -> list[Any]:
    """Return every answer of a replay at one time, refusals included."""
    provider, found = replay(folder, now), []
    for symbol, interval, period in QUESTIONS:
        try:
            frame = asyncio.run(provider.get_historical_data(symbol, interval, period))
            found.append(frame.to_csv())
        except DataUnavailable as refusal:
            found.append(refusal.reason)
    return found


def truncate(source: Path, target: Path, now: datetime) -> None:
    """Copy a folder as it would have stood at ``now``: no later bar, of today's daily row only the open."""
    for path in source.glob("*.parquet"):
        frame = pd.read_parquet(path)
        if "date" in frame:
            days = pd.to_datetime(frame["date"]).dt.date
            frame = frame[(days < now.date()) | ((days == now.date()) & (now >= new_york(now.date(), 9, 31)))].copy()
            today = pd.to_datetime(frame["date"]).dt.date == now.date()
            for name in ("high", "low", "close"):
                frame.loc[today, name] = frame.loc[today, "open"]
        else:
            frame = frame[frame["ts_utc"] <= now - timedelta(minutes=5)]
        if len(frame):
            save(frame, target / path.name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with bars of some days and, as is common, a daily VIX alone."""
    path = tmp_path_factory.mktemp("bars")
    write_bar_files(path, SimulatedMarket(), ("SPY",), date(2025, 3, 31), date(2025, 4, 11))
    (path / "vix_5m.parquet").unlink()
    return path


@given(second=st.integers(-3600, 7 * 3600))
@settings(max_examples=25, deadline=None)
def test_nothing_recorded_later_can_be_seen(folder: Path, second: int) -> None:
    """At any time the answers are those of a folder that ends then."""
    now = require_session(DAY).open_at + timedelta(seconds=second)
    with tempfile.TemporaryDirectory() as name:
        truncate(folder, Path(name), now)
        assert answers(folder, now) == answers(Path(name), now)


@given(row=st.integers(0, 77), minute=st.integers(5, 400))
@settings(max_examples=25, deadline=None)
def test_damage_of_the_future_cannot_be_seen(folder: Path, row: int, minute: int) -> None:
    """A bad bar later in the day changes no answer before it is due."""
    session = require_session(DAY)
    now = session.open_at + timedelta(minutes=minute)
    frame = pd.read_parquet(folder / "spy_5m.parquet")
    frame.loc[frame["ts_utc"] == session.open_at + timedelta(minutes=5 * row), "high"] = -1.0
    with tempfile.TemporaryDirectory() as name:
        save(frame, Path(name) / "spy_5m.parquet")
        save(pd.read_parquet(folder / "vix_daily.parquet"), Path(name) / "vix_daily.parquet")
        expected = answers(folder, now)
        if minute >= 5 * row + 5:
            spy = [symbol == "SPY" and interval != "1d" for symbol, interval, _ in QUESTIONS]
            expected = ["bad_bars" if hit else answer for hit, answer in zip(spy, expected, strict=True)]
        assert answers(Path(name), now) == expected


def chain_rows(at: datetime, symbol: str = "SPX", **changed: Any) -> pd.DataFrame:
    """Return a recorded chain of three strikes."""
    columns: dict[str, Any] = {
        "ts_utc": pd.Timestamp(at),
        "symbol": symbol,
        "spot": 5000.5,
        "strike": [4995.0, 5000.0, 5005.0],
    }
    for side in ("call", "put"):
        columns |= {
            f"{side}_oi": [10, 0, 30],
            f"{side}_iv": 0.2,
            f"{side}_bid": [6.0, 3.0, 0.0],
            f"{side}_ask": [6.2, 3.1, 0.05],
        }
        columns |= {f"{side}_gamma": 0.01, f"{side}_delta": 0.5, f"{side}_volume": 0}
    return pd.DataFrame(columns | {"dte": 0} | changed)


def chain_at(folder: Path, now: datetime, symbol: str = "SPX") -> OptionChain:
    """Ask for a chain and read it back."""
    return OptionChain.from_envelope(asyncio.run(replay(folder, now).get_option_chain(symbol)))


@pytest.fixture
def chains(tmp_path: Path) -> Path:
    """Return a folder with bars and three snapshots of two symbols."""
    save(day_rows(DAY), tmp_path / "spy.parquet")
    parts = [
        chain_rows(new_york(DAY, 10, 0, 5)),
        chain_rows(new_york(DAY, 10, 0, 5), "SPY", spot=500.1),
        chain_rows(new_york(DAY, 10, 2), call_bid=[np.nan, -1.0, 0.0], put_oi=0, strike=[5005.0, 4995.0, 5000.0]),
    ]
    save(pd.concat(parts, ignore_index=True), tmp_path / "chains.parquet")
    return tmp_path


def test_the_newest_recorded_chain_is_given(chains: Path) -> None:
    """The newest snapshot before now is given, with its own time, and none that is older than five minutes."""
    assert chain_at(chains, new_york(DAY, 10, 1)).as_of == new_york(DAY, 10, 0, 5)
    assert chain_at(chains, new_york(DAY, 10, 7)).as_of == new_york(DAY, 10, 2)
    assert chain_at(chains, new_york(DAY, 10, 5), "SPY").spot == 500.1
    for now in (new_york(DAY, 10), new_york(DAY, 10, 7, 1)):
        with pytest.raises(DataUnavailable, match="no_chain_recorded"):
            chain_at(chains, now)


def test_what_was_not_received_is_none(chains: Path) -> None:
    """NaN and negative quotes, and counts that are 0 in every row, are None; a single 0 and a bid of 0 are real."""
    first, newest = chain_at(chains, new_york(DAY, 10, 1)), chain_at(chains, new_york(DAY, 10, 4))
    assert [row.call_oi for row in first.rows] == [10, 0, 30]
    assert [row.call_volume for row in first.rows] == [None, None, None]
    assert [row.strike for row in newest.rows] == [4995.0, 5000.0, 5005.0]
    assert [row.call_bid for row in newest.rows] == [None, 0.0, None]
    assert [row.put_oi for row in newest.rows] == [None, None, None]
    assert newest.oi_as_of == date(2025, 4, 8)


def test_what_is_no_finite_number_was_not_received(chains: Path) -> None:
    """An infinite quote, volatility or count of a damaged recording is None, and the chain stands."""
    damage = {"call_bid": np.inf, "call_iv": -np.inf, "call_oi": [10.0, np.inf, 30.0], "put_volume": np.inf}
    save(chain_rows(new_york(DAY, 11), **damage), chains / "damaged.csv")
    rows = chain_at(chains, new_york(DAY, 11, 1)).rows
    assert [(row.call_bid, row.call_iv, row.put_volume) for row in rows] == [(None, None, None)] * 3
    assert [row.call_oi for row in rows] == [10, None, 30]


def test_a_chain_that_expires_later_is_refused(chains: Path) -> None:
    """Only the options of the day are a 0DTE chain."""
    save(chain_rows(new_york(DAY, 11), dte=1), chains / "later.csv")
    with pytest.raises(DataUnavailable, match="no_0dte_chain"):
        chain_at(chains, new_york(DAY, 11, 1))


def test_a_broken_chain_file_is_a_problem_not_an_end(chains: Path) -> None:
    """A chain file that cannot be read is told of; the other snapshots are given."""
    save(chain_rows(new_york(DAY, 10, 3)).assign(ts_utc="yesterday"), chains / "bad.csv")
    provider = replay(chains, new_york(DAY, 10, 4))
    assert asyncio.run(provider.get_option_chain("SPX"))["as_of"] == new_york(DAY, 10, 2)
    assert [problem for problem in provider.problems() if problem.startswith("bad.csv has a time that cannot be read")]


def real(now: datetime) -> ReplayProvider:
    """Return a replay of the real files."""
    return replay(real_data_dir(), now)


def real_bars(now: datetime, symbol: str = "SPY", interval: str = "5m", period: str = "1d") -> pd.DataFrame:
    """Ask the real files."""
    return asyncio.run(real(now).get_historical_data(symbol, interval, period))


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("day", "symbol", "count", "close"),
    [
        (date(2025, 4, 9), "SPY", 78, 543.37),
        (date(2025, 4, 9), "QQQ", 78, None),
        (date(2024, 11, 29), "AAPL", 42, None),
        (date(2024, 11, 29), "SPY", 42, None),
        (date(2019, 2, 12), "VIX", 78, None),
    ],
)
def test_real_days_are_whole(day: date, symbol: str, count: int, close: float | None) -> None:
    """The real files give full days 78 bars and half days 42."""
    frame = real_bars(new_york(day, 16), symbol)
    assert len(frame) == count
    assert close is None or frame["close"].iloc[-1] == close


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("day", "reason", "words"),
    [
        (date(2025, 8, 7), "no_data", "SPY: no bars of 2025-08-07 up to 16:00 ET; bars run from 2018-01-02"),
        (date(2025, 7, 4), "market_closed", "the NYSE is shut on 2025-07-04 (an exchange holiday)"),
        (date(2025, 4, 12), "market_closed", "the NYSE is shut on 2025-04-12 (a weekend)"),
        (date(2018, 3, 12), "bars_gap", "12 of 78 bars of 2018-03-12 are missing, the first is 2018-03-12T13:30:00Z"),
    ],
)
def test_real_days_that_cannot_be_replayed_say_why(day: date, reason: str, words: str) -> None:
    """A date without data, a shut exchange and a day without its first hour are refused with one sentence."""
    with pytest.raises(DataUnavailable) as caught:
        real_bars(new_york(day, 16))
    assert caught.value.reason == reason
    assert words in caught.value.detail
    with pytest.raises(DataUnavailable) as checked:
        real(new_york(day, 9)).check_day("SPY", day)
    assert checked.value.reason == reason


@pytest.mark.real_data
def test_the_real_daily_vix_shows_its_open() -> None:
    """On the day of the tariff pause the VIX opened at 50.98; its low and close of 33.62 must not be seen that day."""
    frame = real_bars(new_york(DAY, 15, 55), "VIX")
    assert frame.iloc[0].tolist() == [50.98, 50.98, 50.98, 50.98, 0.0]
    daily = real_bars(new_york(DAY, 15, 55), "VIX", "1d", "2y")
    assert daily.index[-1].date() == date(2025, 4, 8)
    assert daily.index[0].date() == date(2024, 1, 2)


@pytest.mark.real_data
def test_real_days_with_holes_are_left_out_of_history() -> None:
    """After the weeks without a first hour, history holds whole days alone."""
    frame = real_bars(new_york(date(2018, 4, 3), 16), period="30d")
    counts = frame.groupby(frame.index.date).size()
    assert set(counts) == {78}
    assert date(2018, 3, 12) not in counts.index


@pytest.mark.real_data
def test_real_chains_are_given_as_recorded() -> None:
    """A recorded chain is given in the minutes after its time, with unreceived volumes as None."""
    now = datetime(2025, 7, 9, 16, 55, tzinfo=UTC)
    chain = OptionChain.from_envelope(asyncio.run(real(now).get_option_chain("SPX")))
    assert (chain.spot, len(chain.rows), chain.as_of.minute) == (6244.43, 41, 54)
    assert chain.rows[20].call_volume is None
    with pytest.raises(DataUnavailable, match="no_chain_recorded"):
        asyncio.run(real(now).get_option_chain("SPY"))


@pytest.mark.real_data
def test_the_real_folder_is_understood() -> None:
    """Four symbols have bars; quotes and chains are left alone; two differing sources and the holes are told of."""
    provider = real(new_york(DAY, 16))
    assert provider.symbols() == ("AAPL", "QQQ", "SPY", "VIX")
    assert provider.span("QQQ") == (date(2024, 8, 9), date(2025, 8, 8))
    problems = provider.problems()
    assert len(problems) == 2
    assert "360 rows, the first 2019-02-11 14:30Z: the prices differ a little" in problems[0]
    assert "SPY: 55 of 1142 days lack bars" in problems[1]


@pytest.mark.real_data
@pytest.mark.parametrize("second", [-60, 61, 299, 300, 5000, 20_000, 23_400])
def test_nothing_real_recorded_later_can_be_seen(tmp_path: Path, second: int) -> None:
    """The truncation proof on real bars: at any time the answers are those of files that end then."""
    now = require_session(DAY).open_at + timedelta(seconds=second)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for name in ("spy_5m_2024-08_2025-08.parquet", "vix_daily_1990-2021_2024-2025-08.parquet"):
        save(pd.read_parquet(real_data_dir() / name), whole / name)
    truncate(whole, cut, now)
    assert answers(whole, now) == answers(cut, now)
