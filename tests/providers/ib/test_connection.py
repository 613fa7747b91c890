"""The life of the connection: what is tried and when, what is believed, and what callers are told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.providers.ib.codes import IBRefusal
from magic8_companion.providers.ib.connection import Connection
from magic8_companion.providers.ib.connection_health import CONNECTED, DEGRADED, NEEDS_HUMAN
from magic8_companion.providers.ib.gateway import CannotConnect, SessionOver
from magic8_companion.providers.ib.waiting import Deadline
from tests.providers.ib.fakes import OPTIONS, FakeGateway, Openings, SteppedClock, settle


@asynccontextmanager
async def connected(openings: Openings) -> AsyncIterator[Connection]:
    """Start a connection and end it."""
    clock = openings.clock
    assert isinstance(clock, SteppedClock)
    connection = Connection(clock, OPTIONS, openings)
    connection.start()
    await settle()
    try:
        yield connection
    finally:
        await connection.close()


def ask(connection: Connection, clock: SteppedClock, answer: object = "answer", what: str = "it") -> asyncio.Task:
    """Ask for something that answers, raises or (None) is never answered."""

    async def request(gateway: FakeGateway) -> object:
        gateway.asked.append(what)
        if answer is None:
            await asyncio.get_running_loop().create_future()
        if isinstance(answer, Exception):
            raise answer
        return answer

    return asyncio.create_task(connection.ask(what, request, Deadline(clock, 13.5)))


async def refusal(task: asyncio.Task) -> DataUnavailable:
    """Return the refusal of a request that is over."""
    await settle()
    assert task.done()
    with pytest.raises(DataUnavailable) as caught:
        await task
    return caught.value


async def test_the_first_request_connects(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is opened before somebody asks; then one connection serves, and the log says so."""
    clock = SteppedClock()
    openings = Openings(clock)
    connection = Connection(clock, OPTIONS, openings)
    await settle()
    assert not openings.tried_at
    with caplog.at_level(logging.INFO):
        task = ask(connection, clock)
        await settle()
        assert await task == "answer"
        await connection.close()
    assert "Connected to IB 127.0.0.1:4002 (client 2)" in caplog.messages
    assert "Disconnected from IB: closed" in caplog.messages
    assert len(openings.gateways) == 1


async def test_attempts_back_off_from_1_to_15_seconds(caplog: pytest.LogCaptureFixture) -> None:
    """A gateway that is not there is tried after 1, 2, 4, 8 and then every 15 seconds, and told once."""
    clock = SteppedClock()
    openings = Openings(clock)
    openings.failure = CannotConnect("gateway_unreachable", "nothing answers")
    async with connected(openings) as connection:
        await clock.advance(80)
        assert openings.seconds() == [0, 1, 3, 7, 15, 30, 45, 60, 75]
        assert caplog.messages == ["IB: nothing answers"]
        assert connection.health.state(clock.now()) == DEGRADED
        await clock.advance(600)
        assert connection.health.state(clock.now()) == NEEDS_HUMAN


async def test_a_connection_that_lasted_is_reopened_at_once() -> None:
    """After a minute of service the back-off begins anew; a connection that breaks at once does not reset it."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings):
        for expected in (1, 3, 7):
            openings.newest.abort("closed by the peer")
            await clock.advance(expected if expected == 1 else expected - clock_seconds(openings))
            assert openings.seconds()[-1] == expected
        await clock.advance(70)
        openings.newest.abort("closed by the peer")
        await clock.advance(1)
        assert openings.seconds()[-1] == 7 + 70 + 1


def clock_seconds(openings: Openings) -> float:
    """Return seconds since the first attempt."""
    return (openings.clock.now() - openings.tried_at[0]).total_seconds()


async def test_an_outage_is_waited_for_and_then_answered_at_once() -> None:
    """A request waits 12 s for a connection that was lost just now; a later one is told at once, with the sentence."""
    clock = SteppedClock()
    openings = Openings(clock)
    openings.failure = CannotConnect("gateway_unreachable", "no answer at 127.0.0.1:4002")
    async with connected(openings) as connection:
        first = ask(connection, clock)
        await clock.advance(11)
        assert not first.done()
        await clock.advance(2)
        on_error = await refusal(first)
        assert on_error.reason == "ib_disconnected"
        assert "no answer" in on_error.detail
        assert (await refusal(ask(connection, clock))).reason == "ib_disconnected"
        openings.failure = None
        await clock.advance(60)
        assert await ask(connection, clock) == "answer"


async def test_a_taken_client_id_stops_connecting() -> None:
    """326 at the start is tried once; a human is asked for, and the sentence names the likely second host."""
    clock = SteppedClock()
    openings = Openings(clock)
    openings.failure = CannotConnect("client_id_in_use", "most likely a second host")
    async with connected(openings) as connection:
        on_error = await refusal(ask(connection, clock))
        assert on_error.reason == "client_id_in_use"
        assert "second host" in on_error.detail
        await clock.advance(600)
        assert openings.seconds() == [0]
        assert connection.health.state(clock.now()) == NEEDS_HUMAN


async def test_our_own_ghost_is_waited_for() -> None:
    """326 soon after our own connection broke is tried again; after three minutes it is somebody else."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings) as connection:
        await clock.advance(70)
        openings.failure = CannotConnect("client_id_in_use", "in use")
        openings.newest.abort("reset")
        await clock.advance(100)
        assert len(openings.tried_at) > 3
        assert connection.health.state(clock.now()) == DEGRADED
        await clock.advance(300)
        assert connection.health.state(clock.now()) == NEEDS_HUMAN
        tries = len(openings.tried_at)
        await clock.advance(300)
        assert len(openings.tried_at) == tries


async def test_a_silent_gateway_needs_a_human_but_is_tried_on() -> None:
    """A gateway that waits for its second factor is named after 30 s; when it speaks the host goes on by itself."""
    clock = SteppedClock()
    openings = Openings(clock)
    openings.failure = CannotConnect("gateway_silent", "confirm the second factor")
    async with connected(openings) as connection:
        await clock.advance(40)
        assert connection.health.state(clock.now()) == NEEDS_HUMAN
        assert (await refusal(ask(connection, clock))).reason == "gateway_silent"
        openings.failure = None
        await clock.advance(60)
        assert await ask(connection, clock) == "answer"


async def test_a_dead_socket_is_found_by_the_heart() -> None:
    """When the gateway's time is not told and nothing else arrives the connection is replaced, within 15 s."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings):
        await clock.advance(5)
        openings.newest.time_is_told = False
        await clock.advance(15)
        assert len(openings.gateways) == 2
        assert openings.gateways[0].is_over


async def test_a_heart_that_is_not_answered_while_data_flow_proves_nothing() -> None:
    """A gateway that does not tell its time but sends data is kept."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings):
        openings.newest.time_is_told = False
        for _ in range(60):
            openings.newest.last_data_at = clock.now() + timedelta(seconds=1)
            await clock.advance(1)
        assert len(openings.gateways) == 1


@pytest.mark.parametrize(("skew", "side"), [(120, "behind"), (-30, "ahead of"), (6, "behind")])
async def test_a_wrong_clock_is_refused_at_once(skew: float, side: str) -> None:
    """While the clocks differ by more than 5 s nothing is served; the sentence says which way and what to do."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings) as connection:
        openings.newest.skew = timedelta(seconds=skew)
        await clock.advance(10)
        on_error = await refusal(ask(connection, clock))
        assert on_error.reason == "clock_skew"
        assert side in on_error.detail
        assert "NTP" in on_error.detail
        openings.newest.skew = timedelta(seconds=3)
        await clock.advance(10)
        assert await ask(connection, clock) == "answer"


@pytest.mark.parametrize("code", [1100, 2110])
async def test_requests_are_held_while_ibs_servers_are_lost(code: int) -> None:
    """Nothing is sent after 1100 or 2110; 1102 lets the request go, but data must prove that all is well."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings) as connection:
        openings.newest.on_error(-1, code, "lost")
        task = ask(connection, clock)
        await clock.advance(5)
        assert not task.done()
        assert not openings.newest.asked
        openings.newest.on_error(-1, 1102, "restored")
        assert await task == "answer"
        connection.health.expects_data = True
        assert connection.health.state(clock.now()) == DEGRADED
        connection.on_fresh_tick()
        assert connection.health.state(clock.now()) == CONNECTED


async def test_a_long_loss_of_ibs_servers_is_told() -> None:
    """Twelve seconds after 1100 requests are answered at once with the reason."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings) as connection:
        openings.newest.on_error(-1, 1100, "Connectivity has been lost")
        task = ask(connection, clock)
        await clock.advance(13)
        assert (await refusal(task)).reason == "ib_disconnected"
        later = await refusal(ask(connection, clock))
        assert "Connectivity has been lost" in later.detail


async def test_an_empty_return_opens_lines_again() -> None:
    """1101 distrusts every quote and lets every line be opened again; 1102 only distrusts."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings) as connection:
        generation = connection.health.generation
        await clock.advance(3)
        openings.newest.on_error(-1, 1102, "kept")
        assert connection.health.generation == generation
        assert connection.health.trusted_from == clock.now()
        openings.newest.on_error(-1, 1101, "lost")
        assert connection.health.generation == generation + 1


async def test_a_request_is_repeated_on_the_next_connection() -> None:
    """A restart in mid-request costs time, not the answer."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings) as connection:
        seen: list[FakeGateway] = []

        async def request(gateway: FakeGateway) -> str:
            seen.append(gateway)
            if len(seen) == 1:
                gateway.abort("restart")
                raise SessionOver("restart")
            return "answer"

        task = asyncio.create_task(connection.ask("it", request, Deadline(clock, 13.5)))
        await clock.advance(2)
        assert await task == "answer"
        assert seen == openings.gateways
        assert len(seen) == 2


async def test_a_request_that_is_never_answered_times_out() -> None:
    """Nobody waits for ever."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings) as connection:
        task = ask(connection, clock, None)
        await clock.advance(14)
        assert (await refusal(task)).reason == "timeout"


async def test_an_invalid_request_is_repeated_only_after_a_pause(caplog: pytest.LogCaptureFixture) -> None:
    """321 is logged as an error once; the same request is refused unsent for 1 minute, then for 2 minutes."""
    clock = SteppedClock()
    openings = Openings(clock)
    wrong = IBRefusal(321, "Error validating request")
    async with connected(openings) as connection:
        with pytest.raises(IBRefusal):
            await ask(connection, clock, wrong, "the bars of SPY")
        assert (await refusal(ask(connection, clock, "x", "the bars of SPY"))).reason == "request_refused"
        assert openings.newest.asked == ["the bars of SPY"]
        assert await ask(connection, clock, "x", "the bars of SPX") == "x"
        await clock.advance(61)
        with pytest.raises(IBRefusal):
            await ask(connection, clock, wrong, "the bars of SPY")
        await clock.advance(61)
        assert (await refusal(ask(connection, clock, "x", "the bars of SPY"))).reason == "request_refused"
        await clock.advance(60)
        assert await ask(connection, clock, "x", "the bars of SPY") == "x"
        errors = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert ["the bars of SPY" in record.getMessage() for record in errors] == [True]


@pytest.mark.parametrize(
    ("breaks", "repairs", "why"),
    [(2103, 2104, "quotes_broken"), (2105, 2106, "bars_broken"), (2157, 2158, "contracts_broken")],
)
async def test_a_broken_farm_degrades_and_closes_nothing(breaks: int, repairs: int, why: str) -> None:
    """The state names the farm until it is repaired; the connection stays."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings) as connection:
        connection.on_fresh_tick()
        openings.newest.on_error(-1, breaks, "broken:usfarm")
        worst = connection.health.worst
        assert worst is not None
        assert worst.why == why
        openings.newest.on_error(-1, repairs, "OK:usfarm")
        assert connection.health.state(clock.now()) == CONNECTED
        assert len(openings.gateways) == 1


async def test_news_of_another_farm_changes_nothing() -> None:
    """2107, 2108 and unknown warnings leave the state alone."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings) as connection:
        for code in (2104, 2106, 2107, 2108, 2119, 2158, 10182):
            openings.newest.on_error(-1, code, "text")
        assert connection.health.state(clock.now()) == CONNECTED


async def test_quotes_that_were_on_their_way_prove_nothing() -> None:
    """For a second after bad news nothing that arrives counts as fresh."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings) as connection:
        await clock.advance(3)
        openings.newest.on_error(-1, 2103, "broken")
        assert connection.health.trusted_from == clock.now() + timedelta(seconds=1)


async def test_a_bug_in_the_life_of_the_connection_is_not_hidden() -> None:
    """If opening a connection fails in a way nobody foresaw, the next request raises that."""
    clock = SteppedClock()

    async def broken(_: object) -> FakeGateway:
        raise RuntimeError("a bug")

    connection = Connection(clock, OPTIONS, broken)
    connection.start()
    await settle()
    with pytest.raises(RuntimeError, match="a bug"):
        await ask(connection, clock)


async def test_closing_ends_everything() -> None:
    """After closing nothing runs, whether it was connected, connecting or never asked; it may be repeated."""
    clock = SteppedClock()
    before = len(asyncio.all_tasks())
    openings = Openings(clock)
    async with connected(openings) as connection:
        await connection.close()
    assert openings.newest.is_over
    never = Connection(clock, OPTIONS, _never_open)
    await never.close()
    never.start()
    await settle()
    await never.close()
    await settle()
    assert len(asyncio.all_tasks()) == before


async def _never_open(_: object) -> FakeGateway:
    await asyncio.get_running_loop().create_future()
    raise AssertionError


async def wakes(connection: Connection, event: Callable[[], object]) -> bool:
    """Return whether an event wakes a task that waits for a change."""
    waiting = asyncio.create_task(connection.changed.changed())
    await settle()
    event()
    await settle()
    woken = waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    return woken


async def test_waiters_wake_on_the_first_fresh_bar_and_on_nothing_else() -> None:
    """A bar that ends an outage wakes the waiters; a later bar, a tick and a message that change nothing do not."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings) as connection:
        assert await wakes(connection, connection.on_fresh_bar)
        assert not await wakes(connection, connection.on_fresh_bar)
        assert not await wakes(connection, connection.on_fresh_tick)
        assert not await wakes(connection, lambda: openings.newest.on_error(7, 162, "no data"))
        openings.newest.on_error(-1, 2105, "HMDS data farm connection is broken:ushmds")
        assert not await wakes(connection, connection.on_fresh_tick)
        assert await wakes(connection, connection.on_fresh_bar)


async def test_waiters_wake_on_the_first_fresh_tick_and_on_nothing_else() -> None:
    """A tick that ends an outage of quotes wakes the waiters; a bar does not, nor does a later tick."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with connected(openings) as connection:
        assert await wakes(connection, connection.on_fresh_tick)
        openings.newest.on_error(-1, 2103, "Market data farm connection is broken:usfarm")
        assert not await wakes(connection, connection.on_fresh_bar)
        assert await wakes(connection, connection.on_fresh_tick)
        assert not await wakes(connection, connection.on_fresh_tick)
