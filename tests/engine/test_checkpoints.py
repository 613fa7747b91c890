"""The schedule of a day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from magic8_companion.engine.checkpoints import day_schedule
from tests.engine.fakes import FULL_DAY, HALF_DAY, options


def test_a_full_day_lists_every_time_in_order() -> None:
    """Checkpoints come in order of time, named by New York's wall clock, due when their bar has closed."""
    plan = day_schedule(FULL_DAY, options(checkpoint_times=(time(14, 45), time(10, 30))))
    assert [item.label for item in plan] == ["10:30 ET", "14:45 ET"]
    assert plan[0].at == datetime(2025, 6, 26, 14, 30, tzinfo=UTC)
    assert plan[0].due_at == plan[0].at + timedelta(seconds=5)


def test_entries_live_until_the_earliest_limit() -> None:
    """Own lifetime, next checkpoint plus grace, close: the earliest ends an entry."""
    plan = day_schedule(
        FULL_DAY, options(checkpoint_times=(time(10, 30), time(11), time(15, 50)), checkpoint_valid_minutes=40)
    )
    assert [item.valid_until for item in plan] == [
        FULL_DAY.at(time(11, 5)),
        FULL_DAY.at(time(11, 40)),
        FULL_DAY.close_at,
    ]


def test_winter_time_moves_the_instant_not_the_label() -> None:
    """The same wall time is an hour later in UTC in November."""
    first = day_schedule(HALF_DAY, options())[0]
    assert (first.label, first.at.hour) == ("10:30 ET", 15)


def test_a_half_day_names_what_cannot_be() -> None:
    """At or after 13:00 there is no checkpoint on a half day."""
    plan = day_schedule(HALF_DAY, options(checkpoint_times=(time(12, 55), time(13), time(14, 45))))
    assert [item.impossible for item in plan] == [None] + ["the session closes at 13:00 ET"] * 2


def test_the_grace_ends_sharply() -> None:
    """Up to the grace a checkpoint may start; a second later it is missed, and says by how much."""
    first = day_schedule(FULL_DAY, options())[0]
    assert first.refusal(first.at) is None
    assert first.refusal(first.due_at + timedelta(minutes=5)) is None
    assert first.refusal(first.due_at + timedelta(minutes=5, seconds=2)) == "missed by 5 min, the grace is 5 min"


def test_without_grace_a_punctual_start_is_no_miss() -> None:
    """A grace of 0 allows what waking up costs, and no more."""
    first = day_schedule(FULL_DAY, options(checkpoint_grace_minutes=0))[0]
    assert first.refusal(first.due_at + timedelta(milliseconds=300)) is None
    assert first.refusal(first.due_at + timedelta(seconds=3)) is not None
