"""What was observed of one symbol at one moment, with age and source: the input of analysis, rules and ML alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.codes import DataStatus
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.trading_day import Session

LIVE: Final = DataStatus.LIVE
DELAYED: Final = DataStatus.DELAYED
STALE: Final = DataStatus.STALE
REPLAY: Final = DataStatus.REPLAY
SIMULATED: Final = DataStatus.SIMULATED

SIMULATED_NOTE: Final = (
    "Simulated data: options are dear by construction (20 % of variance above what comes); no edge here is real."
)

STATUS_ORDER: Final = tuple(DataStatus)
"""From best to worst: a document shows the worst of its symbols."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VixReading:
    """The VIX as known at one moment; ``value`` in index points.

    ``kind`` is ``intraday`` (close of the newest complete bar) or ``daily_open`` (the day's official open, known from
    09:31 New York and fresh all day).  ``previous_close`` is yesterday's official close, None when unknown.
    """

    value: float
    as_of: datetime
    kind: str
    source: str
    previous_close: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketState:
    """One symbol at ``as_of``: only what was known then.

    ``bars`` are today's complete 5-minute bars; ``history`` the 5-minute bars of earlier trading days, oldest first
    (up to ``M8C_ML_BAR_HISTORY_DAYS`` days); ``vix_bars`` today's VIX bars (one bar for a daily open);
    ``vix_daily`` completed daily VIX bars before today.  ``missing`` names optional inputs that could not be had,
    each with its reason (``vix``, ``chain``, ``history``).
    """

    symbol: str
    as_of: datetime
    session: Session
    spot: float
    bars: Bars
    history: Bars
    vix: VixReading | None
    vix_bars: Bars
    vix_daily: Bars
    chain: OptionChain | None
    data_source: str
    data_status: DataStatus
    data_age_seconds: float
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def minutes_to_close(self) -> float:
        """Return minutes to the close, half-day aware."""
        return self.session.minutes_to_close(self.as_of)


def worst_status(statuses: Sequence[DataStatus]) -> DataStatus:
    """Return the worst of some data states; an empty list is stale.

    >>> worst_status([DataStatus.LIVE, DataStatus.DELAYED])
    'delayed'
    """
    return max(statuses, key=STATUS_ORDER.index) if statuses else STALE
