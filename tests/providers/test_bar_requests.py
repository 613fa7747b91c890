"""Periods and aggregation, where the contract suite does not look."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.domain.bar_lengths import INTERVALS, aggregate, daily_from, joined
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.trading_day import session_on, sessions_between
from magic8_companion.providers.bar_requests import first_day
from magic8_companion.providers.simulated_market import SimulatedMarket

MARKET = SimulatedMarket()


@pytest.mark.parametrize(
    ("period", "today", "first"),
    [
        ("1d", date(2025, 4, 12), date(2025, 4, 12)),
        ("2d", date(2025, 4, 12), date(2025, 4, 11)),
        ("2d", date(2025, 4, 14), date(2025, 4, 11)),
        ("1w", date(2025, 4, 9), date(2025, 4, 3)),
        ("1mo", date(2025, 3, 31), date(2025, 3, 1)),
        ("12mo", date(2024, 2, 29), date(2023, 3, 1)),
        ("1y", date(2025, 4, 9), date(2024, 4, 10)),
        ("9999d", date(2025, 4, 9), date(2015, 1, 2)),
        ("20y", date(2025, 4, 9), date(2015, 1, 1)),
        ("5d", date(2015, 1, 1), date(2015, 1, 1)),
    ],
)
def test_a_period_begins_where_the_calendar_says(period: str, today: date, first: date) -> None:
    """Days are trading days, months have different lengths, and nothing reaches before the calendar's first year."""
    assert first_day(period, today) == first


@given(count=st.integers(1, 400), offset=st.integers(0, 3000))
def test_nd_holds_n_sessions(count: int, offset: int) -> None:
    """On a session, Nd is exactly N sessions long."""
    today = sessions_between(date(2017, 1, 1), date(2030, 12, 31))[offset].day
    assert len(sessions_between(first_day(f"{count}d", today), today)) == count


@given(count=st.integers(0, 200), minutes=st.sampled_from(["15m", "30m", "1h"]))
def test_aggregation_keeps_complete_groups_only(count: int, minutes: str) -> None:
    """However many bars there are, each longer bar is whole, or ends with its session."""
    bars = MARKET.bars("SPY", date(2024, 11, 27), date(2024, 12, 2))[:count]
    longer = aggregate(bars, INTERVALS[minutes])
    ends = set((bars.starts + 300 * 10**9).tolist())
    session_ends = {
        int(session.close_at.timestamp()) * 10**9 for session in sessions_between(date(2024, 11, 27), date(2024, 12, 2))
    }
    step = int(INTERVALS[minutes].total_seconds()) * 10**9
    for start in longer.starts.tolist():
        assert start + step in ends or session_ends & ends & set(range(start, start + step, 300 * 10**9))
    assert longer.volume.sum() <= bars.volume.sum()


def test_daily_bars_need_no_calendar() -> None:
    """One bar per UTC date, which for regular hours is the trading date."""
    bars = MARKET.bars("SPX", date(2025, 3, 3), date(2025, 3, 14))
    daily = daily_from(bars)
    assert [
        session_on(day) is not None
        for day in np.unique(bars.starts.view("datetime64[ns]").astype("datetime64[D]")).tolist()
    ] == [True] * 10
    assert len(daily) == 10
    assert len(daily_from(Bars.empty())) == 0


def test_series_are_joined_in_order() -> None:
    """Joining the parts of a series gives the series; joining nothing gives an empty one."""
    bars = MARKET.bars("SPX", date(2025, 4, 8), date(2025, 4, 9))
    whole = joined([bars[:10], bars[10:10], bars[10:]], bars.length)
    assert whole.starts.tolist() == bars.starts.tolist()
    assert len(joined([], bars.length)) == 0
