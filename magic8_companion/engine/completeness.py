"""Whether today's bars are all there: which are due, which are missing, how old the newest may be; pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from magic8_companion.domain.bars import Bars, from_ns, to_ns
from magic8_companion.domain.codes import DataStatus, ReasonCode
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import DELAYED, LIVE
from magic8_companion.domain.trading_day import BAR, Session, new_york_label

_BAR_NS: Final = BAR // timedelta(microseconds=1) * 1_000
_MOST_BEHIND: Final = 4


def bars_due(session: Session, now: datetime) -> int:
    """Count the 5-minute bars of ``session`` that are complete at ``now``.

    >>> from datetime import UTC, date
    >>> from magic8_companion.domain.trading_day import require_session
    >>> bars_due(require_session(date(2025, 6, 26)), datetime(2025, 6, 26, 14, 30, 5, tzinfo=UTC))
    12
    """
    return max(0, (min(now, session.close_at) - session.open_at) // BAR)


def require_complete(symbol: str, bars: Bars, session: Session) -> None:
    """Check that ``bars`` begin with the session's first bar and that none is missing up to their last.

    Raises
    ------
    DataUnavailable
        ``missing_bars`` without any, ``bars_gap`` with a hole.
    """
    if not len(bars):
        raise DataUnavailable(ReasonCode.MISSING_BARS, f"{symbol}: no bar of {session.day} was received")
    due = to_ns(session.open_at) + _BAR_NS * np.arange(len(bars))
    wrong = np.flatnonzero(bars.starts != due)
    if len(wrong):
        first = new_york_label(from_ns(int(due[wrong[0]])))
        raise DataUnavailable(ReasonCode.BARS_GAP, f"{symbol}: the bar of {first} is missing")


def age_checked_status(
    symbol: str, declared: DataStatus, bars: Bars, session: Session, now: datetime, max_age: timedelta
) -> DataStatus:
    """Return the data status of complete bars whose source declares ``declared``.

    A live source whose newest bar is one to four behind is delayed.

    Raises
    ------
    DataUnavailable
        ``stale_bars`` when the newest bar ended longer than ``max_age`` ago, or a live source is further behind.
    """
    behind = bars_due(session, now) - len(bars)
    age = now - bars.last_end
    if age > max_age or (declared == LIVE and behind > _MOST_BEHIND):
        minutes = age.total_seconds() / 60
        raise DataUnavailable(ReasonCode.STALE_BARS, f"{symbol}: the newest bar ended {minutes:.0f} min ago")
    return DELAYED if declared == LIVE and behind > 0 else declared
