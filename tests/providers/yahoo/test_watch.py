"""Yahoo says nothing by itself, so it is asked: what dies between two slots is known within half a minute."""

from __future__ import annotations

from datetime import datetime

import pytest

from magic8_companion.domain.connection import CONNECTED, DEGRADED, ConnectionState
from magic8_companion.providers.yahoo.provider import YahooProvider
from magic8_companion.testing.yahoo_server import YahooServer
from tests.providers.ib.fakes import SteppedClock
from tests.providers.makers import DAY, new_york
from tests.providers.yahoo.servers import MARKET, PROMPT
from tests.testing.tools import eventually

NOON = new_york(DAY, 12, 2, 13)


class Room:
    """A provider that watches SPX and SPY, on a clock that is moved by hand."""

    def __init__(self, at: datetime = NOON, timeout_seconds: float = 10.0) -> None:
        self.clock = SteppedClock(at)
        self.server = YahooServer(MARKET, self.clock, PROMPT)
        self.provider = YahooProvider(self.clock, server=self.server.address, timeout_seconds=timeout_seconds)

    def state(self) -> ConnectionState:
        """Return the state of the connection."""
        state = self.provider.connection()
        assert state is not None
        return state


@pytest.mark.parametrize(("fault", "reason"), [("server_error", "source_down"), ("silence", "timeout")])
async def test_an_outage_is_heard_between_two_slots(fault: str, reason: str) -> None:
    """Fifteen seconds later it is asked again, and when it answers the outage is over."""
    room = Room(timeout_seconds=2.0)
    with room.server:
        await room.provider.watch(["SPX", "SPY"])
        assert room.state().outage == "feed_silent"
        await eventually(lambda: room.state() == ConnectionState(source="yahoo", state=CONNECTED))
        room.server.fault(fault)
        await room.clock.advance(15)
        await eventually(lambda: room.state().outage == reason)
        room.server.heal()
        await eventually(room.provider.is_connected)
        await room.clock.advance(15)
        await eventually(lambda: room.state().state == CONNECTED)
        await room.provider.close()


async def test_the_trouble_of_one_symbol_is_an_outage_of_that_symbol() -> None:
    """A hole in the bars of SPY leaves SPX alone."""
    room = Room()
    with room.server:
        await room.provider.watch(["SPX", "SPY"])
        await eventually(lambda: room.state().state == CONNECTED)
        room.server.fault("gap", "SPY")
        await room.clock.advance(15)
        await eventually(lambda: room.state().state == DEGRADED)
        assert (room.state().why, room.state().outage) == ("bars_gap", None)
        assert room.state().outages == {"SPY": "bars_gap"}
        room.server.heal()
        await room.clock.advance(15)
        await eventually(lambda: room.state().state == CONNECTED)
        await room.provider.close()


async def test_a_shut_exchange_is_not_watched() -> None:
    """Before the open nothing is asked; at the open the questions begin."""
    room = Room(new_york(DAY, 9, 29, 50))
    with room.server:
        await room.provider.watch(["SPX", "SPY"])
        await room.clock.advance(5)
        assert room.server.served.total() == 0
        assert room.provider.connection() is None
        await room.clock.advance(10)
        await eventually(lambda: room.server.served.total() >= 2)
        await room.provider.close()
