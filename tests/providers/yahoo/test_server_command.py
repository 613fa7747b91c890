"""The server as a command: beside any program that asks Yahoo."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from magic8_companion.providers.yahoo.provider import YahooProvider
from magic8_companion.testing.yahoo_server import YahooServer
from tests.providers.makers import DAY, SetClock, new_york
from tests.providers.yahoo.servers import MARKET, bars, refusal

COMMAND = (sys.executable, "-u", "-m", "magic8_companion.testing.yahoo_server", "--port", "0", "--speed", "1")


def test_the_command_plays_yahoo_until_it_is_interrupted() -> None:
    """It says where it listens, answers from the asked time on, misbehaves as asked, and ends by Ctrl-C."""
    line = [*COMMAND, "--start", "2025-04-09T11:00", "--delay-minutes", "0", "--fault", "gap"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        address = told.removeprefix("simulating Yahoo at ").split()[0]
        source = YahooProvider(SetClock(new_york(DAY, 11, 4)), server=address)
        assert "from 2025-04-09T11:00 New York" in told
        assert refusal(source.get_historical_data("SPY", "5m", "1d")).reason == "bars_gap"
        assert len(bars(source, "SPY", "1d", "1mo")) > 15
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0


def test_an_unknown_fault_is_refused() -> None:
    """A typing error does not pass for a healthy server."""
    with (
        YahooServer(MARKET, SetClock(new_york(DAY, 11))) as server,
        pytest.raises(ValueError, match="'rate' is not a fault"),
    ):
        server.fault("rate")
