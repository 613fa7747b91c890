"""The chain recorder: what is kept can be replayed, and nothing that goes wrong reaches the checkpoint."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from magic8_companion.clocks import ReplayClock
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.trading_day import require_session
from magic8_companion.providers.replay import ReplayProvider
from magic8_companion.providers.simulated import SimulatedProvider
from magic8_companion.publishing.chain_recorder import ChainRecorder

DAY = date(2025, 6, 26)
AT = require_session(DAY).at(time(10, 30, 5))


async def chain_of(symbol: str, wall: time = time(10, 30, 5)) -> OptionChain:
    """Return a simulated chain."""
    clock = ReplayClock(require_session(DAY).at(wall))
    return OptionChain.from_envelope(await SimulatedProvider(clock).get_option_chain(symbol))


async def test_what_was_recorded_replays_as_the_same_envelope(tmp_path: Path) -> None:
    """Every number, every missing value; only source and status say that it is a replay."""
    chain = await chain_of("SPX")
    odd = replace(chain.rows[3], call_bid=None, put_iv=None, call_oi=None, put_volume=0)
    chain = replace(chain, rows=(*chain.rows[:3], odd, *chain.rows[4:]))
    ChainRecorder(tmp_path).record([chain, await chain_of("SPY")])
    replayed = await ReplayProvider(tmp_path / "chains", ReplayClock(AT)).get_option_chain("SPX")
    assert replayed == {**chain.as_envelope(), "source": "replay", "status": "replay"}


async def test_a_day_grows_in_one_file_and_each_moment_is_kept_once(tmp_path: Path) -> None:
    """A repeated run replaces its own snapshots; earlier ones stay replayable."""
    recorder = ChainRecorder(tmp_path)
    early, late = await chain_of("SPX"), await chain_of("SPX", time(14, 45, 5))
    for chains in ([early], [late], [replace(early, spot=early.spot + 1)]):
        recorder.record(chains)
    path = recorder.path_of("SPX", DAY)
    assert [item for item in (tmp_path / "chains").rglob("*") if item.is_file()] == [path]
    assert pq.read_metadata(path).num_rows == len(early.rows) + len(late.rows)
    provider = ReplayProvider(tmp_path / "chains", ReplayClock(AT))
    assert (await provider.get_option_chain("SPX"))["current_price"] == early.spot + 1


async def test_a_chain_is_compact(tmp_path: Path) -> None:
    """A day of 72 snapshots of 41 strikes stays below 400 kB."""
    recorder, chain = ChainRecorder(tmp_path), await chain_of("SPX")
    recorder.record([replace(chain, as_of=AT + timedelta(minutes=5 * n)) for n in range(60)])
    assert recorder.path_of("SPX", DAY).stat().st_size < 400_000


def test_a_folder_that_cannot_be_written_costs_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller never notices, and no temporary file stays behind."""
    (tmp_path / "chains").write_text("a file where a folder should be")
    ChainRecorder(tmp_path).record([asyncio.run(chain_of("SPX"))])
    assert "were not recorded" in caplog.text
    assert [item.name for item in tmp_path.iterdir()] == ["chains"]


async def test_a_damaged_file_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its bytes are kept under another name, and recording goes on."""
    recorder, chain = ChainRecorder(tmp_path), await chain_of("SPX")
    path = recorder.path_of("SPX", DAY)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no parquet")
    recorder.record([chain])
    assert path.with_name(f"{path.name}.damaged").read_bytes() == b"no parquet"
    assert pq.read_metadata(path).num_rows == len(chain.rows)
    assert "could not be read" in caplog.text


async def test_threads_do_not_lose_each_others_chains(tmp_path: Path) -> None:
    """Eight threads record one snapshot each of the same day."""
    recorder, chain = ChainRecorder(tmp_path), await chain_of("SPX")
    moments = [replace(chain, as_of=AT + timedelta(minutes=n)) for n in range(8)]
    threads = [threading.Thread(target=recorder.record, args=([item],)) for item in moments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pq.read_metadata(recorder.path_of("SPX", DAY)).num_rows == 8 * len(chain.rows)


def test_nothing_is_created_before_the_first_chain(tmp_path: Path) -> None:
    """A run without chains leaves no trace."""
    ChainRecorder(tmp_path).record([])
    assert list(tmp_path.iterdir()) == []


def test_chains_older_than_the_limit_are_deleted_once_a_day(tmp_path: Path) -> None:
    """Age is that of the trading date in the name; other files and, without a limit, all days stay."""
    chain = asyncio.run(chain_of("SPX"))
    old, limit = DAY - timedelta(days=31), DAY - timedelta(days=30)
    for day in (old, limit):
        path = ChainRecorder(tmp_path).path_of("SPY", day)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "chains" / "SPY" / "notes.parquet").touch()
    ChainRecorder(tmp_path).record([chain])
    assert (tmp_path / "chains" / "SPY" / f"{old}.parquet").exists()
    ChainRecorder(tmp_path, retention_days=30).record([chain])
    kept = sorted(path.name for path in (tmp_path / "chains" / "SPY").iterdir())
    assert kept == [f"{limit}.parquet", "notes.parquet"]


def test_temporary_files_of_a_killed_host_are_swept_at_the_start(tmp_path: Path) -> None:
    """Nothing hidden stays in the folder of chains."""
    folder = tmp_path / "chains" / "SPX"
    folder.mkdir(parents=True)
    (folder / ".2025-06-25.parquet.0123456789abcdef.tmp").write_bytes(b"PAR1")
    ChainRecorder(tmp_path)
    assert list(folder.iterdir()) == []
