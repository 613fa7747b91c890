"""The wall time is set in the middle of a session: what was decided is withdrawn, and the day is planned anew."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from magic8_companion.domain.recommendation import RecommendationSet
from magic8_companion.testing.settable_clock import SettableClock
from tests.engine.fakes import FULL_DAY, FakeScorer, House, options

HIGH_SCORES = {"Butterfly": 31.2, "Iron_Condor": 88.0, "Vertical": 40.3}
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
STEPS = [-HOUR, -120 * SECOND, -5 * SECOND, 5 * SECOND, HOUR]


def at(hour: int, minute: int, second: int = 0) -> datetime:
    """Return a time of the day in New York."""
    return FULL_DAY.at(time(hour, minute, second))


class SteppedDay:
    """A session whose wall time is set at given true times; remembers what was published, and when in truth."""

    def __init__(self, steps: Sequence[tuple[datetime, timedelta]], start: datetime, end: datetime) -> None:
        self.house = House(options=options(), start=start, scorer=FakeScorer(HIGH_SCORES), is_settable=True)
        assert isinstance(self.house.clock, SettableClock)
        self.clock, self.steps, self.end = self.house.clock, steps, end
        self.published: list[tuple[datetime, RecommendationSet]] = []
        self.house.on_progress = lambda *_: self._remember()

    async def run(self) -> dict[str, str | None]:
        """Run to the end and return label -> None, or why it was skipped, of each checkpoint reached."""
        self.clock.enter("driver")
        driver = asyncio.create_task(self._drive())
        outcomes: Any = await self.house.run_day(FULL_DAY)
        await driver
        return {outcome.label: outcome.skipped for outcome in outcomes}

    def document(self, true_time: datetime) -> RecommendationSet:
        """Return what was in the file at a true time."""
        return [document for at, document in self.published if at <= true_time][-1]

    async def _drive(self) -> None:
        for true_time, step in self.steps:
            await self.clock.sleep(true_time - self.clock.true_now(), "driver")
            self.clock.set_by(step)
        await self.clock.sleep(self.end - self.clock.true_now(), "driver")
        self.house.stop.set()
        self.clock.leave("driver")
        self.clock.leave("poll")

    def _remember(self) -> None:
        if (last := self.house.publication.last_published) is not None:
            self.published.append((self.clock.true_now(), last))


def tradable(document: RecommendationSet) -> bool:
    """Return whether anything may be traded."""
    return any(
        entry.should_trade for record in document.recommendations.values() for entry in record.strategies.values()
    )


def blockers(document: RecommendationSet) -> set[bool]:
    """Return whether entries are blocked because the clock was set."""
    return {
        "clock_changed" in entry.blocked_by
        for record in document.recommendations.values()
        for entry in record.strategies.values()
    }


@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_what_was_decided_is_withdrawn_within_a_second(step: timedelta) -> None:
    """Whatever the step, every entry of the checkpoint before it is blocked, until a checkpoint of the new time."""
    day = SteppedDay([(at(10, 40), step)], at(10, 20), at(10, 44))
    await day.run()
    assert tradable(day.document(at(10, 39, 59)))
    for seconds in range(1, 200):
        document = day.document(at(10, 40) + seconds * SECOND)
        assert not tradable(document)
        assert blockers(document) == {True} or "checkpoint_missed" in document.skipped.values()


async def test_a_step_over_a_checkpoint_within_its_grace_runs_it_at_once() -> None:
    """At 10:29:30 the wall time goes to 10:32:30: the checkpoint of 10:30 takes place within a second."""
    day = SteppedDay([(at(10, 29, 30), 3 * MINUTE)], at(10, 20), at(10, 31))
    assert await day.run() == {"10:30 ET": None}
    assert tradable(day.document(at(10, 29, 31)))


async def test_a_checkpoint_that_a_step_went_over_is_published_as_missed_and_runs_in_its_time() -> None:
    """An hour forward at 10:29 and back at 10:40: 11:00 is reported as missed, then takes place at its time."""
    day = SteppedDay([(at(10, 29), HOUR), (at(10, 40), -HOUR)], at(10, 20), at(11, 2))
    outcomes = await day.run()
    assert outcomes["11:00 ET"] is None
    assert (outcomes["10:30 ET"] or "").startswith("missed by 59 min")
    missed = day.document(at(10, 29, 2))
    assert (missed.checkpoint_label, set(missed.skipped.values())) == ("11:00 ET", {"checkpoint_missed"})
    assert set(day.document(at(10, 40, 1)).skipped.values()) == {"clock_changed"}
    assert not tradable(day.document(at(10, 59)))
    assert tradable(day.document(at(11, 0, 6)))


async def test_a_checkpoint_takes_place_again_when_the_time_is_set_back_before_it() -> None:
    """Ten minutes back at 10:35: the checkpoint of 10:30 runs again when it is 10:30 again."""
    day = SteppedDay([(at(10, 35), -10 * MINUTE)], at(10, 20), at(10, 42))
    await day.run()
    assert set(day.document(at(10, 36)).skipped.values()) == {"clock_changed"}
    assert tradable(day.document(at(10, 40, 6)))


async def test_a_machine_that_slept_through_a_checkpoint_says_so() -> None:
    """Ten minutes of sleep from 10:28 on: the checkpoint of 10:30 is published as missed."""
    day = SteppedDay([], at(10, 20), at(10, 39))

    async def sleep_from(true_time: datetime) -> None:
        await day.clock.sleep(true_time - day.clock.true_now(), "sleeper")
        day.clock.suspend(10 * MINUTE)
        day.clock.leave("sleeper")

    day.clock.enter("sleeper")
    sleeper = asyncio.create_task(sleep_from(at(10, 28)))
    outcomes = await day.run()
    await sleeper
    assert outcomes == {"10:30 ET": "missed by 8 min, the grace is 5 min"}
    assert set(day.document(at(10, 38, 2)).skipped.values()) == {"checkpoint_missed"}
