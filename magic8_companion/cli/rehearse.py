"""``python -m magic8_companion rehearse``: a past trading day on a real feed's client, without an account.

The host is the one that runs live; the gateway or the Yahoo that it talks to over TCP is our own and shows the
simulated market.  Time is real while the host works and fast while it only waits.  What is published lies in a folder
of its own and is dated as the day that is played, so nobody can take it for today's.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from magic8_companion.command_line import as_path, day
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.trading_day import Session

if TYPE_CHECKING:  # --help must not load numpy and pandas
    from magic8_companion.ports import Clock
    from magic8_companion.testing.scenario import Scenario

DONE: Final = 0
RULE_BROKEN: Final = 1
WRONG: Final = 2

Feed = tuple[dict[str, object], list[str]]
"""Settings that lead to the feed, and the rules of it that were broken, known in the end."""

_BEFORE_THE_OPEN: Final = timedelta(minutes=5)
_TICK_SECONDS: Final = 0.25
"""Ticks come so often on the day's clock: a fast day must not look like a slow feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalPlan:
    """The day to play, the settings of its run by attribute name, and the seed of its market."""

    session: Session
    settings: dict[str, object]
    seed: int


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    words = argparse.ArgumentParser(
        prog="python -m magic8_companion rehearse",
        description="Play a past trading day on the client of a real feed against a simulated gateway or Yahoo.  Exit "
        "code 0: done, 1: the host has broken a rule of the gateway, 2: wrong settings or no such day.",
    )
    words.add_argument("--provider", choices=("ib", "yahoo"), default="ib", help="the feed (default %(default)s)")
    words.add_argument("--date", type=day, help="session to play; default: the last complete one")
    words.add_argument("--symbols", help="comma-separated, such as SPX,SPY")
    words.add_argument("--output-dir", type=as_path, help="where the files go; default OUTPUT_DIR/rehearsal")
    words.add_argument("--scenario", type=as_path, help="settings and faults of the gateway, TOML or JSON")
    words.add_argument("--delay-minutes", type=float, default=15.0, help="how late Yahoo's data are (default 15)")
    words.add_argument("--speed", default="max", help="seconds per real second while the host waits; max skips them")
    return words


def rehearse(argv: Sequence[str]) -> int:
    """Play the day and return the exit code."""
    given = parser().parse_args(argv)
    try:
        return asyncio.run(_rehearse(given))
    except DataUnavailable as error:
        print(error.detail, file=sys.stderr)
    except ConfigError as error:
        print(error, file=sys.stderr)
    return WRONG


async def _rehearse(given: argparse.Namespace) -> int:
    from magic8_companion import unified_main  # noqa: PLC0415  # after --help
    from magic8_companion.testing.rehearsal_clock import RehearsalClock  # noqa: PLC0415  # as above
    from magic8_companion.testing.scenario import Scenario, load_scenario  # noqa: PLC0415  # as above

    idle_speed, plot = _idle_speed(given.speed), load_scenario(given.scenario) if given.scenario else Scenario()
    plan = await _planned(given)
    clock = RehearsalClock(plan.session.open_at - _BEFORE_THE_OPEN, idle_speed)
    feed = (
        _gateway(plan, clock, plot, idle_speed or 1.0)
        if given.provider == "ib"
        else _yahoo(plan, clock, given.delay_minutes)
    )
    async with feed as (address, broken):
        code = await unified_main.main([], overrides=plan.settings | address, clock=clock)
    return code or (RULE_BROKEN if broken else DONE)


async def _planned(given: argparse.Namespace) -> RehearsalPlan:
    from magic8_companion import bootstrap  # noqa: PLC0415  # after --help
    from magic8_companion.cli import first_use  # noqa: PLC0415  # after --help
    from magic8_companion.clocks import SystemClock  # noqa: PLC0415  # as above
    from magic8_companion.settings.rooms import ml_folder  # noqa: PLC0415  # as above
    from magic8_companion.unified_config import load_settings  # noqa: PLC0415  # as above

    asked: dict[str, object] = {"market_data_provider": given.provider, "replay_date": given.date}
    if given.symbols:
        asked["supported_symbols"] = given.symbols
    settings = load_settings(overrides=asked)
    session = bootstrap.run_session(settings)
    if session.close_at > SystemClock().now():
        raise ConfigError([f"{session.day} is not over: its files could be taken for live ones"])
    folder = settings.path(given.output_dir or settings.output_dir / "rehearsal")
    learning = {"market_data_provider": "simulated", "nonlive_output_dir": folder / "learning", "enable_ml_5min": True}
    learner = load_settings(overrides=asked | learning)
    await first_use.ensure_model(learner, session, asyncio.Event())
    own = {
        "output_dir": folder,
        "output_file_path": None,
        "log_file_path": folder / "rehearsal.log",
        "ml_path": ml_folder(learner),
        "enable_ml_integration": True,
        "enable_ml_5min": True,
        "ibkr_fallback_to_yahoo": False,
        "run_once": True,
    }
    return RehearsalPlan(session=session, settings=asked | own, seed=settings.simulated_seed)


@asynccontextmanager
async def _gateway(plan: RehearsalPlan, clock: Clock, plot: Scenario, speed: float) -> AsyncIterator[Feed]:
    from magic8_companion.testing.gateway import summary  # noqa: PLC0415  # after --help
    from magic8_companion.testing.market import SimulatedGatewayMarket  # noqa: PLC0415  # as above
    from magic8_companion.testing.server import SimulatedGateway  # noqa: PLC0415  # as above

    broken: list[str] = []
    market, tick_seconds = SimulatedGatewayMarket(plan.seed), _TICK_SECONDS / speed
    async with SimulatedGateway(market, clock, scenario=plot, tick_seconds=tick_seconds) as gateway:
        yield {"ib_host": "127.0.0.1", "ib_port": gateway.port}, broken
        broken += [violation.text for violation in gateway.violations]
        print("\n".join(summary(gateway)))


@asynccontextmanager
async def _yahoo(plan: RehearsalPlan, clock: Clock, delay_minutes: float) -> AsyncIterator[Feed]:
    from magic8_companion.testing.market import SimulatedGatewayMarket  # noqa: PLC0415  # after --help
    from magic8_companion.testing.yahoo_answers import Habits  # noqa: PLC0415  # as above
    from magic8_companion.testing.yahoo_server import YahooServer  # noqa: PLC0415  # as above

    habits = Habits(delay=timedelta(minutes=delay_minutes))
    with YahooServer(SimulatedGatewayMarket(plan.seed), clock, habits) as server:
        yield {"yahoo_server": server.address}, []
        print(f"Yahoo was asked {server.served.total()} times")


def _idle_speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not speed > 0:
        raise ConfigError([f"--speed is max or a number above 0, not {text!r}"])
    return speed
