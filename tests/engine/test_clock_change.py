"""The wall time is set in the middle of a session: what was decided is withdrawn, and the day is planned anew."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.engine.stepped_day import HOUR, MINUTE, SECOND, SteppedDay, at, blockers, tradable

STEPS = [-HOUR, -120 * SECOND, -5 * SECOND, 5 * SECOND, HOUR]


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

    sleeper = asyncio.create_task(day.suspend_at(at(10, 28), 10 * MINUTE))
    outcomes = await day.run()
    await sleeper
    assert outcomes == {"10:30 ET": "missed by 8 min, the grace is 5 min"}
    assert set(day.document(at(10, 38, 2)).skipped.values()) == {"checkpoint_missed"}
