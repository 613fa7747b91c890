"""Read bars of past days for a collector: long requests under IB's pacing, one after the other.

A request names its end and a number of sessions.  The time-out of a request starts after the wait for IB's pacing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import numpy as np

from magic8_companion.domain.bar_lengths import DAY, utc_midnight
from magic8_companion.domain.bars import to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import sessions_between
from magic8_companion.ports import Clock
from magic8_companion.providers.ib.bars import FIVE_MINUTES
from magic8_companion.providers.ib.budget import HistoryRequest
from magic8_companion.providers.ib.codes import IBRefusal, unavailable
from magic8_companion.providers.ib.connection import Connection
from magic8_companion.providers.ib.contract_cache import ContractCache
from magic8_companion.providers.ib.gateway import Gateway, RawBar
from magic8_companion.providers.ib.waiting import PARTICIPANT, Deadline
from magic8_companion.recordings.bar_file import RawBars
from magic8_companion.steady_clock import SteadyClock

SPAN_DAYS: Final = 28
"""Calendar days of 5-minute bars that one request may span: 20 sessions, or 1,560 bars."""


class PastBars:
    """Answers ``read_history``."""

    def __init__(self, clock: Clock, connection: Connection, book: ContractCache, timeout_seconds: float) -> None:
        self._clock, self._steady = clock, SteadyClock(clock)
        self._connection, self._book = connection, book
        self._timeout_seconds = timeout_seconds

    async def rows(self, symbol: str, first: date, last: date, source: str) -> RawBars:
        """Return the bars of the sessions in [first, last] as IB sends them.

        Raises
        ------
        DataUnavailable
            ``no_data``, ``pacing``, ``no_permission``, ``history_failed``, ``bad_bars``, ``contract_unknown``,
            ``timeout``, or the reason why IB is unavailable.
        """
        sessions = sessions_between(first, last)
        if not sessions:
            raise DataUnavailable("no_data", f"no session from {first} to {last}")
        contract = await self._book.underlying(symbol, Deadline(self._clock, self._timeout_seconds))
        end = f"{sessions[-1].close_at:%Y%m%d-%H:%M:%S}"
        request = HistoryRequest(con_id=contract.con_id, size=FIVE_MINUTES, duration=f"{len(sessions)} D", end=end)
        what = f"bars of {symbol} from {first} to {last}"

        async def ask(gateway: Gateway) -> Sequence[RawBar]:
            await self._turn(request)
            try:
                return await gateway.bars(contract, request.size, request.duration, request.end)
            finally:
                self._connection.history.done()

        pacing_seconds = self._connection.history.wait(request, self._steady.now()).total_seconds()
        try:
            found = await self._connection.ask(what, ask, Deadline(self._clock, pacing_seconds + self._timeout_seconds))
        except IBRefusal as refusal:
            failure = unavailable(what, refusal)
            if failure.reason == "pacing":
                self._connection.history.back_off(self._steady.now())
            raise failure from refusal
        return _within(_raw(found, symbol, source), first, last)

    async def _turn(self, request: HistoryRequest) -> None:
        pacing = self._connection.history
        while wait := pacing.wait(request, self._steady.now()):
            await self._clock.sleep(wait, PARTICIPANT)
        pacing.count(request, self._steady.now())


def _raw(bars: Sequence[RawBar], symbol: str, source: str) -> RawBars:
    table = np.array([(bar.open, bar.high, bar.low, bar.close) for bar in bars], dtype=np.float64).reshape(-1, 4)
    return RawBars(
        file=source,
        symbol=symbol,
        starts=np.array([_stamp(bar.start) for bar in bars], dtype=np.int64),
        prices=table.T.copy(),
        volume=np.maximum([float(bar.volume) for bar in bars], 0.0),  # an index sends 0 or -1
    )


def _within(raw: RawBars, first: date, last: date) -> RawBars:
    here = (to_ns(utc_midnight(first)) <= raw.starts) & (raw.starts < to_ns(utc_midnight(last) + DAY))
    if not here.any():
        raise DataUnavailable("no_data", f"IB has no bars of {raw.symbol} from {first} to {last}")
    return RawBars(
        file=raw.file,
        symbol=raw.symbol,
        starts=raw.starts[here],
        prices=raw.prices[:, here],
        volume=raw.volume[here],
    )


def _stamp(start: datetime | date) -> int:
    if not isinstance(start, datetime) or start.tzinfo is None:
        raise DataUnavailable("bad_bars", f"IB sent a bar stamped {start} without a time zone")
    return to_ns(start)
