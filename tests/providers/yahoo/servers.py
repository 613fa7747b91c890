"""A Yahoo on this machine and providers that ask it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pandas as pd
import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.providers.yahoo.provider import YahooProvider
from magic8_companion.testing.market import SimulatedGatewayMarket
from magic8_companion.testing.yahoo_answers import Habits
from magic8_companion.testing.yahoo_server import YahooServer
from tests.providers.makers import DAY, SetClock, new_york

T = TypeVar("T")

MARKET = SimulatedGatewayMarket()
DELAY = timedelta(minutes=15)
PROMPT = Habits(delay=timedelta(0))


def yahoo(habits: Habits | None = None, at: datetime | None = None) -> YahooServer:
    """Return a server whose clock stands at 11:02:13 New York, or elsewhere."""
    return YahooServer(MARKET, SetClock(at or new_york(DAY, 11, 2, 13)), habits)


def provider(server: YahooServer, timeout_seconds: float = 10.0) -> YahooProvider:
    """Return a provider that asks the server and shares its clock."""
    return YahooProvider(server.clock, server=server.address, timeout_seconds=timeout_seconds)


def put(server: YahooServer, at: datetime) -> None:
    """Set the time of the server and of whoever shares its clock."""
    assert isinstance(server.clock, SetClock)
    server.clock.at = at


def ask(question: Coroutine[Any, Any, T]) -> T:
    """Run a question to its answer."""
    return asyncio.run(question)


def bars(source: YahooProvider, symbol: str = "SPX", interval: str = "5m", period: str = "1d") -> pd.DataFrame:
    """Ask for bars."""
    return ask(source.get_historical_data(symbol, interval, period))


def refusal(question: Coroutine[Any, Any, Any]) -> DataUnavailable:
    """Return why a question was refused."""
    with pytest.raises(DataUnavailable) as caught:
        asyncio.run(question)
    return caught.value
