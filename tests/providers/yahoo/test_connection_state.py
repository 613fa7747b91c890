"""What Yahoo's newest answer tells of the feed, and whose state a pair of feeds has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from magic8_companion.domain.connection import CONNECTED, DEGRADED, ConnectionState
from magic8_companion.providers.fallback import FallbackProvider
from tests.providers.makers import DAY, new_york
from tests.providers.yahoo.servers import ask, bars, provider, put, refusal, yahoo
from tests.providers.yahoo.test_fallback import Feed, Pair


@pytest.mark.parametrize(("fault", "reason"), [("server_error", "source_down"), ("rate_limit", "rate_limited")])
def test_an_outage_begins_with_a_refusal_and_ends_with_an_answer(fault: str, reason: str) -> None:
    """It began when it began, however often Yahoo is asked meanwhile."""
    began = new_york(DAY, 11, 2, 13)
    with yahoo() as server:
        source = provider(server)
        assert source.connection() is None
        server.fault(fault)
        for minutes in (0, 1):
            put(server, began + timedelta(minutes=minutes))
            refusal(source.get_historical_data("SPY", "5m", "1d"))
            state = source.connection()
            assert state is not None
            assert (state.source, state.state, state.why, state.outage) == ("yahoo", DEGRADED, reason, reason)
            assert state.since == began
        server.heal()
        put(server, began + timedelta(minutes=20))
        assert len(bars(source, "SPY"))
        assert source.connection() == ConnectionState(source="yahoo", state=CONNECTED)


def test_what_yahoo_does_not_have_is_no_outage() -> None:
    """A hole in the bars of one symbol says nothing about the others."""
    with yahoo() as server:
        source = provider(server)
        server.fault("gap", "SPY")
        refusal(source.get_historical_data("SPY", "5m", "1d"))
        assert source.connection() == ConnectionState(source="yahoo", state=CONNECTED)


def test_a_pair_has_the_state_of_its_first_feed() -> None:
    """The second one stands in under its own name, so its state is not that of what the first one has given."""
    watched: list[str] = []
    down = ConnectionState(source="ib", state=DEGRADED, why="not_connected", outage="ib_disconnected")

    class Monitored(Feed):
        async def watch(self, symbols: Sequence[str]) -> None:
            watched.extend(symbols)

        def connection(self) -> ConnectionState:
            return down

    pair = Pair()
    assert pair.provider.connection() is None
    provider = FallbackProvider(Monitored("ib", "live", pair.clock), pair.yahoo, pair.clock)
    assert provider.connection() == down
    ask(provider.watch(["SPX"]))
    assert watched == ["SPX"]
