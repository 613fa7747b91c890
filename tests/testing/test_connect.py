"""The life of a connection with the real client: greeting, versions, synchronisation, refusals, limits on messages."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from magic8_companion.testing.faults import Fault
from magic8_companion.testing.wire import frame
from tests.testing.tools import (
    DAY,
    START,
    Errors,
    HandClock,
    bars_of,
    connected,
    eventually,
    expiry_of,
    gateway,
    ib_async,
    index,
)


async def raw(server: Any, *chunks: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a bare connection that has sent some bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for chunk in chunks:
        writer.write(chunk)
    return reader, writer


def hello(versions: str) -> bytes:
    """Return the greeting of a client."""
    return b"API\0" + len(versions).to_bytes(4, "big") + versions.encode()


async def test_a_client_connects_and_synchronises() -> None:
    """Account, ids, positions, orders and executions are answered, and the farms are reported."""
    async with gateway() as server, connected(server, client_id=7) as client:
        errors = Errors(client)
        assert client.managedAccounts() == ["DU1234567"]
        assert (client.positions(), client.openTrades(), client.fills()) == ([], [], [])
        assert {item.tag for item in client.accountValues()} >= {"NetLiquidation"}
        assert await client.accountSummaryAsync()
        assert server.client_ids == (7,)
        assert await client.reqCurrentTimeAsync() == START.replace(microsecond=0)
        assert errors.codes == []
        assert (dict(server.counts.errors), server.violations) == ({2104: 1, 2106: 1, 2158: 1}, ())


@pytest.mark.parametrize("own", [157, 163, 164, 166, 176, 178, 187, 201])
async def test_every_version_is_spoken(own: int) -> None:
    """Contracts, bars, ticks and errors arrive whole in each dialect; newer gateways settle on the client's newest."""
    async with gateway(server_version=own) as server, connected(server) as client:
        assert client.client.serverVersion() == min(own, 178)
        (spx,) = await client.reqContractDetailsAsync(index("SPX"))
        assert (spx.contract.conId, spx.longName, spx.validExchanges) == (416904, "S&P 500 Stock Index", "CBOE")
        (option,) = await client.reqContractDetailsAsync(expiry_of("SPX", "SPXW", DAY, 6750, "C"))
        assert option.contract.localSymbol == "SPXW  250626C06750000"
        assert (option.realExpirationDate, option.lastTradeTime) == ("20250626", "16:00:00")
        assert len(await bars_of(client, index("SPX"))) == 13
        ticker = client.reqMktData(option.contract, "101")
        await eventually(lambda: ticker.modelGreeks and ticker.callOpenInterest >= 0)
        errors = Errors(client)
        with pytest.raises(ib_async.RequestError):
            await client.reqContractDetailsAsync(index("NIX"))
        assert errors.text(200) == "No security definition has been found for the request"
        assert server.violations == ()


async def test_a_client_that_is_too_new_leaves() -> None:
    """A client hears the gateway's version and decides itself; an old gateway does not pretend to be newer."""
    async with gateway(server_version=150) as server:
        with pytest.raises((TimeoutError, ConnectionError)):
            await ib_async.IB().connectAsync("127.0.0.1", server.port, clientId=1, timeout=0.2)
        await eventually(lambda: not server.client_ids)


@pytest.mark.parametrize("size", [1, 7])
async def test_pieces_of_messages_are_messages(size: int) -> None:
    """A connection whose bytes come in pieces loses nothing."""
    steps = [{"at": {"request": "connect"}, "fault": "segments", "size": size}]
    async with gateway(steps=steps) as server, connected(server) as client:
        assert len(await bars_of(client, index("SPX"))) == 13
        (option,) = await client.qualifyContractsAsync(expiry_of("SPX", "SPXW", DAY, 6750, "C"))
        ticker = client.reqMktData(option, "100,101,106")
        await eventually(lambda: ticker.modelGreeks is not None)


async def test_a_read_only_gateway_keeps_orders_to_itself() -> None:
    """A read-only session connects at once; asking for orders gives 321."""
    async with gateway(read_only=True) as server, connected(server, readonly=True) as client:
        errors = Errors(client)
        client.client.reqOpenOrders()
        client.client.reqCompletedOrders(apiOnly=False)
        await eventually(lambda: errors.codes == [321, 321])
        assert "Read-Only" in errors.text(321)
        assert server.violations == ()


async def test_every_order_is_refused_and_recorded() -> None:
    """Placing, cancelling, exercising and cancelling everything are violations, whatever the settings."""
    async with gateway() as server, connected(server) as client:
        errors = Errors(client)
        client.client.placeOrder(5, index("SPX"), ib_async.MarketOrder("BUY", 1))
        client.client.cancelOrder(5)
        client.client.exerciseOptions(6, expiry_of("SPX", "SPXW", DAY, 6750, "C"), 1, 1, "DU1234567", 0)
        client.client.reqGlobalCancel()
        await eventually(lambda: len(server.violations) == 4)
        assert {item.kind for item in server.violations} == {"order"}
        await eventually(lambda: len(errors.codes) == 4)
        assert [request_id for request_id, _, _ in errors.seen] == [5, 5, 6, -1]


async def test_a_client_id_belongs_to_one_connection() -> None:
    """A second client with the same id gets 326 and is hung up on; the first one stays, the id is free after it."""
    async with gateway() as server:
        async with connected(server, client_id=2) as first:
            second = ib_async.IB()
            errors = Errors(second)
            with pytest.raises((TimeoutError, ConnectionError)):
                await second.connectAsync("127.0.0.1", server.port, clientId=2, timeout=0.3)
            assert errors.codes == [326]
            assert await first.reqCurrentTimeAsync()
        async with connected(server, client_id=2) as again:
            assert again.isConnected()


async def test_several_clients_share_the_gateway() -> None:
    """Clients with different ids are served side by side."""
    async with gateway() as server, connected(server, client_id=1) as one, connected(server, client_id=2) as two:
        assert server.client_ids == (1, 2)
        assert len(await bars_of(one, index("SPX"))) == len(await bars_of(two, index("NDX", "NASDAQ"))) == 13


async def test_too_many_messages_are_counted_and_end_the_connection() -> None:
    """The 51st message of a second gives 100; after three of them the gateway hangs up."""
    async with gateway() as server:
        reader, writer = await raw(server, hello("v157..178"), frame([71, 2, 1, ""]))
        await reader.readuntil(b"2158")
        await eventually(lambda: server.counts.messages == 1)
        writer.write(frame([49, 1]) * 60)
        assert b"\x00100\x00" in await reader.read(-1)
        assert [item.kind for item in server.violations] == ["message_rate"] * 3
        assert server.counts.peak_rate == 53
        writer.close()


async def test_the_library_stays_below_the_limit() -> None:
    """A client that throttles itself is never accused, not even after a burst of requests."""
    async with gateway() as server, connected(server) as client:
        await asyncio.gather(*(client.reqContractDetailsAsync(index("SPX")) for _ in range(60)))
        assert server.violations == ()
        assert server.counts.peak_rate <= 50


@pytest.mark.parametrize("chunk", [b"GET / HTTP/1.1\r\n\r\n", b"API\0\xff\xff\xff\xff", b"API\0\0\0\0\3foo"])
async def test_a_stranger_is_hung_up_on(chunk: bytes) -> None:
    """Whoever does not speak the protocol is disconnected and recorded; others do not notice."""
    async with gateway() as server, connected(server) as client:
        reader, writer = await raw(server, chunk)
        assert await reader.read(-1) == b""
        writer.close()
        assert [item.kind for item in server.violations] == ["protocol"]
        assert await client.reqCurrentTimeAsync()


async def test_a_broken_message_is_refused_alone() -> None:
    """Missing fields and unknown messages get 321 and the connection goes on."""
    async with gateway() as server, connected(server) as client:
        errors = Errors(client)
        client.client.send(1, 11, 5, "x")
        client.client.send(4711, 1)
        client.client.send("word", 1)
        await eventually(lambda: len(errors.codes) == 3)
        assert errors.codes == [321, 321, 321]
        assert [item.kind for item in server.violations] == ["protocol"]
        assert await client.reqCurrentTimeAsync()


async def test_nothing_is_answered_before_the_start() -> None:
    """A client that forgets startApi hears nothing."""
    async with gateway() as server:
        reader, writer = await raw(server, hello("v157..178"), frame([49, 1]), frame([71, 2, 1, ""]))
        answer = await reader.readuntil(b"2158")
        assert b"\x0049\x00" not in answer
        writer.close()


async def test_the_greeting_waits_for_two_factor() -> None:
    """The port accepts, but the gateway says nothing until somebody has confirmed the login."""
    clock = HandClock()
    async with gateway(clock) as server:
        await server.inject(Fault("two_factor", seconds=60))
        connecting = asyncio.create_task(ib_async.IB().connectAsync("127.0.0.1", server.port, clientId=1, timeout=5))
        await eventually(lambda: server.counts.connections == 1)
        assert not server.client_ids
        clock.advance(61)
        client = await connecting
        assert client.isConnected()
        client.disconnect()


async def test_the_start_may_never_be_answered() -> None:
    """With startApi unanswered a connect runs into its time limit."""
    async with gateway() as server:
        await server.inject(Fault("unanswered", request="start_api", count=1))
        with pytest.raises(TimeoutError):
            await ib_async.IB().connectAsync("127.0.0.1", server.port, clientId=1, timeout=0.2)
        async with connected(server) as client:
            assert client.isConnected()


async def test_the_id_may_be_in_use_after_a_crash() -> None:
    """The ghost of an earlier session holds every id until its time is over."""
    clock = HandClock()
    async with gateway(clock) as server:
        await server.inject(Fault("client_id_in_use", seconds=30))
        client = ib_async.IB()
        errors = Errors(client)
        with pytest.raises((TimeoutError, ConnectionError)):
            await client.connectAsync("127.0.0.1", server.port, clientId=1, timeout=0.3)
        assert errors.codes == [326]
        clock.advance(30)
        async with connected(server) as again:
            assert again.isConnected()


async def test_the_clock_may_be_wrong() -> None:
    """A skewed gateway tells a wrong time until that is over."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        await server.inject(Fault("clock_skew", by=-90, seconds=10))
        told = await client.reqCurrentTimeAsync()
        assert (START.replace(microsecond=0) - told).total_seconds() == 90
        clock.advance(10)
        assert await client.reqCurrentTimeAsync() == datetime(2025, 6, 26, 14, 31, 20, tzinfo=UTC)
