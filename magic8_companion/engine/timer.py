"""A timer that fires at an instant or before, on whatever clock the host runs."""

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
    """Call ``callback`` in a worker thread; ``on_failure`` gets the error when that raises.

    A timer is set only when none fires earlier: a callback that is called too early sets it again.  Setting joins the
    clock at once, in the caller's turn, so a replayed clock cannot run past it before the loop has seen it.
    """

    def __init__(
        self,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        callback: Callable[[], None],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._clock = clock
        self._loop = loop
        self._callback = callback
        self._on_failure = on_failure
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._pending: set[datetime] = set()
        self._naps: set[asyncio.Task[None]] = set()
        self._closed = False

    def at_latest(self, instant: datetime) -> None:
        """Make sure that it fires at or before ``instant``; may be called from any thread."""
        with self._lock:
            if self._closed or any(pending <= instant for pending in self._pending):
                return
            self._pending.add(instant)
            name = f"{NAME}.{next(self._numbers)}"
            self._clock.enter(name)
            self._loop.call_soon_threadsafe(self._start, instant, name)

    async def close(self) -> None:
        """Cancel every timer; none is set from now on."""
        with self._lock:
            self._closed = True
        await asyncio.sleep(0)  # a timer set by another thread begins first, so that it is cancelled with the others
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
        await asyncio.to_thread(self._callback)

    def _end(self, nap: asyncio.Task[None]) -> None:
        self._naps.discard(nap)
        self._clock.leave(nap.get_name())
        if not nap.cancelled() and (error := nap.exception()) is not None:
            self._on_failure(error)
