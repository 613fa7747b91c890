"""An event loop of its own in a daemon thread, started when it is first needed."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import Final

_LONGEST_END_SECONDS: Final = 5.0


class PrivateLoop:
    """For callers that may not wait for the loop they are on, or that have none."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the running loop."""
        with self._lock:
            if self._loop is None:
                started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
                self._thread = threading.Thread(target=_serve, args=(started,), name=self._name, daemon=True)
                self._thread.start()
                self._loop, self._over = started.result()
            return self._loop

    def close(self) -> None:
        """Cancel what runs on the loop and end its thread; may be called twice, and a new loop may be asked for."""
        with self._lock:
            if self._loop is not None and self._over is not None and self._thread is not None:
                self._loop.call_soon_threadsafe(self._over.set)
                self._thread.join(_LONGEST_END_SECONDS)
            self._loop = self._over = self._thread = None


def _serve(started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
    async def until_over() -> None:
        over = asyncio.Event()
        started.set_result((asyncio.get_running_loop(), over))
        await over.wait()

    asyncio.run(until_over())
