"""``magic8 rehearse``: a past trading day on a real feed's client, without an account.

The host is the one that runs live; the gateway or the Yahoo that it talks to over TCP is our own and shows the
simulated market.  Time is real while the host works and fast while it only waits.  What is published lies in a folder
of its own and is dated as the day that is played, so nobody can take it for today's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from magic8_companion.cli.run import run_host
from magic8_companion.command_line import DAY, DIR, DONE, FAILED, FILE, TextType, command, echo
from magic8_companion.domain.errors import ConfigError
from magic8_companion.domain.trading_day import Session

if TYPE_CHECKING:  # --help must not load numpy and pandas
    from magic8_companion.ports import Clock
    from magic8_companion.testing.scenario import Scenario

_log = logging.getLogger(__name__)

Feed = tuple[dict[str, object], list[str]]
"""Settings that lead to the feed, and the rules of it that were broken, known in the end."""

_BEFORE_THE_OPEN: Final = timedelta(minutes=5)
_TICK_SECONDS: Final = 0.25
"""Ticks come so often on the day's clock: a fast day must not look like a slow feed."""


_SPEED_HELP: Final = "seconds per real second while the host waits; max skips the waits"

ABOUT: Final = """Play a past trading day on the client of a real feed against a simulated gateway or Yahoo.

It checks its packages first and ends with the table of the day's decisions.

Exit code 0: done.  1: the host broke a rule of the gateway, or there is no such session.  2: wrong options or settings.
3: another host uses the folder.
"""


def _read_speed(text: str) -> float:
    try:
        speed = inf if text == "max" else float(text)
    except ValueError:
        speed = 0.0
    if not speed > 0:
        raise ValueError(f"{text!r} is neither max nor a number above 0")
    return speed


_SPEED: Final = TextType("speed", _read_speed)


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalPlan:
    """The day to play, the settings of its run by attribute name, and the seed of its market."""

    session: Session
    settings: dict[str, object]
    seed: int


@command("rehearse", ABOUT)
@click.option("--provider", type=click.Choice(["ib", "yahoo"]), default="ib", show_default=True, help="data feed")
@click.option("--date", "day", type=DAY, help="session to play; default: the last complete one")
@click.option("--symbols", metavar="LIST", help="comma-separated, such as SPX,SPY")
@click.option("--output-dir", type=DIR, help="folder of the files; default: OUTPUT_DIR/rehearsal")
@click.option("--scenario", type=FILE, help="settings and faults of the gateway, TOML or JSON")
@click.option("--delay-minutes", type=float, default=15.0, show_default=True, help="delay of Yahoo's data")
@click.option("--speed", type=_SPEED, default="max", show_default=True, help=_SPEED_HELP)
def rehearse(scenario: Path | None, delay_minutes: float, speed: float, **asked: Any) -> int:  # noqa: ANN401  # of RehearsalRequest
    """Play the day."""
    return asyncio.run(_rehearse(RehearsalRequest(**asked), scenario, delay_minutes, speed))


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalRequest:
    """The day, the feed and the folder of a rehearsal, as on the command line."""

    provider: str
    day: date | None
    symbols: str | None
    output_dir: Path | None


async def _rehearse(asked: RehearsalRequest, scenario: Path | None, delay_minutes: float, speed: float) -> int:
    from magic8_companion.testing.rehearsal_clock import RehearsalClock  # noqa: PLC0415  # after --help
    from magic8_companion.testing.scenario import Scenario, load_scenario  # noqa: PLC0415  # as above

    plot = load_scenario(scenario) if scenario else Scenario()
    require_packages(asked.provider)
    plan = await _planned(asked)
    clock = RehearsalClock(plan.session.open_at - _BEFORE_THE_OPEN, None if speed == inf else speed)
    feed = (
        _gateway(plan, clock, plot, 1.0 if speed == inf else speed)
        if asked.provider == "ib"
        else _yahoo(plan, clock, delay_minutes)
    )
    async with feed as (address, broken):
        code = await run_host(plan.settings | address, clock)
    return code or (FAILED if broken else DONE)


def require_packages(provider: str, version_of: Callable[[str], str | None] | None = None) -> None:
    """Check the packages of the feed's client and of the ML, before anything is trained.

    Parameters
    ----------
    version_of
        Returns the version of an installed package, or None; by default that of this environment.

    Raises
    ------
    ConfigError
        With the command that installs each missing package.
    """
    from magic8_companion.doctor.machine import installed, package_checks  # noqa: PLC0415  # after --help
    from magic8_companion.unified_config import load_settings  # noqa: PLC0415  # as above

    needed = {"market_data_provider": provider, "enable_ml_5min": True, "ibkr_fallback_to_yahoo": False}
    missing = [check for check in package_checks(load_settings(overrides=needed), version_of or installed) if check.fix]
    if missing:
        raise ConfigError([f"a rehearsal of {provider} needs the {check.name}: {check.fix}" for check in missing])


async def _planned(given: RehearsalRequest) -> RehearsalPlan:
    from magic8_companion import bootstrap  # noqa: PLC0415  # after --help
    from magic8_companion.cli import first_use  # noqa: PLC0415  # after --help
    from magic8_companion.clocks import SystemClock  # noqa: PLC0415  # as above
    from magic8_companion.settings.rooms import ml_folder  # noqa: PLC0415  # as above
    from magic8_companion.unified_config import load_settings  # noqa: PLC0415  # as above

    asked: dict[str, object] = {"market_data_provider": given.provider, "replay_date": given.day}
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
        _log.info("Gateway: %s", "; ".join(summary(gateway)))
        for text in broken:
            echo(f"the host broke a rule of the gateway: {text}", err=True)


@asynccontextmanager
async def _yahoo(plan: RehearsalPlan, clock: Clock, delay_minutes: float) -> AsyncIterator[Feed]:
    from magic8_companion.testing.market import SimulatedGatewayMarket  # noqa: PLC0415  # after --help
    from magic8_companion.testing.yahoo_answers import Habits  # noqa: PLC0415  # as above
    from magic8_companion.testing.yahoo_server import YahooServer  # noqa: PLC0415  # as above

    habits = Habits(delay=timedelta(minutes=delay_minutes))
    with YahooServer(SimulatedGatewayMarket(plan.seed), clock, habits) as server:
        yield {"yahoo_server": server.address}, []
        _log.info("Yahoo answered %d requests", server.served.total())
