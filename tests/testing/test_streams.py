"""Market data with the real client: whole chains, permissions, delays, and the budget of lines."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from magic8_companion.domain.trading_day import require_session
from magic8_companion.testing.faults import Fault
from magic8_companion.testing.market import tape_at
from tests.testing.tools import (
    DAY,
    GENERIC,
    MARKET,
    SPOT,
    START,
    Errors,
    HandClock,
    at_the_money,
    connected,
    eventually,
    gateway,
    index,
    is_complete,
    near_options,
    stock,
)


async def test_a_chain_of_41_strikes_streams_and_ends() -> None:
    """82 options come with quotes, greeks and open interest; cancelled lines are free again."""
    async with gateway() as server, connected(server) as client:
        contracts = await near_options(client, "SPX", "SPXW", SPOT, 41)
        tickers = [client.reqMktData(contract, GENERIC) for contract in contracts]
        await eventually(lambda: all(is_complete(ticker) for ticker in tickers))
        for ticker in tickers:
            call = ticker.contract.right == "C"
            assert ticker.marketDataType == 1
            assert ticker.bid <= ticker.modelGreeks.optPrice <= ticker.ask  # the client writes -1 for a bid of zero
            assert (ticker.modelGreeks.delta > 0) is call
            assert ticker.impliedVolatility == pytest.approx(ticker.modelGreeks.impliedVol, abs=1e-6)
            assert ticker.modelGreeks.undPrice == SPOT
            assert math.isnan(ticker.putOpenInterest if call else ticker.callOpenInterest)
            assert (ticker.callVolume if call else ticker.putVolume) == ticker.volume > 0
            assert ticker.lastTimestamp == START.replace(microsecond=0)
        assert sum(ticker.bid > 0 for ticker in tickers) > 60
        for contract in contracts:
            client.cancelMktData(contract)
        await eventually(lambda: server.counts.lines == 0)
        assert (server.counts.peak_lines, server.violations) == (82, ())


async def test_the_chain_is_that_of_the_market() -> None:
    """Volatility, volume and open interest are those of the market's own chain."""
    rows = {row.strike: row for row in MARKET.chain("SPX", START.replace(second=0), 5).rows}
    async with gateway() as server, connected(server) as client:
        put = await at_the_money(client, "P")
        ticker = client.reqMktData(put, GENERIC)
        await eventually(lambda: is_complete(ticker))
        row = rows[put.strike]
        assert (ticker.putOpenInterest, ticker.putVolume) == (row.put_oi, row.put_volume)
        assert ticker.modelGreeks.impliedVol == row.put_iv


async def test_ticks_follow_the_clock() -> None:
    """Only what changes is sent again, and it is the price of the gateway's time."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        spx, spy = client.reqMktData(index("SPX"), "106"), client.reqMktData(stock("SPY"))
        await eventually(lambda: spx.last == SPOT and spy.last > 0)
        assert (spx.bid, spx.ask) == pytest.approx((math.nan, math.nan), nan_ok=True)
        assert (spx.close, spx.open) == (MARKET.bars("SPX", DAY - timedelta(days=1), DAY).close[77], spx.open)
        assert spx.impliedVolatility == pytest.approx(tape_at(MARKET, "VIX", START).last / 100, abs=1e-4)
        assert spy.ask - spy.bid == pytest.approx(0.02)
        clock.advance(100)
        later = tape_at(MARKET, "SPX", clock.now())
        await eventually(lambda: spx.last == later.last)
        assert (spx.high, spx.low) == (later.high, later.low)
        assert spx.lastTimestamp == clock.now().replace(microsecond=0)


async def test_a_snapshot_ends_by_itself() -> None:
    """A one-shot request gives the quote, its end, and the line back; generic ticks are refused."""
    async with gateway() as server, connected(server) as client:
        (ticker,) = await client.reqTickersAsync(await at_the_money(client))
        assert ticker.bid > 0
        assert math.isnan(ticker.callOpenInterest)
        assert server.counts.lines == 0
        errors = Errors(client)
        client.reqMktData(index("SPX"), "101", snapshot=True)
        await eventually(lambda: errors.codes == [321])


async def test_the_line_budget_is_kept() -> None:
    """The line beyond the budget gives 101 and is a violation; lines are counted over all clients."""
    async with gateway(line_budget=3) as server:
        async with connected(server, client_id=1) as one, connected(server, client_id=2) as two:
            errors = Errors(two)
            one.reqMktData(index("SPX"))
            one.reqMktData(index("VIX"))
            two.reqMktData(index("SPX"))
            two.reqMktData(stock("SPY"))
            await eventually(lambda: errors.codes == [101])
            assert [item.kind for item in server.violations] == ["lines"]
            one.cancelMktData(index("SPX"))
            await eventually(lambda: server.counts.lines == 2)
            spy = two.reqMktData(stock("QQQ"))
            await eventually(lambda: spy.last > 0)
        assert (server.counts.lines, server.counts.peak_lines) == (0, 3)


async def test_wrong_cancellations_and_repeated_ids_are_refused() -> None:
    """Cancelling what is not there gives 300, an id in use 322."""
    async with gateway() as server, connected(server) as client:
        errors = Errors(client)
        client.client.cancelMktData(4711)
        client.client.reqMktData(500, index("SPX"), "", 0, 0, [])
        client.client.reqMktData(500, index("VIX"), "", 0, 0, [])
        client.client.reqMarketDataType(7)
        await eventually(lambda: len(errors.codes) == 3)
        assert errors.codes == [300, 322, 321]


@pytest.mark.parametrize(("code", "lines"), [(354, 0), (10168, 0)])
async def test_without_a_subscription_nothing_comes(code: int, lines: int) -> None:
    """354 and 10168 end a request and take no line; other symbols flow."""
    async with gateway() as server, connected(server) as client:
        await server.inject(Fault("no_permission", code=code, symbols=("SPX",)))
        errors = Errors(client)
        spx = client.reqMktData(index("SPX"))
        await eventually(lambda: errors.codes == [code])
        assert (server.counts.lines, math.isnan(spx.last)) == (lines, True)
        vix = client.reqMktData(index("VIX"))
        await eventually(lambda: vix.last > 0)
        await server.clear("no_permission")
        client.reqMktData(index("SPX"))
        await eventually(lambda: spx.last == SPOT)


@pytest.mark.parametrize("code", [354, 10167])
async def test_a_subscription_may_end_while_lines_are_open(code: int) -> None:
    """354 ends the line of that symbol, 10167 turns it late; the other symbol's line stays as it is."""
    async with gateway() as server, connected(server) as client:
        errors = Errors(client)
        spx, vix = client.reqMktData(index("SPX")), client.reqMktData(index("VIX"))
        await eventually(lambda: spx.last == SPOT and vix.last > 0)
        await server.inject(Fault("no_permission", code=code, symbols=("SPX",)))
        await eventually(lambda: errors.codes == [code])
        late = tape_at(MARKET, "SPX", START - timedelta(minutes=15)).last
        await eventually(lambda: server.counts.lines == 1 if code == 354 else spx.last == late)
        assert vix.marketDataType == 1


async def test_a_part_may_not_be_subscribed() -> None:
    """After 10090 quotes flow and greeks do not."""
    async with gateway() as server, connected(server) as client:
        await server.inject(Fault("no_permission", code=10090))
        errors = Errors(client)
        ticker = client.reqMktData(await at_the_money(client), GENERIC)
        await eventually(lambda: ticker.callOpenInterest >= 0 and ticker.bid > 0)
        assert (errors.codes, ticker.modelGreeks) == ([10090], None)


@pytest.mark.parametrize("fault", [Fault("no_permission", code=10167), Fault("delayed_only")])
async def test_delayed_data_is_late_and_says_so(fault: Fault) -> None:
    """With delayed data allowed the prices are those of a quarter of an hour ago, under the delayed types."""
    async with gateway() as server, connected(server) as client:
        await server.inject(fault)
        client.reqMarketDataType(3)
        errors = Errors(client)
        spx = client.reqMktData(index("SPX"))
        option = client.reqMktData(await at_the_money(client))
        then = START - timedelta(minutes=15)
        await eventually(lambda: spx.last == tape_at(MARKET, "SPX", then).last and option.modelGreeks is not None)
        assert (errors.codes, spx.marketDataType) == ([10167, 10167], 3)
        assert spx.delayedLastTimestamp == then.replace(microsecond=0)
        assert option.modelGreeks.undPrice == spx.last


async def test_delayed_data_must_be_asked_for() -> None:
    """Where only delayed data is subscribed, a request for live data gives 10168."""
    async with gateway() as server, connected(server) as client:
        await server.inject(Fault("delayed_only"))
        errors = Errors(client)
        client.reqMktData(index("SPX"))
        await eventually(lambda: errors.codes == [10168])


async def test_frozen_data_shows_the_close() -> None:
    """After the close live quotes are -1, frozen ones are the last of the day."""
    close = require_session(DAY).close_at
    async with gateway(HandClock(close + timedelta(minutes=30))) as server, connected(server) as client:
        option = await at_the_money(client)
        spy, quiet = client.reqMktData(stock("SPY")), client.reqMktData(option)
        await eventually(lambda: spy.last > 0)
        assert (spy.bid, spy.ask, quiet.modelGreeks) == (-1, -1, None)
        client.reqMarketDataType(2)
        await eventually(lambda: quiet.modelGreeks is not None)
        assert (spy.marketDataType, quiet.marketDataType) == (2, 2)
        assert 0 < spy.bid < spy.ask


async def test_options_are_quiet_before_the_open() -> None:
    """Before the open an option is listed, takes a line and says nothing."""
    early = datetime(2025, 6, 26, 13, 0, tzinfo=UTC)
    clock = HandClock(early)
    async with gateway(clock) as server, connected(server) as client:
        ticker = client.reqMktData(await at_the_money(client))
        await eventually(lambda: server.counts.lines == 1)
        assert ticker.modelGreeks is None
        clock.jump_to(require_session(DAY).open_at)
        await eventually(lambda: ticker.modelGreeks is not None)
