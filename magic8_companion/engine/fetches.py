"""What was fetched, kept by key with its own time; callers that ask together share one request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Hashable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.ports import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _CachedFetch:
    at: timedelta
    period: Hashable
    value: Any


class AtHand(Generic[T]):
    """A value that can be awaited without waiting."""

    def __init__(self, value: T) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, None, T]:
        """Return the value."""
        yield from ()
        return self._value


class _Shared(Generic[T]):
    """The answer of a request that goes on when one who waits for it gives up."""

    def __init__(self, flight: asyncio.Task[T]) -> None:
        self._flight = flight

    def __await__(self) -> Generator[Any, None, T]:
        return asyncio.shield(self._flight).__await__()


class Fetches:
    """A cache in front of a source.

    A value is used again while it is younger than ``max_age`` and belongs to the same ``period`` (such as the bar that
    is due, or the day).  A failure is never kept, and what was kept before it is not used in its place.
    """

    def __init__(self, clock: Clock, timeout_seconds: float) -> None:
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._kept: dict[Hashable, _CachedFetch] = {}
        self._flights: dict[Hashable, asyncio.Task[Any]] = {}

    def get(
        self,
        key: Hashable,
        *,
        period: Hashable,
        max_age: timedelta,
        fetch: Callable[[], Awaitable[T]],
        timeout_seconds: float | None = None,
    ) -> Awaitable[T]:
        """Return what can be awaited for the value of ``key``; unless it is kept, the request is under way at once.

        ``timeout_seconds`` stands in for the usual time-out.

        Call it on a running loop.  Awaiting raises ``DataUnavailable``: ``timeout`` when the source does not answer in
        time, or whatever reason the source gives.
        """
        kept = self._kept.get(key)
        if kept is not None and kept.period == period and self._clock.monotonic() - kept.at < max_age:
            return AtHand(kept.value)
        flight = self._flights.get(key)
        if flight is None or flight.done() or flight.get_loop() is not asyncio.get_running_loop():
            flight = asyncio.create_task(self._fetch(key, period, fetch, timeout_seconds))
            flight.add_done_callback(_look)
            self._flights[key] = flight
        return _Shared(flight)

    async def ask(self, request: Callable[[], Awaitable[T]], what: str, timeout_seconds: float | None = None) -> T:
        """Wait for an answer that is not kept, as long as the time-out allows.

        Raises
        ------
        DataUnavailable
            ``timeout``, or whatever reason the source gives.
        """
        limit = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        try:
            async with asyncio.timeout(limit):
                return await request()
        except TimeoutError as error:
            raise DataUnavailable(ReasonCode.TIMEOUT, f"{what} took longer than {limit:g} s") from error

    def forget(self, key: Hashable) -> None:
        """Drop what is kept of ``key``, so that the next caller fetches."""
        self._kept.pop(key, None)

    def forget_all(self) -> None:
        """Drop everything that is kept."""
        self._kept.clear()

    async def _fetch(
        self, key: Hashable, period: Hashable, fetch: Callable[[], Awaitable[Any]], timeout_seconds: float | None
    ) -> Any:  # noqa: ANN401
        value = await self.ask(fetch, str(key), timeout_seconds)
        self._kept[key] = _CachedFetch(at=self._clock.monotonic(), period=period, value=value)
        return value


def _look(flight: asyncio.Task[Any]) -> None:
    # A failure nobody waits for any more is no news; looking at it keeps the loop from complaining.
    if not flight.cancelled():
        flight.exception()
