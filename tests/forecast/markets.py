"""A seeded market for the tests of the model: clustered volatility, a U-shaped day, a VIX that knows a little."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.codes import DataStatus
from magic8_companion.domain.market_state import MarketState, VixReading
from magic8_companion.domain.trading_day import Session
from magic8_ml.forecast.session_table import BAR_NS, DAY_NS, session_table

FIRST_DAY = date(2023, 9, 5)


@dataclass(frozen=True)
class Market:
    """Bars per symbol and daily VIX rows (00:00 UTC of the trading date)."""

    bars: dict[str, Bars]
    vix: Bars


def make_market(n_sessions: int, seed: int = 8, symbols: tuple[str, ...] = ("SPY",)) -> Market:
    """Draw ``n_sessions`` consecutive sessions, half days included."""
    rng = np.random.default_rng(seed)
    table = session_table()
    first = table.position(FIRST_DAY)
    level = _ar1(rng, n_sessions, 0.9, 0.2)
    vix = 16 * np.exp(level + 0.05 * rng.standard_normal(n_sessions))
    days = range(first, first + n_sessions)
    bars = {symbol: _bars(np.random.default_rng((seed, n)), days, level) for n, symbol in enumerate(symbols)}
    closes = vix * np.exp(0.02 * rng.standard_normal(n_sessions))
    stamps = table.days[first : first + n_sessions] * DAY_NS
    high, low = np.maximum(vix, closes), np.minimum(vix, closes)
    rows = Bars(
        starts=stamps.copy(),
        open=vix,
        high=high,
        low=low,
        close=closes,
        volume=np.zeros(n_sessions),
        length=timedelta(days=1),
    )
    return Market(bars=bars, vix=rows)


def session_of(bars: Bars, n: int) -> tuple[int, Session]:
    """Return table position and session of the n-th session of the market (negative: from the end)."""
    table = session_table()
    first = table.position(FIRST_DAY)
    last = int(np.searchsorted(table.opens, bars.starts[-1], side="right")) - 1
    row = first + n if n >= 0 else last + 1 + n
    return row, table.sessions[row]


def state_at(market: Market, symbol: str, row: int, at: datetime) -> MarketState:
    """Replay: the state of ``symbol`` at ``at``, with 30 sessions of history and the day's VIX open."""
    table = session_table()
    session = table.sessions[row]
    series = market.bars[symbol]
    known = int(np.searchsorted(market.vix.starts, table.days[row] * DAY_NS))
    value = float(market.vix.open[known])
    one = np.array([value])
    vix_today = Bars(
        starts=table.opens[row : row + 1].copy(), open=one, high=one, low=one, close=one, volume=np.zeros(1)
    )
    today = series.between(session.open_at, session.close_at).known_at(at)
    return MarketState(
        symbol=symbol,
        as_of=at,
        session=session,
        spot=float(today.close[-1]) if len(today) else 1.0,
        bars=today,
        history=series.between(table.sessions[row - 30].open_at, session.open_at),
        vix=VixReading(value=value, as_of=session.open_at, kind="daily_open", source="test"),
        vix_bars=vix_today,
        vix_daily=market.vix[:known],
        chain=None,
        data_source="replay",
        data_status=DataStatus.REPLAY,
        data_age_seconds=5.0,
    )


def _bars(rng: np.random.Generator, days: range, level: np.ndarray) -> Bars:
    table = session_table()
    starts, returns, gaps = [], [], []
    for n, row in enumerate(days):
        count = int((table.closes[row] - table.opens[row]) // BAR_NS)
        shape = 1 + 2.5 * ((np.arange(count) - count / 2) / (count / 2)) ** 2
        clusters = np.exp(_ar1(rng, count, 0.95, 0.15) + 0.2 * rng.standard_normal())
        sigma = 0.009 * np.exp(level[n]) * np.sqrt(shape / shape.sum()) * clusters
        returns.append(sigma * rng.standard_normal(count))
        gaps.append(np.concatenate(([0.004 * rng.standard_normal()], np.zeros(count - 1))))
        starts.append(table.opens[row] + np.arange(count) * BAR_NS)
    moves, jumps = np.concatenate(returns), np.concatenate(gaps)
    close = 500 * np.exp(np.cumsum(moves + jumps))
    opened = close / np.exp(moves)
    wick = np.exp(0.0003 * np.abs(rng.standard_normal((2, len(close)))))
    return Bars(
        starts=np.concatenate(starts),
        open=opened,
        high=np.maximum(opened, close) * wick[0],
        low=np.minimum(opened, close) / wick[1],
        close=close,
        volume=rng.integers(1_000, 9_000, len(close)).astype(np.float64),
    )


def _ar1(rng: np.random.Generator, n: int, phi: float, sigma: float) -> np.ndarray:
    noise = sigma * rng.standard_normal(n)
    values = np.empty(n)
    last = noise[0] / np.sqrt(1 - phi**2)
    for i in range(n):
        values[i] = last = phi * last + noise[i]
    return values
