"""How long a chain of 41 strikes with Greeks and open interest takes over IB, against what its message rate allows.

    python benchmarks/ib_chain.py [--symbols SPX,SPY,QQQ,XSP] [--port 4002]

Without a port the simulated gateway answers, at 11:00 New York of a simulated day.  The bound counts the messages that
must have left before the last quote of the last chain can arrive, at 45 per second: the underlyings' lines, the
contracts, every line of every chain, and the ends of the lines of all chains but the last, because 100 lines do not
hold two chains.  The gate is 1.5 times the bound; the exit code says whether it is kept.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from datetime import time as wall
from typing import Any, Final

from magic8_companion.clocks import SystemClock
from magic8_companion.domain.trading_day import new_york_instant
from magic8_companion.ports import Clock
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.provider import IBProvider
from magic8_companion.testing.market import SimulatedGatewayMarket
from magic8_companion.testing.scaled_clock import ScaledClock
from magic8_companion.testing.server import SimulatedGateway

RATE: Final = 45.0
GATE: Final = 1.5
OPTIONS_PER_CHAIN: Final = 2 * 41


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One run: seconds, the chains, and what a simulated gateway has counted."""

    seconds: float
    chains: list[dict[str, Any]]
    counted: str


def bound_seconds(symbols: int) -> float:
    """Return the time that the message rate alone takes.

    >>> round(bound_seconds(4), 2)
    13.11
    """
    lines = symbols * OPTIONS_PER_CHAIN
    ends = (symbols - 1) * OPTIONS_PER_CHAIN
    return (3 * symbols + 4 + lines + ends) / RATE  # contracts twice and a line per symbol; connecting takes a few


async def measure(symbols: list[str], port: int | None) -> Measured:
    """Read the chains of all symbols at once."""
    async with _gateway(port) as (clock, used_port, gateway):
        provider = IBProvider(clock, IBConfig(port=used_port))
        begun = time.perf_counter()
        try:
            chains = await asyncio.gather(*(provider.get_option_chain(symbol) for symbol in symbols))
            seconds = time.perf_counter() - begun
        finally:
            await provider.close()
        counted = ""
        if gateway is not None:
            counts = gateway.counts
            counted = f"peak {counts.peak_rate} messages/s, {counts.peak_lines} lines, violations {gateway.violations}"
        return Measured(seconds=seconds, chains=list(chains), counted=counted)


@contextlib.asynccontextmanager
async def _gateway(port: int | None) -> AsyncIterator[tuple[Clock, int, SimulatedGateway | None]]:
    if port is not None:
        yield SystemClock(), port, None
        return
    clock = ScaledClock(new_york_instant(date(2025, 6, 27), wall(11)))  # a Friday: every symbol has options that expire
    async with SimulatedGateway(SimulatedGatewayMarket(), clock) as gateway:
        yield clock, gateway.port, gateway


def main() -> int:
    """Print the figures and return 0 if the gate is kept."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--symbols", default="SPX,SPY,QQQ,XSP")
    words.add_argument("--port", type=int, help="of a real gateway")
    given = words.parse_args()
    symbols = given.symbols.split(",")
    measured, bound = asyncio.run(measure(symbols, given.port)), bound_seconds(len(symbols))
    for chain in measured.chains:
        print(f"{chain['symbol']:5} {len(chain['option_chain'])} strikes  {chain['completeness']}")
    ratio = measured.seconds / bound
    print(
        f"{measured.seconds:.2f} s for {len(symbols)} chains; the message rate alone allows {bound:.2f} s: {ratio:.2f}"
    )
    print(measured.counted)
    return 0 if ratio <= GATE else 1


if __name__ == "__main__":
    sys.exit(main())
