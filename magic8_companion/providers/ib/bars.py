"""Read bars from IB's history: build requests, keep IB's pacing, validate the answers.

All bars are built from IB's 5-minute and daily bars, because IB aligns longer ones to the full hour and the host aligns
them to the open.  Each call requests its bars; there are no updates by the gateway that could stop silently.  IB
forbids identical requests within 15 s, so a repeated request asks for one more day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from magic8_companion.domain.bar_lengths import DAY, DAY_NS, EPOCH, aggregate, interval_length, utc_midnight
from magic8_companion.domain.bars import COLUMNS, Bars, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import BAR, Session, new_york_day, session_on, utc_text
from magic8_companion.ports import Clock
from magic8_companion.providers.bar_requests import bars_at, first_day
from magic8_companion.providers.ib.budget import HistoryRequest
from magic8_companion.providers.ib.codes import IBRefusal, unavailable
from magic8_companion.providers.ib.connection import Connection
from magic8_companion.providers.ib.connection_health import BARS_BROKEN
from magic8_companion.providers.ib.contract_cache import ContractCache
from magic8_companion.providers.ib.gateway import Gateway, RawBar
from magic8_companion.providers.ib.waiting import PARTICIPANT, Deadline
from magic8_companion.steady_clock import SteadyClock

FIVE_MINUTES: Final = "5 mins"
ONE_DAY: Final = "1 day"
_LONGEST_IN_DAYS: Final = 365
_ALTERNATIVES: Final = 4
_FRESH: Final = 2 * BAR
_POLL: Final = timedelta(seconds=1)


class History:
    """Answers ``get_historical_data``."""

    def __init__(self, clock: Clock, connection: Connection, book: ContractCache) -> None:
        self._clock, self._steady = clock, SteadyClock(clock)
        self._connection, self._book = connection, book

    async def bars(self, symbol: str, interval: str, period: str, deadline: Deadline) -> Bars:
        """Return complete bars of regular sessions; ``bar_requests`` explains the arguments.

        Raises
        ------
        DataUnavailable
            ``no_data``, ``pacing``, ``no_permission``, ``history_failed``, ``history_broken``, ``bad_bars``,
            ``missing_bars``, ``timeout``, or the reason why IB is unavailable.
        """
        now, length = self._clock.now(), interval_length(interval)
        today = new_york_day(now)
        first = first_day(period, today)
        session = session_on(today)
        if first == today and length < DAY and (session is None or now < session.open_at + BAR):
            return bars_at(_Fetched(), symbol, interval, period, now)  # raises the reason
        raw = await self._ask(symbol, ONE_DAY if length == DAY else FIVE_MINUTES, first, deadline)
        now = self._clock.now()
        found = _Fetched(days=daily_bars(raw)) if length == DAY else _Fetched(bars=regular_bars(raw, now))
        if len(found.bars) and now - found.bars.last_end < _FRESH:
            self._connection.on_fresh_bar()
        return bars_at(found, symbol, interval, period, now)

    async def _ask(self, symbol: str, size: str, first: date, deadline: Deadline) -> Sequence[RawBar]:
        contract = await self._book.underlying(symbol, deadline)
        days = (new_york_day(self._clock.now()) - first).days + 1
        requests = [
            HistoryRequest(con_id=contract.con_id, size=size, duration=duration(days + more))
            for more in range(_ALTERNATIVES)
        ]
        what = f"{size} bars of {symbol} for {requests[0].duration}"

        async def ask(gateway: Gateway) -> Sequence[RawBar]:
            request = await self._turn(what, requests, deadline)
            try:
                return await gateway.bars(contract, size, request.duration)
            finally:
                self._connection.history.done()

        while True:
            try:
                return await self._connection.ask(what, ask, deadline)
            except IBRefusal as refusal:
                failure = unavailable(what, refusal)
                if failure.reason == "pacing":
                    self._connection.history.back_off(self._steady.now())
                if failure.reason != "history_failed" or not await self._may_retry(deadline):
                    raise failure from refusal

    async def _turn(self, what: str, requests: Sequence[HistoryRequest], deadline: Deadline) -> HistoryRequest:
        # the request with the shortest wait
        pacing = self._connection.history
        while True:
            now = self._steady.now()
            request = min(requests, key=lambda item: pacing.wait(item, now))
            wait = pacing.wait(request, now)
            if not wait:
                pacing.count(request, now)
                return request
            if wait.total_seconds() > deadline.seconds_left:
                raise DataUnavailable("pacing", f"{what}: IB's limits allow it only in {wait.total_seconds():.0f} s")
            await self._clock.sleep(wait, PARTICIPANT)

    async def _may_retry(self, deadline: Deadline) -> bool:
        # repeat a request that failed because a farm or the connection was down
        health = self._connection.health
        if health.blocked is not None:
            return True  # the connection waits by itself
        if health.find(BARS_BROKEN) is None:
            return False
        while health.find(BARS_BROKEN) is not None:
            if not deadline.seconds_left:
                raise DataUnavailable("history_broken", "IB's history farm is down")
            await self._clock.sleep(_POLL, PARTICIPANT)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fetched:
    """One answer as a source for ``bars_at``."""

    bars: Bars = field(default_factory=Bars.empty)
    days: Bars = field(default_factory=lambda: Bars.empty(DAY))

    def today(self, symbol: str, length: timedelta, session: Session, now: datetime) -> Bars:
        bars = self.bars.between(session.open_at, min(now, session.close_at))
        if not len(bars) and now >= session.open_at + BAR:
            raise DataUnavailable("missing_bars", f"{symbol}: IB has sent no bar for {session.day}")
        return aggregate(bars, length) if len(bars) else bars

    def history(self, symbol: str, length: timedelta, start: datetime, end: datetime) -> Bars:  # noqa: ARG002  # the protocol's
        return aggregate(whole_days(self.bars.between(start, end)), length)

    def daily(self, symbol: str, first: date, last: date) -> Bars:  # noqa: ARG002  # the protocol's
        return self.days.between(utc_midnight(first), utc_midnight(last) + DAY)


def duration(days: int) -> str:
    """Return IB's duration string of at least this many days; above one year IB requires whole years.

    >>> duration(1), duration(731)
    ('1 D', '2 Y')
    """
    return f"{days} D" if days <= _LONGEST_IN_DAYS else f"{-(-days // 366)} Y"


def regular_bars(raw: Sequence[RawBar], now: datetime) -> Bars:
    """Return the complete 5-minute bars of regular sessions; a repeated bar counts once.

    Raises
    ------
    DataUnavailable
        ``bad_bars`` when a bar has no time zone, starts off the grid of regular hours (IB's clock or zone is wrong),
        contradicts its duplicate, or has impossible prices.
    """
    starts = [_instant(bar.start) for bar in raw]
    sessions = [session_on(new_york_day(start)) for start in starts]
    for start, session in zip(starts, sessions, strict=True):
        if session is None or start < session.open_at or (start - session.open_at) % BAR:
            raise DataUnavailable("bad_bars", f"IB sent a bar that starts at {utc_text(start)}, off the 5-minute grid")
    rows = {
        start: bar
        for start, session, bar in zip(starts, sessions, raw, strict=True)
        if session is not None and start + BAR <= min(now, session.close_at)
    }
    for start, bar in zip(starts, raw, strict=True):
        if start in rows and _prices(rows[start]) != _prices(bar):
            raise DataUnavailable("bad_bars", f"IB sent two different bars that start at {utc_text(start)}")
    return _bars([*rows], [*rows.values()], BAR)


def daily_bars(raw: Sequence[RawBar]) -> Bars:
    """Return daily bars stamped 00:00 UTC, which may include today's running one.

    Raises
    ------
    DataUnavailable
        ``bad_bars`` when days repeat or prices are impossible.
    """
    days = [bar.start.date() if isinstance(bar.start, datetime) else bar.start for bar in raw]
    return _bars([utc_midnight(day) for day in days], raw, DAY)


def whole_days(bars: Bars) -> Bars:
    """Return the bars of complete days."""
    days, place, counts = np.unique(bars.starts // DAY_NS, return_inverse=True, return_counts=True)
    sessions = [session_on(EPOCH + timedelta(days=int(day))) for day in days]
    due = np.array([session.bar_count if session else 0 for session in sessions], dtype=np.int64)
    keep = (counts == due)[place]  # regular hours lie within one date in UTC
    columns = {name: getattr(bars, name)[keep] for name in ("starts", *COLUMNS)}
    return Bars(length=bars.length, **columns)


def _bars(starts: Sequence[datetime], rows: Sequence[RawBar], length: timedelta) -> Bars:
    return Bars(
        starts=np.array([to_ns(start) for start in starts], dtype=np.int64),
        open=np.array([row.open for row in rows], dtype=np.float64),
        high=np.array([row.high for row in rows], dtype=np.float64),
        low=np.array([row.low for row in rows], dtype=np.float64),
        close=np.array([row.close for row in rows], dtype=np.float64),
        volume=np.maximum(np.array([row.volume for row in rows], dtype=np.float64), 0.0),  # an index sends 0 or -1
        length=length,
    )


def _instant(start: datetime | date) -> datetime:
    if not isinstance(start, datetime) or start.tzinfo is None:
        raise DataUnavailable("bad_bars", f"IB sent a bar stamped {start} without a time zone")
    return start.astimezone(UTC)


def _prices(bar: RawBar) -> tuple[float, float, float, float]:
    return bar.open, bar.high, bar.low, bar.close
