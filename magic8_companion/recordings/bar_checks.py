"""Validate recorded bars: each fault has the file, the symbol, the stamp and what to do.

A bar that breaks a rule counts as missing, with that reason; other bars stay usable.  Rows out of order make the file's
rows of that symbol unusable, because a shuffled file may have other damage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.bar_lengths import DAY, DAY_NS, EPOCH, INTERVALS, nanoseconds
from magic8_companion.domain.bars import from_ns, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import BAR, FIRST_YEAR, LAST_YEAR, Session, session_on
from magic8_companion.recordings.bar_file import RawBars

SAME_BAR: Final = 0.001
"""Two files may differ by this fraction of a price (two vendors, one bar); above it they contradict each other."""

_FIX: Final = "correct or delete the row"
_EQUAL: Final = 1e-9
_MIDNIGHTS: Final = tuple(hours * 3_600_000_000_000 for hours in (0, 4, 5))


@dataclass(frozen=True, slots=True, kw_only=True)
class BarFault:
    """A fault of some stamps of one symbol in one file; a ``harmless`` fault removes no bar."""

    file: str
    symbol: str
    reason: str
    what: str
    fix: str
    stamps: Integers
    harmless: bool = False

    def at(self, stamp: int) -> DataUnavailable:
        """Return the error of one bar."""
        return DataUnavailable(self.reason, f"{self.file}: {self.symbol} {_text(stamp)}: {self.what}; {self.fix}")

    def summary(self) -> str:
        """Return one sentence for all stamps."""
        rows = "row" if len(self.stamps) == 1 else "rows"
        first = _text(int(self.stamps[0]))
        return f"{self.file}: {self.symbol}: {len(self.stamps)} {rows}, the first {first}: {self.what}; {self.fix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedBars:
    """Valid rows of one symbol in one file, and the faults of the others."""

    file: str
    length: timedelta
    starts: Integers
    prices: Floats
    volume: Floats
    faults: tuple[BarFault, ...] = ()


def checked(raw: RawBars, only: date | None, length: timedelta | None = None) -> CheckedBars:
    """Return the valid bars of regular sessions; ``only`` is the trading date in the path.

    ``length`` is the bar length if known; otherwise it is derived from the distances of the stamps.

    Raises
    ------
    DataUnavailable
        ``interval_unavailable`` when the bar length is not supported.
    """
    length = length or _length(raw.starts)
    if length not in INTERVALS.values():
        minutes = length.total_seconds() / 60
        raise DataUnavailable("interval_unavailable", f"{raw.file} has bars of {minutes:g} minutes; use 5-minute bars")
    starts = raw.starts // DAY_NS * DAY_NS if length == DAY else raw.starts
    opens, closes = _session_bounds(starts)
    keep = opens > 0 if length == DAY else (opens <= starts) & (starts < closes)
    starts, opens, prices, volume = starts[keep], opens[keep], raw.prices[:, keep], raw.volume[keep]
    misplaced = starts // DAY_NS != (only - EPOCH).days if only else np.zeros(len(starts), dtype=np.bool_)
    off_grid = (starts - opens) % nanoseconds(length) != 0 if length < DAY else np.zeros(len(starts), dtype=np.bool_)
    faults, usable = [], np.ones(len(starts), dtype=np.bool_)
    for reason, what, fix, wrong in (*_order_rules(starts, off_grid, misplaced), *_value_rules(prices, volume)):
        if wrong.any():
            faults.append(_fault(raw.file, raw.symbol, reason, what, fix, np.unique(starts[wrong])))
            usable &= ~wrong
    return CheckedBars(
        file=raw.file,
        length=length,
        starts=starts[usable],
        prices=prices[:, usable],
        volume=volume[usable],
        faults=tuple(faults),
    )


def merged(parts: Sequence[CheckedBars], symbol: str) -> tuple[Integers, Floats, Floats, list[BarFault]]:
    """Return one ascending series of several files of equal bar length, and their faults and differences.

    A repeated bar counts once.  Where vendors differ a little, the file that sorts first by name wins.  A bar with
    contradicting prices is dropped.  ``prices`` has shape (4, n_bars).
    """
    parts = sorted(parts, key=lambda part: part.file)
    starts = np.concatenate([part.starts for part in parts])
    prices = np.concatenate([part.prices for part in parts], axis=1)
    volume = np.concatenate([part.volume for part in parts])
    origin = np.repeat(np.arange(len(parts)), [len(part.starts) for part in parts])
    order = np.argsort(starts, kind="stable")
    starts, prices, volume, origin = starts[order], prices[:, order], volume[order], origin[order]
    first = np.diff(starts, prepend=-1) != 0
    leader = np.maximum.accumulate(np.where(first, np.arange(len(starts)), 0))
    apart = np.abs(prices / prices[:, leader] - 1).max(axis=0, initial=0)
    faults = [fault for part in parts for fault in part.faults]
    again = np.flatnonzero(~first)
    for here, there in sorted(set(zip(origin[leader[again]].tolist(), origin[again].tolist(), strict=True))):
        rows = ~first & (origin[leader] == here) & (origin == there)
        names = (parts[here].file, parts[there].file)
        faults += _disagreements(names, symbol, starts[rows], apart[rows])
    keep = first & ~np.isin(starts, starts[apart > SAME_BAR])
    return starts[keep], prices[:, keep], volume[keep], faults


def _order_rules(starts: Integers, off_grid: Mask, misplaced: Mask) -> Iterator[tuple[str, str, str, Mask]]:
    unordered = np.full(len(starts), (np.diff(starts) < 0).any())
    yield "bars_out_of_order", "the rows are not in order of time", "sort the file by time", unordered
    yield "bad_bars", "no bar of this length starts at this time", _FIX, off_grid
    yield "bad_bars", "the path names another day", "put the row into the file of its day", misplaced


def _value_rules(prices: Floats, volume: Floats) -> Iterator[tuple[str, str, str, Mask]]:
    opened, high, low, close = prices
    outside = (high < np.maximum(opened, close)) | (low > np.minimum(opened, close))
    yield "bad_bars", "a price is missing", _FIX, np.logical_or.reduce(np.isnan(prices))
    yield "bad_bars", "a price is not a positive number", _FIX, np.logical_or.reduce(np.isinf(prices) | (prices <= 0))
    yield "bad_bars", "high is below low", _FIX, high < low
    yield "bad_bars", "open or close lies outside high and low", _FIX, outside & (high >= low)
    yield "bad_bars", "the volume is negative or infinite", _FIX, ~np.isfinite(volume) | (volume < 0)


def _disagreements(names: tuple[str, str], symbol: str, stamps: Integers, apart: Floats) -> list[BarFault]:
    here, there = names
    same_file = here == there
    apart_too_far = apart > SAME_BAR
    what = "the time is repeated with other prices" if same_file else f"the prices contradict {there}"
    fix = "delete the wrong row" if same_file else "remove one of the two files"
    found = [_fault(here, symbol, "bars_contradict", what, fix, np.unique(stamps[apart_too_far]))]
    alike = ~apart_too_far & ((apart > _EQUAL) | same_file)
    what = "the row is repeated" if same_file else f"the prices differ a little from {there}"
    fault = _fault(here, symbol, "bars_repeated", what, f"the bars of {here} are used", np.unique(stamps[alike]))
    found.append(replace(fault, harmless=True))
    return [fault for fault in found if len(fault.stamps)]


def _fault(file: str, symbol: str, reason: str, what: str, fix: str, stamps: Integers) -> BarFault:
    return BarFault(file=file, symbol=symbol, reason=reason, what=what, fix=fix, stamps=stamps)


def _length(starts: Integers) -> timedelta:
    # daily rows are at midnight, UTC or New York; else use the most common distance of two rows
    if len(starts) and np.isin(starts % DAY_NS, _MIDNIGHTS).all():
        return DAY
    steps = np.diff(np.unique(starts))
    values, counts = np.unique(steps[steps < DAY_NS], return_counts=True)
    if not len(values):
        return BAR
    return timedelta(microseconds=int(values[np.argmax(counts)]) // 1_000)


def _session_bounds(starts: Integers) -> tuple[Integers, Integers]:
    # regular hours lie within one UTC date, so the UTC date of a stamp is its trading date; 0 if there is none
    dates, position = np.unique(starts // DAY_NS, return_inverse=True)
    sessions = [_session(int(day)) for day in dates]
    opens = np.array([to_ns(item.open_at) if item else 0 for item in sessions], dtype=np.int64)
    closes = np.array([to_ns(item.close_at) if item else 0 for item in sessions], dtype=np.int64)
    return opens[position], closes[position]


def _session(days_since_epoch: int) -> Session | None:
    day = EPOCH + timedelta(days=days_since_epoch)
    return session_on(day) if FIRST_YEAR <= day.year <= LAST_YEAR else None


def _text(stamp: int) -> str:
    at = from_ns(stamp)
    return f"{at:%Y-%m-%d}" if stamp % DAY_NS == 0 else f"{at:%Y-%m-%d %H:%M}Z"
