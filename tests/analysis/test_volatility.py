"""The clock of variance, the VIX range and the window of daily closes."""

from __future__ import annotations

from datetime import date, time

import numpy as np
import pytest

from magic8_companion.analysis.volatility import completed_closes, day_range, variance_share_left, vix_range
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import require_session, sessions_between
from tests.analysis.states import earlier_sessions, vix_days

FULL_DAY = require_session(date(2025, 7, 9))
HALF_DAY = require_session(date(2024, 11, 29))

MEASURED = """
09:30 1      10:00 .88   10:30 .75   11:00 .66   11:30 .59   12:00 .53   12:30 .48   13:00 .43
13:30 .37    14:00 .32   14:30 .25   14:45 .22   15:00 .19   15:30 .12   15:45 .07   15:55 .025   16:00 0
"""


@pytest.mark.parametrize(("wall", "share"), list(zip(*[iter(MEASURED.split())] * 2, strict=True)))
def test_the_share_of_variance_left_is_the_measured_one(wall: str, share: str) -> None:
    """Every point of the published table, New York time."""
    assert variance_share_left(FULL_DAY, FULL_DAY.at(time.fromisoformat(wall))) == pytest.approx(float(share))


def test_between_two_points_the_share_is_linear() -> None:
    """10:45 lies half way between 0.75 and 0.66."""
    assert variance_share_left(FULL_DAY, FULL_DAY.at(time(10, 45))) == pytest.approx(0.705)


@pytest.mark.parametrize(
    ("half", "full"), [(time(9, 30), time(9, 30)), (time(11, 15), time(12, 45)), (time(13), time(16))]
)
def test_a_half_day_stretches_the_same_curve(half: time, full: time) -> None:
    """Half of its 210 minutes leave what half of the 390 minutes leave."""
    there = variance_share_left(FULL_DAY, FULL_DAY.at(full))
    assert variance_share_left(HALF_DAY, HALF_DAY.at(half)) == pytest.approx(there)


def test_the_range_to_the_close_by_hand() -> None:
    """VIX 20 at 14:45: 20 / 100 / sqrt(252) * 0.72 * sqrt(0.22)."""
    assert vix_range(20.0, FULL_DAY, FULL_DAY.at(time(14, 45))) == pytest.approx(0.0042547, abs=1e-7)
    assert day_range(20.0) == pytest.approx(0.0125988, abs=1e-7)


def test_the_window_holds_252_closes_and_not_today() -> None:
    """Today's row, whose close is not known yet, never enters."""
    sessions = [*earlier_sessions(FULL_DAY.day, 300), FULL_DAY]
    daily = vix_days(sessions, np.arange(301.0) + 1)
    closes = completed_closes(daily, FULL_DAY, 60)
    assert len(closes) == 252
    assert closes[-1] == 300.0


def test_no_window_crosses_a_gap() -> None:
    """After two missing years only the days since the gap count."""
    before = list(sessions_between(date(2021, 1, 4), date(2021, 12, 31)))
    since = list(sessions_between(date(2025, 1, 2), date(2025, 7, 8)))
    values = np.concatenate([np.full(len(before), 30.0), np.full(len(since), 15.0)])
    closes = completed_closes(vix_days(before + since, values), FULL_DAY, 60)
    assert len(closes) == len(since)
    assert set(closes) == {15.0}


@pytest.mark.parametrize(
    "days",
    [
        pytest.param(earlier_sessions(FULL_DAY.day, 59), id="too few"),
        pytest.param(list(sessions_between(date(2021, 1, 4), date(2021, 12, 31))), id="all before a gap"),
        pytest.param([], id="none"),
    ],
)
def test_a_short_history_is_refused(days: list) -> None:
    """The symbol is skipped with ``iv_history_short``."""
    daily = vix_days(days, np.full(len(days), 15.0)) if days else Bars.empty()
    with pytest.raises(DataUnavailable, match="60 are needed") as refusal:
        completed_closes(daily, FULL_DAY, 60)
    assert refusal.value.reason == "iv_history_short"


def test_a_long_weekend_is_no_gap() -> None:
    """Over Christmas and New Year the exchange shuts for days, the history goes on."""
    first = require_session(date(2025, 1, 2))
    assert len(completed_closes(vix_days(earlier_sessions(first.day, 80), np.full(80, 15.0)), first, 60)) == 80
