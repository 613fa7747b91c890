"""The host asks its feed from the start."""

from __future__ import annotations

from datetime import time

from magic8_companion.cli.run import _probe_feed
from magic8_companion.domain.errors import DataUnavailable
from tests.engine.fakes import FULL_DAY, FakeMarket
from tests.engine.stepping_clock import SteppingClock


async def test_every_symbol_is_asked_for_and_a_refusal_stops_nobody() -> None:
    """Before the open everything may be refused; the connection is known all the same."""
    market = FakeMarket(SteppingClock(FULL_DAY.at(time(9, 20))))
    refusal = DataUnavailable("market_closed", "the exchange is shut")

    class Shut(FakeMarket):
        async def get_spot_price(self, symbol: str) -> float:
            await super().get_spot_price(symbol)
            raise refusal

    shut = Shut(market.clock)
    for source in (market, shut):
        await _probe_feed(source, ("SPX", "SPY"))
        assert source.requests == [("spot", "SPX"), ("spot", "SPY")]
