"""Made market states: seeded days of 5-minute bars, a VIX that is known, and chains with a known smile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.codes import DataStatus
from magic8_companion.domain.market_state import MarketState, VixReading
from magic8_companion.domain.option_chain import OptionChain, OptionRow
from magic8_companion.domain.trading_day import Session, previous_session, require_session
from magic8_companion.options.black_scholes import CALL, PUT, price

DAY = date(2025, 7, 9)
FIVE_MINUTES_NS = 300 * 1_000_000_000
DAILY = timedelta(days=1)


def bars_of(session: Session, path: Floats) -> Bars:
    """Return consecutive bars from the open; ``path`` holds the open of the day and then every close."""
    opens, closes = path[:-1], path[1:]
    return Bars(
        starts=to_ns(session.open_at) + FIVE_MINUTES_NS * np.arange(len(closes)),
        open=opens.copy(),
        high=np.maximum(opens, closes),
        low=np.minimum(opens, closes),
        close=closes.copy(),
        volume=np.full(len(closes), 1000.0),
    )


def joined(parts: list[Bars]) -> Bars:
    """Return one series of several, in order."""
    columns = ("starts", "open", "high", "low", "close", "volume")
    merged = {name: np.concatenate([getattr(part, name) for part in parts]) for name in columns}
    return Bars(**merged, length=parts[0].length) if parts else Bars.empty()


def random_path(rng: np.random.Generator, session: Session, sigma: float, start: float = 600.0) -> Floats:
    """Return the open and the closes of a day whose moves have the given standard deviation over a whole day."""
    moves = rng.normal(0.0, sigma / np.sqrt(78), session.bar_count)
    return start * np.exp(np.concatenate([[0.0], np.cumsum(moves)]))


def earlier_sessions(day: date, count: int) -> list[Session]:
    """Return the last sessions before ``day``, oldest first."""
    sessions = [require_session(day)]
    while len(sessions) <= count:
        sessions.append(previous_session(sessions[-1].day))
    return sessions[:0:-1]


def vix_days(sessions: list[Session], values: Floats) -> Bars:
    """Return daily bars without movement, stamped midnight UTC."""
    stamps = [to_ns(datetime.combine(session.day, time(), UTC)) for session in sessions]
    flat = {name: np.array(values, dtype=float) for name in ("open", "high", "low", "close")}
    return Bars(starts=np.array(stamps, dtype=np.int64), volume=np.zeros(len(stamps)), length=DAILY, **flat)


def made_state(
    *,
    symbol: str = "SPY",
    day: date = DAY,
    wall: time = time(12, 30),
    history_days: int = 30,
    vix: float = 16.0,
    seed: int = 7,
    scale: float = 1.0,
    today_scale: float = 1.0,
    chain: OptionChain | None = None,
) -> MarketState:
    """Return a state at a New York wall time; ``scale`` stretches every move, ``today_scale`` today's alone."""
    rng = np.random.default_rng(seed)
    session, sessions = require_session(day), earlier_sessions(day, 300)
    daily = vix_days(sessions, 16.0 * np.exp(rng.normal(0.0, 0.15, len(sessions))))
    history = [
        bars_of(item, random_path(rng, item, 0.008 * scale)) for item in sessions[-history_days or len(sessions) :]
    ]
    at = session.at(wall)
    today = bars_of(session, random_path(rng, session, 0.008 * scale * today_scale)).known_at(at)
    reading = VixReading(value=vix, as_of=session.open_at, kind="daily_open", source="replay", previous_close=vix)
    return MarketState(
        symbol=symbol,
        as_of=at,
        session=session,
        spot=float(today.close[-1]) if len(today) else 600.0,
        bars=today,
        history=joined(history) if history_days else Bars.empty(),
        vix=reading,
        vix_bars=vix_days([session], np.array([vix])),
        vix_daily=daily,
        chain=chain,
        data_source="replay",
        data_status=DataStatus.REPLAY,
        data_age_seconds=0.0,
    )


def repeated_day_state(wall: time = time(12, 30)) -> MarketState:
    """Return a state whose today, thirty earlier days and VIX closes are all the same: the worst case for a rank."""
    state = made_state(wall=wall)
    path = random_path(np.random.default_rng(1), state.session, 0.008)
    sessions = earlier_sessions(state.session.day, 300)
    return replace(
        state,
        bars=bars_of(state.session, path)[: len(state.bars)],
        history=joined([bars_of(session, path[: session.bar_count + 1]) for session in sessions[-30:]]),
        vix_daily=vix_days(sessions, np.full(len(sessions), 16.0)),
    )


def with_vix(state: MarketState, value: float) -> MarketState:
    """Return the state with another VIX today."""
    assert state.vix is not None
    today = vix_days([state.session], np.array([value]))
    return replace(state, vix=replace(state.vix, value=value), vix_bars=today)


def made_chain(
    at: datetime,
    *,
    symbol: str = "SPY",
    spot: float = 600.0,
    vol: float = 0.16,
    call_oi: int = 1000,
    put_oi: int = 1000,
) -> OptionChain:
    """Return 41 strikes one point apart, priced at one volatility without interest, a cent wide on each side."""
    session = require_session(at.date())
    years = session.minutes_to_close(at) / 525_600
    rows = []
    for strike in np.arange(round(spot) - 20.0, round(spot) + 21.0):
        call, put = (float(price(spot, strike, years, 0.0, vol, side)) for side in (CALL, PUT))
        rows.append(
            OptionRow(
                strike=float(strike),
                call_oi=call_oi,
                put_oi=put_oi,
                call_iv=vol,
                put_iv=vol,
                call_bid=max(0.0, call - 0.01),
                call_ask=call + 0.01,
                put_bid=max(0.0, put - 0.01),
                put_ask=put + 0.01,
            )
        )
    assert all(low.strike < high.strike for low, high in pairwise(rows))
    return OptionChain(
        symbol=symbol, spot=spot, rows=tuple(rows), expiry=session.day, as_of=at, source="made", status="simulated"
    )
