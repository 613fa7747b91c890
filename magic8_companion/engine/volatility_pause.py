"""What today's VIX says: its reading for a state, and whether 5-minute predictions pause; pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.market_state import VixReading
from magic8_companion.domain.trading_day import Session, previous_session

INTRADAY: Final = "intraday"
DAILY_OPEN: Final = "daily_open"
OPEN_KNOWN_AFTER: Final = timedelta(minutes=1)
PAUSE_WINDOW: Final = timedelta(minutes=30)


def is_daily_open(bars: Bars, session: Session) -> bool:
    """Tell whether the VIX bars of a session are its official open alone.

    A source that knows no more than the open shows one flat bar (open = high = low = close) at the session's open.
    """
    if len(bars) != 1 or bars.first_start != session.open_at:
        return False
    prices = {float(column[0]) for column in (bars.open, bars.high, bars.low, bars.close)}
    return len(prices) == 1


def read_vix(bars: Bars, daily: Bars, session: Session, source: str) -> VixReading | None:
    """Return the VIX as known from today's ``bars`` (complete ones, or the daily open), None without any.

    ``daily`` are completed days; the previous close is the previous session's, never an older one.
    """
    if not len(bars):
        return None
    opening = is_daily_open(bars, session)
    return VixReading(
        value=float(bars.open[0] if opening else bars.close[-1]),
        as_of=session.open_at + OPEN_KNOWN_AFTER if opening else bars.last_end,
        kind=DAILY_OPEN if opening else INTRADAY,
        source=source,
        previous_close=_close_of(previous_session(session.day), daily),
    )


def pause_reason(bars: Bars, now: datetime, *, level: float, jump_pct: float) -> str | None:
    """Return why 5-minute predictions pause at ``now``, or None.

    They pause while the VIX is at or above ``level``, or up by ``jump_pct`` per cent from its lowest close of the 30
    minutes before, and until 30 minutes have passed below both.  0 switches a limit off.

    Parameters
    ----------
    bars
        Today's intraday VIX bars.  Do not pass a daily open: it tells how the day began, not whether that is over.
    """
    known = bars.known_at(now)
    if not len(known):
        return None
    below_since = known.starts + 2 * (known.length // timedelta(microseconds=1) * 1_000)  # the next close, at the best
    lasting = below_since > to_ns(now - PAUSE_WINDOW)
    lasting[-1] = True  # the newest value stands until another one is known
    closes = known.close[lasting]
    if level > 0 and (closes >= level).any():
        return f"VIX at or above {level:g}"
    span = PAUSE_WINDOW // known.length
    path = np.concatenate((known.open[:1], known.close))
    floors = np.array([path[max(0, place + 1 - span) : place + 2].min() for place in np.flatnonzero(lasting).tolist()])
    if jump_pct > 0 and (closes >= floors * (1 + jump_pct / 100)).any():
        return f"VIX up by {jump_pct:g} % within 30 min"
    return None


def _close_of(session: Session, daily: Bars) -> float | None:
    midnight = to_ns(datetime.combine(session.day, datetime.min.time(), session.open_at.tzinfo))
    place = int(np.searchsorted(daily.starts, midnight))
    return float(daily.close[place]) if place < len(daily) and int(daily.starts[place]) == midnight else None
