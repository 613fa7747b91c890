"""The trouble of one symbol: told in time, with its reason, and of that symbol alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from magic8_companion.providers.ib.quotes import MarketDataLine
from tests.providers.ib.fakes import (
    ASK,
    BID,
    LAST,
    MORNING,
    OPTIONS,
    SteppedClock,
    say_nothing,
    speaks_of,
)
from tests.providers.ib.feed_room import room, ticks_once


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What happens to the line of one symbol, the reason to be told, and after how many seconds at the latest."""

    strikes: Callable[[MarketDataLine, SteppedClock], None]
    reason: str
    within: int = 12


def crossed(line: MarketDataLine, clock: SteppedClock) -> None:
    """Let the bid lie above the ask."""
    for tick, price in ((BID, 600.2), (ASK, 600.1), (LAST, 600.1)):
        line.on_price(tick, price, clock.now())


LONE_TROUBLES = {
    "no ticks": Trouble(strikes=lambda *_: None, reason="feed_silent", within=22),
    "old prices": Trouble(
        strikes=lambda line, _: line.on_text(45, str(int(MORNING.timestamp())), MORNING, MORNING),
        reason="stale_quotes",
        within=22,
    ),
    "NaN": Trouble(strikes=lambda line, clock: line.on_price(LAST, math.nan, clock.now()), reason="bad_spot"),
    "-1": Trouble(strikes=lambda line, clock: line.on_price(LAST, -1.0, clock.now()), reason="bad_spot"),
    "crossed": Trouble(strikes=crossed, reason="bad_spot"),
    "permission": Trouble(strikes=lambda line, _: line.on_code(354, "not subscribed"), reason="no_permission"),
    "contract": Trouble(strikes=lambda line, _: line.on_code(200, "no such"), reason="contract_unknown"),
}


@pytest.mark.parametrize("name", LONE_TROUBLES)
async def test_the_trouble_of_one_symbol_is_an_outage_of_that_symbol(name: str) -> None:
    """It is told within 12 s (22 s if the prices stop), not before 10 s, and ends with the first good price."""
    issue, on_error = LONE_TROUBLES[name], []
    async with room(options=replace(OPTIONS, allow_delayed=False), prepare=ticks_once) as here:
        await here.spot("SPY")
        await here.spot("QQQ")
        here.gateway.speaks = lambda line: issue.strikes(line, here.clock)
        for second in range(issue.within):
            here.feed.lines["SPY"].on_price(LAST, 600.0, here.clock.now())
            issue.strikes(here.feed.lines["QQQ"], here.clock)
            await here.clock.advance(1)
            on_error += [second] * bool(here.feed.outages)
        assert {symbol: outage.why for symbol, outage in here.feed.outages.items()} == {"QQQ": issue.reason}
        assert on_error[0] >= 8
        assert here.connection.health.worst is None
        here.gateway.speaks = speaks_of(here.clock)
        for _ in range(70):
            for symbol in ("SPY", "QQQ"):
                here.feed.lines[symbol].on_price(LAST, 600.0, here.clock.now())
            here.feed.lines["QQQ"].on_price(BID, 599.9, here.clock.now())
            here.feed.lines["QQQ"].on_text(
                45, str(int(here.clock.now().timestamp())), here.clock.now(), here.clock.now()
            )
            await here.clock.advance(1)
        assert here.feed.outages == {}


async def test_a_moment_of_crossed_quotes_is_no_outage() -> None:
    """Bid and ask change one after the other: what is right again within ten seconds was never wrong."""
    async with room(prepare=ticks_once) as here:
        await here.spot()
        for second in range(60):
            line, wrong = here.feed.lines["SPY"], second % 9 < 8
            for tick, price in ((BID, 600.2 if wrong else 600.0), (ASK, 600.1), (LAST, 600.1)):
                line.on_price(tick, price, here.clock.now())
            await here.clock.advance(1)
            assert here.feed.outages == {}


async def test_a_symbol_is_watched_before_anybody_asks_for_it() -> None:
    """Watching connects; until its first price a symbol is an outage while the market is open, without grace."""
    async with room(prepare=lambda gateway: setattr(gateway, "speaks", say_nothing)) as here:
        here.feed.watch(["SPY"])
        assert here.connection.health.outage(here.clock.now()) == "ib_disconnected"
        await here.clock.advance(2)
        assert {symbol: outage.why for symbol, outage in here.feed.outages.items()} == {"SPY": "feed_silent"}
        here.feed.lines["SPY"].on_price(LAST, 600.0, here.clock.now())
        await here.clock.advance(2)
        assert here.feed.outages == {}
        assert here.connection.health.outage(here.clock.now()) is None


async def test_a_host_that_slept_does_not_blame_the_feed() -> None:
    """After an hour of standby every symbol has its ten seconds, whether it was known before or not."""
    async with room(prepare=ticks_once) as here:
        await here.spot("SPY")
        here.gateway.speaks = say_nothing
        here.feed.watch(["QQQ"])
        await here.clock.advance(2)
        assert set(here.feed.outages) == {"QQQ"}
        here.feed.lines["SPY"].on_price(LAST, 600.0, here.clock.now())
        await here.clock.leap(3600)
        await here.clock.advance(2)
        assert here.feed.outages == {}
        await here.tick_for(3)
        assert here.feed.outages == {}
