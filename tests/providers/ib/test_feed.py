"""The underlyings' lines: fresh prices or a reason, and silence that is heard."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta

import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import new_york_instant
from magic8_companion.providers.ib.codes import IBRefusal
from magic8_companion.providers.ib.quotes import MarketDataLine
from tests.providers.ib.fakes import (
    DAY,
    LAST,
    MORNING,
    OPTIONS,
    FakeGateway,
    say_nothing,
    settle,
    speaks_of,
)
from tests.providers.ib.feed_room import remembers, room, ticks_once


async def test_the_spot_is_what_the_line_says() -> None:
    """The first request opens the line, later ones read it; one line serves all."""
    async with room(prepare=ticks_once) as here:
        assert await here.spot() == 600.0
        here.gateway.open_lines[0].on_price(LAST, 601.5, here.clock.now())
        assert await here.spot() == 601.5
        assert len(here.gateway.opened) == 1
        assert not here.feed.delayed_symbols


async def test_a_new_line_settles_before_it_is_believed() -> None:
    """A price whose time stamp arrives a moment later is not served in between."""

    def remembers(line: MarketDataLine) -> None:
        line.on_price(LAST, 590.0, MORNING)

    async with room(prepare=lambda gateway: setattr(gateway, "speaks", remembers)) as here:
        task = here.ask()
        await here.clock.advance(0.1)
        line = here.gateway.open_lines[0]
        line.on_text(45, str(int((MORNING - timedelta(minutes=30)).timestamp())), here.clock.now(), here.clock.now())
        await here.clock.advance(0.4)
        assert not task.done()
        line.on_price(LAST, 600.0, here.clock.now())
        line.on_text(45, str(int(here.clock.now().timestamp())), here.clock.now(), here.clock.now())
        await here.clock.advance(1)
        assert await task == 600.0


async def test_an_old_price_is_not_served() -> None:
    """A minute after its last tick a symbol is unknown; after the close the reason is that the exchange is shut."""
    async with room(at=new_york_instant(DAY, time(17)), prepare=ticks_once) as here:
        await here.spot()
        await here.clock.advance(65)
        assert (await here.refusal()).reason == "market_closed"
    async with room(prepare=ticks_once) as here:
        await here.spot("SPY")
        await here.spot("QQQ")
        here.gateway.speaks = remembers(MORNING, here.clock)
        for _ in range(66):
            here.feed.lines["QQQ"].on_price(LAST, 500.0, here.clock.now())
            here.feed.lines["SPY"].on_text(45, str(int(MORNING.timestamp())), here.clock.now(), here.clock.now())
            await here.clock.advance(1)
        assert (await here.refusal("SPY", seconds=6)).reason == "stale_quotes"


async def test_an_unusable_price_is_told_soon() -> None:
    """A line that brings NaN is given five seconds, then the symbol is unknown; the old price does not stand in."""
    async with room(prepare=ticks_once) as here:
        await here.spot()
        await here.tick_for(8)
        await here.clock.advance(0.5)
        here.gateway.open_lines[0].on_price(LAST, math.nan, here.clock.now())
        assert (await here.refusal(seconds=6)).reason == "bad_spot"


async def test_silence_of_all_is_answered_in_steps() -> None:
    """While the market is open: new lines after 10 s, "feed_silent" and a new connection after 20 s."""
    async with room(prepare=ticks_once) as here:
        await here.spot()
        await here.tick_for(20)
        here.gateway.speaks = say_nothing
        await here.clock.advance(12)
        assert len(here.gateway.opened) == 2
        assert len(here.gateway.closed) == 1
        reasons = set()
        while not here.openings.gateways[0].is_over:
            await here.clock.advance(1)
            reasons.add(here.connection.health.worst.why if here.connection.health.worst else None)
        assert reasons == {"awaiting_data", "not_connected"}
        assert here.connection.health.find("feed_silent") is not None
        assert here.feed.age_seconds("SPY") is None
        await here.clock.advance(3)
        assert len(here.openings.gateways) == 2
        assert await here.spot() == 600.0
        assert here.connection.health.worst is None


async def test_a_feed_that_stays_silent_is_told_at_once() -> None:
    """A new connection that is as silent does not make the old silence new: callers hear of it without waiting."""
    async with room(prepare=ticks_once) as here:
        await here.spot()
        here.openings.prepare = None
        here.gateway.speaks = say_nothing
        await here.clock.advance(60)
        assert len(here.openings.gateways) > 1
        on_error = await here.refusal(seconds=1)
        assert on_error.reason == "feed_silent"


async def test_a_broken_farm_is_waited_for() -> None:
    """While 2103 stands no connection is dropped, however long the silence; after 2104 it counts anew."""
    async with room(prepare=ticks_once) as here:
        await here.spot()
        here.gateway.speaks = say_nothing
        here.gateway.on_error(-1, 2103, "broken:usfarm")
        await here.clock.advance(120)
        assert len(here.openings.gateways) == 1
        assert (await here.refusal(seconds=6)).reason in {"quotes_broken", "feed_silent"}
        here.gateway.speaks = speaks_of(here.clock)
        here.gateway.on_error(-1, 2104, "OK:usfarm")
        await here.clock.advance(12)
        assert await here.spot() == 600.0
        assert len(here.openings.gateways) == 1


async def test_one_silent_line_is_opened_again_alone() -> None:
    """A symbol without a tick for 10 s gets a new line, and one more each 30 s; the others keep theirs."""
    async with room(prepare=ticks_once) as here:
        await here.spot("SPY")
        await here.spot("QQQ")
        spy, begun, again = here.feed.lines["SPY"], here.clock.now(), []
        here.gateway.speaks = say_nothing
        for _ in range(80):
            spy.on_price(LAST, 600.0, here.clock.now())
            await here.clock.advance(1)
            again += [round((here.clock.now() - begun).total_seconds())] * (len(here.gateway.closed) - len(again))
        assert here.feed.lines["SPY"] is spy
        assert {line.contract.symbol for line in here.gateway.closed} == {"QQQ"}
        assert len(here.openings.gateways) == 1
        assert again == pytest.approx([10, 41, 72], abs=2)


@pytest.mark.parametrize("wall", [time(9, 0), time(16, 30)])
async def test_silence_of_a_shut_market_is_no_silence(wall: time) -> None:
    """Outside the session nothing is subscribed again and nothing is dropped."""
    async with room(at=new_york_instant(DAY, wall), prepare=ticks_once) as here:
        await here.spot()
        await here.clock.advance(300)
        assert len(here.gateway.opened) == 1
        assert len(here.openings.gateways) == 1
        assert here.connection.health.worst is None


async def test_the_open_starts_the_count() -> None:
    """A line that was quiet before the open has 10 s from the open on."""
    async with room(at=new_york_instant(DAY, time(9, 29)), prepare=ticks_once) as here:
        await here.spot()
        await here.clock.advance(65)
        assert len(here.gateway.opened) == 1
        await here.clock.advance(10)
        assert len(here.gateway.opened) == 2


async def test_after_1102_only_a_fresh_tick_counts() -> None:
    """Prices from before the break are not served; lines that stay silent are opened again within 12 s."""
    async with room(prepare=ticks_once) as here:
        await here.spot()
        await here.tick_for(5)
        here.gateway.speaks = lambda line: line.on_price(LAST, 605.0, here.clock.now())
        here.gateway.on_error(-1, 1100, "lost")
        await here.clock.advance(2)
        here.gateway.on_error(-1, 1102, "kept")
        task = here.ask()
        await here.clock.advance(1)
        assert not task.done()
        with pytest.raises(DataUnavailable):
            await here.spot(seconds=5)
        await here.clock.advance(6)
        assert await here.spot() == 605.0
        task.cancel()


async def test_after_1101_every_line_is_opened_again() -> None:
    """Lost subscriptions are renewed within a second or two."""
    async with room(prepare=ticks_once) as here:
        await here.spot("SPY")
        await here.spot("QQQ")
        here.gateway.on_error(-1, 1100, "lost")
        here.gateway.on_error(-1, 1101, "lost data")
        await here.clock.advance(2)
        assert [line.contract.symbol for line in here.gateway.open_lines] == ["SPY", "QQQ"]
        assert len(here.gateway.opened) == 4
        assert await here.spot("QQQ") == 600.0


def refuses(code: int, *, until_delayed: bool = False) -> Callable[[FakeGateway], None]:
    """Return what lets a gateway refuse every line, perhaps until delayed data are asked for."""

    def prepare(gateway: FakeGateway) -> None:
        def speak(line: MarketDataLine) -> None:
            if until_delayed and line.may_be_delayed:
                line.on_code(10167, "delayed")
                line.on_price(68, 600.0, gateway.clock.now())
            else:
                line.on_code(code, "refused")

        gateway.speaks = speak

    return prepare


@pytest.mark.parametrize("code", [354, 10168])
async def test_delayed_data_are_asked_for_if_that_is_allowed(code: int) -> None:
    """Not subscribed: delayed data flow after one more request, and say so."""
    async with room(prepare=refuses(code, until_delayed=True)) as here:
        assert await here.spot(seconds=2) == 600.0
        assert here.feed.delayed_symbols
        assert here.gateway.asks_for_delayed


async def test_two_symbols_without_subscription_are_both_delayed() -> None:
    """A line that was refused before delayed data were asked for is opened once more, not given up."""
    async with room(prepare=refuses(354, until_delayed=True)) as here:
        first, second = here.ask("SPY"), here.ask("QQQ")
        await here.clock.advance(3)
        assert await first == await second == 600.0


async def test_live_data_are_looked_for_again() -> None:
    """A symbol that comes late stays late while its line is opened anew, and is live as soon as live ticks come."""
    async with room(prepare=refuses(354, until_delayed=True)) as here:
        await here.spot(seconds=3)
        assert here.feed.delayed_symbols == {"SPY"}
        here.gateway.speaks = say_nothing
        while len(here.gateway.opened) == 2:
            here.feed.lines["SPY"].on_price(68, 600.0, here.clock.now())
            await here.clock.advance(1)
        open_for = here.clock.now() - here.gateway.opened[1][0].opened_at
        assert timedelta(minutes=5) < open_for < timedelta(minutes=5, seconds=3)
        assert here.feed.delayed_symbols == {"SPY"}
        here.feed.lines["SPY"].on_price(LAST, 600.0, here.clock.now())
        await here.clock.advance(1)
        assert here.feed.delayed_symbols == frozenset()


@pytest.mark.parametrize("allowed", [True, False])
async def test_without_any_permission_the_symbol_is_refused_for_a_minute(*, allowed: bool) -> None:
    """If delayed data are not wanted or not given either, the reason is told at once and tried again later."""
    async with room(options=replace(OPTIONS, allow_delayed=allowed), prepare=refuses(354)) as here:
        assert (await here.refusal(seconds=3)).reason == "no_permission"
        assert (await here.refusal(seconds=0)).reason == "no_permission"
        assert here.gateway.asks_for_delayed == allowed
        opened = len(here.gateway.opened)
        await here.clock.advance(40)
        assert len(here.gateway.opened) == opened
        here.gateway.speaks = speaks_of(here.clock)
        await here.clock.advance(30)
        assert await here.spot() == 600.0


async def test_a_competing_session_is_tried_every_minute() -> None:
    """10197: the symbol is unknown, asked for again once a minute, and back when the other login ends."""
    async with room(prepare=ticks_once) as here:
        await here.spot()
        here.gateway.speaks = lambda line: here.gateway.on_error(line.request_id, 10197, "competing")
        line = here.gateway.open_lines[0]
        line.on_code(10197, "competing")
        here.gateway.on_error(line.request_id, 10197, "competing")
        await here.clock.advance(2)
        assert (await here.refusal(seconds=0)).reason == "competing_session"
        worst = here.connection.health.worst
        assert worst is not None
        assert worst.why == "competing_session"
        here.gateway.speaks = speaks_of(here.clock)
        await here.clock.advance(50)
        assert len(here.gateway.opened) == 1
        await here.clock.advance(14)
        assert await here.spot() == 600.0
        assert here.connection.health.worst is None


def unknown(gateway: FakeGateway) -> None:
    """Let a connection list no contract, as during IB's maintenance."""
    ticks_once(gateway)
    gateway.answer = lambda _: IBRefusal(200, "none")


async def test_an_unknown_contract_is_requested_with_a_growing_pause() -> None:
    """200: requests follow after 1, 3, 7 and 15 minutes, then every 15 minutes; the answer ends the outage."""
    async with room(prepare=unknown) as here:
        assert (await here.refusal(seconds=1)).reason == "contract_unknown"
        counts = []
        for _ in range(4):
            counts.append(len(here.gateway.asked))
            await here.clock.advance(60)
        assert counts == [1, 2, 2, 3]
        await here.clock.advance(2 * 3600)
        assert 10 <= len(here.gateway.asked) <= 13
        here.gateway.answer = here.gateway.default_answer
        await here.clock.advance(15 * 60 + 10)
        assert await here.spot() == 600.0


async def test_maintenance_of_130_seconds_leaves_no_symbol_unknown() -> None:
    """Error 200 for 130 s costs minutes, not the day."""
    async with room(prepare=unknown) as here:
        assert (await here.refusal(seconds=1)).reason == "contract_unknown"
        await here.clock.advance(130)
        here.gateway.answer = here.gateway.default_answer
        await here.clock.advance(60)
        assert await here.spot() == 600.0


@pytest.mark.parametrize("code", [1101, 1102, 2104, 2106, 2158])
async def test_an_unknown_contract_is_requested_when_a_farm_is_back(code: int) -> None:
    """Each message that says that a farm or the link is back ends the pause of a refused request."""
    async with room(prepare=unknown) as here:
        assert (await here.refusal(seconds=1)).reason == "contract_unknown"
        here.gateway.answer = here.gateway.default_answer
        here.gateway.on_error(-1, code, "is OK")
        await here.clock.advance(7)
        assert await here.spot() == 600.0


async def test_an_unknown_contract_is_requested_on_a_new_connection() -> None:
    """A reconnection ends the pause of a refused request."""
    async with room(prepare=unknown) as here:
        assert (await here.refusal(seconds=1)).reason == "contract_unknown"
        here.openings.prepare = ticks_once
        here.gateway.abort("restart")
        await here.clock.advance(3)
        assert await here.spot() == 600.0


async def test_a_partly_subscribed_line_without_prices_asks_for_delayed_data() -> None:
    """10091: the missing part may be the prices; without any for 10 s, delayed data are requested."""

    def partly(gateway: FakeGateway) -> None:
        gateway.speaks = lambda line: line.on_code(10091, "part")

    async with room(prepare=partly) as here:
        here.feed.watch(["SPY"])
        await here.clock.advance(5)
        assert not here.gateway.asks_for_delayed
        await here.clock.advance(10)
        assert here.gateway.asks_for_delayed


async def test_a_refused_line_is_opened_when_a_farm_is_back() -> None:
    """A line that IB refused is opened again when a farm is OK, without the pause of a minute."""
    async with room(prepare=lambda gateway: setattr(gateway, "speaks", lambda line: line.on_code(200, "no"))) as here:
        assert (await here.refusal(seconds=3)).reason == "contract_unknown"
        here.gateway.speaks = speaks_of(here.clock)
        here.gateway.on_error(-1, 2104, "Market data farm connection is OK:usfarm")
        await here.clock.advance(3)
        assert await here.spot() == 600.0


async def test_the_underlyings_leave_lines_for_chains() -> None:
    """With ten lines six symbols are watched; the seventh is refused with the setting that would help."""
    async with room(options=replace(OPTIONS, market_data_lines=10), prepare=ticks_once) as here:
        for symbol in ("SPY", "QQQ", "IWM", "AAPL", "TSLA", "SPX"):
            assert await here.spot(symbol) == 600.0
        on_error = await here.refusal("NDX", seconds=0)
        assert on_error.reason == "no_free_line"
        assert "M8C_IB_MARKET_DATA_LINES" in on_error.detail


async def test_ages_are_told_to_operators() -> None:
    """The age of the newest tick is known per symbol."""
    async with room(prepare=ticks_once) as here:
        await here.spot(seconds=4)
        assert here.feed.age_seconds("SPY") == pytest.approx(4)
        assert here.feed.age_seconds("QQQ") is None


async def test_closing_leaves_no_task() -> None:
    """The keepers end with the feed."""
    before = len(asyncio.all_tasks())
    async with room(prepare=ticks_once) as here:
        await here.spot("SPY")
        await here.spot("QQQ")
    await settle()
    assert len(asyncio.all_tasks()) == before
