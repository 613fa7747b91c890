"""Wait with time limits on the host's clock, so that limits scale with an accelerated day.

Every instant of this package that is not a stamp of IB is one of ``SteadyClock``: ages and limits are true lengths of
time, whatever happens to the wall time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from copy import copy
from datetime import datetime, timedelta
from typing import Final, TypeVar

from magic8_companion.ports import Clock
from magic8_companion.steady_clock import SteadyClock

T = TypeVar("T")

PARTICIPANT: Final = "ib"


class Deadline:
    """A time limit as an instant of ``SteadyClock``."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._steady = SteadyClock(clock)
        self.at = self._steady.now() + timedelta(seconds=seconds)

    def not_after(self, instant: datetime) -> Deadline:
        """Return the earlier of this deadline and an instant."""
        earlier = copy(self)
        earlier.at = min(self.at, instant)
        return earlier

    @property
    def seconds_left(self) -> float:
        """Return seconds until the deadline, 0 when it has passed."""
        return max(0.0, (self.at - self._steady.now()).total_seconds())


class Notifier:
    """Wakes all tasks that wait for the next change."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Wake the waiting tasks."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    async def changed(self) -> None:
        """Wait for the next change."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)


async def within(clock: Clock, seconds: float, work: Awaitable[T]) -> T:
    """Return the result of ``work``; cancel it when the time is over.

    Raises
    ------
    TimeoutError
        When ``seconds`` of the clock have passed before it was done.
    """
    task = asyncio.ensure_future(work)
    timer = asyncio.ensure_future(clock.sleep(timedelta(seconds=seconds), PARTICIPANT))
    try:
        await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise TimeoutError(f"not done within {seconds:g} s")
        return task.result()
    finally:
        task.cancel()
        timer.cancel()
        await asyncio.gather(task, timer, return_exceptions=True)


async def until(clock: Clock, deadline: Deadline, notifier: Notifier, answer: Callable[[], T | None]) -> T | None:
    """Return the first answer that is not None, checked at each change; None at the deadline."""

    async def look() -> T:
        while (found := answer()) is None:
            await notifier.changed()
        return found

    if (known := answer()) is not None:
        return known
    try:
        return await within(clock, deadline.seconds_left, look())
    except TimeoutError:
        return answer()
