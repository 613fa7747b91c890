"""The real library on a real socket: a healthy morning, within IB's limits, and nothing but reading."""

from __future__ import annotations

import ast
import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ib_async import Contract, Order

import magic8_companion.providers.ib as package
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.providers.catalogue import create_provider
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.provider import IBProvider
from magic8_companion.providers.ib.wire import Reader
from magic8_companion.testing.market import tape_at
from magic8_companion.testing.scaled_clock import ScaledClock
from magic8_companion.testing.scenario import GatewaySettings, Scenario
from magic8_companion.testing.server import SimulatedGateway
from tests.providers.ib.chaos import MARKET
from tests.providers.ib.fakes import DAY, MORNING

READING = {
    "connect",
    "start_api",
    "contract_details",
    "market_data",
    "cancel_market_data",
    "market_data_type",
    "historical_bars",
    "cancel_historical_bars",
    "current_time",
}
ORDERS = ("order", "execution", "position", "portfolio", "account", "pnl", "exercise")
FOLDER = Path(package.__file__).parent


@asynccontextmanager
async def gateway(settings: GatewaySettings | None = None) -> AsyncIterator[SimulatedGateway]:
    """Open a gateway at 11:00 New York, in real time."""
    clock = ScaledClock(MORNING)
    async with SimulatedGateway(MARKET, clock, scenario=Scenario(settings=settings or GatewaySettings())) as opened:
        yield opened
        assert not opened.violations


@asynccontextmanager
async def provider(opened: SimulatedGateway, **given: float) -> AsyncIterator[IBProvider]:
    """Open a provider on a gateway."""
    options = IBConfig(port=opened.port, **given)  # type: ignore[arg-type]  # the test's business
    made = IBProvider(opened._world.clock, options)
    try:
        yield made
    finally:
        await made.close()


async def test_a_morning_is_read_as_the_market_was(caplog: pytest.LogCaptureFixture) -> None:
    """Spot, bars, VIX and a chain of 41 strikes with Greeks and open interest are those of the market."""
    caplog.set_level(logging.INFO)
    async with gateway(GatewaySettings(read_only=True)) as opened, provider(opened) as ib:
        clock = opened._world.clock
        spot = await ib.get_spot_price("SPX")
        assert abs(spot - tape_at(MARKET, "SPX", clock.now()).last) < 1
        truth = MARKET.bars("SPX", DAY, DAY).known_at(clock.now())
        bars = Bars.from_frame(await ib.get_historical_data("SPX", "5m", "1d"))
        assert np.array_equal(bars.close, truth.close)
        assert bars.last_end == MORNING
        vix = Bars.from_frame(await ib.get_historical_data("VIX", "5m", "1d"))
        assert np.array_equal(vix.close, MARKET.bars("VIX", DAY, DAY).known_at(clock.now()).close)
        chain = OptionChain.from_envelope(await ib.get_option_chain("SPX"))
        expected = MARKET.chain("SPX", clock.now(), 60)
        by_strike = {row.strike: row for row in expected.rows}
        assert len(chain.rows) == 41
        assert chain.rows[20].strike == pytest.approx(chain.spot, abs=5)
        assert chain.oi_coverage == 1.0
        for row in chain.rows:
            assert (row.call_oi, row.put_oi) == (by_strike[row.strike].call_oi, by_strike[row.strike].put_oi)
            assert row.call_iv == pytest.approx(by_strike[row.strike].call_iv, abs=0.02)
            assert row.call_bid is not None and row.call_ask is not None and row.call_bid < row.call_ask  # noqa: PT018
            assert None not in {row.call_delta, row.put_delta, row.call_gamma, row.put_gamma, row.put_volume}
        assert chain.status == "live"
        assert clock.now() - chain.as_of < timedelta(seconds=4)
        await asyncio.sleep(0.5)
        assert set(opened.counts.requests) <= READING
        assert opened.counts.peak_lines <= 100
        assert opened.counts.peak_rate <= 48
        assert ib.health()["server_version"] == 178
        port = opened.port
    assert f"Connected to IB 127.0.0.1:{port} (client 2)" in caplog.messages
    assert "Disconnected from IB: closed" in caplog.messages


async def test_two_chains_keep_within_a_small_budget_and_give_every_line_back() -> None:
    """With 20 lines, chains of 11 strikes of two symbols come whole; in the end two lines are open."""
    async with gateway(GatewaySettings(line_budget=20)) as opened:
        async with provider(opened, market_data_lines=20, strikes_each_side=5) as ib:
            chains = await asyncio.gather(ib.get_option_chain("SPX"), ib.get_option_chain("SPY"))
            assert [chain["completeness"]["open_interest"] for chain in chains] == [22, 22]
            assert opened.counts.peak_lines <= 20
            for _ in range(30):
                await asyncio.sleep(0.1)
                if opened.counts.lines == 2:
                    break
            assert opened.counts.lines == 2
            assert ib.health()["lines_used"] == 2
        assert opened.counts.errors[300] == 0


async def test_positions_that_are_never_told_do_not_matter() -> None:
    """Accounts, positions and orders are not asked for, at the start or ever."""
    async with gateway() as opened, provider(opened) as ib:
        await ib.get_spot_price("SPY")
        assert opened.counts.requests["positions"] == 0
        assert opened.counts.requests["account_updates"] == 0


async def test_a_start_that_is_given_up_leaves_no_coroutine_behind() -> None:
    """The library asks for positions before it waits for them: whoever cancels it in between leaves them over."""
    left_over = Reader(ScaledClock(MORNING), lambda *_: None).reqPositionsAsync()
    assert not asyncio.iscoroutine(left_over)
    assert await left_over == []


async def test_who_accepts_and_says_nothing_is_no_closed_port() -> None:
    """A gateway that waits for its login is told from one that is not there: what helps is another thing."""
    clock, silence = ScaledClock(MORNING, 20.0), asyncio.Event()

    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silence.wait()
        writer.close()

    async def on_error(port: int) -> str:
        made = IBProvider(clock, IBConfig(port=port))
        with pytest.raises(DataUnavailable) as caught:
            await made.get_spot_price("SPY")
        await made.close()
        return caught.value.reason

    async with await asyncio.start_server(handler, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        assert await on_error(port) == "gateway_silent"
        silence.set()
    assert await on_error(port) == "ib_disconnected"


def test_the_session_is_opened_read_only() -> None:
    """Every call that connects passes readonly=True and asks for nothing at the start."""
    calls = [node for tree in _trees() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    connecting = [call for call in calls if isinstance(call.func, ast.Attribute) and "connectAsync" in call.func.attr]
    assert len(connecting) == 1
    given = {item.arg: ast.unparse(item.value) for item in connecting[0].keywords}
    assert given["readonly"] == "True"
    assert given["fetchFields"] == "StartupFetchNONE"


def test_no_call_that_could_trade_is_named() -> None:
    """No attribute, name or import of the package speaks of orders, positions or accounts."""
    spoken = set()
    for tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                spoken.add(node.attr)
            elif isinstance(node, ast.Name):
                spoken.add(node.id)
            elif isinstance(node, ast.ImportFrom):
                spoken |= {name.name for name in node.names}
    assert not {word for word in spoken if any(verb in word.lower() for verb in ORDERS)}


@pytest.mark.parametrize(
    "trade",
    [
        lambda client: client.placeOrder(1, Contract(), Order()),
        lambda client: client.cancelOrder(1),
        lambda client: client.reqGlobalCancel(),
        lambda client: client.exerciseOptions(1, Contract(), 1, 1, "", 0),
        lambda client: client.reqPositions(),
        lambda client: client.reqAccountUpdates(True, ""),  # noqa: FBT003  # the library's signature
        lambda client: client.reqAllOpenOrders(),
    ],
)
def test_whatever_does_not_read_market_data_cannot_leave(trade: Callable[[Any], object]) -> None:
    """Even called on purpose, the library's orders and account requests are refused before they reach the socket."""
    reader = Reader(ScaledClock(MORNING), lambda *_: None)
    with pytest.raises(PermissionError):
        trade(reader.requests)


def test_only_two_modules_know_the_library() -> None:
    """``wire`` and ``session`` import ib_async; everything else, the provider too, does without it."""
    knowing = {path.stem for path in FOLDER.glob("*.py") if "from ib_async" in path.read_text(encoding="utf-8")}
    assert knowing == {"wire", "session"}
    code = "import sys, magic8_companion.providers.ib.provider; sys.exit('ib_async' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_library_is_named_with_its_remedy() -> None:
    """Without ib_async the provider cannot be made, and the sentence says what to install."""
    code = (
        "import sys; sys.modules['ib_async'] = None\n"
        "from magic8_companion.clocks import SystemClock\n"
        "from magic8_companion.providers.catalogue import create_provider\n"
        "create_provider('ib', SystemClock())"
    )
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert result.returncode == 1
    assert ConfigError.__name__ in result.stderr
    assert "pip install -e '.[ib]'" in result.stderr


def test_the_catalogue_makes_the_provider() -> None:
    """The name ib gives the provider with the given options; nothing is connected before somebody asks."""
    made = create_provider("IB", ScaledClock(MORNING), ib_options=IBConfig(port=4999))
    assert isinstance(made, IBProvider)
    assert (made.name, made.status, made.loop_bound, made.is_connected()) == ("ib", "live", True, False)


def _trees() -> list[ast.Module]:
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.py"))]
