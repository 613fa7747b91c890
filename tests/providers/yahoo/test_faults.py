"""Yahoo misbehaves: every fault becomes a reason, in time, and is over when Yahoo recovers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from magic8_companion.testing.yahoo_server import FAULTS, YahooServer
from tests.providers.makers import DAY, new_york
from tests.providers.yahoo.servers import ask, bars, provider, put, refusal, yahoo

REASONS = {
    "rate_limit": {"chart": "rate_limited", "options": "rate_limited"},
    "server_error": {"chart": "source_down", "options": "source_down"},
    "html": {"chart": "bad_answer", "options": "bad_answer"},
    "empty": {"chart": "no_data", "options": "no_chain"},
    "silence": {"chart": "timeout", "options": "timeout"},
    "cut": {"chart": "source_down", "options": "source_down"},
    "nan": {"chart": "bad_bars"},
    "gap": {"chart": "bars_gap"},
}


@pytest.fixture
def server() -> Iterator[YahooServer]:
    """Run a server at 11:02:13 New York."""
    with yahoo() as running:
        yield running


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name in REASONS for kind in REASONS[name]])
def test_every_fault_has_its_reason_and_its_end(server: YahooServer, name: str, kind: str) -> None:
    """The reason is stable, the sentence names Yahoo, and the next question after the fault is answered."""
    patience = 1.5 if name == "silence" else 20.0  # short only where it must run out: a busy machine answers late
    source = provider(server, timeout_seconds=patience)
    server.fault(name, kind)
    asked = time.monotonic()
    if kind == "chart":
        refused = refusal(source.get_historical_data("SPY", "5m", "1d"))
    else:
        refused = refusal(source.get_option_chain("SPY"))
    assert refused.reason == REASONS[name][kind]
    assert "Yahoo" in refused.detail or refused.reason == "bars_gap"
    assert time.monotonic() - asked < 15
    server.heal()
    put(server, server.clock.now() + timedelta(seconds=61))
    assert len(bars(source, "SPY")) == 15
    assert ask(source.get_option_chain("SPY"))["symbol"] == "SPY"


def test_the_table_of_faults_is_whole() -> None:
    """No fault of the server is left unproved."""
    assert set(REASONS) | {"no_crumb"} == set(FAULTS)


def test_an_expired_crumb_is_renewed_unseen(server: YahooServer) -> None:
    """Yahoo takes a new word for options now and then; nobody notices."""
    source = provider(server)
    assert ask(source.get_option_chain("SPY"))["symbol"] == "SPY"
    server.fault("no_crumb")
    assert ask(source.get_option_chain("QQQ"))["symbol"] == "QQQ"


def test_a_refusal_is_answered_with_silence_that_doubles(server: YahooServer) -> None:
    """After 429 no request leaves for a minute, then for two; an answer ends it."""
    source = provider(server)
    server.fault("rate_limit")
    for pause in (60, 120):
        assert refusal(source.get_historical_data("SPY", "5m", "1d")).reason == "rate_limited"
        assert not source.is_connected()
        sent = server.served.total()
        put(server, server.clock.now() + timedelta(seconds=pause - 1))
        refused = refusal(source.get_historical_data("QQQ", "5m", "1d"))
        assert (refused.reason, server.served.total()) == ("rate_limited", sent)
        assert "the next attempt is at 2025-04-09T15:0" in refused.detail
        put(server, server.clock.now() + timedelta(seconds=1))
        assert source.is_connected()
    server.heal()
    assert len(bars(source, "SPY")) == 16


def test_another_ticker_is_no_way_around_a_refusal(server: YahooServer) -> None:
    """XSP is not asked for under a second name when Yahoo refuses the first."""
    server.fault("rate_limit", "XSP")
    assert refusal(provider(server).get_historical_data("XSP", "5m", "1d")).reason == "rate_limited"
    assert server.served["/v8/finance/chart/^GSPC"] == 0


def test_a_broken_first_answer_is_not_remembered(server: YahooServer) -> None:
    """The library keeps the first answer about a name, broken or not; one fault must not last for the process."""
    server.fault("html", "IWM")
    assert refusal(provider(server).get_historical_data("IWM", "5m", "1d")).reason == "bad_answer"
    server.heal()
    assert len(bars(provider(server), "IWM")) == 15


def test_one_symbol_that_hangs_does_not_hold_the_others(server: YahooServer) -> None:
    """A question waits for its own time-out; those beside it are answered meanwhile."""
    server.fault("silence", "SPY")

    async def both() -> tuple[pd.DataFrame, object]:
        source = provider(server, timeout_seconds=3)
        slow = asyncio.create_task(source.get_historical_data("SPY", "5m", "1d"))
        frame = await source.get_historical_data("QQQ", "5m", "1d")
        assert not slow.done()
        return frame, (await asyncio.gather(slow, return_exceptions=True))[0]

    frame, refused = asyncio.run(both())
    assert len(frame) == 15
    assert getattr(refused, "reason", "") == "timeout"


def test_any_loop_in_any_thread_may_ask(server: YahooServer) -> None:
    """Threads with loops of their own get the same answers at the same time."""
    source = provider(server)
    wanted = ["SPX", "SPY", "QQQ", "VIX"] * 2
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda symbol: bars(source, symbol), wanted))
    for symbol, answer in zip(wanted, answers, strict=True):
        pd.testing.assert_frame_equal(answer, bars(source, symbol))


def test_a_closed_provider_answers_nothing(server: YahooServer) -> None:
    """After close, which may be called twice, no request leaves."""
    source = provider(server)
    ask(source.close())
    ask(source.close())
    assert not source.is_connected()
    for question in (
        source.get_spot_price("SPY"),
        source.get_historical_data("SPY", "5m", "1d"),
        source.get_option_chain("SPY"),
    ):
        assert refusal(question).reason == "closed"
    assert server.served.total() == 0


def test_an_address_without_a_server_is_a_reason(server: YahooServer) -> None:
    """Nobody listens: the source is down, with what the network says."""
    with yahoo() as gone:
        source = provider(gone)
    assert refusal(source.get_historical_data("SPY", "5m", "1d")).reason == "source_down"


SCRIPT = """
import asyncio, sys
from magic8_companion.providers.catalogue import create_provider
from magic8_companion.clocks import ReplayClock
from datetime import datetime, UTC
clock = ReplayClock(datetime(2025, 4, 9, 15, 2, 13, tzinfo=UTC))
provider = create_provider("yahoo", clock, yahoo_server=sys.argv[1])
print(len(asyncio.run(provider.get_historical_data("SPY", "5m", "1d"))))
"""


def test_nothing_is_written_into_the_home_directory(server: YahooServer, tmp_path: Path) -> None:
    """The library keeps its caches where the process keeps its temporary files, and they go with it."""
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    home.mkdir()
    scratch.mkdir()
    environment = {"HOME": str(home), "TMPDIR": str(scratch), "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, server.address], capture_output=True, text=True, env=environment, check=False
    )
    assert (ran.stdout.strip(), ran.stderr, ran.returncode) == ("15", "", 0)
    assert list(home.rglob("*")) == list(scratch.rglob("*")) == []


def test_without_the_extra_the_sentence_says_how_to_get_it() -> None:
    """A missing package is a mistake in the installation, told with the command that repairs it."""
    script = (
        "import sys; sys.modules['yfinance'] = None\n"
        "from magic8_companion.providers.catalogue import create_provider\n"
        "from magic8_companion.clocks import SystemClock\n"
        "create_provider('yahoo', SystemClock())"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "pip install -e '.[yahoo]'" in ran.stderr


def test_a_session_of_two_hours_ago_has_no_price_before_the_open(server: YahooServer) -> None:
    """Yesterday's last price is not passed off as today's."""
    put(server, new_york(DAY, 9, 31))
    assert refusal(provider(server).get_spot_price("SPY")).reason == "no_bars_yet"
