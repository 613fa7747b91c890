"""What was known of a symbol before the open: earlier days' realised variance, its shape over the day, and the VIX.

Everything comes from the last 30 sessions of bars and the last 252 sessions of daily VIX rows, counted on the exchange
calendar: that is what the host hands over at serving, so training looks no further, and no window crosses a gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_ml.forecast.session_table import BAR_NS, complete_days, session_table, values_on
from magic8_ml.forecast.variance import implied_day_variance, mean_of_known, range_variance, ratio_or_nan

HISTORY_SESSIONS: Final = 30
MIN_COMPLETE_DAYS: Final = 15
VIX_SESSIONS: Final = 252
FROZEN_VIX_SESSIONS: Final = 5
"""Since 1990 the VIX never closed at one value on more than three sessions in a row: on five, its feed stands still."""

LARGEST_RETURN: Final = 0.2
"""A log return of five minutes beyond it is a split or a torn feed: such a day describes no other."""


TRUSTED_RANGES: Final = 0.8
"""Least median of variance by ranges over realised variance of a feed whose highs and lows cover the closes' moves.

Real feeds have 0.95 to 1.30; one whose ranges were cut has 0.6.
"""

_LAST_HOUR: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayHistory:
    """One symbol's past as of the open of table row ``row``; NaN is "not known".

    ``realised`` (30,): variance of the open-to-close returns, yesterday last, NaN for a half or incomplete day.
    ``implied`` (30,): the variance that the VIX open of the same day implied.
    ``premium``: mean of realised over implied variance, the factor from VIX variance to this symbol's variance.
    ``share_left`` (79,): expected share of a full day's variance still to come after 0..78 bars.
    ``level_1_day``, ``level_5_days``, ``level_22_days``: mean realised variance of the last sessions, NaN unless 1, 3
    or 10 of them are known; ``trailing_u``: mean of realised over implied sigma of 22 sessions, of at least 10.
    ``last_hour``: realised variance of yesterday's last twelve bars, NaN after a half or incomplete day.
    ``has_ranges``: highs and lows of these days say as much as the closes.
    ``previous_close``: last price of the previous session, NaN unless that is complete.
    ``vix_closes`` (252,): daily closes, yesterday last.
    """

    row: int
    realised: Floats
    implied: Floats
    premium: float
    share_left: Floats
    level_1_day: float
    level_5_days: float
    level_22_days: float
    trailing_u: float
    last_hour: float
    has_ranges: bool
    previous_close: float
    vix_closes: Floats

    @classmethod
    def before(cls, row: int, bars: Bars, vix_daily: Bars) -> DayHistory:
        """Summarise the sessions before table row ``row``; bars and VIX rows of later days are never looked at.

        Raises
        ------
        DataUnavailable
            ``history_short`` when fewer than 15 of the last 30 sessions are complete and without a jump of 20 % inside;
            ``stale_vix`` when the last five closes of the VIX are one number.
        """
        first = row - HISTORY_SESSIONS
        if first < 0:
            raise DataUnavailable("history_short", "the exchange calendar does not reach 30 sessions back")
        rows, positions = complete_days(bars, first, row)
        squared = _squared_returns(bars, positions)
        ordinary = squared.max(axis=1) < LARGEST_RETURN**2
        rows, positions, squared = rows[ordinary], positions[ordinary], squared[ordinary]
        if len(rows) < MIN_COMPLETE_DAYS:
            detail = f"{len(rows)} of the last {HISTORY_SESSIONS} sessions are complete, need {MIN_COMPLETE_DAYS}"
            raise DataUnavailable("history_short", detail)
        so_far = np.cumsum(squared, axis=1)
        realised = np.full(HISTORY_SESSIONS, np.nan)
        realised[rows - first] = so_far[:, -1]
        implied = implied_day_variance(values_on(vix_daily.starts, vix_daily.open, first, row))
        ratio = ratio_or_nan(realised, implied)
        premium = mean_of_known(ratio, at_least=MIN_COMPLETE_DAYS)
        if not premium > 0:
            raise DataUnavailable("history_short", "the daily VIX is missing on most of the last 30 sessions")
        vix_closes = values_on(vix_daily.starts, vix_daily.close, max(0, row - VIX_SESSIONS), row)
        _require_moving(vix_closes[-FROZEN_VIX_SESSIONS:])
        return cls(
            row=row,
            realised=realised,
            implied=implied,
            premium=premium,
            share_left=_share_left(so_far),
            level_1_day=mean_of_known(realised[-1:], at_least=1),
            level_5_days=mean_of_known(realised[-5:], at_least=3),
            level_22_days=mean_of_known(realised[-22:], at_least=10),
            trailing_u=mean_of_known(np.sqrt(ratio)[-22:], at_least=10),
            last_hour=float(squared[-1, -_LAST_HOUR:].sum()) if rows[-1] == row - 1 else float("nan"),
            has_ranges=_has_ranges(bars, positions, so_far[:, -1]),
            previous_close=_close_of(bars, row - 1),
            vix_closes=vix_closes,
        )


def _require_moving(closes: Floats) -> None:
    if len(closes) == FROZEN_VIX_SESSIONS and (closes == closes[0]).all():
        detail = f"the VIX closed at {closes[0]:g} on each of the last {len(closes)} sessions: its feed stands still"
        raise DataUnavailable("stale_vix", detail)


def _squared_returns(bars: Bars, positions: Integers) -> Floats:
    # the first return of a day starts at its own open: the night is the gap's business
    closes = np.log(bars.close[positions])
    before = np.concatenate((np.log(bars.open[positions[:, :1]]), closes[:, :-1]), axis=1)
    squared: Floats = (closes - before) ** 2
    return squared


def _has_ranges(bars: Bars, positions: Integers, realised: Floats) -> bool:
    by_ranges = range_variance(bars.high[positions], bars.low[positions]).sum(axis=1)
    ratio = ratio_or_nan(by_ranges, realised)
    known = ratio[~np.isnan(ratio)]
    return len(known) > 0 and float(np.median(known)) >= TRUSTED_RANGES


def _share_left(so_far: Floats) -> Floats:
    # each day weighs one, however wild it was
    moving = so_far[so_far[:, -1] > 0]
    if not len(moving):
        raise DataUnavailable("history_short", "no price moved on any day of the history")
    done = (moving / moving[:, -1:]).mean(axis=0)
    return np.concatenate(([1.0], 1.0 - done[:-1], [0.0]))


def _close_of(bars: Bars, row: int) -> float:
    # an incomplete day is ignored, its close too: sources differ in whether they deliver it at all
    table = session_table()
    first, behind = np.searchsorted(bars.starts, (table.opens[row], table.closes[row]))
    whole = behind - first == (table.closes[row] - table.opens[row]) // BAR_NS
    return float(bars.close[behind - 1]) if whole else float("nan")


class _CachedHistory(NamedTuple):
    history: Bars
    vix_daily: Bars
    row: int
    summary: DayHistory


class DayHistoryCache:
    """Summaries by symbol; a summary is used again only for the very same series and session.

    Any thread may ask: at worst two of them compute the same summary.
    """

    def __init__(self) -> None:
        self._kept: dict[str | None, _CachedHistory] = {}

    def before(self, symbol: str | None, row: int, history: Bars, vix_daily: Bars) -> DayHistory:
        """Return ``DayHistory.before(row, history, vix_daily)``; raises what that raises."""
        kept = self._kept.get(symbol)
        if kept is None or kept.history is not history or kept.vix_daily is not vix_daily or kept.row != row:
            kept = _CachedHistory(history, vix_daily, row, DayHistory.before(row, history, vix_daily))
            self._kept[symbol] = kept
        return kept.summary
