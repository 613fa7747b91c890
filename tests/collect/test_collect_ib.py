"""Collecting from a gateway under IB's pacing, killed at random moments: the folder is that of an undisturbed run."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from magic8_companion.cli.collect import collect_into
from magic8_companion.domain.trading_day import sessions_between
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.provider import IBProvider
from magic8_companion.recordings.bar_folder import BarFolder
from magic8_companion.testing.market import SimulatedGatewayMarket
from magic8_companion.testing.scaled_clock import ScaledClock
from magic8_companion.testing.scenario import parse_scenario
from magic8_companion.testing.server import SimulatedGateway
from tests.collect.sources import LAST, NOW, contents

FAST, FASTER = 30.0, 120.0


async def collected(
    folder: Path, since: date, speed: float, kills: int, luck: random.Random, longest: float
) -> tuple[int, set[str]]:
    """Collect in a process that is killed some times; return the kills that hit and the rules that were broken."""
    began, clock = time.monotonic(), ScaledClock(NOW, speed)
    hits = 0
    async with SimulatedGateway(SimulatedGatewayMarket(), clock) as gateway:
        words = (gateway.port, began, NOW.isoformat(), speed, folder, since)
        line = [sys.executable, "-m", "tests.collect.accelerated", *map(str, words)]
        for last in (*[False] * kills, True):
            process = await asyncio.create_subprocess_exec(*line, stdout=asyncio.subprocess.DEVNULL)
            try:
                await asyncio.wait_for(process.wait(), None if last else luck.uniform(0.2, 1) * longest)
            except TimeoutError:
                process.kill()
                hits += 1
                await process.wait()
        assert process.returncode == 0
        return hits, {violation.kind for violation in gateway.violations}


async def killed_and_whole(tmp_path: Path, since: date, speed: float, kills: int, longest: float) -> tuple[Path, Path]:
    """Return the folders of a killed and of an undisturbed collection, both within IB's rules."""
    # the rules are those of virtual seconds: a busy machine, late by milliseconds, breaks them at a high speed only
    for slower in (1, 3, 3):
        speed, whole = speed / slower, tmp_path / f"whole{speed / slower:g}"
        hits, broken = await collected(whole, since, speed, 0, random.Random(8), 0)
        if not broken:
            break
    assert (hits, broken) == (0, set())
    hits, broken = await collected(tmp_path / "killed", since, speed, kills, random.Random(8), longest)
    assert hits > 0
    assert broken <= {"history_window", "history_identical", "history_burst"}  # a killed process forgets what it asked
    return tmp_path / "killed", whole


async def test_seven_weeks_killed_twice_are_the_same(tmp_path: Path) -> None:
    """The short version of the proof below: the folder of a killed collection equals that of an undisturbed one."""
    killed, whole = await killed_and_whole(tmp_path, date(2025, 2, 24), FAST, 2, 1.8)
    assert contents(killed) == contents(whole)
    assert len(BarFolder(killed).days("SPX")) == len(sessions_between(date(2025, 2, 24), LAST))


@pytest.mark.slow
async def test_three_years_killed_five_times_are_the_same(tmp_path: Path) -> None:
    """Three symbols, 750 sessions each, under the real pacing rules in accelerated time."""
    killed, whole = await killed_and_whole(tmp_path, date(2022, 4, 13), FASTER, 5, 12.0)
    assert contents(killed) == contents(whole)
    assert len(BarFolder(killed).days("SPX")) == len(sessions_between(date(2022, 4, 13), LAST))


async def collected_here(folder: Path, *steps: dict[str, object]) -> int:
    """Collect a quarter in this process from a gateway that misbehaves; return the exit code."""
    clock, scenario = ScaledClock(NOW, FAST), parse_scenario({"steps": [*steps]})
    async with SimulatedGateway(SimulatedGatewayMarket(), clock, scenario=scenario) as gateway:
        options = IBConfig(port=gateway.port, connect_timeout_seconds=120, request_timeout_seconds=900)
        provider = IBProvider(clock, options)
        try:
            return await collect_into(provider, clock, folder, ("SPX", "SPY"), date(2025, 1, 13))
        finally:
            await provider.close()


def at_request(number: int, fault: str, **parameters: object) -> dict[str, object]:
    """Return a fault that the n-th request for bars triggers."""
    return {"at": {"request": "historical_bars", "number": number}, "fault": fault, **parameters}


async def test_troubles_on_the_way_leave_no_trace(tmp_path: Path) -> None:
    """A farm that breaks, a connection that drops and a complaint about pacing cost time and nothing else."""
    assert await collected_here(tmp_path / "calm") == 0
    faults = (
        at_request(2, "farm_broken", farm="history", seconds=20),
        at_request(4, "drop"),
        at_request(6, "refused", request="historical_bars", code=162, count=1),
    )
    assert await collected_here(tmp_path / "faulty", *faults) == 0
    assert contents(tmp_path / "faulty") == contents(tmp_path / "calm")


async def test_a_symbol_without_permission_is_given_up_with_ibs_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other symbols are collected all the same."""
    words = "Historical Market Data Service error message: No market data permissions for CBOE IND"
    step = at_request(1, "refused", request="historical_bars", code=162, text=words, symbols=["SPX"])
    assert await collected_here(tmp_path, step) == 1
    assert "No market data permissions for CBOE IND" in capsys.readouterr().err
    assert BarFolder(tmp_path).symbols() == ("SPY",)
