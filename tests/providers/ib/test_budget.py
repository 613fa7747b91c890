"""IB's limits are kept whatever is asked for and whenever."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.providers.ib.budget import HistoryPacing, HistoryRequest, LineBudget, MessageRate
from tests.providers.ib.fakes import MORNING, settle


@given(st.lists(st.floats(0, 0.5), min_size=100, max_size=200))
@settings(max_examples=60, deadline=None)
def test_no_second_carries_more_than_48_messages(hesitations: list[float]) -> None:
    """However long the sender is kept from sending, no window of one second holds more than 45 messages and a burst."""
    rate, now, sent = MessageRate(45), 1000.0, []
    for hesitation in hesitations:
        now += rate.delay(now) + hesitation * (hesitation > 0.4)
        rate.count(now)
        sent.append(now)
    for place, at in enumerate(sent):
        assert sum(at <= other < at + 1.0 for other in sent[place:]) <= 48


def test_a_busy_second_carries_45_messages() -> None:
    """The rate is used to the full: 450 messages take ten seconds."""
    rate, now = MessageRate(45), 0.0
    for _ in range(450):
        now += rate.delay(now)
        rate.count(now)
    assert 9.8 < now < 10.0


def test_a_complaint_halves_the_rate_for_a_minute() -> None:
    """After error 100 messages leave half as fast, and a minute later at full speed again."""
    rate = MessageRate(45)
    rate.slow_down(0.0)

    def seconds_for_45(now: float) -> float:
        begun = now
        for _ in range(45):
            now += rate.delay(now)
            rate.count(now)
        return now - begun

    assert 1.8 < seconds_for_45(0.0) < 2.1
    assert 0.9 < seconds_for_45(100.0) < 1.05


async def test_turns_are_taken_in_order() -> None:
    """Whoever asked first sends first."""
    rate, order = MessageRate(5000), []

    async def send(number: int) -> None:
        await rate.turn()
        order.append(number)

    await asyncio.gather(*(send(number) for number in range(20)))
    assert order == [*range(20)]
    assert rate.sent == 20


async def test_lines_are_never_more_than_allowed() -> None:
    """The third of two lines waits until one is given back."""
    lines = LineBudget(2)
    await lines.take()
    await lines.take()
    third = asyncio.create_task(lines.take())
    await settle()
    assert not third.done()
    lines.give_back()
    await third
    assert lines.used == 2


async def test_a_refused_line_makes_the_budget_smaller() -> None:
    """After error 101 one line fewer is used, but never so few that nothing can be read."""
    lines = LineBudget(9)
    for _ in range(9):
        await lines.take()
    lines.shrink()
    lines.give_back()
    tenth = asyncio.create_task(lines.take())
    await settle()
    assert not tenth.done()
    assert lines.capacity == 8
    lines.shrink()
    assert lines.capacity == 8
    lines.give_back()
    await tenth


REQUESTS = st.tuples(st.integers(1, 3), st.sampled_from(["1 D", "2 D", "3 D"]), st.integers(0, 20), st.booleans())


@given(st.lists(REQUESTS, min_size=30, max_size=150))
@settings(max_examples=60, deadline=None)
def test_history_keeps_every_rule(asked: list[tuple[int, str, int, bool]]) -> None:
    """Whatever is asked for, no rule of IB's pacing is broken by what leaves."""
    pacing, now, sent = HistoryPacing(), MORNING, []
    for contract, duration, pause, burst in asked:
        now += timedelta(seconds=0 if burst else pause)
        request = HistoryRequest(con_id=contract, size="5 mins", duration=duration)
        while wait := pacing.wait(request, now):
            now += wait
        pacing.count(request, now)
        pacing.done()
        sent.append((now, request))
    for place, (at, request) in enumerate(sent):
        earlier = sent[:place]
        assert not any(other == request and at - then < timedelta(seconds=15) for then, other in earlier)
        assert sum(then > at - timedelta(seconds=2) and other.con_id == request.con_id for then, other in earlier) <= 4
        assert sum(then > at - timedelta(minutes=10) for then, _ in earlier) < 60


def test_another_request_need_not_wait() -> None:
    """A request that differs in its duration may leave at once; the same one waits 15 s and a little."""
    pacing = HistoryPacing()
    first = HistoryRequest(con_id=1, size="5 mins", duration="1 D")
    pacing.count(first, MORNING)
    assert not pacing.wait(HistoryRequest(con_id=1, size="5 mins", duration="2 D"), MORNING)
    assert timedelta(seconds=15) < pacing.wait(first, MORNING) < timedelta(seconds=17)


def test_a_pacing_complaint_stops_everything_for_15_seconds() -> None:
    """After 162 with "pacing" no history request leaves for 15 s."""
    pacing = HistoryPacing()
    pacing.back_off(MORNING)
    request = HistoryRequest(con_id=1, size="5 mins", duration="1 D")
    assert pacing.wait(request, MORNING) == timedelta(seconds=15)
    assert not pacing.wait(request, MORNING + timedelta(seconds=15))


def test_at_most_50_requests_are_unanswered() -> None:
    """The 51st waits until one was answered or given up."""
    pacing = HistoryPacing()
    for number in range(50):
        pacing.count(HistoryRequest(con_id=number, size="5 mins", duration="1 D"), MORNING)
    last = HistoryRequest(con_id=99, size="5 mins", duration="1 D")
    assert pacing.wait(last, MORNING)
    pacing.done()
    assert not pacing.wait(last, MORNING)
    assert pacing.in_window(MORNING) == 50
