"""Run the simulated gateway next to any client: ``python -m magic8_companion.testing.gateway --port 4002``.

It prints its log until Ctrl-C, then a summary.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

import click

from magic8_companion.clocks import SystemClock
from magic8_companion.command_line import DAY, DIR, DONE, FAILED, FILE, TextType, command, run_command
from magic8_companion.domain.trading_day import new_york_instant
from magic8_companion.testing.market import GatewayMarket, RecordedGatewayMarket, SimulatedGatewayMarket
from magic8_companion.testing.scaled_clock import ScaledClock
from magic8_companion.testing.scenario import Scenario, load_scenario
from magic8_companion.testing.server import SimulatedGateway
from magic8_companion.testing.world import LogLine

_TIME: Final = "New York time to begin at"
_SPEED: Final = click.FloatRange(min=0, min_open=True)


def _wall_time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time such as 09:35") from None


ABOUT: Final = """Run the simulated gateway next to any client, until Ctrl-C; then print a summary.

Exit code 0: no client broke a rule.  1: a client did, or the gateway cannot listen.  2: wrong options or settings.
"""


@command("gateway", ABOUT)
@click.option("--host", default="127.0.0.1", show_default=True, help="address to listen on")
@click.option("--port", type=int, default=4002, show_default=True, help="port, 0 = a free one")
@click.option("--scenario", "script", type=FILE, help="TOML or JSON file with settings and faults")
@click.option("--seed", type=int, default=8, show_default=True, help="seed of the simulated market")
@click.option("--data", type=DIR, help="folder of recorded bars to show instead of the simulated market")
@click.option("--date", "day", type=DAY, help="trading day to play; default: the machine's time")
@click.option("--time", "wall", type=TextType("time", _wall_time), default="09:25", show_default=True, help=_TIME)
@click.option("--speed", type=_SPEED, default=1.0, show_default=True, help="gateway seconds per real second")
@click.option("--quiet", is_flag=True, help="print the summary only")
def gateway_command(  # noqa: PLR0913  # one argument per option
    *,
    host: str,
    port: int,
    script: Path | None,
    seed: int,
    data: Path | None,
    day: date | None,
    wall: time,
    speed: float,
    quiet: bool,
) -> int:
    """Run the gateway until it is interrupted."""
    scenario = load_scenario(script) if script else Scenario()
    market, clock = _market(data, seed), ScaledClock(_start(day, wall), speed)
    listener = None if quiet else _show
    gateway = SimulatedGateway(market, clock, scenario=scenario, host=host, port=port, listener=listener)
    try:
        return asyncio.run(_run(host, gateway))
    except OSError as error:
        raise click.ClickException(f"the gateway cannot listen on {host}:{port}: {error.strerror or error}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_command(gateway_command, arguments, "python -m magic8_companion.testing.gateway")


async def _run(host: str, gateway: SimulatedGateway) -> int:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with gateway:
        print(f"gateway on {host}:{gateway.port}; Ctrl-C ends it", flush=True)
        await stop.wait()
    print("\n".join(summary(gateway)), flush=True)
    return FAILED if gateway.violations else DONE


def summary(gateway: SimulatedGateway) -> Iterator[str]:
    """Yield the lines of the summary."""
    counts = gateway.counts
    yield f"connections {counts.connections}, messages {counts.messages} (at most {counts.peak_rate} in a second)"
    yield f"market-data lines at most {counts.peak_lines}"
    yield "requests: " + (", ".join(f"{kind} {count}" for kind, count in counts.requests.most_common()) or "none")
    yield "errors sent: " + (", ".join(f"{code} x {count}" for code, count in sorted(counts.errors.items())) or "none")
    yield f"violations: {len(gateway.violations)}"
    yield from (f"  {item.at:%H:%M:%S}Z #{item.connection} {item.kind}: {item.text}" for item in gateway.violations)


def _show(line: LogLine) -> None:
    print(line, flush=True)


def _market(folder: Path | None, seed: int) -> GatewayMarket:
    return RecordedGatewayMarket(folder, seed) if folder else SimulatedGatewayMarket(seed)


def _start(day: date | None, wall: time) -> datetime:
    return SystemClock().now() if day is None else new_york_instant(day, wall)


if __name__ == "__main__":
    sys.exit(main())
