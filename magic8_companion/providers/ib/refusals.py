"""Remember refusals of IB for a growing time, and forget them as soon as IB's servers may answer otherwise.

During IB's maintenance a valid request gets the same error as a wrong one.  So a refused request is sent again after a
pause that doubles from 1 minute to 15 minutes, and at once after each of these events: a farm is OK again, the
connection to IB is back, a new session with the gateway, a new day in New York.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Generic, TypeVar

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import new_york_day
from magic8_companion.ports import Clock
from magic8_companion.steady_clock import SteadyClock

K = TypeVar("K", bound=Hashable)

FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    failure: DataUnavailable
    until: datetime
    pause: timedelta
    epoch: tuple[date, int]


class RefusalMemory(Generic[K]):
    """The requests that IB has refused, each with its failure and the time of the next attempt.

    Parameters
    ----------
    good_news
        Returns a count that grows with every event after which IB may answer otherwise.
    """

    def __init__(self, clock: Clock, good_news: Callable[[], int]) -> None:
        self._clock, self._steady, self._good_news = clock, SteadyClock(clock), good_news
        self._refusals: dict[K, _Refusal] = {}

    def require_due(self, request: K) -> None:
        """Raise the kept failure of a request while its pause lasts.

        Raises
        ------
        DataUnavailable
            The failure given to :meth:`keep`.
        """
        kept = self._refusals.get(request)
        if kept is not None and kept.epoch == self._epoch() and self._steady.now() < kept.until:
            raise kept.failure

    def keep(self, request: K, failure: DataUnavailable) -> bool:
        """Keep a refusal and return whether the request had none; a repeated one within an epoch doubles the pause."""
        kept, epoch = self._refusals.get(request), self._epoch()
        repeated = kept is not None and kept.epoch == epoch
        pause = min(2 * kept.pause, LONGEST_PAUSE) if kept is not None and repeated else FIRST_PAUSE
        until = self._steady.now() + pause
        self._refusals[request] = _Refusal(failure=failure, until=until, pause=pause, epoch=epoch)
        return kept is None

    def forget(self, request: K) -> bool:
        """Forget a request that IB has answered; return whether it had been refused."""
        return self._refusals.pop(request, None) is not None

    def _epoch(self) -> tuple[date, int]:
        return new_york_day(self._clock.now()), self._good_news()
