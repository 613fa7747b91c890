"""Sources of history that obey the test, and a clock that waiting moves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import numpy as np

from magic8_companion.clocks import OneTime
from magic8_companion.collect.history import BarHistory
from magic8_companion.domain.bars import to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_companion.recordings.bar_file import RawBars
from tests.providers.makers import new_york

MARKET = SimulatedMarket()
NOW = new_york(date(2025, 4, 12), 12)
SINCE, LAST = date(2025, 3, 31), date(2025, 4, 11)

Damage = Callable[[RawBars], RawBars]


@dataclass(slots=True)
class WaitedClock(OneTime):
    """Time that passes only while somebody sleeps."""

    at: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    def enter(self, participant: str) -> None:
        raise NotImplementedError

    def leave(self, participant: str) -> None:
        raise NotImplementedError

    async def sleep_until(self, instant: datetime, participant: str) -> None:
        self.slept.append((instant - self.at).total_seconds())
        self.at = instant

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:
        raise NotImplementedError


class Source:
    """The simulated market in portions, with refusals by turn or symbol and damages by symbol."""

    name = "tape"

    def __init__(self, history_days: int = 3, history_reach_days: int | None = None) -> None:
        self.history_days, self.history_reach_days = history_days, history_reach_days
        self.asked: list[tuple[str, date, date]] = []
        self.refusals: list[str] = []
        self.refused: dict[str, str] = {}
        self.begins: dict[str, date] = {}
        self.damages: dict[str, Damage] = {}

    async def read_history(self, symbol: str, first: date, last: date) -> RawBars:
        """Answer, or refuse as the test wants."""
        self.asked.append((symbol, first, last))
        if self.refusals and (reason := self.refusals.pop(0)):
            raise DataUnavailable(reason, f"{self.name} has its reasons")
        if symbol in self.refused:
            raise DataUnavailable(self.refused[symbol], f"{symbol} may not be had")
        first = max(first, self.begins.get(symbol, first))
        if first > last:
            raise DataUnavailable("no_data", f"{symbol} begins later")
        raw = RawBars.of(MARKET.bars(symbol, first, last), symbol, self.name)
        return self.damages.get(symbol, lambda rows: rows)(raw)


_PORT: type[BarHistory] = Source


class RecordedProgress:
    """Progress that is remembered."""

    def __init__(self) -> None:
        self.days: list[tuple[str, date]] = []
        self.said: list[str] = []
        self.waits: list[str] = []

    def done(self, symbol: str, days: Sequence[date]) -> None:
        self.days += [(symbol, day) for day in days]

    def warn(self, sentence: str) -> None:
        self.said.append(sentence)

    def waiting(self, symbol: str, seconds: float, why: str) -> None:
        self.waits.append(f"{symbol}: {why}")


def row_at(raw: RawBars, at: datetime) -> int:
    """Return the row that starts at an instant."""
    return int(np.flatnonzero(raw.starts == to_ns(at))[0])


def with_rows(raw: RawBars, rows: Sequence[int]) -> RawBars:
    """Return some rows, in any order and number."""
    here = np.array(rows)
    return replace(raw, starts=raw.starts[here], prices=raw.prices[:, here], volume=raw.volume[here])


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder but the lock."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "host.lock"
    }
