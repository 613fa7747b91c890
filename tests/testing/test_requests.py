"""Contracts and bars with the real client: what is answered, what is refused, and how often one may ask."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from magic8_companion.domain.trading_day import require_session
from magic8_companion.testing.faults import Fault
from magic8_companion.testing.market import tape_at
from tests.testing.tools import (
    DAY,
    MARKET,
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
    stock,
)

TODAY = MARKET.bars("SPX", DAY, DAY)
AFTER_HOURS = datetime(2025, 6, 26, 21, 0, tzinfo=UTC)


async def code_of(awaitable: Any) -> int:
    """Return the code with which a request is refused."""
    with pytest.raises(ib_async.RequestError) as refused:
        await awaitable
    code: int = refused.value.code
    return code


@pytest.mark.parametrize(
    ("symbol", "exchange", "trading_class", "step"),
    [
        ("SPX", "CBOE", "SPXW", 5),
        ("XSP", "CBOE", "XSP", 1),
        ("NDX", "NASDAQ", "NDXP", 10),
        ("RUT", "RUSSELL", "RUTW", 5),
    ],
)
async def test_one_request_returns_the_expiry(symbol: str, exchange: str, trading_class: str, step: float) -> None:
    """A blank strike gives every option of the day in one answer, and each can be asked for by its id."""
    async with gateway() as server, connected(server) as client:
        (underlying,) = await client.reqContractDetailsAsync(index(symbol, exchange))
        details = await client.reqContractDetailsAsync(expiry_of(symbol, trading_class))
        strikes = sorted({item.contract.strike for item in details})
        assert (len(details), len(strikes)) == (402, 201)
        assert strikes[1] - strikes[0] == step
        assert {item.underConId for item in details} == {underlying.contract.conId}
        assert {item.contract.tradingClass for item in details} == {trading_class}
        assert {item.contract.multiplier for item in details} == {"100"}
        (again,) = await client.reqContractDetailsAsync(ib_async.Contract(conId=details[17].contract.conId))
        assert again.contract.localSymbol == details[17].contract.localSymbol
        assert dict(server.counts.requests)["contract_details"] == 3


async def test_a_third_friday_lists_two_classes() -> None:
    """Without the class the answer holds both, so that qualifying one option is ambiguous."""
    day = date(2025, 7, 18)
    async with gateway(HandClock(datetime(2025, 7, 18, 14, 0, tzinfo=UTC))) as server, connected(server) as client:
        both = await client.reqContractDetailsAsync(expiry_of("SPX", "", day, 6500, "P"))
        assert {(item.contract.tradingClass, item.lastTradeTime) for item in both} == {
            ("SPX", "09:30:00"),
            ("SPXW", "16:00:00"),
        }
        assert await client.qualifyContractsAsync(expiry_of("SPX", "", day, 6500, "P")) == [None]


async def test_option_parameters_tell_classes_expiries_and_strikes() -> None:
    """There is one answer per class and exchange; wrong ids are refused."""
    async with gateway() as server, connected(server) as client:
        chains = await client.reqSecDefOptParamsAsync("SPX", "", "IND", 416904)
        assert {(item.tradingClass, item.exchange) for item in chains} == {
            (name, place) for name in ("SPX", "SPXW") for place in ("SMART", "CBOE")
        }
        (daily,) = [item for item in chains if (item.tradingClass, item.exchange) == ("SPXW", "SMART")]
        assert daily.expirations[0] == "20250626"
        assert daily.strikes == sorted(daily.strikes)
        errors = Errors(client)
        client.client.reqSecDefOptParams(client.client.getReqId(), "SPX", "", "IND", 1)
        await eventually(lambda: errors.codes == [321])


async def test_trading_hours_follow_the_calendar() -> None:
    """The hours of the next days show weekends, holidays and half days."""
    async with gateway(HandClock(datetime(2025, 7, 3, 14, 0, tzinfo=UTC))) as server, connected(server) as client:
        (spy,) = await client.reqContractDetailsAsync(stock("SPY"))
        assert spy.liquidHours.split(";")[:3] == ["20250703:0930-20250703:1300", "20250704:CLOSED", "20250705:CLOSED"]
        assert (spy.contract.primaryExchange, spy.stockType, spy.minTick) == ("ARCA", "ETF", 0.01)


async def test_an_unknown_contract_gives_200() -> None:
    """Details, bars and ticks of a contract that is not listed are refused."""
    async with gateway() as server, connected(server) as client:
        errors = Errors(client)
        assert await code_of(client.reqContractDetailsAsync(stock("SPX"))) == 200
        assert await code_of(bars_of(client, stock("NIX"))) == 200
        client.client.reqMktData(99, stock("NIX"), "", 0, 0, [])
        await eventually(lambda: errors.codes == [200, 200, 200])


async def test_bars_are_those_of_the_market() -> None:
    """Stamps are UTC, values exact, an index has no volume, and the last bar is the running one."""
    async with gateway() as server, connected(server) as client:
        bars = await bars_of(client, index("SPX"))
        assert [bar.date for bar in bars] == [
            datetime(2025, 6, 26, 13, 30, tzinfo=UTC) + timedelta(minutes=5 * n) for n in range(13)
        ]
        assert [bar.close for bar in bars[:12]] == TODAY.close[:12].tolist()
        assert {(bar.volume, bar.barCount) for bar in bars} == {(0, 0)}
        assert bars[12].high < TODAY.high[12] or bars[12].low > TODAY.low[12]
        spy = await bars_of(client, stock("SPY"))
        assert [bar.volume for bar in spy[:12]] == MARKET.bars("SPY", DAY, DAY).volume[:12].tolist()
        await server.inject(Fault("running_bar", included=False))
        assert len(await bars_of(client, index("VIX"))) == 12


@pytest.mark.parametrize(
    ("size", "count", "last"),
    [
        ("1 min", 62, "14:31"),
        ("5 mins", 13, "14:30"),
        ("10 mins", 7, "14:30"),
        ("15 mins", 5, "14:30"),
        ("30 mins", 3, "14:30"),
        ("1 hour", 2, "14:00"),
        ("1 day", 1, None),
    ],
)
async def test_every_bar_size_covers_the_same_prices(size: str, count: int, last: str | None) -> None:
    """Shorter and longer bars are counted from whole multiples of the hour and agree on the day."""
    async with gateway() as server, connected(server) as client:
        bars = await bars_of(client, index("SPX"), barSizeSetting=size)
        assert len(bars) == count
        assert bars[-1].date == (DAY if last is None else datetime.fromisoformat(f"2025-06-26T{last}Z"))
        assert bars[0].open == TODAY.open[0]
        reference = await bars_of(client, index("SPX"), durationStr="3600 S" if size == "5 mins" else "1 D")
        assert max(bar.high for bar in bars) == max(bar.high for bar in reference)
        assert bars[-1].close == reference[-1].close


@pytest.mark.parametrize(
    ("end", "duration", "first", "last", "count"),
    [
        ("", "2 D", "2025-06-25T13:30Z", "2025-06-26T14:30Z", 91),
        (datetime(2025, 6, 26, 14, 0, tzinfo=UTC), "1 D", "2025-06-26T13:30Z", "2025-06-26T13:55Z", 6),
        ("20250626 10:00:00 US/Eastern", "1 D", "2025-06-26T13:30Z", "2025-06-26T13:55Z", 6),
        ("20250626-14:00:00", "1800 S", "2025-06-26T13:30Z", "2025-06-26T13:55Z", 6),
        ("20250626 10:00:00", "1 D", "2025-06-26T13:30Z", "2025-06-26T13:55Z", 6),
        (datetime(2025, 6, 26, 13, 0, tzinfo=UTC), "1 D", "2025-06-25T13:30Z", "2025-06-25T19:55Z", 78),
        (datetime(2025, 7, 5, tzinfo=UTC), "1 W", "2025-06-20T13:30Z", "2025-06-26T14:30Z", 325),
        (datetime(2025, 6, 22, tzinfo=UTC), "1 W", "2025-06-16T13:30Z", "2025-06-20T19:55Z", 312),
        (datetime(2025, 1, 1, 12, tzinfo=UTC), "1 M", "2024-12-02T14:30Z", "2024-12-31T20:55Z", 1602),
    ],
)
async def test_end_and_duration_mean_what_they_mean_there(
    end: Any, duration: str, first: str, last: str, count: int
) -> None:
    """Days are sessions, weeks and months calendar time; ends have several spellings and never lie in the future."""
    async with gateway() as server, connected(server) as client:
        bars = await bars_of(client, index("SPX"), endDateTime=end, durationStr=duration)
        assert bars[0].date == datetime.fromisoformat(first)
        assert (bars[-1].date, len(bars)) == (datetime.fromisoformat(last), count)


async def test_daily_bars_are_dates() -> None:
    """A year of daily bars has one row per session, stamped by its date."""
    async with gateway(HandClock(AFTER_HOURS)) as server, connected(server) as client:
        bars = await bars_of(client, index("VIX"), durationStr="1 Y", barSizeSetting="1 day")
        assert (bars[0].date, bars[-1].date) == (date(2024, 6, 27), DAY)
        assert len(bars) == 250
        vix = MARKET.bars("VIX", DAY, DAY)
        assert (bars[-1].high, bars[-1].close) == (vix.high.max(), vix.close[-1])


async def test_the_other_date_format_is_local_text() -> None:
    """Format 1 is New York time with its name, which the client reads back as the same instants."""
    async with gateway() as server, connected(server) as client:
        texts = await bars_of(client, index("SPX"), formatDate=1)
        assert texts[0].date == datetime(2025, 6, 26, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("contract", "changes", "code"),
    [
        (index("SPX"), {"whatToShow": "MIDPOINT"}, 162),
        (index("SPX"), {"endDateTime": "20100101 10:00:00 UTC"}, 162),
        (expiry_of("SPX", "SPXW", DAY, 6750, "C"), {}, 162),
        (index("SPX"), {"barSizeSetting": "5 min"}, 321),
        (index("SPX"), {"durationStr": "1 day"}, 321),
        (index("SPX"), {"durationStr": "400 D"}, 321),
        (index("SPX"), {"endDateTime": "yesterday"}, 321),
        (index("SPX"), {"endDateTime": "20250626 10:00:00 Mars/Base"}, 321),
        (index("SPX"), {"keepUpToDate": True, "endDateTime": "20250626-14:00:00"}, 321),
    ],
)
async def test_bars_that_cannot_be_had_are_refused(contract: Any, changes: dict[str, Any], code: int) -> None:
    """An index knows trades alone (162); what is not valid gives 321, which the client takes for a warning."""
    async with gateway() as server, connected(server) as client:
        errors = Errors(client)
        waiting = asyncio.create_task(bars_of(client, contract, **changes))
        await eventually(lambda: errors.codes == [code])
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_bars_stay_up_to_date() -> None:
    """A request that is kept up to date grows with the clock until it is cancelled."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        bars = await client.reqHistoricalDataAsync(
            index("SPX"), "", "1 D", "5 mins", "TRADES", useRTH=True, formatDate=2, keepUpToDate=True
        )
        assert len(bars) == 13
        clock.advance(60)
        await eventually(lambda: bars[-1].close == tape_at(MARKET, "SPX", clock.now()).last)
        clock.advance(300)
        await eventually(lambda: len(bars) == 14)
        assert (bars[-2].close, bars[-1].open) == (TODAY.close[12], TODAY.open[13])
        client.cancelHistoricalData(bars)
        errors = Errors(client)
        client.client.cancelHistoricalData(bars.reqId)
        await eventually(lambda: errors.codes == [366])


@pytest.mark.parametrize(
    ("kind", "requests", "pause"),
    [
        ("history_identical", [("SPX", "1 D"), ("SPX", "1 D")], 14.0),
        ("history_burst", [("SPX", f"{n} D") for n in range(1, 7)], 0.0),
        (
            "history_window",
            [(symbol, f"{n} D") for n in range(1, 14) for symbol in ("SPX", "XSP", "NDX", "RUT", "VIX")],
            8.0,
        ),
    ],
)
async def test_the_limits_on_history_are_kept(kind: str, requests: list[tuple[str, str]], pause: float) -> None:
    """Identical requests within 15 s, six of one contract in 2 s and more than 60 in ten minutes give 162."""
    places = {"NDX": "NASDAQ", "RUT": "RUSSELL"}
    clock = HandClock(AFTER_HOURS)
    async with gateway(clock) as server, connected(server) as client:
        for number, (symbol, duration) in enumerate(requests):
            contract = index(symbol, places.get(symbol, "CBOE"))
            asking = bars_of(client, contract, durationStr=duration, barSizeSetting="30 mins")
            if server.counts.requests["historical_bars"] and number == min(len(requests) - 1, 60):
                with pytest.raises(ib_async.RequestError, match="pacing violation"):
                    await asking
                break
            await asking
            clock.advance(pause)
        assert [item.kind for item in server.violations] == [kind]
        clock.advance(600)
        assert await bars_of(client, index("SPX"), durationStr="1 D", barSizeSetting="30 mins")


async def test_fifty_requests_may_be_open() -> None:
    """With answers held back the 51st open request is refused; a cancelled one makes room."""
    clock = HandClock()
    async with gateway(clock) as server, connected(server) as client:
        await server.inject(Fault("late", delay=3600))
        errors = Errors(client)
        for number in range(51):
            end = f"202506{10 + number % 10}-{13 + number // 10}:45:00"
            arguments = (index("SPX"), end, "1 D", "5 mins", "TRADES", 1, 2, 0, [])
            client.client.reqHistoricalData(1000 + number, *arguments)
            clock.advance(2)
            await eventually(lambda seen=number + 1: server.counts.requests["historical_bars"] == seen)
        await eventually(lambda: errors.codes == [162])
        assert [item.kind for item in server.violations] == ["history_open"]


async def test_three_months_at_high_speed_keep_the_rules() -> None:
    """Paced by the gateway's own time, a long collection meets no limit, however fast that time runs."""
    clock = HandClock(AFTER_HOURS)
    async with gateway(clock) as server, connected(server) as client:
        end, days = AFTER_HOURS, []
        while len(days) < 63:
            bars = await bars_of(client, index("SPX"), endDateTime=end, durationStr="1 W")
            days = sorted({bar.date.date() for bar in bars} | set(days))
            assert len(bars) % 78 == 0 or any(require_session(day).is_half_day for day in days)
            end = bars[0].date
            clock.advance(10.1)
        assert server.violations == ()
        assert days[-1] == START.date()
