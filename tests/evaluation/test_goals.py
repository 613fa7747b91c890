"""When a goal is met, missed, or not yet testable."""

from __future__ import annotations

import pytest

from magic8_ml.evaluation.forecast_goals import GOALS
from magic8_ml.evaluation.goals import Goal, GoalResult, GoalStatus
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.metrics.day_intervals import Interval

NAMES = (
    *("regime_rpss_vs_climatology", "qlike_gain_vs_vix_share", "qlike_gain_vs_har_today", "direction_rpss"),
    *("win_bss_vs_climatology", "win_bss_vs_recalibrated_price", "reliability_slope", "coverage_80", "high_share"),
    *("share_butterfly", "share_iron_condor", "share_vertical"),
)


def never(out_of_sample: OutOfSample) -> Interval:
    """Be no measure."""
    raise AssertionError(out_of_sample)


def goal(**more: float | bool | None) -> Goal[OutOfSample]:
    """Return a goal of 0.1 that needs 100 days."""
    fields: dict = {"floor": 0.1, "needs_days": 100, **more}
    return Goal(name="g", meaning="m", measure=never, **fields)


def found(value: float, low: float, high: float, n_days: int) -> Interval:
    """Return a measured interval."""
    return Interval(value=value, low=low, high=high, n_days=n_days)


@pytest.mark.parametrize(
    ("interval", "met"),
    [
        (found(0.2, 0.05, 0.3, 100), True),
        (found(0.2, -0.01, 0.3, 100), False),  # reaches the floor, but may be nothing
        (found(0.09, 0.05, 0.2, 100), False),
        (found(0.2, 0.05, 0.3, 99), None),
        (found(0.05, -0.1, 0.2, 99), None),
        (found(-0.2, -0.3, 0.0, 99), False),  # too few days to prove it, enough to refute it
        (found(float("nan"), float("nan"), float("nan"), 0), None),
    ],
)
def test_a_goal_above_zero(interval: Interval, met: bool | None) -> None:
    """Floor reached, interval above zero, and as many days as the power table asks."""
    assert GoalResult(goal=goal(above_zero=True), found=interval).passed is met


@pytest.mark.parametrize(("value", "met"), [(0.1, True), (0.3, True), (0.31, False), (0.09, False)])
def test_a_goal_with_a_ceiling(value: float, met: bool) -> None:
    """Both ends belong to the band."""
    interval = found(value, value - 0.1, value + 0.1, 200)
    assert GoalResult(goal=goal(ceiling=0.3), found=interval).passed is met


@pytest.mark.parametrize(
    ("interval", "status"),
    [
        (found(0.2, 0.05, 0.3, 9), GoalStatus.PASSED),
        (found(0.2, -0.01, 0.3, 900), GoalStatus.NOT_PROVEN),
        (found(0.09, 0.05, 0.2, 900), GoalStatus.FAILED),
        (found(float("nan"), float("nan"), float("nan"), 0), GoalStatus.NOT_KNOWN),
    ],
)
def test_a_goal_without_a_power_table(interval: Interval, status: GoalStatus) -> None:
    """Any number of days is judged, and an interval that includes zero leaves the goal not proven."""
    assert goal(above_zero=True, needs_days=None).status(interval) is status


def test_the_goals_have_the_names_that_readers_rely_on() -> None:
    """Each name once, with the floors of the release."""
    table = {one.name: one for one in GOALS}
    assert len(table) == len(GOALS)
    assert set(NAMES) <= set(table)
    floors = [table[name].floor for name in NAMES]
    assert floors == [0.15, 0.10, 0.0, -0.005, 0.0, 0.0, 0.7, 0.75, 0.10, 0.05, 0.05, 0.05]
    days = [table[name].needs_days for name in NAMES[:6]]
    assert days == [53, 210, 210, 53, 471, 7541]
