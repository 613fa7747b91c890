"""Spoiled ticks and bars with the real client: each fault shows in what arrives, and is gone after its time."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest

from magic8_companion.testing.faults import Fault
from tests.testing.tools import (
    GENERIC,
    SPOT,
    HandClock,
    at_the_money,
    bars_of,
    connected,
    eventually,
    gateway,
    index,
    is_complete,
    near_options,
    stock,
)

Check = Callable[[Any], bool]


@pytest.mark.parametrize(
    ("fault", "shows"),
    [
        (Fault("no_bid"), lambda t: t.bid == -1 and t.bidSize == 0 and t.ask > 0),
        (Fault("crossed_quotes"), lambda t: t.bid > t.ask > 0),
        (Fault("no_greeks"), lambda t: t.modelGreeks.impliedVol is None and t.modelGreeks.delta is None and t.bid > 0),
        (Fault("open_interest", value="zero"), lambda t: t.callOpenInterest == 0 and t.bid > 0),
    ],
    ids=lambda item: str(item) if isinstance(item, Fault) else "",
)
async def test_quotes_of_options_may_be_spoiled(fault: Fault, shows: Check) -> None:
    """The fault shows in a running subscription and is gone after its time."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        ticker = client.reqMktData(await at_the_money(client), GENERIC)
        await eventually(lambda: is_complete(ticker))
        assert not shows(ticker)
        await server.inject(Fault(fault.name, **dict(fault.parameters) | {"seconds": 30}))
        await eventually(lambda: shows(ticker))
        clock.advance(30)
        await eventually(lambda: not shows(ticker))


async def test_quotes_of_a_stock_may_cross_or_stop() -> None:
    """One stock alone: its bid above its ask, or nothing at all; the other goes on."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        spy, qqq = (client.reqMktData(stock(symbol)) for symbol in ("SPY", "QQQ"))
        await eventually(lambda: spy.ask > spy.bid > 0 and qqq.ask > qqq.bid > 0)
        await server.inject(Fault("crossed_quotes", of="underlyings", symbols=("SPY",), seconds=30))
        await eventually(lambda: spy.bid > spy.ask > 0)
        clock.advance(30)
        await eventually(lambda: spy.ask > spy.bid)
        await server.inject(Fault("no_ticks", symbols=("SPY",)))
        before = spy.last, qqq.last
        clock.advance(120)
        await eventually(lambda: qqq.last != before[1])
        assert spy.last == before[0]
        assert qqq.ask > qqq.bid


async def test_open_interest_may_never_come() -> None:
    """Quotes and greeks come without it."""
    async with gateway() as server, connected(server) as client:
        await server.inject(Fault("open_interest", value="never"))
        ticker = client.reqMktData(await at_the_money(client), GENERIC)
        await eventually(lambda: ticker.modelGreeks is not None and ticker.callVolume > 0)
        assert math.isnan(ticker.callOpenInterest)


@pytest.mark.parametrize(("value", "seen"), [("nan", math.nan), ("-1", -1), ("0", 0), ("inf", math.inf)])
async def test_a_price_may_be_no_price(value: str, seen: float) -> None:
    """NaN, -1, 0 and infinity reach the client as such."""
    async with gateway() as server, connected(server) as client:
        spx = client.reqMktData(index("SPX"))
        await eventually(lambda: spx.last == SPOT)
        await server.inject(Fault("bad_price", value=value))
        await eventually(lambda: spx.last != SPOT)
        assert spx.last == pytest.approx(seen, nan_ok=True)


async def test_strikes_may_be_missing() -> None:
    """Ten of the 41 strikes nearest the money say nothing, both call and put; the others are whole."""
    async with gateway() as server, connected(server) as client:
        await server.inject(Fault("missing_strikes", count=10))
        contracts = await near_options(client, "SPX", "SPXW", SPOT, 41)
        tickers = [client.reqMktData(contract, GENERIC) for contract in contracts]
        await eventually(lambda: sum(is_complete(ticker) for ticker in tickers) == 62)
        silent = {ticker.contract.strike for ticker in tickers if math.isnan(ticker.bid)}
        assert len(silent) == 10


@pytest.mark.parametrize(
    ("fault", "stamps"),
    [
        (Fault("repeated_bar"), ["14:20", "14:25", "14:25", "14:30"]),
        (Fault("bars_gap", count=2), ["14:05", "14:10", "14:25", "14:30"]),
        (Fault("running_bar", included=False), ["14:10", "14:15", "14:20", "14:25"]),
        (Fault("wrong_zone"), ["13:15", "13:20", "13:25", "13:30"]),
        (Fault("wrong_zone", as_text=True), ["14:15", "14:20", "14:25", "14:30"]),
        (Fault("bad_bar"), ["14:15", "14:20", "14:25", "14:30"]),
    ],
    ids=str,
)
async def test_bars_may_be_spoiled(fault: Fault, stamps: list[str]) -> None:
    """Bars come twice, not at all, unfinished, at the wrong hour or impossible."""
    async with gateway() as server, connected(server) as client:
        await server.inject(fault)
        bars = await bars_of(client, stock("SPY"))
        assert [f"{bar.date.astimezone(UTC):%H:%M}" for bar in bars[-4:]] == stamps
        assert (bars[-2].high < bars[-2].low) is (fault.name == "bad_bar")
