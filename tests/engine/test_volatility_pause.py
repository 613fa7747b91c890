"""When 5-minute predictions pause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.engine.volatility_pause import pause_reason
from tests.engine.fakes import BAR_NS, FULL_DAY


def vix(closes: Sequence[float]) -> Bars:
    """Return VIX bars from the open whose opens are the closes before them."""
    close = np.array(closes, dtype=np.float64)
    open_ = np.concatenate((close[:1], close[:-1]))
    return Bars(
        starts=to_ns(FULL_DAY.open_at) + BAR_NS * np.arange(len(close), dtype=np.int64),
        open=open_,
        high=np.maximum(open_, close),
        low=np.minimum(open_, close),
        close=close,
        volume=np.zeros(len(close)),
    )


def pause(bars: Bars, minutes: float, level: float = 40.0, jump_pct: float = 15.0) -> str | None:
    """Return the reason some minutes after the open."""
    return pause_reason(bars, FULL_DAY.open_at + timedelta(minutes=minutes), level=level, jump_pct=jump_pct)


def test_a_calm_day_has_no_pause() -> None:
    """Below both limits nothing pauses."""
    assert pause(vix([20.0, 21.0, 20.5]), 15) is None


def test_no_bar_means_no_pause() -> None:
    """Before the first bar is complete nothing is known."""
    assert pause(vix([50.0]), 4) is None


def test_the_level_pauses_until_thirty_minutes_below_it() -> None:
    """One bar at the level pauses until half an hour after the first close below it."""
    bars = vix([39.0, 40.0, *[39.0] * 20])
    assert pause(bars, 9) is None
    assert pause(bars, 10) == "VIX at or above 40"
    assert pause(bars, 44) == "VIX at or above 40"
    assert pause(bars, 45) is None


def test_the_newest_value_stands_until_another_is_known() -> None:
    """When the feed ends at the level, the pause goes on."""
    assert pause(vix([39.0, 41.0]), 300) == "VIX at or above 40"


@pytest.mark.parametrize(("last", "reason"), [(23.0, "VIX up by 15 % within 30 min"), (22.9, None)])
def test_a_jump_within_thirty_minutes_pauses(last: float, reason: str | None) -> None:
    """Fifteen per cent above the lowest level of the half hour before is a jump."""
    assert pause(vix([21.0, 20.0, 21.0, last]), 20) == reason


def test_a_slow_rise_is_no_jump() -> None:
    """The same rise over more than half an hour does not pause."""
    assert pause(vix(list(np.linspace(20, 25, 30))), 150) is None


def test_a_jump_from_the_open_counts() -> None:
    """The first bar's open is part of the half hour."""
    bars = vix([20.0, 20.0])
    jump = Bars(
        starts=bars.starts[:1].copy(),
        open=np.array([20.0]),
        high=np.array([24.0]),
        low=np.array([20.0]),
        close=np.array([24.0]),
        volume=np.zeros(1),
    )
    assert pause(jump, 5) == "VIX up by 15 % within 30 min"


def test_zero_switches_a_limit_off() -> None:
    """With both limits at 0 nothing ever pauses."""
    assert pause(vix([20.0, 80.0]), 10, level=0, jump_pct=0) is None
