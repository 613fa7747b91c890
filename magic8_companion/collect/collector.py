"""Request missing days, wait when the source requires it, validate each bar, write each day once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
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

FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(minutes=2)
ATTEMPTS: Final = 12
"""Pauses between attempts, about 15 minutes in total, before a request is given up."""

NO_DATA: Final = "no_data"
NO_BARS: Final = "the source has no bars of this day"
_HOPELESS: Final = frozenset({"no_permission", "contract_unknown", "request_refused"})
_NAME: Final = "collector"


class CollectionProgress(Protocol):
    """Receives the progress of the collection."""

    def done(self, symbol: str, days: Sequence[date]) -> None:
        """Record finished days."""

    def warn(self, sentence: str) -> None:
        """Show a warning to the user."""


class Collector:
    """One source, one folder, one request at a time."""

    def __init__(self, source: BarHistory, files: DayFiles, clock: Clock, progress: CollectionProgress) -> None:
        self._source, self._files, self._clock, self._progress = source, files, clock, progress

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
                if refusal.reason not in _HOPELESS:
                    break
                continue
            self._write(raw, symbol, question.days)
        for symbol, days in empty.items():
            self._none(symbol, days, given_up)
        return given_up

    async def _answer(self, question: Question) -> RawBars:
        wait, attempt = FIRST_WAIT, 1
        while True:
            try:
                return await self._source.read_history(question.symbol, question.days[0], question.days[-1])
            except DataUnavailable as refusal:
                if refusal.reason in _HOPELESS or refusal.reason == NO_DATA or attempt == ATTEMPTS:
                    raise
                self._progress.warn(f"{question.symbol}: {refusal}; asking again in {wait.total_seconds():.0f} s")
            await self._clock.sleep_until(self._clock.now() + wait, _NAME)
            wait, attempt = min(2 * wait, LONGEST_WAIT), attempt + 1

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
