"""``python -m tests.collect.accelerated PORT BEGUN START SPEED OUT SINCE``: collect from a gateway in its fast time.

A process of its own, so that it can be killed.  BEGUN is the machine's monotonic time at which the gateway's clock
stood at START: both processes then live in the same time.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path

from magic8_companion.cli.collect import collect_into
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.provider import IBProvider
from magic8_companion.testing.scaled_clock import ScaledClock

SYMBOLS = ("SPX", "SPY", "VIX")


async def main(port: str, begun: str, start: str, speed: str, out: str, since: str) -> int:
    """Collect and return the exit code."""
    passed = timedelta(seconds=(time.monotonic() - float(begun)) * float(speed))
    clock = ScaledClock(datetime.fromisoformat(start) + passed, float(speed))
    patience_seconds = 15 * float(speed)  # a busy machine is slow in real seconds
    options = IBConfig(
        port=int(port), connect_timeout_seconds=patience_seconds, request_timeout_seconds=patience_seconds
    )
    provider = IBProvider(clock, options)
    try:
        return await collect_into(provider, clock, Path(out), SYMBOLS, date.fromisoformat(since))
    finally:
        await provider.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
