"""The weekly retraining: after the close, once, in a process of its own that nobody waits for."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.clocks import ReplayClock
from magic8_companion.domain.trading_day import new_york_day, new_york_instant, require_session
from magic8_ml.registry.weekly import AFTER_CLOSE, RetrainingPlan, WeeklyRetraining, next_due, start_process

PLAN = RetrainingPlan(bars_dir=Path("bars"), vix_file=Path("vix.csv"), out=Path("ml"))
LIMIT = 20.0


class Started:
    """Remembers what was started and when; each process ends with the next of ``codes``."""

    def __init__(self, clock: ReplayClock, codes: Sequence[int] = (0,) * 9) -> None:
        self._clock, self._codes = clock, list(codes)
        self.at: list[datetime] = []
        self.arguments: list[Sequence[str]] = []

    def __call__(self, arguments: Sequence[str], log: Path) -> Started:
        self.at.append(self._clock.now())
        self.arguments.append(arguments)
        assert log == Path("ml/retrain.log")
        return self

    def poll(self) -> int:
        return self._codes.pop(0)


def at(day: date, wall: time = time(12)) -> datetime:
    """Return the instant of a New York wall time."""
    return new_york_instant(day, wall)


def run_until(clock: ReplayClock, end: datetime, started: Started) -> WeeklyRetraining:
    """Let replayed time pass with the schedule running."""
    clock.enter("test")
    weekly = WeeklyRetraining(clock, PLAN, started)
    weekly.start()
    clock.wait_until(end, "test", threading.Event())
    weekly.stop()
    clock.leave("test")
    weekly.thread.join(LIMIT)
    assert not weekly.thread.is_alive()
    return weekly


def test_four_weeks_four_retrainings() -> None:
    """Fridays at 16:30 New York, on Good Friday's week the day before, in summer and winter time."""
    clock = ReplayClock(at(date(2025, 3, 3)))
    started = Started(clock)
    weekly = run_until(clock, at(date(2025, 4, 21)), started)
    assert [new_york_day(moment).isoformat()[5:] for moment in started.at] == [
        *("03-07", "03-14", "03-21", "03-28", "04-04", "04-11", "04-17")
    ]
    assert {moment - require_session(new_york_day(moment)).close_at for moment in started.at} == {AFTER_CLOSE}
    assert weekly.health()["retraining_exit_code"] == 0


def test_the_process_is_the_command_that_people_run() -> None:
    """Our own interpreter, the plugin's command, the files of the plan."""
    arguments = PLAN.command()
    assert arguments[:5] == [sys.executable, "-m", "magic8_ml", "retrain", "--end-with-input"]
    assert arguments[5:] == ["--bars-dir", "bars", "--vix", "vix.csv", "--out", "ml"]


def test_a_failed_retraining_is_logged_and_repeated_next_week() -> None:
    """The exit code stands in the health; the schedule goes on."""
    clock = ReplayClock(at(date(2025, 3, 3)))
    started = Started(clock, codes=(2, 3))
    weekly = run_until(clock, at(date(2025, 3, 17)), started)
    assert weekly.health()["retraining_exit_code"] == 3
    assert len(started.at) == 2


def test_a_process_that_cannot_be_started_ends_nothing() -> None:
    """The week is lost, the schedule is not."""
    clock = ReplayClock(at(date(2025, 3, 3)))
    seen: list[datetime] = []

    def fail(arguments: Sequence[str], log: Path) -> Started:
        seen.append(clock.now())
        raise OSError("no more processes")

    clock.enter("test")
    weekly = WeeklyRetraining(clock, PLAN, fail)
    weekly.start()
    clock.wait_until(at(date(2025, 3, 17)), "test", threading.Event())
    weekly.stop()
    clock.leave("test")
    weekly.thread.join(LIMIT)
    assert len(seen) == 2


@given(moment=st.datetimes(datetime(2016, 1, 1), datetime(2029, 12, 1)), weekday=st.integers(0, 4))  # noqa: DTZ001 - made aware below
def test_it_is_due_once_a_week(moment: datetime, weekday: int) -> None:
    """Always later, always after a close, never two in one week, never more than ten days away."""
    now = at(moment.date(), moment.time())
    due = next_due(now, weekday)
    assert now < due <= now + timedelta(days=11)
    assert due - AFTER_CLOSE == require_session(new_york_day(due)).close_at
    again = next_due(due, weekday)
    assert new_york_day(again).isocalendar()[:2] != new_york_day(due).isocalendar()[:2]


def test_a_real_process_writes_its_output_to_the_log(tmp_path: Path) -> None:
    """Its folder is made, two runs stand one below the other, and the exit code comes back."""
    log = tmp_path / "ml" / "retrain.log"
    for _ in range(2):
        process = start_process([sys.executable, "-c", "import sys; print('learnt'); sys.exit(3)"], log)
        assert process.wait(LIMIT) == 3
        assert process.poll() == 3
    assert log.read_text() == "learnt\nlearnt\n"


@pytest.mark.parametrize("weekday", range(5))
def test_a_week_without_its_weekday_uses_another_session(weekday: int) -> None:
    """In the week of Christmas 2025 the exchange is shut on Thursday: the session before it takes its place."""
    due = next_due(at(date(2025, 12, 21)), weekday)
    assert new_york_day(due).day == (22, 23, 24, 24, 26)[weekday]
