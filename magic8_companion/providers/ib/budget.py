"""Keep IB's limits on messages, market-data lines and history requests.

Messages are counted in real time, history requests in the clock's time.  All limits are slightly below IB's, because
evenly sent messages may arrive less evenly.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LINES_FOR_CHAINS: Final = 4
"""Lines reserved for chains, so that a chain can always be read, if slowly."""

_BURST: Final = 3
_SLOW_SECONDS: Final = 60.0

IDENTICAL: Final = timedelta(seconds=16)
PACING_BACK_OFF: Final = timedelta(seconds=15)
_BURST_WINDOW: Final = timedelta(seconds=2.5)
_BURST_COUNT: Final = 5
_LONG_WINDOW: Final = timedelta(seconds=605)
_LONG_COUNT: Final = 60
_MOST_OPEN: Final = 50
_POLL: Final = timedelta(seconds=1)
_NOTHING: Final = timedelta(0)


class MessageRate:
    """Spreads messages evenly: never more than ``per_second`` and a burst of 3 in any second.

    After a stall of the loop, messages are sent later, not faster.
    """

    def __init__(self, per_second: float) -> None:
        self._interval = 1.0 / per_second
        self._next = 0.0
        self._slow_until = 0.0
        self._turns = asyncio.Lock()
        self.sent = 0

    def delay(self, now: float) -> float:
        """Return seconds until the next message may leave; ``now`` in seconds of any steady clock."""
        return max(0.0, self._next - (_BURST - 1) * self._interval - now)

    def count(self, now: float) -> None:
        """Record a sent message."""
        pace = self._interval * (2 if now < self._slow_until else 1)
        self._next = max(self._next, now) + pace
        self.sent += 1

    def slow_down(self, now: float) -> None:
        """Halve the rate for a minute after a complaint of IB."""
        self._slow_until = now + _SLOW_SECONDS

    async def turn(self) -> None:
        """Wait until one message may be sent; first come, first served."""
        loop = asyncio.get_running_loop()
        async with self._turns:
            while (wait := self.delay(loop.time())) > 0:
                await asyncio.sleep(wait)
            self.count(loop.time())


class LineBudget:
    """Market-data lines that are open at the same time."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.used = 0
        self._free = asyncio.Semaphore(capacity)
        self._to_swallow = 0

    async def take(self) -> None:
        """Wait for a free line; first come, first served."""
        await self._free.acquire()
        self.used += 1

    def give_back(self) -> None:
        """Release a line."""
        self.used -= 1
        if self._to_swallow:
            self._to_swallow -= 1
        else:
            self._free.release()

    def shrink(self) -> None:
        """Use one line less from now on: IB allows fewer than configured."""
        if self.capacity > 2 * LINES_FOR_CHAINS:
            self.capacity -= 1
            self._to_swallow += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRequest:
    """The key of a history request: contract, bar size and duration; all requests end now and ask for trades."""

    con_id: int
    size: str
    duration: str
    end: str = ""


class HistoryPacing:
    """Schedules history requests; IB's rules for small bars apply to all sizes.

    No identical request within 15 s, at most 5 per contract in 2 s, 60 in 10 minutes, 50 unanswered; nothing for 15 s
    after IB has complained.
    """

    def __init__(self) -> None:
        self._sent: deque[tuple[datetime, HistoryRequest]] = deque()
        self._not_before: datetime | None = None
        self._open = 0

    def wait(self, request: HistoryRequest, now: datetime) -> timedelta:
        """Return how long the request must wait; zero means now."""
        while self._sent and self._sent[0][0] <= now - _LONG_WINDOW:
            self._sent.popleft()
        same = [at for at, sent in self._sent if sent == request]
        contract = [at for at, sent in self._sent if sent.con_id == request.con_id]
        waits = [_NOTHING if self._not_before is None else self._not_before - now]
        if same:
            waits.append(same[-1] + IDENTICAL - now)
        if len(contract) >= _BURST_COUNT:
            waits.append(contract[-_BURST_COUNT] + _BURST_WINDOW - now)
        if len(self._sent) >= _LONG_COUNT:
            waits.append(self._sent[-_LONG_COUNT][0] + _LONG_WINDOW - now)
        if self._open >= _MOST_OPEN:
            waits.append(_POLL)
        return max(_NOTHING, *waits)

    def count(self, request: HistoryRequest, now: datetime) -> None:
        """Record a sent request."""
        self._sent.append((now, request))
        self._open += 1

    def done(self) -> None:
        """Record the end of a request."""
        self._open -= 1

    def back_off(self, now: datetime) -> None:
        """Pause after a pacing violation."""
        self._not_before = now + PACING_BACK_OFF

    def in_window(self, now: datetime) -> int:
        """Count the requests of the last 10 minutes."""
        return sum(at > now - _LONG_WINDOW for at, _ in self._sent)
