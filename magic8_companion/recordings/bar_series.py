"""All recorded bars of one symbol and one length: valid bars by day, and the faults of the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.bar_lengths import DAY, DAY_NS, EPOCH, nanoseconds
from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import BAR, Session, session_on, utc_text
from magic8_companion.recordings.bar_checks import BarFault, CheckedBars, merged


@dataclass(frozen=True, slots=True, kw_only=True)
class BarSeries:
    """Valid ``bars`` of one symbol; ``complete`` are those of complete days.

    ``days`` and ``holes`` are the trading dates with all and with only some of their bars.
    """

    symbol: str
    bars: Bars
    complete: Bars
    days: tuple[date, ...]
    holes: tuple[date, ...]
    faults: tuple[BarFault, ...]

    def covers(self, session: Session, now: datetime) -> bool:
        """Return whether any bar of the session, valid or not, was recorded by ``now``."""
        start, end = to_ns(session.open_at), to_ns(now - self.bars.length)
        stamps = (self.bars.starts, *(fault.stamps for fault in self.faults))
        return any(((start <= part) & (part <= end)).any() for part in stamps)

    def today(self, session: Session, now: datetime) -> Bars:
        """Return the bars of a session that are complete at ``now``.

        Raises
        ------
        DataUnavailable
            The fault of the first due bar that is invalid, or ``bars_gap``.
        """
        now = min(now, session.close_at)
        bars = self.bars.between(session.open_at, now)
        due = to_ns(session.open_at) + np.arange((now - session.open_at) // self.bars.length) * nanoseconds(
            self.bars.length
        )
        missing = np.setdiff1d(due, bars.starts)
        if not len(missing):
            return bars
        first = int(missing[0])
        self._require_no_fault(first)
        at = utc_text(session.open_at + timedelta(microseconds=(first - int(due[0])) // 1_000))
        raise DataUnavailable(
            "bars_gap",
            f"{self.symbol}: {len(missing)} of {len(due)} bars of {session.day} are missing, the first is {at}; "
            "fetch that day again or choose another one",
        )

    def opening(self, session: Session, length: timedelta) -> Bars:
        """Return one bar at the open that has only the open of the daily bar.

        Raises
        ------
        DataUnavailable
            The fault of that day's row.
        """
        stamp = (session.day - EPOCH).days * DAY_NS
        row = np.flatnonzero(self.bars.starts == stamp)
        if not len(row):
            self._require_no_fault(stamp)
        value = self.bars.open[row]
        at = np.full(len(row), to_ns(session.open_at), dtype=np.int64)
        flat = {name: value.copy() for name in ("open", "high", "low", "close")}
        return Bars(starts=at, volume=np.zeros(len(row)), length=length, **flat)

    @property
    def problems(self) -> list[str]:
        """Return one sentence per problem."""
        sentences = [fault.summary() for fault in self.faults]
        if self.holes:
            known = len(self.days) + len(self.holes)
            sentences.append(
                f"{self.symbol}: {len(self.holes)} of {known} days lack bars and are not used in history, "
                f"the first is {self.holes[0]}, the last {self.holes[-1]}"
            )
        return sentences

    def _require_no_fault(self, stamp: int) -> None:
        for fault in self.faults:
            if not fault.harmless and stamp in fault.stamps:
                raise fault.at(stamp)


def series_of(parts: list[CheckedBars], symbol: str) -> BarSeries:
    """Merge the checked rows of several files of equal bar length."""
    starts, prices, volume, faults = merged(parts, symbol)
    length = parts[0].length
    bars = _bars(starts, prices, volume, length)
    numbers, counts = np.unique(starts // DAY_NS, return_counts=True)
    due = np.array([_due(EPOCH + timedelta(days=int(number)), length) for number in numbers], dtype=np.int64)
    whole = counts == due
    keep = np.isin(starts // DAY_NS, numbers[whole])
    return BarSeries(
        symbol=symbol,
        bars=bars,
        complete=bars if whole.all() else _bars(starts[keep], prices[:, keep], volume[keep], length),
        days=_dates(numbers[whole]),
        holes=_dates(numbers[~whole]),
        faults=tuple(faults),
    )


def _due(day: date, length: timedelta) -> int:
    session = session_on(day)
    if session is None or length == DAY:
        return 1
    return -(-session.bar_count // (length // BAR))


def _bars(starts: Integers, prices: Floats, volume: Floats, length: timedelta) -> Bars:
    opened, high, low, close = prices
    return Bars(starts=starts, open=opened, high=high, low=low, close=close, volume=volume, length=length)


def _dates(numbers: Integers) -> tuple[date, ...]:
    return tuple(EPOCH + timedelta(days=int(number)) for number in numbers)
