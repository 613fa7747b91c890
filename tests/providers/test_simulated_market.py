"""The simulated market: the same day whoever asks, and the habits of a real one (fixed seed, whole calendar)."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.bars import COLUMNS, Bars
from magic8_companion.domain.trading_day import sessions_between
from magic8_companion.providers.simulated_days import UNITS_PER_VIX
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_companion.providers.simulated_symbols import SYMBOLS

FIRST, LAST = date(2015, 1, 2), date(2030, 12, 31)
DAYS = [session.day for session in sessions_between(date(2016, 1, 1), LAST)]
ALL = (*SYMBOLS, "VIX")


@lru_cache(maxsize=1)
def market() -> SimulatedMarket:
    """Return the default market; its answers do not depend on who asked before."""
    return SimulatedMarket()


@lru_cache(maxsize=4)
def full_days(symbol: str) -> Bars:
    """Return all bars of a symbol."""
    return market().bars(symbol, FIRST, LAST)


def by_day(symbol: str, column: str) -> Floats:
    """Return one column of the full days, shape (n_days, 78)."""
    bars = full_days(symbol)
    days = bars.starts // 86_400_000_000_000
    _, place, counts = np.unique(days, return_inverse=True, return_counts=True)
    values: Floats = getattr(bars, column)[counts[place] == 78]
    return values.reshape(-1, 78)


def returns(symbol: str) -> Floats:
    """Return the 5-minute log returns of the full days, shape (n_days, 78)."""
    close = by_day(symbol, "close")
    path = np.concatenate([by_day(symbol, "open")[:, :1], close], axis=1)
    return np.diff(np.log(path), axis=1)


def implied_variance() -> Floats:
    """Return the variance of each full day that the VIX at its open implies."""
    return (by_day("VIX", "open")[:, 0] / UNITS_PER_VIX) ** 2


def same(left: Bars, right: Bars) -> bool:
    """Tell whether two series are equal to the last bit."""
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in ("starts", *COLUMNS))


@given(day=st.sampled_from(DAYS), symbol=st.sampled_from(ALL), back=st.integers(0, 90))
@settings(max_examples=30, deadline=None)
def test_a_day_is_the_same_whoever_asks(day: date, symbol: str, back: int) -> None:
    """A fresh market that is asked for one day gives the bars that a long history of many symbols holds."""
    number = DAYS.index(day)
    long = market().bars(symbol, DAYS[max(0, number - back)], day)
    alone = SimulatedMarket().bars(symbol, day, day)
    assert same(long[len(long) - len(alone) :], alone)


def test_another_seed_is_another_market() -> None:
    """The seed decides: equal seeds agree to the last bit, others differ."""
    day = date(2025, 4, 9)
    first, again, other = (SimulatedMarket(seed).bars("SPX", day, day) for seed in (8, 8, 9))
    assert same(first, again)
    assert not np.isclose(first.close, other.close).any()


@pytest.mark.parametrize("symbol", ALL)
def test_every_session_is_complete(symbol: str) -> None:
    """Each session has all its bars on the grid, half days to 13:00, and prices are whole cents."""
    sessions = sessions_between(date(2024, 11, 1), date(2024, 12, 31))
    bars = market().bars(symbol, date(2024, 11, 1), date(2024, 12, 31))
    expected = [
        int(session.open_at.timestamp() + 300 * number) * 10**9
        for session in sessions
        for number in range(session.bar_count)
    ]
    assert bars.starts.tolist() == expected
    assert np.allclose(bars.close * 100, np.rint(bars.close * 100))


def test_indices_have_no_volume_and_shares_have_a_u() -> None:
    """Volume is 0 for indices and the VIX; for ETFs and stocks the first and last half hour are the busiest."""
    for symbol in ALL:
        volume = by_day(symbol, "volume") if symbol in {"SPX", "SPY"} else None
        if symbol in {"SPX", "NDX", "RUT", "XSP", "VIX"}:
            assert not market().bars(symbol, date(2025, 4, 1), date(2025, 4, 30)).volume.any()
        elif volume is not None:
            shares = volume.sum(axis=0).reshape(13, 6).sum(axis=1) / volume.sum()
            assert shares[0] > 0.11 > shares[1] > 0.08
            assert shares[12] > 0.18
            assert shares[4:9].max() < 0.07


def test_volatility_has_the_measured_u() -> None:
    """The share of each half hour in the day's variance is that of the method's table, within a point."""
    squares = returns("SPX") ** 2
    shares = 100 * (squares / squares.sum(axis=1, keepdims=True)).mean(axis=0).reshape(13, 6).sum(axis=1)
    measured = [13.9, 13.6, 9.4, 7.9, 6.2, 5.1, 5.7, 5.7, 5.0, 6.0, 6.1, 5.6, 10.0]
    assert np.abs(shares - measured).max() < 1.0


def test_options_are_dear_and_the_day_so_far_tells_how_dear() -> None:
    """Realised over implied volatility is 0.6 to 0.75, and the morning's ratio foretells the rest of the day's."""
    squares, implied = returns("SPX") ** 2, implied_variance()
    assert 0.60 < np.sqrt((squares.sum(axis=1) / implied).mean()) < 0.75
    morning = np.log(squares[:, :36].sum(axis=1) / implied)
    rest = np.log(squares[:, 36:].sum(axis=1) / implied)
    assert 0.5 < np.corrcoef(morning, rest)[0, 1] < 0.85
    assert 0.5 < np.polyfit(morning, rest, 1)[0] < 1.0
    assert 0.6 < np.std(np.log(squares.sum(axis=1) / implied)) < 0.9


def test_regimes_of_realised_over_implied_are_all_populated() -> None:
    """By trailing terciles of the last 252 days each class holds 25 to 42 % of the days, in every four years."""
    ratio = np.sqrt((returns("SPX") ** 2)[:, 13:].sum(axis=1) / implied_variance())
    windows = np.lib.stride_tricks.sliding_window_view(ratio[:-1], 252)
    low, high = np.quantile(windows, [0.33, 0.67], axis=1)
    classes = (ratio[252:] > high).astype(int) - (ratio[252:] < low)
    for part in np.array_split(classes, 4):
        assert all(0.25 < np.mean(part == kind) < 0.42 for kind in (-1, 0, 1))


def test_volatility_clusters_between_days_and_within() -> None:
    """Volatile days follow each other for weeks; volatile half hours follow each other within a day."""
    squares = returns("SPX") ** 2
    days = np.log(squares.sum(axis=1) / implied_variance())
    lags = [np.corrcoef(days[:-lag], days[lag:])[0, 1] for lag in (1, 5, 22)]
    assert lags[0] > lags[1] > lags[2] > 0.05
    assert 0.4 < lags[0] < 0.65
    hours = np.log((squares / squares.mean(axis=0)).reshape(-1, 13, 6).mean(axis=2))
    within = hours - hours.mean(axis=1, keepdims=True)
    neighbours = np.corrcoef(within[:, :-1].ravel(), within[:, 1:].ravel())[0, 1]
    assert neighbours > np.corrcoef(within[:, :-4].ravel(), within[:, 4:].ravel())[0, 1] + 0.03


def test_returns_have_fat_tails_and_jumps() -> None:
    """The kurtosis of 5-minute returns is far above 3, also after the day's own volatility is taken out."""
    moves = returns("SPX")
    standard = moves / np.sqrt((moves**2).mean(axis=1, keepdims=True))
    assert np.mean(moves**4) / np.mean(moves**2) ** 2 > 8
    assert np.mean(standard**4) / np.mean(standard**2) ** 2 > 4
    assert 0.05 < (np.abs(standard) > 5).any(axis=1).mean() < 0.4


def test_direction_cannot_be_told() -> None:
    """Neither the last bar, nor the morning, nor the night tells the sign of what follows; there is no drift."""
    moves = returns("SPX")
    error = 1 / np.sqrt(len(moves))
    assert abs(np.corrcoef(moves[:, :-1].ravel(), moves[:, 1:].ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(np.sign(moves[:, :72].sum(axis=1)), np.sign(moves[:, 72:].sum(axis=1)))[0, 1]) < 3 * error
    day = moves.sum(axis=1)
    assert abs(day.mean()) < 3 * day.std() * error
    opens, closes = by_day("SPX", "open")[:, 0], by_day("SPX", "close")[:, -1]
    nights = np.log(opens[1:] / closes[:-1])
    assert abs(np.corrcoef(np.sign(nights), np.sign(day[1:]))[0, 1]) < 3 * error
    assert 0.4 < nights.std() / day.std() < 1.0


@pytest.mark.parametrize(
    ("symbol", "least", "most"),
    [
        ("SPY", 0.99, 1),
        ("XSP", 0.99, 1),
        ("NDX", 0.92, 0.98),
        ("QQQ", 0.92, 0.98),
        ("RUT", 0.75, 0.9),
        ("TSLA", 0.5, 0.75),
    ],
)
def test_symbols_move_together(symbol: str, least: float, most: float) -> None:
    """5-minute returns correlate with those of SPX as real ones do."""
    assert least < np.corrcoef(returns("SPX").ravel(), returns(symbol).ravel())[0, 1] < most


def test_levels_are_plausible() -> None:
    """Prices stay near those of 2025 over all the years, and SPY stays a tenth of SPX."""
    for symbol, level in {"SPX": 6000, "NDX": 21500, "QQQ": 522, "RUT": 2200, "AAPL": 220, "TSLA": 320}.items():
        close = full_days(symbol).close
        assert level / 2.2 < close.min() < level < close.max() < level * 2.2
    ratio = full_days("SPX").close / full_days("SPY").close
    assert np.ptp(ratio) / ratio.mean() < 0.002
    assert 9.9 < ratio.mean() < 10.1


def test_the_vix_lives_like_the_vix() -> None:
    """It stays between 8 and 90, comes back to about 17, and moves against the market within the day."""
    close = full_days("VIX").close
    assert 8 < close.min() < 12
    assert 30 < close.max() < 90
    assert 14 < np.median(close) < 19
    against = np.corrcoef(np.diff(np.log(by_day("VIX", "close")), axis=1).ravel(), returns("SPX")[:, 1:].ravel())[0, 1]
    assert -0.9 < against < -0.6
    daily = np.log(market().vix_daily(FIRST, LAST).close)
    assert 0.05 < np.diff(daily).std() < 0.11


@pytest.mark.parametrize("seed", range(6))
def test_every_seed_is_a_possible_market(seed: int) -> None:
    """Whatever the seed, sixteen years stay within what markets have shown."""
    other = SimulatedMarket(seed)
    vix = other.vix_daily(FIRST, LAST).close
    assert 8 < vix.min() < 12 < np.median(vix) < 20 < vix.max() < 98
    level = other.daily("SPX", FIRST, LAST).close
    assert 6000 / 3 < level.min() < np.median(level) < level.max() < 6000 * 2.2


def test_daily_vix_bars_are_those_of_the_day() -> None:
    """The daily bars hold the open, extremes and close of the 5-minute bars."""
    daily, bars = market().vix_daily(date(2025, 4, 8), date(2025, 4, 9)), market().bars("VIX", *2 * [date(2025, 4, 9)])
    assert len(daily) == 2
    assert [daily.open[-1], daily.high[-1], daily.low[-1], daily.close[-1]] == [
        bars.open[0],
        bars.high.max(),
        bars.low.min(),
        bars.close[-1],
    ]
