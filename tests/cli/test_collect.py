"""The command: from the settings to a folder that replay and training read, killed or not."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from magic8_companion.__main__ import main
from magic8_companion.cli.collect import collect_into
from magic8_companion.domain.errors import AlreadyRunning, ConfigError
from magic8_companion.durable import FolderLock
from magic8_companion.providers.replay import ReplayProvider
from magic8_companion.providers.simulated import SimulatedProvider
from magic8_companion.providers.yahoo.provider import YahooProvider
from magic8_ml.forecast.training.bar_files import read_bar_folder, read_vix_daily
from tests.collect.sources import LAST, NOW, SINCE, Source, WaitedClock, contents
from tests.providers.makers import SetClock
from tests.providers.yahoo.servers import yahoo

COMMAND = (sys.executable, "-m", "magic8_companion", "collect", "--provider", "simulated")


def words(out: Path, since: str, until: str, symbols: str = "SPX,SPY,VIX") -> list[str]:
    """Return a command line."""
    return [*COMMAND, "--symbols", symbols, "--since", since, "--until", until, "--out", str(out)]


def run_killed(line: list[str], kills: int, luck: random.Random, longest: float) -> int:
    """Start the command again and again, kill it at random moments, let the last run end; return the kills that hit."""
    hits = 0
    for _ in range(kills):
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(luck.uniform(0.3, 1.0) * longest)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            hits += process.wait() == -signal.SIGKILL
    assert subprocess.run(line, stdout=subprocess.DEVNULL, check=False).returncode == 0
    return hits


def test_a_killed_collection_equals_an_undisturbed_one(tmp_path: Path) -> None:
    """Killed twice without warning and started again, the folder is the same, byte for byte."""
    span = ("2024-09-01", "2025-04-11")
    whole = subprocess.run(words(tmp_path / "whole", *span), capture_output=True, text=True, check=False)
    assert whole.returncode == 0
    assert "| SPX | 153 | 0 | 0 | 0 |" in whole.stdout
    hits = run_killed(words(tmp_path / "killed", *span), 2, random.Random(8), 2.5)
    assert hits > 0
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_replay_and_training_read_the_folder(tmp_path: Path) -> None:
    """The same files feed the host's replay, the bars of a training and its VIX."""
    clock = SetClock(NOW)
    assert asyncio.run(collect_into(SimulatedProvider(clock), clock, tmp_path, ("SPY", "VIX"), SINCE, LAST)) == 0
    assert ReplayProvider(tmp_path, clock).days("SPY")[-1] == LAST
    training = read_bar_folder(tmp_path)
    assert (sorted(training.bars), len(training.bars["SPY"]), training.notes) == (["SPY"], 780, ())
    assert len(read_vix_daily(tmp_path)) == 10


def test_yahoo_is_collected_as_far_as_it_remembers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The user is told where it begins; one question a symbol is enough, and a hole is listed."""
    with yahoo(at=NOW) as server:
        provider = YahooProvider(server.clock, server=server.address)
        server.fault("gap", "SPY")
        code = asyncio.run(collect_into(provider, server.clock, tmp_path, ("SPX", "SPY", "VIX"), date(2024, 1, 1)))
        charts = {name: count for name, count in server.served.items() if "chart" in name}
    told = capsys.readouterr().out
    assert code == 0
    assert "yahoo remembers 59 days: collecting from 2025-02-12" in told
    assert "| VIX | 42 | 0 | 0 | 0 |" in told
    assert "| SPY | 41 | 1 | 0 | 0 |" in told
    assert "days with faults: 1," in told
    assert sum(charts.values()) <= 6
    page = (tmp_path / "collection_report.md").read_text()
    assert "- SPY 2025-04-11: 1 of 78 bars are missing, the first is 2025-04-11T19:40:00Z" in page


def test_one_collector_per_folder(tmp_path: Path) -> None:
    """A second one is refused while the first one works."""
    clock = SetClock(NOW)
    with FolderLock(tmp_path), pytest.raises(AlreadyRunning):
        asyncio.run(collect_into(SimulatedProvider(clock), clock, tmp_path, ("SPY",), SINCE, LAST))


def test_what_was_given_up_is_told_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script can see that something is missing."""

    class Feed(Source, SimulatedProvider):
        """A provider that has no permission for one symbol."""

        def __init__(self) -> None:
            SimulatedProvider.__init__(self, WaitedClock())
            Source.__init__(self)
            self.refused = {"SPY": "no_permission"}

        name = "tape"

    feed = Feed()
    assert asyncio.run(collect_into(feed, WaitedClock(), tmp_path, ("SPX", "SPY"), SINCE, LAST)) == 1
    told = capsys.readouterr()
    assert "| SPX | 10 | 0 | 0 | 0 |" in told.out
    assert "| SPY | 0 | 0 | 0 | 10 |" in told.out
    assert told.err.endswith("SPY: stopped asking: SPY may not be had\n")


def test_a_span_without_sessions_is_refused(tmp_path: Path) -> None:
    """A weekend, or a future, holds nothing to collect."""
    clock = SetClock(NOW)
    with pytest.raises(ConfigError, match="there is no session to collect"):
        asyncio.run(collect_into(SimulatedProvider(clock), clock, tmp_path, ("SPY",), date(2025, 4, 12)))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--symbols", ",", "--since", "2025-01-02"], "name at least one symbol"),
        (["--symbols", "SPY", "--since", "2025-01-02", "--provider", "polygon"], "polygon"),
    ],
)
def test_wrong_arguments_are_named(
    given: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, exit code 2."""
    assert main(["collect", *given, "--out", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in the place of the folder is no folder."""
    (tmp_path / "bars").write_text("")
    clock = SetClock(NOW)
    with pytest.raises(ConfigError, match="cannot be created"):
        asyncio.run(collect_into(SimulatedProvider(clock), clock, tmp_path / "bars", ("SPY",), SINCE, LAST))
