"""A clock without turns, for parts that wait alone."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from magic8_companion.clocks import OneTime


@dataclass
class SteppingClock(OneTime):
    """A clock without turns: whoever waits moves it; for parts that wait alone."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def enter(self, participant: str) -> None:
        return None

    def leave(self, participant: str) -> None:
        return None

    async def sleep_until(self, instant: datetime, participant: str) -> None:
        self.at = max(self.at, instant)

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:
        self.at = max(self.at, instant)
        return not stop.is_set()
