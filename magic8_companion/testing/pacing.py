"""Check IB's published limits: messages per second and history requests.

Messages are counted in real time, because clients throttle in real time.  History requests are counted in the gateway's
clock, so that an accelerated clock tests real pacing rules in less time.  IB's rules for small bars apply to all bars.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final, Literal

HistoryRule = Literal["history_identical", "history_burst", "history_window", "history_open"]

MESSAGES_PER_SECOND: Final = 50
OPEN_REQUESTS: Final = 50
_IDENTICAL: Final = timedelta(seconds=15)
_BURST: Final = timedelta(seconds=2)
_BURST_COUNT: Final = 6
_WINDOW: Final = timedelta(minutes=10)
_WINDOW_COUNT: Final = 60


class MessageRateCheck:
    """Counts the messages of one connection; ``peak`` is the minimum of the highest rate per second."""

    def __init__(self) -> None:
        self._sent: deque[float] = deque()
        self.peak = 0

    def arrived(self, at: float, sent_after: float) -> bool:
        """Count a message and return whether the client may have kept the rate.

        Both times are in real seconds.  The message was read at ``at`` and sent at ``sent_after`` or later, because the
        gateway looked for messages at that time: messages that waited while it was busy are not a violation.
        """
        self._sent.append(sent_after)
        while self._sent and self._sent[0] <= at - 1.0:
            self._sent.popleft()
        self.peak = max(self.peak, len(self._sent))
        return len(self._sent) <= MESSAGES_PER_SECOND


class HistoryPacingCheck:
    """Counts requests for bars of all connections."""

    def __init__(self) -> None:
        self._accepted: deque[tuple[datetime, str, str]] = deque()
        self.open: set[tuple[int, int]] = set()

    def problem(self, contract: str, request: str, now: datetime) -> HistoryRule | None:
        """Return the rule that a request breaks, or count the request and return None."""
        while self._accepted and self._accepted[0][0] <= now - _WINDOW:
            self._accepted.popleft()
        broken = self._broken(contract, request, now)
        if broken is None:
            self._accepted.append((now, contract, request))
        return broken

    def forget(self, connection: int) -> None:
        """Forget the open requests of a connection that has ended."""
        self.open = {key for key in self.open if key[0] != connection}

    def _broken(self, contract: str, request: str, now: datetime) -> HistoryRule | None:
        if any(at > now - _IDENTICAL and requested == request for at, _, requested in self._accepted):
            return "history_identical"
        if sum(at > now - _BURST and of == contract for at, of, _ in self._accepted) >= _BURST_COUNT - 1:
            return "history_burst"
        if len(self._accepted) >= _WINDOW_COUNT:
            return "history_window"
        return "history_open" if len(self.open) >= OPEN_REQUESTS else None
