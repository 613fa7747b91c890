"""Faults with the real client: each shows what it should, and is over when it should be."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from magic8_companion.domain.errors import ConfigError
from magic8_companion.testing.faults import Fault
from magic8_companion.testing.market import tape_at
from magic8_companion.testing.scaled_clock import ScaledClock
from magic8_companion.testing.scenario import parse_scenario
from magic8_companion.testing.server import SimulatedGateway
from tests.testing.tools import (
    DAY,
    GENERIC,
    MARKET,
    SPOT,
    START,
    Errors,
    HandClock,
    at_the_money,
    bars_of,
    connected,
    eventually,
    expiry_of,
    gateway,
    ib_async,
    index,
    is_complete,
)


def last_at(clock: HandClock, symbol: str = "SPX") -> float:
    """Return the price that a client should see."""
    return tape_at(MARKET, symbol, clock.now()).last


async def heard_nothing(server: SimulatedGateway, clock: HandClock, ticker: Any) -> bool:
    """Let a minute of market time and some rounds of ticks pass, and tell whether the price stood still."""
    before, rounds = ticker.last, server.counts.rounds
    clock.advance(60)
    await eventually(lambda: server.counts.rounds >= rounds + 2)
    async with connected(server, client_id=99):  # whatever was sent to anybody has arrived by now
        assert last_at(clock) != before
        return bool(ticker.last == before)


async def test_silence_is_a_live_socket_without_words() -> None:
    """Neither ticks nor answers come, the connection stays; a new connection is served; later words come again."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        spx = client.reqMktData(index("SPX"))
        await eventually(lambda: spx.last == SPOT)
        await server.inject(Fault("silence", seconds=120))
        assert await heard_nothing(server, clock, spx)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reqCurrentTimeAsync(), 0.1)
        async with connected(server, client_id=2) as other:
            assert await other.reqCurrentTimeAsync()
        assert client.isConnected()
        clock.advance(60)
        await eventually(lambda: spx.last == last_at(clock))


async def test_a_half_open_socket_is_a_peer_that_is_gone() -> None:
    """Nothing is read or written any more and nothing is closed; the same id can connect anew."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        spx = client.reqMktData(index("SPX"))
        await eventually(lambda: spx.last == SPOT)
        await server.inject(Fault("half_open"))
        assert await heard_nothing(server, clock, spx)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reqCurrentTimeAsync(), 0.1)
        assert (client.isConnected(), server.counts.requests["current_time"], server.counts.lines) == (True, 0, 0)
        async with connected(server) as again:
            assert await again.reqCurrentTimeAsync()


@pytest.mark.parametrize("reset", [False, True])
async def test_a_drop_ends_the_connection(reset: bool) -> None:
    """An idle connection is closed, in order or by a reset, and its lines are free."""
    async with gateway() as server, connected(server) as client:
        client.reqMktData(index("SPX"))
        await eventually(lambda: server.counts.lines == 1)
        await server.inject(Fault("drop", reset=reset))
        await eventually(lambda: not client.isConnected())
        await eventually(lambda: server.counts.lines == 0)
        async with connected(server) as again:
            assert again.isConnected()


@pytest.mark.parametrize("name", ["drop", "restart"])
async def test_a_request_may_be_pending_when_it_ends(name: str) -> None:
    """The second request for bars is never answered: the connection ends under it."""
    steps = [{"at": {"request": "historical_bars", "number": 2}, "fault": name}]
    async with gateway(steps=steps) as server, connected(server) as client:
        assert await bars_of(client, index("SPX"))
        with pytest.raises(ConnectionError):
            await bars_of(client, index("VIX"))
        await eventually(lambda: not client.isConnected())


async def test_a_restart_refuses_connections_for_a_while() -> None:
    """The port is closed and then open again, under the same number and without memory."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        port = server.port
        client.reqMktData(index("SPX"))
        await server.inject(Fault("restart", seconds=45))
        await eventually(lambda: not client.isConnected())
        with pytest.raises(OSError, match=r"Connect call failed"):
            await ib_async.IB().connectAsync("127.0.0.1", port, clientId=1, timeout=1)
        clock.advance(45)
        await eventually(lambda: server.listening)
        async with connected(server) as again:
            assert (server.port, server.counts.lines) == (port, 0)
            assert await bars_of(again, index("SPX"))


async def test_an_answer_may_never_come() -> None:
    """One request of a kind is not answered, the next one is; other kinds are not concerned."""
    async with gateway() as server, connected(server) as client:
        await server.inject(Fault("unanswered", request="contract_details", count=1))
        lost = asyncio.ensure_future(client.reqContractDetailsAsync(index("SPX")))
        assert await client.reqContractDetailsAsync(index("SPX"))
        assert not lost.done()
        lost.cancel()


async def test_a_request_may_be_refused() -> None:
    """An error with any code and sentence meets as many requests as it should, of the symbols it names."""
    async with gateway() as server, connected(server) as client:
        await server.inject(
            Fault("refused", request="historical_bars", code=162, text="no permissions", count=1, symbols=("SPX",))
        )
        assert await bars_of(client, index("VIX"))
        with pytest.raises(ib_async.RequestError, match="no permissions"):
            await bars_of(client, index("SPX"))
        assert await bars_of(client, index("SPX"))


@pytest.mark.parametrize("code", [1100, 2107, 2108, 2110, 2157, 2158])
async def test_any_notice_can_be_sent(code: int) -> None:
    """System messages reach every client under no request."""
    async with gateway() as server, connected(server, client_id=1) as one, connected(server, client_id=2) as two:
        heard = Errors(one), Errors(two)
        await server.inject(Fault("notice", code=code))
        await eventually(lambda: all(errors.codes == [code] for errors in heard))
        assert {request_id for request_id, _, _ in heard[0].seen} == {-1}


async def test_data_is_lost_with_the_link_and_1101() -> None:
    """Without the link nothing comes and bars are refused; 1101 means that subscriptions are gone."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        errors = Errors(client)
        spx = client.reqMktData(index("SPX"))
        await eventually(lambda: spx.last == SPOT)
        await server.inject(Fault("link_lost", returns=1101, seconds=100))
        assert await heard_nothing(server, clock, spx)
        with pytest.raises(ib_async.RequestError, match="disconnect"):
            await bars_of(client, index("SPX"))
        clock.advance(100)
        await eventually(lambda: errors.codes == [1100, 162, 1101])
        assert server.counts.lines == 0
        assert await heard_nothing(server, clock, spx)
        client.reqMktData(index("SPX"))
        await eventually(lambda: spx.last == last_at(clock))


@pytest.mark.parametrize("silent", [False, True])
async def test_data_is_kept_with_1102_or_not(silent: bool) -> None:
    """After 1102 subscriptions go on, or only pretend to: then a new one brings the ticks back."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        errors = Errors(client)
        spx = client.reqMktData(index("SPX"))
        await eventually(lambda: spx.last == SPOT)
        await server.inject(Fault("link_lost", silent=silent, seconds=10))
        clock.advance(10)
        await eventually(lambda: errors.codes == [1100, 1102])
        if silent:
            assert await heard_nothing(server, clock, spx)
            client.cancelMktData(index("SPX"))
            client.reqMktData(index("SPX"))
        await eventually(lambda: spx.last == last_at(clock))


async def test_kept_bars_stop_with_the_link() -> None:
    """Bars that stay up to date end with 10182."""
    async with gateway() as server, connected(server) as client:
        errors = Errors(client)
        bars = await client.reqHistoricalDataAsync(
            index("SPX"), "", "1 D", "5 mins", "TRADES", useRTH=True, formatDate=2, keepUpToDate=True
        )
        await server.inject(Fault("link_lost", seconds=10))
        await eventually(lambda: errors.codes == [1100, 10182])
        assert errors.seen[1][0] == bars.reqId


@pytest.mark.parametrize(("farm", "codes"), [("data", [2103, 2104]), ("history", [2105, 2106])])
async def test_a_farm_may_flap(farm: str, codes: list[int]) -> None:
    """A broken farm stops ticks or bars, not both; its return is announced."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        errors = Errors(client)
        spx = client.reqMktData(index("SPX"))
        await eventually(lambda: spx.last == SPOT)
        await server.inject(Fault("farm_broken", farm=farm, seconds=90))
        if farm == "data":
            assert await heard_nothing(server, clock, spx)
            assert await bars_of(client, index("SPX"))
        else:
            clock.advance(60)
            await eventually(lambda: spx.last == last_at(clock))
            with pytest.raises(ib_async.RequestError, match="disconnect"):
                await bars_of(client, index("SPX"))
        clock.advance(60)
        await eventually(lambda: [code for code in errors.codes if code > 2000] == codes)
        await eventually(lambda: spx.last == last_at(clock))


async def test_another_login_takes_the_data() -> None:
    """Lines hear 10197 and nothing more until the other one has gone; new ones hear it as well."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        errors = Errors(client)
        spx = client.reqMktData(index("SPX"))
        await eventually(lambda: spx.last == SPOT)
        await server.inject(Fault("competing_session", seconds=300))
        vix = client.reqMktData(index("VIX"))
        await eventually(lambda: errors.codes == [10197, 10197])
        assert await heard_nothing(server, clock, spx)
        assert math.isnan(vix.last)
        clock.advance(300)
        await eventually(lambda: spx.last == last_at(clock) and vix.last > 0)


async def test_one_symbol_may_be_late() -> None:
    """Ticks and bars of the VIX come after their delay, others at once; a cancelled request never comes."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        await server.inject(Fault("late", delay=20, symbols=("VIX",)))
        bars = asyncio.create_task(bars_of(client, index("VIX")))
        given_up = asyncio.create_task(bars_of(client, index("VIX"), durationStr="2 D"))
        vix, spx = client.reqMktData(index("VIX")), client.reqMktData(index("SPX"))
        await eventually(lambda: spx.last == SPOT and server.counts.lines == 2)
        assert math.isnan(vix.last)
        assert not bars.done()
        client.client.cancelHistoricalData(client.client._reqIdSeq - 3)
        await eventually(lambda: server.counts.requests["cancel_historical_bars"] == 1)
        clock.advance(20)
        await eventually(lambda: vix.last == last_at(clock, "VIX"))
        assert len(await bars) == 13
        given_up.cancel()


async def test_an_old_tick_stays_old() -> None:
    """A subscription shows the price and the stamp of half an hour ago and never moves."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        await server.inject(Fault("stale_quotes", minutes=30))
        spx = client.reqMktData(index("SPX"))
        old = START - timedelta(minutes=30)
        await eventually(lambda: spx.last == tape_at(MARKET, "SPX", old).last)
        assert spx.lastTimestamp == old.replace(microsecond=0)
        assert await heard_nothing(server, clock, spx)


async def test_a_new_day_empties_the_old_chain() -> None:
    """The clock jumps to the next session: yesterday's options are no longer listed and say nothing more."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        old = client.reqMktData(await at_the_money(client), GENERIC)
        await eventually(lambda: is_complete(old))
        old.modelGreeks = None
        await server.inject(Fault("day_change", time="10:00"))
        assert clock.now() == datetime(2025, 6, 27, 14, 0, tzinfo=UTC)
        with pytest.raises(ib_async.RequestError, match="200"):
            await client.reqContractDetailsAsync(expiry_of("SPX", "SPXW", DAY))
        bars = await bars_of(client, index("SPX"))
        assert bars[0].date == datetime(2025, 6, 27, 13, 30, tzinfo=UTC)
        assert old.modelGreeks is None


async def test_triggers_fire_in_their_order() -> None:
    """Times of the clock, seconds, counts of messages and requests each begin their fault once."""
    clock = HandClock()
    steps = [
        {"at": "10:35", "fault": "notice", "code": 2107},
        {"at": {"seconds": 60}, "fault": "notice", "code": 2108},
        {"at": {"messages": 12}, "fault": "notice", "code": 2110},
        {"at": {"request": "current_time", "number": 2}, "fault": "notice", "code": 2157},
    ]
    async with gateway(clock, steps=steps) as server, connected(server) as client:
        errors = Errors(client)
        while server.counts.messages < 11:
            await client.reqContractDetailsAsync(index("SPX"))
        assert errors.codes == []
        await client.reqCurrentTimeAsync()
        assert errors.codes == [2110]
        await client.reqCurrentTimeAsync()
        assert errors.codes == [2110, 2157]
        clock.advance(60)
        await client.reqCurrentTimeAsync()
        assert errors.codes == [2110, 2157, 2108]
        clock.advance(300)
        await eventually(lambda: errors.codes == [2110, 2157, 2108, 2107])


async def test_a_fault_can_be_cleared() -> None:
    """A fault without an end lasts until it is cleared, by hand or by a step."""
    steps = [{"at": {"request": "current_time"}, "fault": "clear", "which": "clock_skew"}]
    async with gateway(steps=steps) as server, connected(server) as client:
        await server.inject(Fault("clock_skew", by=60))
        assert server.active_faults == ("clock_skew",)
        assert await client.reqCurrentTimeAsync() == START.replace(microsecond=0)
        assert server.active_faults == ()


async def test_skipping_a_day_needs_a_clock_that_can() -> None:
    """A scenario that the clock cannot play is refused before anything starts."""
    scenario = parse_scenario({"steps": [{"at": "10:00", "fault": "day_change"}]})

    class PlainClock(HandClock):
        jump_to = None  # type: ignore[assignment]

    SimulatedGateway(MARKET, ScaledClock(START), scenario=scenario)
    with pytest.raises(ConfigError, match="clock that can jump"):
        SimulatedGateway(MARKET, PlainClock(), scenario=scenario)
