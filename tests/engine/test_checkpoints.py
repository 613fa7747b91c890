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


def test_the_grace_ends_exactly_after_its_minutes() -> None:
    """The end of the grace, and a second for waking up, is the last moment at which a checkpoint may start."""
    first = day_schedule(FULL_DAY, options(checkpoint_grace_minutes=5))[0]
    assert first.latest == first.due_at + timedelta(minutes=5)
    assert first.refusal(first.latest) is None
    assert first.refusal(first.latest + timedelta(seconds=1)) is None
    late = first.refusal(first.latest + timedelta(seconds=1, microseconds=1))
    assert late == "missed by 5 min, the grace is 5 min"


def test_retries_come_every_20_seconds_and_last_at_the_end_of_the_grace() -> None:
    """A passing reason is tried again after 20 s, at the latest exactly at the end of the grace, and not after it."""
    first = day_schedule(FULL_DAY, options(checkpoint_grace_minutes=5))[0]
    second = timedelta(seconds=1)
    assert first.retry_at(["pacing"], first.due_at) == first.due_at + 20 * second
    assert first.retry_at(["no_permission", "pacing"], first.latest - 5 * second) == first.latest
    assert first.retry_at(["pacing"], first.latest - timedelta(microseconds=1)) == first.latest
    assert first.retry_at(["pacing"], first.latest) is None
    assert first.retry_at(["no_permission"], first.due_at) is None
    assert first.retry_at([], first.due_at) is None


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


def test_the_grace_ends_before_the_next_checkpoint() -> None:
    """Of checkpoints closer together than the grace, the earlier one ends when the next is due."""
    first, second, third = day_schedule(
        FULL_DAY,
        options(checkpoint_times=(time(10, 30), time(10, 31), time(10, 34)), checkpoint_grace_minutes=5),
    )
    assert first.latest == first.due_at + timedelta(seconds=40)
    assert first.refusal(second.due_at) == "missed by 1 min, the grace is 1 min, because 10:31 ET follows"
    assert first.retry_at(["pacing"], first.latest) is None
    assert second.latest == third.due_at - timedelta(seconds=20)
    assert third.latest == third.due_at + timedelta(minutes=5)
    assert third.follower is None


def test_a_grace_that_ends_earlier_is_not_cut() -> None:
    """Checkpoints further apart than the grace keep all of it."""
    first, _ = day_schedule(
        FULL_DAY, options(checkpoint_times=(time(10, 30), time(10, 36)), checkpoint_grace_minutes=5)
    )
    assert first.latest == first.due_at + timedelta(minutes=5)
    assert first.follower is None
