"""The budget of requests and the silence after a refusal."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.providers.yahoo.patience import FIRST_PAUSE, LONGEST_PAUSE, BackOff, Pace
from magic8_companion.providers.yahoo.threads import in_thread
from tests.providers.makers import DAY, SetClock, new_york


class Watch:
    """A stop watch that waiting moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def read(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.seconds += seconds


@given(pauses=st.lists(st.floats(0, 30), min_size=1, max_size=60))
def test_no_minute_sees_more_requests_than_allowed(pauses: list[float]) -> None:
    """However requests come, any 60 seconds see at most the burst and what refills meanwhile."""
    watch = Watch()
    pace = Pace(1.0, 5, monotonic=watch.read, wait=watch.wait)
    sent = []
    for pause in pauses:
        watch.wait(pause)
        pace.take()
        sent.append(watch.seconds)
    for begin in sent:
        assert sum(begin <= at < begin + 60 for at in sent) <= 5 + 60


def test_a_burst_costs_no_wait_and_the_next_request_waits_its_turn() -> None:
    """The budget is there at once; beyond it one request a second goes out."""
    watch = Watch()
    pace = Pace(2.0, 3, monotonic=watch.read, wait=watch.wait)
    assert [pace.take() for _ in range(5)] == [0, 0, 0, 0.5, 0.5]


def test_the_silence_doubles_up_to_a_quarter_of_an_hour() -> None:
    """Refusals that follow each other lengthen the pause; an answer makes it short again."""
    clock = SetClock(new_york(DAY, 11))
    back_off = BackOff(clock)
    pauses = []
    for _ in range(6):
        back_off.refused()
        began = clock.at
        while not back_off.is_over:
            clock.at += timedelta(seconds=1)
        pauses.append(clock.at - began)
    assert pauses == [FIRST_PAUSE * 2**n for n in range(4)] + [LONGEST_PAUSE] * 2
    back_off.answered()
    back_off.refused()
    clock.at += FIRST_PAUSE
    back_off.require_over()


def test_requests_under_way_together_count_as_one_refusal() -> None:
    """Four refusals of one moment are one."""
    clock = SetClock(new_york(DAY, 11))
    back_off = BackOff(clock)
    for _ in range(4):
        back_off.refused()
    clock.at += FIRST_PAUSE
    assert back_off.is_over


def test_a_wish_for_a_longer_pause_is_granted() -> None:
    """What Yahoo asks for counts when it is longer, up to the longest pause."""
    clock = SetClock(new_york(DAY, 11))
    back_off = BackOff(clock)
    back_off.refused(300)
    clock.at += timedelta(seconds=299)
    with pytest.raises(DataUnavailable, match="rate_limited"):
        back_off.require_over()
    clock.at += timedelta(seconds=1)
    back_off.refused(86_400)
    clock.at += LONGEST_PAUSE
    assert back_off.is_over


def test_a_thread_that_hangs_is_left_behind() -> None:
    """The wait ends with its limit; the late answer harms nobody, even when the loop is gone."""
    release, ended = threading.Event(), threading.Event()

    def work() -> int:
        release.wait(10)
        ended.set()
        return 1

    with pytest.raises(DataUnavailable, match=r"timeout: a slow question took longer than 0\.05 s"):
        asyncio.run(in_thread(work, "a slow question", 0.05))
    release.set()
    assert ended.wait(10)


def test_what_fails_in_the_thread_is_raised_where_it_is_awaited() -> None:
    """The error arrives as it was."""

    def work() -> int:
        raise ValueError("of the thread")

    with pytest.raises(ValueError, match="of the thread"):
        asyncio.run(in_thread(work, "a question", 5))
