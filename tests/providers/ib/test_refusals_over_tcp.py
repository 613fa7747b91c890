"""Every code that the host's requests can draw, sent by the simulated gateway to the real client library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from magic8_companion.providers.ib.codes import IBRefusal, ends_request, message_of, reason_of
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.contracts import Listed, underlying
from magic8_companion.providers.ib.quotes import MarketDataLine
from magic8_companion.providers.ib.session import IBSession
from magic8_companion.providers.ib.waiting import Deadline, Notifier, until
from magic8_companion.testing.codes import PARTLY, TEXTS
from magic8_companion.testing.faults import Fault
from magic8_companion.testing.scaled_clock import ScaledClock
from magic8_companion.testing.server import SimulatedGateway
from tests.providers.ib.chaos import MARKET
from tests.providers.ib.drawn_codes import ENDING, FLOWING, HISTORY_TEXTS
from tests.providers.ib.fakes import MORNING


@asynccontextmanager
async def session() -> AsyncIterator[tuple[SimulatedGateway, IBSession, Listed, list[int]]]:
    """Open a session of the real client library; the list receives the codes of all messages."""
    clock, codes = ScaledClock(MORNING), list[int]()
    async with SimulatedGateway(MARKET, clock, tick_seconds=0.05) as gateway:
        options = IBConfig(port=gateway.port)
        opened = await IBSession.open(clock, options, lambda _request, code, _text: codes.append(code))
        try:
            (spy,) = await opened.contracts(underlying("SPY"))
            yield gateway, opened, spy, codes
        finally:
            await opened.close()


async def answer(opened: IBSession, kind: str, contract: Listed, number: int) -> MarketDataLine:
    """Send a request of a kind and return its line; raise its refusal."""
    notifier = Notifier()
    if kind == "contract_details":
        await opened.contracts(underlying("SPY"))
    elif kind == "historical_bars":
        await opened.bars(contract, "5 mins", f"{number + 1} D")
    line = await opened.open_line(contract, "", notifier)
    clock = ScaledClock(MORNING)
    await until(clock, Deadline(clock, 5), notifier, lambda: line.refusal or (line.answered("last") or None))
    opened.close_line(line)
    if line.refusal is not None:
        raise line.refusal
    return line


@pytest.mark.parametrize("kind", sorted(ENDING))
async def test_a_refusal_of_each_code_reaches_its_request(kind: str) -> None:
    """The request ends at once with the code and a reason of its own; the session goes on."""
    async with session() as (gateway, opened, contract, codes):
        for number, code in enumerate(ENDING[kind]):
            await gateway.inject(Fault("refused", request=kind, code=float(code), count=1.0))
            with pytest.raises(IBRefusal) as caught:
                await asyncio.wait_for(answer(opened, kind, contract, number), 5)
            assert caught.value.code == code
            assert not reason_of(code, caught.value.text).startswith("ib_error")
            assert message_of(code).remedy
            assert code in codes
        await gateway.clear("refused")
        assert (await answer(opened, "market_data", contract, 0)).answered("last")
        assert not opened.is_over


async def test_the_text_of_a_refused_request_for_bars_has_its_reason() -> None:
    """162 stands for pacing, another login, missing bars, missing permission or a failure."""
    async with session() as (gateway, opened, contract, _):
        for number, (text, reason) in enumerate(HISTORY_TEXTS.items()):
            await gateway.inject(Fault("refused", request="historical_bars", code=162.0, text=text, count=1.0))
            with pytest.raises(IBRefusal) as caught:
                await asyncio.wait_for(answer(opened, "historical_bars", contract, number), 5)
            assert reason_of(162, caught.value.text) == reason


@pytest.mark.parametrize("code", PARTLY)
async def test_a_partly_subscribed_line_still_sends_prices(code: int) -> None:
    """10090 and 10091 leave the line open."""
    async with session() as (gateway, opened, contract, codes):
        await gateway.inject(Fault("no_permission", code=float(code)))
        line = await answer(opened, "market_data", contract, 0)
        assert line.partial
        assert line.refusal is None
        assert code in codes


async def test_a_report_on_a_request_for_bars_does_not_end_it() -> None:
    """165 is a message about a request, and no answer to it."""
    async with session() as (gateway, opened, contract, codes):
        await gateway.inject(Fault("refused", request="historical_bars", code=165.0, count=1.0))
        request = asyncio.ensure_future(opened.bars(contract, "5 mins", "1 D"))
        for _ in range(100):
            await asyncio.sleep(0.01)
            if 165 in codes:
                break
        assert 165 in codes
        assert not request.done()
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)


def test_the_codes_are_those_of_the_table() -> None:
    """What ends a request and what does not agrees with the provider's table, and the gateway has a text for each."""
    ending = {code for codes in ENDING.values() for code in codes}
    assert {code for code in ending if ends_request(code)} == ending
    assert not [code for code in FLOWING if ends_request(code)]
    assert ending | {*FLOWING} <= set(TEXTS)
