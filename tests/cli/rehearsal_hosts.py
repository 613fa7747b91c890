"""A whole host on the real client of IB, from settings to published files, while its gateway misbehaves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from magic8_companion import bootstrap
from magic8_companion.domain.trading_day import new_york_instant, parse_utc, require_session
from magic8_companion.engine.day import KILL_SWITCH_POLL_SECONDS
from magic8_companion.testing.faults import Fault
from magic8_companion.testing.market import SimulatedGatewayMarket
from magic8_companion.testing.rehearsal_clock import RehearsalClock
from magic8_companion.testing.server import SimulatedGateway
from magic8_companion.unified_config import load_settings

DAY: Final = date(2025, 6, 26)
BEGIN, FAULT_AT, END = (new_york_instant(DAY, time(10, *rest)) for rest in ((29, 55), (30, 35), (32, 5)))
LASTS: Final = timedelta(seconds=60)

SETTINGS: Final[dict[str, object]] = {
    "market_data_provider": "ib",
    "supported_symbols": ("SPY", "QQQ"),
    "ibkr_fallback_to_yahoo": False,
    "ml_bar_history_days": 0,
    "chain_strikes_each_side": 5,
    "min_recommendation_score": 10,
    "medium_score": 5,
}
"""With a bar that low something is tradable on any day."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """What a host has published, oldest first, and which rules of the gateway it has broken.

    ``notices_after`` is how long it may take to look at the feed: it does so every half second of real time.
    """

    notices_after: timedelta
    documents: list[dict[str, Any]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def between(self, first: datetime, last: datetime) -> list[dict[str, Any]]:
        """Return what could be read in [first, last]: the document that stood at its begin, too."""
        stamps = [parse_utc(document["timestamp"]) for document in self.documents]
        standing = max((place for place, at in enumerate(stamps) if at <= first), default=0)
        return [doc for doc, at in list(zip(self.documents, stamps, strict=True))[standing:] if at <= last]

    def text(self, symbols: frozenset[str]) -> str:
        """Return for people what was published of some symbols after the fault."""
        told, back = None, ""
        for document in self.between(FAULT_AT, END - timedelta(seconds=2))[1:]:
            seconds = (parse_utc(document["timestamp"]) - FAULT_AT).total_seconds()
            if told is None and not symbols <= tradable(document):
                told = f"{_names(symbols, self.documents)}{_reason(document)} after {seconds:.0f} s"
            elif told is not None and symbols <= tradable(document):
                back = f", tradable again after {seconds:.0f} s"
                break
        return "unchanged throughout" if told is None else told + back


def _reason(document: dict[str, Any]) -> str:
    skipped = set(document["skipped"].values())
    return " and ".join(f"`{reason}`" for reason in sorted(skipped)) or "delayed, and not tradable,"


def _names(symbols: frozenset[str], documents: list[dict[str, Any]]) -> str:
    whole = symbols >= set(documents[0]["recommendations"])
    return "" if whole else f"{', '.join(sorted(symbols))} "


def tradable(document: dict[str, Any]) -> set[str]:
    """Return the symbols of which something may be traded."""
    return {
        symbol
        for symbol, record in document["recommendations"].items()
        if any(entry["should_trade"] for entry in record["strategies"].values())
    }


async def host(folder: Path, fault: Fault, speed: float) -> Host:
    """Run a host from 10:29:55 to 10:32:05 New York; the fault strikes at 10:30:35, after the checkpoint."""
    clock, stop = RehearsalClock(BEGIN, speed), asyncio.Event()
    async with SimulatedGateway(SimulatedGatewayMarket(), clock, tick_seconds=1 / speed) as gateway:
        settings = load_settings({}, SETTINGS | {"output_dir": folder, "ib_port": gateway.port})
        service = bootstrap.build_service(settings, stop, clock)
        try:
            async with service.engine:
                day = asyncio.create_task(service.engine.run_day(require_session(DAY)))
                await clock.sleep_until(FAULT_AT, "test")
                await gateway.inject(fault)
                await clock.sleep_until(END, "test")
                stop.set()
                await day
        finally:
            service.services.close()
            await service.provider.close()
        violations = [violation.text for violation in gateway.violations]
    archive = sorted((folder / "recommendations_archive").glob("recommendations_*.json"))
    documents = sorted((orjson.loads(path.read_bytes()) for path in archive), key=lambda document: document["seq"])
    notices_after = timedelta(seconds=speed * KILL_SWITCH_POLL_SECONDS + 1)  # published times are whole seconds
    return Host(notices_after=notices_after, documents=documents, violations=violations)
