"""Market states of past moments from recorded bars and daily VIX rows, without a chain."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import REPLAY, MarketState, VixReading
from magic8_companion.domain.trading_day import Session

_DAY_NS = 86_400_000_000_000


def state_at(symbol: str, session: Session, at: datetime, bars: Bars, history: Bars, vix: Bars) -> MarketState:
    """Return what was known at ``at``: the VIX is the day's open, its daily bars end the day before.

    Parameters
    ----------
    bars
        Complete 5-minute bars of the day until ``at``.
    history
        5-minute bars of the sessions before.
    vix
        Daily rows, stamped 00:00 UTC of their trading date.

    Raises
    ------
    DataUnavailable
        ``missing_vix``.
    """
    midnight = to_ns(session.open_at) // _DAY_NS * _DAY_NS
    row = int(np.searchsorted(vix.starts, midnight))
    if row == len(vix) or vix.starts[row] != midnight:
        raise DataUnavailable("missing_vix", f"the VIX of {session.day} is not in the file")
    opened = vix.open[row : row + 1]
    reading = VixReading(value=float(opened[0]), as_of=session.open_at, kind="daily_open", source=REPLAY)
    return MarketState(
        symbol=symbol,
        as_of=at,
        session=session,
        spot=float(bars.close[-1]),
        bars=bars,
        history=history,
        vix=reading,
        vix_bars=vix_at_open(session, opened),
        vix_daily=vix[:row],
        chain=None,
        data_source=REPLAY,
        data_status=REPLAY,
        data_age_seconds=0.0,
    )


def vix_at_open(session: Session, value: Floats) -> Bars:
    """Return the one VIX bar of a day of which only the open is known."""
    start = np.array([to_ns(session.open_at)])
    return Bars(
        starts=start,
        open=value.copy(),
        high=value.copy(),
        low=value.copy(),
        close=value.copy(),
        volume=np.zeros(1),
    )
