"""What the market's fear says of the rest of the day: VIX percentile, expected range, and the clock of variance."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import Session

IV_WINDOW_DAYS: Final = 252
PER_CENT_PER_YEAR: Final = 100.0 * float(np.sqrt(252.0))
"""Divide a volatility in per cent per year by it to get one standard deviation of a day's move, as a fraction."""

KAPPA: Final = 0.72
"""Root mean square of the measured move to the close over the VIX-implied one: SPY, 939 full days, 0.69..0.74."""

_LONGEST_CLOSURE_NS: Final = 7 * 86_400 * 1_000_000_000  # the NYSE was never shut for longer in our calendar's years
_FULL_DAY_MINUTES: Final = 390.0

# minutes after the open of a full day -> share of the day's variance still to come (SPY, 939 full days)
_SHARES: Final = (
    (0, 1.0),
    (30, 0.88),
    (60, 0.75),
    (90, 0.66),
    (120, 0.59),
    (150, 0.53),
    (180, 0.48),
    (210, 0.43),
    (240, 0.37),
    (270, 0.32),
    (300, 0.25),
    (315, 0.22),
    (330, 0.19),
    (360, 0.12),
    (375, 0.07),
    (385, 0.025),
    (390, 0.0),
)


def variance_share_left(session: Session, at: datetime) -> float:
    """Return the share of the day's variance still to come at ``at``, 1..0; a half day stretches the same curve.

    >>> from datetime import UTC, date
    >>> from magic8_companion.domain.trading_day import require_session
    >>> variance_share_left(require_session(date(2025, 6, 26)), datetime(2025, 6, 26, 14, 30, tzinfo=UTC))
    0.75
    """
    elapsed = (at - session.open_at) / (session.close_at - session.open_at)
    minutes, shares = zip(*_SHARES, strict=True)
    return float(np.interp(elapsed * _FULL_DAY_MINUTES, minutes, shares))


def day_range(vol_pct: float) -> float:
    """Return one standard deviation of a whole day's move, as a fraction, from a volatility in per cent per year.

    >>> round(day_range(16.0), 5)
    0.01008
    """
    return vol_pct / PER_CENT_PER_YEAR


def vix_range(vix: float, session: Session, at: datetime) -> float:
    """Return one standard deviation of the move from ``at`` to the close, as a fraction, implied by the VIX.

    >>> from datetime import UTC, date
    >>> from magic8_companion.domain.trading_day import require_session
    >>> round(vix_range(16.0, require_session(date(2025, 6, 26)), datetime(2025, 6, 26, 14, 30, tzinfo=UTC)), 6)
    0.006285
    """
    return day_range(vix) * KAPPA * float(np.sqrt(variance_share_left(session, at)))


def completed_closes(daily: Bars, session: Session, min_days: int) -> Floats:
    """Return the daily closes before the session's day, at most 252 and none from beyond a gap, oldest first.

    A gap is a silence of more than seven days, also between the newest close and the session itself.

    Raises
    ------
    DataUnavailable
        ``iv_history_short`` when fewer than ``min_days`` closes are left.
    """
    today = to_ns(datetime.combine(session.day, time(), UTC))  # daily bars are stamped midnight UTC of their date
    earlier = daily[: int(np.searchsorted(daily.starts, today))]
    gaps = np.flatnonzero(np.diff(np.append(earlier.starts, today)) > _LONGEST_CLOSURE_NS)
    after_gap = int(gaps[-1]) + 1 if len(gaps) else 0
    closes = earlier.close[max(after_gap, len(earlier) - IV_WINDOW_DAYS) :]
    if len(closes) < min_days:
        raise DataUnavailable(
            ReasonCode.IV_HISTORY_SHORT,
            f"{len(closes)} daily closes without a gap before {session.day}; {min_days} are needed",
        )
    return closes
