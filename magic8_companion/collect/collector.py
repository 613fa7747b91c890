"""Request missing days, wait when the source requires it, validate each bar, write each day once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, Protocol

import numpy as np

from magic8_companion.collect.day_files import DayFiles
from magic8_companion.collect.history import BarHistory
from magic8_companion.collect.questions import Question, bars_due
from magic8_companion.domain.bar_lengths import DAY, nanoseconds, utc_midnight
from magic8_companion.domain.bars import Bars, from_ns, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import BAR, require_session, utc_text
from magic8_companion.ports import Clock
from magic8_companion.recordings.bar_checks import checked
from magic8_companion.recordings.bar_file import RawBars
from magic8_companion.recordings.bar_series import BarSeries, series_of
from magic8_companion.steady_clock import SteadyClock

FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(minutes=2)
GIVE_UP_AFTER: Final = timedelta(minutes=15)
"""Time from the first failed attempt of a request until the collection ends."""

SHOW_WAIT_EVERY: Final = timedelta(seconds=10)
"""Interval at which the progress shows how long a request has been waiting for its answer."""

NO_DATA: Final = "no_data"
NO_BARS: Final = "the source has no bars of this day"
_HOPELESS: Final = frozenset({"no_permission", "unknown_product", "request_refused"})
"""Reasons that cost the symbol at once; ``contract_unknown`` is not one, because IB's maintenance gives it too."""

_COSTS_ONE_SYMBOL: Final = _HOPELESS | {"contract_unknown"}
_NAME: Final = "collector"


class CollectionProgress(Protocol):
    """Receives the progress of the collection."""

    def done(self, symbol: str, days: Sequence[date]) -> None:
        """Record finished days."""

    def warn(self, sentence: str) -> None:
        """Show a warning to the user."""

    def waiting(self, symbol: str, seconds: float, why: str) -> None:
        """Show that a request has been waiting for some seconds, and for what."""


class Collector:
    """One source, one folder, one request at a time."""

    def __init__(
        self,
        source: BarHistory,
        files: DayFiles,
        clock: Clock,
        progress: CollectionProgress,
        give_up_after: timedelta = GIVE_UP_AFTER,
    ) -> None:
        self._source, self._files, self._progress = source, files, progress
        self._clock = SteadyClock(clock)
        self._give_up_after = give_up_after

    async def collect(self, questions: Sequence[Question]) -> dict[str, str]:
        """Send every request; return the symbols that were given up, with the reason.

        A source that does not answer ends the work; written days stay, and the same call continues later.
        """
        given_up: dict[str, str] = {}
        empty: dict[str, list[date]] = {}
        for question in questions:
            symbol = question.symbol
            if symbol in given_up:
                continue
            try:
                raw = await self._answer(question)
            except DataUnavailable as refusal:
                if refusal.reason == NO_DATA:
                    empty.setdefault(symbol, []).extend(question.days)
                    continue
                given_up[symbol] = refusal.detail or refusal.reason
                if refusal.reason not in _COSTS_ONE_SYMBOL:
                    break
                continue
            self._write(raw, symbol, question.days)
        for symbol, days in empty.items():
            self._none(symbol, days, given_up)
        return given_up

    async def _answer(self, question: Question) -> RawBars:
        wait, shown = FIRST_WAIT, ""
        failing_since: datetime | None = None
        while True:
            begun = self._clock.now()
            try:
                return await self._request(question)
            except DataUnavailable as refusal:
                failure = refusal
            if failure.reason in _HOPELESS or failure.reason == NO_DATA:
                raise failure
            failing_since = failing_since or begun
            left = failing_since + self._give_up_after - self._clock.now()
            if left <= timedelta(0):
                raise self._given_up(failure)
            if str(failure) != shown:
                shown = str(failure)
                minutes = self._give_up_after.total_seconds() / 60
                self._progress.warn(f"{question.symbol}: {failure}; repeating the request for up to {minutes:g} min")
            await self._pause(question, min(wait, left), failure.reason)
            wait = min(2 * wait, LONGEST_WAIT)

    async def _request(self, question: Question) -> RawBars:
        begun = self._clock.now()
        answer = asyncio.ensure_future(self._source.read_history(question.symbol, question.days[0], question.days[-1]))
        try:
            await asyncio.sleep(0)
            while not answer.done():
                tick = asyncio.ensure_future(self._clock.sleep_until(self._clock.now() + SHOW_WAIT_EVERY, _NAME))
                await asyncio.wait({answer, tick}, return_when=asyncio.FIRST_COMPLETED)
                tick.cancel()
                await asyncio.gather(tick, return_exceptions=True)
                if not answer.done():
                    self._show_wait(question, begun, f"an answer of {self._source.name}")
            return await answer
        finally:
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)

    async def _pause(self, question: Question, length: timedelta, reason: str) -> None:
        begun = self._clock.now()
        self._show_wait(question, begun, f"the next attempt in {length.total_seconds():.0f} s ({reason})")
        await self._clock.sleep_until(begun + length, _NAME)

    def _show_wait(self, question: Question, since: datetime, why: str) -> None:
        self._progress.waiting(question.symbol, (self._clock.now() - since).total_seconds(), why)

    def _given_up(self, failure: DataUnavailable) -> DataUnavailable:
        minutes = self._give_up_after.total_seconds() / 60
        why = failure.detail or failure.reason
        silent = f"no answer of {self._source.name} for {minutes:g} min ({why})"
        return DataUnavailable(failure.reason, f"{silent}; the same command continues from here")

    def _write(self, raw: RawBars, symbol: str, days: Sequence[date]) -> None:
        series = series_of([checked(raw, None, BAR)], symbol)
        for day in days:
            bars = series.bars.between(utc_midnight(day), utc_midnight(day) + DAY)
            self._files.write(symbol, day, bars, raw.file, _notes(series, bars, day))
            self._progress.done(symbol, (day,))

    def _none(self, symbol: str, days: Sequence[date], given_up: dict[str, str]) -> None:
        # Record days without bars only for a symbol that has bars: an unknown symbol leaves no files.
        if not any(self._files.folder.glob(f"symbol={symbol}/date=*/*.parquet")):
            given_up.setdefault(symbol, f"{self._source.name} has no bars of {symbol} in that time")
            return
        for day in days:
            self._files.write(symbol, day, Bars.empty(), self._source.name, [NO_BARS])
        self._progress.done(symbol, days)


def _notes(series: BarSeries, bars: Bars, day: date) -> list[str]:
    begin, end = to_ns(utc_midnight(day)), to_ns(utc_midnight(day) + DAY)
    notes = []
    for fault in series.faults:
        stamps = fault.stamps[(begin <= fault.stamps) & (fault.stamps < end)]
        if len(stamps):
            times = ", ".join(utc_text(from_ns(int(stamp))) for stamp in stamps[:3])
            notes.append(f"{fault.what}: {times}{f' and {len(stamps) - 3} more' if len(stamps) > 3 else ''}")
    if not len(bars):
        return [*notes, NO_BARS]
    opened = to_ns(require_session(day).open_at)
    missing = np.setdiff1d(opened + nanoseconds(BAR) * np.arange(bars_due(day)), bars.starts)
    if len(missing):
        first = utc_text(from_ns(int(missing[0])))
        notes.append(f"{len(missing)} of {bars_due(day)} bars are missing, the first is {first}")
    return notes
