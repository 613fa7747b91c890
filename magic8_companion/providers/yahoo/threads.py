"""Run blocking work in daemon threads, which do not delay the end of the process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from magic8_companion.domain.errors import DataUnavailable

T = TypeVar("T")


async def in_thread(work: Callable[[], T], name: str, limit_seconds: float) -> T:
    """Run ``work`` in a daemon thread and wait for its answer.

    Raises
    ------
    DataUnavailable
        ``timeout`` when it takes longer than ``limit_seconds``; the thread ends by itself later.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def deliver(result: T | None, error: BaseException | None) -> None:
        if answer.done():  # the caller has stopped waiting
            return
        if error is None:
            answer.set_result(result)  # type: ignore[arg-type]  # work returned it
        else:
            answer.set_exception(error)

    def run() -> None:
        result, problem = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  # it is raised where the answer is awaited
            problem = error
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(deliver, result, problem)

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        async with asyncio.timeout(limit_seconds):
            return await answer
    except TimeoutError as error:
        raise DataUnavailable("timeout", f"{name} took longer than {limit_seconds:g} s") from error
