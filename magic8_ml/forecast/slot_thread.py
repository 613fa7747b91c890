"""A daemon thread that calls back at every slot: on the host's clock, without drift, with a heartbeat."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.ports import Clock
from magic8_ml.forecast.slots import next_slot, slot_at

PARTICIPANT: Final = "ml_5min"
THREAD_NAME: Final = "ml_scheduler"


class SlotThread:
    """Calls ``attempt`` ``delay`` after each slot's nominal time, until ``stop`` is set.

    The first call is made at once when a slot is under way or the session is shut: the gates of the attempt decide.
    A slot that was missed because the one before took too long is not made up for; only the newest one runs.
    ``attempt`` must not raise.
    """

    def __init__(
        self,
        clock: Clock,
        attempt: Callable[[], None],
        stop: threading.Event,
        *,
        interval: timedelta,
        delay: timedelta,
    ) -> None:
        self._clock, self._attempt, self._stop = clock, attempt, stop
        self._interval, self._delay = interval, delay
        self.heartbeat = clock.now()
        self.thread = threading.Thread(target=self._watch, name=THREAD_NAME, daemon=True)

    @property
    def is_running(self) -> bool:
        """Tell whether the thread is alive and has not been asked to end."""
        return self.thread.is_alive() and not self._stop.is_set()

    def start(self) -> None:
        """Start the thread as a participant of the clock."""
        self._clock.enter(PARTICIPANT)  # before the thread runs: replayed time must wait for its first wait
        self.thread.start()

    def _watch(self) -> None:
        try:
            due = self._first_due()
            while self._wait_until(due):
                begun = self._clock.now()
                self._attempt()
                due = self._due_after(begun)
        finally:
            self._clock.leave(PARTICIPANT)

    def _wait_until(self, due: datetime) -> bool:
        while True:
            self.heartbeat = self._clock.now()
            if not self._clock.wait_until(min(due, self.heartbeat + self._interval), PARTICIPANT, self._stop):
                return False
            if self._clock.now() >= due:
                return True

    def _first_due(self) -> datetime:
        now = self._clock.now()
        try:
            slot = slot_at(now, self._interval)
        except DataUnavailable:
            return now
        return now if slot is None else slot + self._delay

    def _due_after(self, begun: datetime) -> datetime:
        try:
            return next_slot(begun, self._interval) + self._delay
        except DataUnavailable:  # beyond the calendar: the gates say so at every interval
            return begun + self._interval
