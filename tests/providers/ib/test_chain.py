"""The chain procedure: one request for the contracts, lines in turns, everything cancelled, and reasons."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import groupby

import pytest

from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.trading_day import new_york_instant
from magic8_companion.providers.ib.codes import IBRefusal
from magic8_companion.providers.ib.contracts import Wanted
from magic8_companion.providers.ib.gateway import RawBar
from magic8_companion.providers.ib.quotes import MarketDataLine
from tests.providers.ib.chain_room import option_says, room
from tests.providers.ib.fakes import (
    DAY,
    MORNING,
    OPTIONS,
    FakeGateway,
    options,
)

ENVELOPE = {
    "symbol",
    "current_price",
    "option_chain",
    "expiry",
    "as_of",
    "source",
    "status",
    "multiplier",
    "oi_as_of",
    "completeness",
}
THIRD_FRIDAY = date(2025, 6, 20)


async def test_a_chain_is_the_envelope_of_the_contract() -> None:
    """41 strikes with 16 keys each, sorted, today's expiry, source, status, time and completeness."""
    async with room() as here:
        envelope = await here.chain()
        assert set(envelope) == ENVELOPE
        assert [row["strike"] for row in envelope["option_chain"]] == [580.0 + number for number in range(41)]
        assert {len(row) for row in envelope["option_chain"]} == {16}
        assert (envelope["expiry"], envelope["source"], envelope["status"]) == ("2025-06-26", "ib", "live")
        assert envelope["oi_as_of"] == date(2025, 6, 25)
        assert envelope["completeness"]["answered"] == envelope["completeness"]["options"] == 82
        chain = OptionChain.from_envelope(envelope)
        assert chain.oi_coverage == 1.0
        assert MORNING < chain.as_of <= here.clock.now()
        assert chain.rows[0].call_volume == 11


async def test_the_whole_expiry_is_one_request_a_day() -> None:
    """Contracts are asked for once per day, never strike by strike; the next day they are asked for again."""
    async with room() as here:
        await here.chain()
        await here.chain()
        asked = [item for item in here.openings.newest.asked if isinstance(item, Wanted) and item.expiry]
        assert [(item.expiry, item.trading_class) for item in asked] == [(DAY, "SPXW")]
        await here.clock.leap(24 * 3600)
        await here.clock.advance(15)  # the line of the underlying has been quiet for a day and is opened again
        await here.chain(seconds=30)
        asked = [
            item.expiry
            for gateway in here.openings.gateways
            for item in gateway.asked
            if isinstance(item, Wanted) and item.expiry
        ]
        assert asked == [DAY, DAY + timedelta(days=1)]


async def test_every_line_is_given_back() -> None:
    """After a chain only the underlying's line is open."""
    async with room() as here:
        await here.chain()
        assert len(here.option_lines) == 82
        assert [line.contract.kind for line in here.openings.newest.open_lines] == ["STK"]


async def test_open_interest_is_asked_for_once_a_day_and_only_where_it_is_missing() -> None:
    """Generic tick 101 is asked for with 100 and 106 until the figure came, then no more on that day."""
    async with room() as here:
        here.option = lambda line: option_says(line, here.clock.now(), interest=line.contract.strike < 600)
        first = OptionChain.from_envelope(await here.chain())
        assert first.oi_coverage == pytest.approx(20 / 41)
        assert {ticks for _, ticks in here.option_lines} == {"100,101,106"}
        here.option = lambda line: option_says(line, here.clock.now(), interest="101" in here.option_lines[-1][1])
        second = OptionChain.from_envelope(await here.chain())
        assert second.oi_coverage == 1.0
        asked = {line.contract.strike: ticks for line, ticks in here.option_lines[82:]}
        assert {ticks for strike, ticks in asked.items() if strike < 600} == {"100,106"}
        assert {ticks for strike, ticks in asked.items() if strike >= 600} == {"100,101,106"}


async def test_open_interest_can_be_switched_off() -> None:
    """With streaming off tick 101 is never asked for and open interest is unknown."""
    async with room(given=replace(OPTIONS, stream_open_interest=False)) as here:
        here.option = lambda line: option_says(line, here.clock.now(), interest=False)
        chain = OptionChain.from_envelope(await here.chain(seconds=1))
        assert {ticks for _, ticks in here.option_lines} == {"100,106"}
        assert chain.oi_coverage == 0.0
        assert chain.oi_as_of is None


async def test_a_slow_line_ends_with_its_time() -> None:
    """Open interest is waited for 2 s, bid and ask 4 s; what did not come is null."""
    async with room() as here:
        here.option = lambda line: option_says(line, here.clock.now(), interest=False)
        await here.chain(seconds=2.6)
        here.option = lambda line: None if line.contract.strike == 600 else option_says(line, here.clock.now())
        chain = OptionChain.from_envelope(await here.chain(seconds=4.6))
        silent = chain.rows[20]
        assert (silent.strike, silent.call_bid, silent.call_iv, silent.put_volume) == (600.0, None, None, None)


async def test_a_third_friday_has_only_the_class_of_the_close() -> None:
    """Options of class SPX that settle in the opening auction are not among SPXW, nor is another day."""
    async with room(at=new_york_instant(THIRD_FRIDAY, time(11))) as here:
        here.contracts = lambda wanted: (
            *options("SPX", THIRD_FRIDAY, "SPXW", 21),
            *(replace(item, con_id=item.con_id + 5000) for item in options("SPX", THIRD_FRIDAY, "SPX", 41)),
            *options("SPX", wanted.expiry + timedelta(days=3), "SPXW", 41),
        )
        envelope = await here.chain()
        assert len(envelope["option_chain"]) == 21
        assert {line.contract.trading_class for line, _ in here.option_lines} == {"SPXW"}
        assert {line.contract.expiry for line, _ in here.option_lines} == {THIRD_FRIDAY}


@pytest.mark.parametrize(
    "answer",
    [IBRefusal(200, "No security definition"), (), options("SPX", DAY + timedelta(days=1), "SPXW")],
)
async def test_without_an_expiry_of_today_there_is_no_chain(answer: object) -> None:
    """Nothing listed, or only another day: refused, and no option line is opened."""
    async with room() as here:
        here.contracts = lambda _: answer
        assert (await here.refusal()).reason == "no_0dte_chain"
        assert not here.option_lines


@pytest.mark.parametrize("wall", [time(9, 29), time(16, 0), time(17, 0)])
async def test_outside_the_session_there_is_no_chain(wall: time) -> None:
    """Before the open and from the close on today's options are not quoted; nothing is asked."""
    async with room(at=new_york_instant(DAY, wall)) as here:
        assert (await here.refusal()).reason == "market_closed"
        assert not here.openings.gateways


async def test_the_vix_has_no_chain() -> None:
    """Options on the VIX are not used."""
    async with room() as here:
        assert (await here.refusal("VIX")).reason == "unknown_product"


async def test_delayed_options_are_asked_for_once_and_flagged() -> None:
    """354 on options leads to delayed data for the whole chain, which says so."""
    async with room() as here:

        def speak(line: MarketDataLine) -> None:
            if line.may_be_delayed:
                line.on_data_type(3)
                option_says(line, here.clock.now())
            else:
                line.on_code(354, "not subscribed")

        here.option = speak
        envelope = await here.chain()
        assert envelope["status"] == "delayed"
        assert len(here.option_lines) == 2 * 82


@pytest.mark.parametrize(("code", "reason"), [(354, "no_permission"), (10197, "competing_session")])
async def test_a_chain_that_may_not_be_seen_is_refused(code: int, reason: str) -> None:
    """Without permission, or with another login, there is a reason and no chain."""
    async with room(given=replace(OPTIONS, allow_delayed=False)) as here:
        here.option = lambda line: line.on_code(code, "refused")
        assert (await here.refusal()).reason == reason


async def test_a_chain_that_is_mostly_silent_is_refused() -> None:
    """If less than half of the options say anything there is no chain; a few silent ones do no harm."""
    async with room() as here:
        here.option = lambda line: option_says(line, here.clock.now()) if line.contract.strike < 596 else None
        assert (await here.refusal()).reason == "chain_incomplete"
        here.option = lambda line: option_says(line, here.clock.now()) if line.contract.strike < 610 else None
        envelope = await here.chain()
        assert len(envelope["option_chain"]) == 41
        assert envelope["completeness"]["answered"] == 60


async def test_a_refused_line_is_a_null_row() -> None:
    """101 on one option costs that option, not the chain."""
    async with room() as here:

        def speak(line: MarketDataLine) -> None:
            if line.contract.strike == 600.0 and line.contract.right == "C":
                line.on_code(101, "Max number of tickers has been reached")
            else:
                option_says(line, here.clock.now())

        here.option = speak
        row = OptionChain.from_envelope(await here.chain()).rows[20]
        assert (row.call_bid, row.put_bid) == (None, 1.0)


async def test_a_restart_in_the_middle_begins_the_chain_again() -> None:
    """The next connection reads the whole chain: no row is half of one moment and half of another."""
    async with room() as here:
        opened = 0

        def speak(line: MarketDataLine) -> None:
            nonlocal opened
            opened += 1
            if opened == 40:
                here.openings.newest.abort("restart")
            option_says(line, here.clock.now())

        here.option = speak
        envelope = await here.chain(seconds=12)
        assert envelope["completeness"]["answered"] == 82
        assert len(here.openings.gateways) == 2


async def test_chains_are_read_one_after_the_other() -> None:
    """Two symbols never share the lines: the quotes of each lie close together."""
    async with room() as here:
        here.contracts = lambda wanted: options(wanted.symbol, DAY, wanted.trading_class, 11)
        first, second = here.ask("SPX"), here.ask("SPY")
        await here.clock.advance(10)
        assert (await first)["symbol"] == "SPX"
        assert (await second)["symbol"] == "SPY"
        symbols = [line.contract.symbol for line, _ in here.option_lines]
        assert len([*groupby(symbols)]) == 2


async def test_each_symbol_has_its_own_status() -> None:
    """A symbol without subscription is delayed, its neighbour is live; health names the worst."""
    async with room() as here:
        start = new_york_instant(DAY, time(9, 30))
        bar = RawBar(start=start, open=600.0, high=601.0, low=599.0, close=600.5, volume=1.0)

        def prepare(gateway: FakeGateway) -> None:
            here._prepare(gateway)
            contracts = gateway.answer
            gateway.answer = lambda asked: contracts(asked) if isinstance(asked, Wanted) else (bar,)
            speak = gateway.speaks

            def say(line: MarketDataLine) -> None:
                if line.contract.symbol == "SPY":
                    line.on_data_type(3)
                speak(line)

            gateway.speaks = say

        here.openings.prepare = prepare
        on_error = {}
        for symbol in ("SPY", "SPX"):
            task = asyncio.create_task(here.provider.get_historical_data(symbol, "5m", "1d"))
            await here.clock.advance(1)
            frame = await task
            on_error[symbol] = (here.provider.status, frame.attrs["status"], frame.attrs["source"])
        assert on_error == {"SPY": ("delayed", "delayed", "ib"), "SPX": ("live", "live", "ib")}
        assert here.provider.health()["data_status"] == "delayed"
