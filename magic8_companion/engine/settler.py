"""Settle the decisions of past days: archived documents and the provider's prices -> records of outcomes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from magic8_companion.domain.bar_lengths import DAY, utc_midnight
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.trading_day import BAR, new_york_day, next_session, session_on, sessions_between
from magic8_companion.journal.records import OutcomeRecord
from magic8_companion.options.chain_quotes import ChainQuotes
from magic8_companion.options.fitted_chain import fit_chain
from magic8_companion.options.products import Fees
from magic8_companion.ports import Clock, MarketData, TypedBars
from magic8_companion.recordings.bar_folder import BarFolder
from magic8_companion.recordings.chains import RecordedChains
from magic8_companion.settlement.decision import PublishedEntry, decisions_of
from magic8_companion.settlement.outcome import EntryMarket, changed_records, is_final, outcome_of, valid_records
from magic8_companion.settlement.price import DayPrices

NAME: Final = "settlement"
AFTER_CLOSE: Final = timedelta(minutes=5)
"""Wait after the close before a day is settled for the first time, by its bars."""
AFTER_MIDNIGHT: Final = timedelta(minutes=5)
"""Wait after midnight UTC, when the daily row of the day is complete, before it is settled by that row."""
TRIED_AGAIN: Final = timedelta(days=14)
"""How long after its day an outcome that is unknown or not confirmed is tried again."""
LOOKED_BACK: Final = timedelta(days=60)
"""How old a decided day may be to be settled without being asked for by its date."""

_SECOND: Final = timedelta(seconds=1)  # documents carry whole seconds

_log = logging.getLogger(__name__)


class Book(Protocol):
    """Decisions and outcomes by day."""

    def decided_days(self) -> Sequence[date]:
        """Return the days with decisions, oldest first."""

    def documents(self, day: date) -> tuple[Iterable[dict[str, Any]], Iterable[dict[str, Any]]]:
        """Return the recommendations and the predictions of a day, in the order of their numbers."""

    def outcomes(self, first: date) -> list[OutcomeRecord]:
        """Return the records that were written on a day or later."""

    def append(self, records: Sequence[OutcomeRecord], at: datetime) -> None:
        """Append records at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledDay:
    """What a settlement found: valid outcomes by status, and how many records it wrote.

    ``reasons`` count why outcomes are unknown.
    """

    day: date
    settled: int
    written: int
    reasons: Mapping[str, int]

    def __str__(self) -> str:
        """Return one sentence without its full stop."""
        unknown = ", ".join(f"{count} unknown ({reason})" for reason, count in sorted(self.reasons.items()))
        return f"{self.day}: {self.settled} outcomes settled{', ' * bool(unknown)}{unknown}, {self.written} written"


class Settler:
    """Settle days of one output folder; the caller holds the folder's lock.

    Parameters
    ----------
    book
        Where decisions are read and outcomes are written.
    provider
        The source of bars and daily rows; used on the running loop.
    chains
        The folder of recorded chains, for mid prices; it need not exist.
    fees_of
        Symbol -> fees of its options.
    """

    def __init__(
        self, *, book: Book, provider: MarketData, clock: Clock, chains: Path, fees_of: Callable[[str], Fees]
    ) -> None:
        self._book, self._provider, self._clock = book, provider, clock
        self._chains, self._fees_of = chains, fees_of

    async def settle(self, day: date) -> SettledDay:
        """Settle one day and write what is new.

        Raises
        ------
        PublishError
            When the outcomes cannot be written.
        """
        decisions = await asyncio.to_thread(lambda: decisions_of(*self._book.documents(day)))
        prices = {symbol: await self._prices(symbol, day) for symbol in sorted({item.symbol for item in decisions})}
        return await asyncio.to_thread(self._write, day, decisions, prices)

    async def settle_due(self) -> tuple[SettledDay, ...]:
        """Settle every day that is due."""
        return tuple([await self.settle(day) for day in self.due_days()])

    def due_days(self) -> tuple[date, ...]:
        """Return the decided days that are over and have no outcomes, or some that may still become better known.

        Days older than :data:`LOOKED_BACK` are left to ``magic8 settle --day``: a start reads no years of journals.
        """
        now = self._clock.now()
        first = new_york_day(now - LOOKED_BACK)
        decided = [day for day in self._book.decided_days() if day >= first]
        valid = valid_records(self._book.outcomes(decided[0])) if decided else {}
        of_day = {day: [record for record in valid.values() if record.day == day] for day in decided}
        return tuple(day for day, records in of_day.items() if _is_due(day, records, now))

    async def run(self) -> None:
        """Settle what is due now and after every close, until cancelled; an error is logged and costs one attempt."""
        while True:
            try:
                for settled in await self.settle_due():
                    _log.info("Settled %s", settled)
            except Exception:  # noqa: BLE001  # whatever it was, decisions go on without it
                _log.exception("The settlement failed; next attempt after the next close")
            await self._clock.sleep_until(next_attempt(self._clock.now()), NAME)

    async def _prices(self, symbol: str, day: date) -> DayPrices | DataUnavailable:
        span = len(sessions_between(day, new_york_day(self._clock.now())))
        bars, daily = [await self._bars(symbol, interval, f"{span}d") for interval in ("5m", "1d")]
        if isinstance(bars, Bars):
            return DayPrices.of_day(day, bars, daily if isinstance(daily, Bars) else Bars.empty(DAY))
        return DayPrices.of_day(day, Bars.empty(BAR), daily) if isinstance(daily, Bars) else bars

    async def _bars(self, symbol: str, interval: str, period: str) -> Bars | DataUnavailable:
        try:
            if isinstance(self._provider, TypedBars):
                return await self._provider.get_bars(symbol, interval, period)
            frame = await self._provider.get_historical_data(symbol, interval, period)
            return Bars.from_frame(frame, DAY if interval == "1d" else BAR)
        except DataUnavailable as refusal:
            return refusal

    def _write(
        self, day: date, decisions: Sequence[PublishedEntry], prices: Mapping[str, DayPrices | DataUnavailable]
    ) -> SettledDay:
        quotes = _Quotes(self._chains)
        now = self._clock.now()
        fees = {symbol: self._fees_of(symbol) for symbol in prices}
        found = [
            outcome_of(
                item, EntryMarket(prices=prices[item.symbol], fees=fees[item.symbol], quotes=quotes.of(item)), now
            )
            for item in decisions
        ]
        known = [record for record in self._book.outcomes(day) if record.day == day]
        written = changed_records(found, known)
        if written:
            self._book.append(written, now)
        valid = valid_records((*known, *written)).values()
        reasons = [record.reason for record in valid if record.reason is not None]
        return SettledDay(
            day=day,
            settled=len(valid) - len(reasons),
            written=len(written),
            reasons={reason: reasons.count(reason) for reason in set(reasons)},
        )


class _Quotes:
    """The recorded quotes of decisions that have a ticket; read once for the strategies of one symbol."""

    def __init__(self, folder: Path) -> None:
        self._recorded: RecordedChains | None = None
        with suppress(ConfigError):  # nothing was recorded
            self._recorded = RecordedChains(BarFolder(folder))
        self._kept: dict[tuple[str, datetime], ChainQuotes | None] = {}

    def of(self, decision: PublishedEntry) -> ChainQuotes | None:
        """Return the quotes from which a ticket was made, None when they were not recorded."""
        if self._recorded is None or decision.trade is None or decision.expected_move is None:
            return None
        place = decision.symbol, decision.published_at
        if place not in self._kept:
            self._kept[place] = self._read(*place)
        return self._kept[place]

    def _read(self, symbol: str, at: datetime) -> ChainQuotes | None:
        try:
            return None if self._recorded is None else fit_chain(self._recorded.newest(symbol, at + _SECOND)).quotes
        except DataUnavailable:
            return None


def _is_due(day: date, valid: Sequence[OutcomeRecord], now: datetime) -> bool:
    session = session_on(day)
    if session is None or now < session.close_at:
        return False
    return not valid or (now - session.close_at <= TRIED_AGAIN and not all(map(is_final, valid)))


def next_attempt(now: datetime) -> datetime:
    """Return when days are settled next: after a close by the bars, and after midnight UTC by the daily row.

    >>> from datetime import UTC
    >>> str(next_attempt(datetime(2025, 6, 26, 15, tzinfo=UTC)))
    '2025-06-26 20:05:00+00:00'
    >>> str(next_attempt(datetime(2025, 6, 26, 21, tzinfo=UTC)))
    '2025-06-27 00:05:00+00:00'
    """
    day = new_york_day(now)
    sessions = [item for item in (session_on(day), next_session(day)) if item is not None]
    times = [
        time
        for session in sessions
        for time in (session.close_at + AFTER_CLOSE, utc_midnight(session.day) + DAY + AFTER_MIDNIGHT)
    ]
    return min(time for time in times if time > now)
