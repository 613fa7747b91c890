"""Clocks and folders of bars for the tests of the providers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pandas as pd

from magic8_companion.clocks import OneTime
from magic8_companion.domain.trading_day import new_york_instant, require_session
from magic8_companion.providers.replay import ReplayProvider

DAY = date(2025, 4, 9)
EARLIER = date(2025, 4, 8)
HALF_DAY = date(2024, 11, 29)


@dataclass(slots=True)
class SetClock(OneTime):
    """A clock that stands where the test puts it; nobody may wait on it."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def enter(self, participant: str) -> None:
        raise NotImplementedError

    def leave(self, participant: str) -> None:
        raise NotImplementedError

    async def sleep_until(self, instant: datetime, participant: str) -> None:
        raise NotImplementedError

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:
        raise NotImplementedError


def new_york(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """Return the instant of a wall time in New York."""
    return new_york_instant(day, time(hour, minute, second))


def day_rows(day: date, symbol: str = "SPY", start: float = 500.0) -> pd.DataFrame:
    """Return plain rising bars of a whole session in the columns of a recorded file."""
    session = require_session(day)
    stamps = [session.open_at + timedelta(minutes=5 * number) for number in range(session.bar_count)]
    opened = [start + number / 10 for number in range(session.bar_count)]
    return pd.DataFrame(
        {
            "ts_utc": pd.DatetimeIndex(stamps).as_unit("us"),
            "symbol": symbol,
            "open": opened,
            "high": [value + 0.3 for value in opened],
            "low": [value - 0.2 for value in opened],
            "close": [value + 0.1 for value in opened],
            "volume": 1000.0,
        }
    )


def rows(days: Sequence[date], symbol: str = "SPY") -> pd.DataFrame:
    """Return the rows of several days, in order."""
    return pd.concat([day_rows(day, symbol) for day in days], ignore_index=True)


def save(frame: pd.DataFrame, path: Path) -> Path:
    """Write a parquet or CSV file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    return path


def replay(folder: Path, at: datetime) -> ReplayProvider:
    """Return a replay of ``folder`` whose clock stands at ``at``."""
    return ReplayProvider(folder, SetClock(at))


def utc(day: date) -> datetime:
    """Return 00:00 UTC of a date."""
    return datetime.combine(day, time(0), UTC)
