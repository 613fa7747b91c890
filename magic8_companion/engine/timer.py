"""An alarm clock that rings at an instant or before, on whatever clock the host runs."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from magic8_companion.ports import Clock

NAME: Final = "publication"
"""Participants are called ``publication.<number>``; the name ranks them after engine and plugins at one instant."""


class Timer:
    """Rings by calling ``ring`` in a worker thread; ``on_failure`` is told when that raises.

    A new alarm is set only when none rings earlier: who is woken too early asks again.  Setting one joins the clock at
    once, in the caller's turn, so a replayed clock cannot run past it before the loop has seen it.
    """

    def __init__(
        self,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        ring: Callable[[], None],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._clock = clock
        self._loop = loop
        self._ring = ring
        self._on_failure = on_failure
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._pending: set[datetime] = set()
        self._naps: set[asyncio.Task[None]] = set()
        self._closed = False

    def at_latest(self, instant: datetime) -> None:
        """Make sure that it rings at or before ``instant``; may be called from any thread."""
        with self._lock:
            if self._closed or any(pending <= instant for pending in self._pending):
                return
            self._pending.add(instant)
            name = f"{NAME}.{next(self._numbers)}"
            self._clock.enter(name)
            self._loop.call_soon_threadsafe(self._start, instant, name)

    async def close(self) -> None:
        """Cancel every alarm; none is set from now on."""
        with self._lock:
            self._closed = True
        await asyncio.sleep(0)  # an alarm set by another thread begins first, so that it is cancelled with the others
        for nap in self._naps:
            nap.cancel()
        await asyncio.gather(*self._naps, return_exceptions=True)

    def _start(self, instant: datetime, name: str) -> None:
        nap = self._loop.create_task(self._nap(instant, name), name=name)
        self._naps.add(nap)
        nap.add_done_callback(self._end)

    async def _nap(self, instant: datetime, name: str) -> None:
        await self._clock.sleep_until(instant, name)
        with self._lock:
            self._pending.discard(instant)
        await asyncio.to_thread(self._ring)

    def _end(self, nap: asyncio.Task[None]) -> None:
        self._naps.discard(nap)
        self._clock.leave(nap.get_name())
        if not nap.cancelled() and (error := nap.exception()) is not None:
            self._on_failure(error)
