"""What the doctor finds out about a feed: simulated, delayed, broken, silent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from magic8_companion.doctor.check import FAILED, OK, SKIPPED, WARNING, Check
from magic8_companion.doctor.feed import FeedDoctor
from magic8_companion.ports import MarketData
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.provider import IBProvider
from magic8_companion.providers.simulated import SimulatedProvider
from magic8_companion.testing.scaled_clock import ScaledClock
from magic8_companion.testing.yahoo_server import YahooServer
from magic8_companion.unified_config import load_settings
from tests.providers.makers import DAY, SetClock, new_york
from tests.providers.yahoo.servers import provider, put, yahoo


@pytest.fixture
def server() -> Iterator[YahooServer]:
    """Run a Yahoo at 11:02:13 New York."""
    with yahoo() as running:
        yield running


def examined(source: MarketData, limit_seconds: float = 20, **given: Any) -> dict[str, Check]:
    """Return the findings by name."""
    settings = load_settings({}, {"supported_symbols": ("SPX", "SPY"), **given})
    return {check.name: check for check in asyncio.run(FeedDoctor(source, settings, limit_seconds).examine())}


def statuses(checks: dict[str, Check]) -> dict[str, str]:
    """Return the status of each finding."""
    return {name: check.status for name, check in checks.items()}


def test_a_healthy_feed_has_everything() -> None:
    """Bars, price and chain of each symbol, and a year of the VIX."""
    checks = examined(SimulatedProvider(SetClock(new_york(DAY, 11))))
    assert set(statuses(checks).values()) == {OK}
    assert list(checks) == [
        "feed",
        "SPX bars",
        "SPX price",
        "SPX chain",
        "SPY bars",
        "SPY price",
        "SPY chain",
        "VIX bars",
        "VIX of a year",
    ]
    assert checks["SPX bars"].result == "330 of 5 minutes, the newest ended 2025-04-09 11:00 ET"
    assert checks["SPX chain"].result.startswith("41 strikes of 2025-04-09, 41 quoted, open interest of 100%")


def test_a_delayed_feed_is_told_apart(server: YahooServer) -> None:
    """Yahoo works: its delay and the chains it does not have are warnings, with what they mean."""
    checks = examined(provider(server))
    assert {name: status for name, status in statuses(checks).items() if status != OK} == {
        "SPX chain": WARNING,
        "delay": WARNING,
    }
    assert "only ib has real chains of SPX" in checks["SPX chain"].fix
    assert "nothing is tradable" in checks["delay"].result
    assert "lets them be traded on" in examined(provider(server), trade_on_delayed_data=True)["delay"].result


def test_a_shut_exchange_is_no_fault(server: YahooServer) -> None:
    """On a Saturday bars prove the feed; price and chain are asked for another time."""
    put(server, new_york(date(2025, 4, 12), 12))
    checks = examined(provider(server))
    assert statuses(checks)["SPY bars"] == OK
    assert statuses(checks)["SPY price"] == statuses(checks)["SPY chain"] == SKIPPED
    assert "while the exchange is open" in checks["SPY price"].fix


def test_one_broken_symbol_is_named_and_the_others_are_fine(server: YahooServer) -> None:
    """A hole in the bars of one symbol fails that symbol alone."""
    server.fault("gap", "SPY")
    checks = examined(provider(server))
    assert [name for name, status in statuses(checks).items() if status == FAILED] == ["SPY bars"]


@pytest.mark.parametrize(("fault", "reason"), [("rate_limit", "rate_limited"), ("server_error", "source_down")])
def test_a_feed_that_cannot_be_asked_fails_once(server: YahooServer, fault: str, reason: str) -> None:
    """The first refusal says it all; the other questions are not asked."""
    server.fault(fault)
    checks = examined(provider(server))
    assert [name for name, status in statuses(checks).items() if status == FAILED] == ["feed"]
    assert checks["feed"].result.startswith(f"yahoo: {reason}")
    assert checks["feed"].fix
    assert {status for name, status in statuses(checks).items() if name != "feed"} == {SKIPPED}


def test_a_feed_that_hangs_costs_its_limit(server: YahooServer) -> None:
    """Each question has a time limit, and the fix names the setting."""

    class Silent(SimulatedProvider):
        async def get_historical_data(self, symbol: str, interval: str, period: str) -> pd.DataFrame:
            await asyncio.Event().wait()
            raise AssertionError

    checks = examined(Silent(SetClock(new_york(DAY, 11))), 0.02)
    assert checks["SPX bars"].result == "timeout: no answer within 0.02 s"
    assert "M8C_IB_REQUEST_TIMEOUT (now 15 s)" in checks["SPX bars"].fix
    assert checks["SPX price"].status == OK


def test_a_short_history_of_the_vix_is_found(tmp_path: Path) -> None:
    """Percentiles need as many closes as the setting says."""
    checks = examined(SimulatedProvider(SetClock(new_york(date(2015, 2, 2), 11))), iv_min_history_days=60)
    assert checks["VIX of a year"].status == FAILED
    assert "20 daily bars, 60 are needed" in checks["VIX of a year"].result


def test_a_gateway_that_is_not_there_is_told_with_its_port() -> None:
    """IB without a gateway: one failure, and what to switch on where."""
    clock = ScaledClock(new_york(DAY, 11), 60)
    source = IBProvider(clock, IBConfig(port=1, connect_timeout_seconds=1))
    checks = examined(source, market_data_provider="ib", ib_port=4002)
    assert checks["feed"].status == FAILED
    assert "ib_disconnected" in checks["feed"].result
    assert "port 4002" in checks["feed"].fix
