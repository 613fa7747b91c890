"""Run the simulated gateway beside any client: ``python -m magic8_companion.testing.gateway --port 4002``.

It prints what it does until Ctrl-C, then a summary.  Exit code 0 means that no client broke a rule, 1 that one did, 2
that the settings are wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path

from magic8_companion.clocks import SystemClock
from magic8_companion.command_line import as_path, day
from magic8_companion.domain.errors import ConfigError
from magic8_companion.domain.trading_day import new_york_instant
from magic8_companion.testing.market import GatewayMarket, RecordedGatewayMarket, SimulatedGatewayMarket
from magic8_companion.testing.scaled_clock import ScaledClock
from magic8_companion.testing.scenario import Scenario, load_scenario
from magic8_companion.testing.server import SimulatedGateway
from magic8_companion.testing.world import LogLine


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the gateway until it is interrupted and return the exit code."""
    options = parser().parse_args(arguments)
    try:
        scenario = load_scenario(options.scenario) if options.scenario else Scenario()
        market = _market(options.data, options.seed)
        clock = ScaledClock(_start(options.date, options.time), options.speed)
        return asyncio.run(
            _run(
                options,
                SimulatedGateway(
                    market,
                    clock,
                    scenario=scenario,
                    host=options.host,
                    port=options.port,
                    listener=None if options.quiet else _show,
                ),
            )
        )
    except (ConfigError, OSError) as error:
        print(error, file=sys.stderr)
        return 2


async def _run(options: argparse.Namespace, gateway: SimulatedGateway) -> int:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with gateway:
        print(f"gateway on {options.host}:{gateway.port}; Ctrl-C ends it", flush=True)
        await stop.wait()
    print("\n".join(summary(gateway)), flush=True)
    return 1 if gateway.violations else 0


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


def _positive(text: str) -> float:
    if not (speed := float(text)) > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return speed


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    argv = argparse.ArgumentParser(prog="python -m magic8_companion.testing.gateway", description=__doc__)
    argv.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    argv.add_argument("--port", type=int, default=4002, help="port, 0 = a free one (default %(default)s)")
    argv.add_argument("--scenario", type=as_path, help="TOML or JSON file with settings and faults")
    argv.add_argument("--seed", type=int, default=8, help="seed of the simulated market (default %(default)s)")
    argv.add_argument("--data", type=as_path, help="folder of recorded bars to show instead of the simulated market")
    argv.add_argument("--date", type=day, help="trading day to play; without it the machine's time")
    argv.add_argument(
        "--time", type=time.fromisoformat, default=time(9, 25), help="New York time to begin at (default 09:25)"
    )
    argv.add_argument("--speed", type=_positive, default=1.0, help="gateway seconds per real second (default 1)")
    argv.add_argument("--quiet", action="store_true", help="print the summary only")
    return argv


if __name__ == "__main__":
    sys.exit(main())
