"""The one canonical series of bars: checked at birth, immutable, numpy inside, pandas at the border.

A bar is stamped by its START; it is known at START + its length.  All times are int64 nanoseconds UTC inside and
tz-aware UTC outside.  This module is the only one of the domain that knows pandas, because the providers' contract
speaks in frames: columns ``open high low close volume`` (float64), index ``time``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import BAR, require_aware

COLUMNS: Final = ("open", "high", "low", "close", "volume")
_SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HEADER: Final = pd.Index(COLUMNS)


def to_ns(at: datetime) -> int:
    """Return nanoseconds since the epoch of an aware datetime."""
    utc = require_aware(at)
    return int(utc.timestamp()) * _SECOND + utc.microsecond * 1_000


def from_ns(stamp: int) -> datetime:
    """Return the aware UTC datetime of nanoseconds since the epoch, in whole microseconds."""
    return _EPOCH + timedelta(microseconds=stamp // 1_000)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bars:
    """Bars of one symbol, ascending and unique; every array has shape (n_bars,).

    Raises
    ------
    DataUnavailable
        ``bad_bars`` when stamps are not strictly ascending, a price is not finite and positive, high < low, or open or
        close lie outside [low, high].  NaN stops here.  ``volume`` may be 0 (index symbols) but not NaN or negative.
    """

    starts: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    length: timedelta = BAR

    def __post_init__(self) -> None:
        """Check once, then freeze the arrays."""
        arrays = (self.starts, self.open, self.high, self.low, self.close, self.volume)
        if len({len(array) for array in arrays}) != 1:
            raise DataUnavailable(ReasonCode.BAD_BARS, "the columns have different lengths")
        if problem := _problem(self):
            raise DataUnavailable(ReasonCode.BAD_BARS, problem)
        for array in arrays:
            array.flags.writeable = False

    def __len__(self) -> int:
        """Count the bars."""
        return len(self.starts)

    @property
    def first_start(self) -> datetime:
        """Return the start of the first bar."""
        return from_ns(int(self.starts[0]))

    @property
    def last_end(self) -> datetime:
        """Return when the newest bar was complete."""
        return from_ns(int(self.starts[-1])) + self.length

    def between(self, start: datetime, end: datetime) -> Bars:
        """Return the bars that started at or after ``start`` and were complete at ``end``."""
        left = int(np.searchsorted(self.starts, to_ns(start), side="left"))
        right = int(np.searchsorted(self.starts, to_ns(end - self.length), side="right"))
        return self[left : max(left, right)]

    def known_at(self, at: datetime) -> Bars:
        """Return the bars that were complete at ``at``; the bar that starts at ``at`` is not among them."""
        return self[: int(np.searchsorted(self.starts, to_ns(at - self.length), side="right"))]

    def __getitem__(self, window: slice) -> Bars:
        """Return a window of the series; the arrays are views."""
        columns: dict[str, Any] = {name: getattr(self, name)[window] for name in ("starts", *COLUMNS)}
        part = object.__new__(Bars)  # a window of checked bars needs no second check
        for name, array in columns.items():
            object.__setattr__(part, name, array)
        object.__setattr__(part, "length", self.length)
        return part

    def frame(self) -> pd.DataFrame:
        """Return the canonical frame of the providers' contract (a copy; changing it changes nothing here)."""
        index = pd.DatetimeIndex(self.starts.view("datetime64[ns]"), tz="UTC", name="time")
        table = np.column_stack([getattr(self, name) for name in COLUMNS])
        return pd.DataFrame(table, index=index, columns=_HEADER.view(), copy=False)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, length: timedelta = BAR) -> Bars:
        """Read a canonical frame.

        Raises
        ------
        DataUnavailable
            ``bad_bars`` when the index is not tz-aware, a column is missing, or the values are impossible.
        """
        index = frame.index
        if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
            raise DataUnavailable(ReasonCode.BAD_BARS, "the index must be tz-aware timestamps (bar starts, UTC)")
        if not frame.columns.equals(_HEADER):
            if missing := [name for name in COLUMNS if name not in frame.columns]:
                raise DataUnavailable(ReasonCode.BAD_BARS, f"missing columns: {', '.join(missing)}")
            frame = frame[list(COLUMNS)]
        rows = frame.to_numpy(dtype=np.float64).T.copy()  # one copy of all: five single ones cost ten times as much
        starts = index.tz_convert("UTC").as_unit("ns").asi8.copy()
        return cls(starts=starts, length=length, **dict(zip(COLUMNS, rows, strict=True)))

    @classmethod
    @lru_cache(maxsize=4)
    def empty(cls, length: timedelta = BAR) -> Bars:
        """Return a series without bars."""
        none = {name: np.empty(0) for name in COLUMNS}
        return cls(starts=np.empty(0, dtype=np.int64), length=length, **none)


def _problem(bars: Bars) -> str | None:
    """Name the first impossible value, or None."""
    return None if _is_valid(bars) else _first_problem(bars)


def _is_valid(bars: Bars) -> bool:
    # a comparison with NaN is false, so what encloses all prices between 0 and infinity leaves no room for it
    low, high = bars.low, bars.high
    enclosed = (low > 0) & (low <= bars.open) & (low <= bars.close) & (bars.open <= high) & (bars.close <= high)
    counted = (high < np.inf) & (bars.volume >= 0) & (bars.volume < np.inf)
    return bool((enclosed & counted).all() and (bars.starts[1:] > bars.starts[:-1]).all())


def _first_problem(bars: Bars) -> str | None:
    steps = np.diff(bars.starts)
    if (steps <= 0).any():
        at = from_ns(int(bars.starts[1:][steps <= 0][0]))
        kind = "repeated" if (steps == 0).any() else "out of order"
        return f"the bar stamped {at:%Y-%m-%d %H:%M}Z is {kind}"
    prices = np.stack((bars.open, bars.high, bars.low, bars.close))
    wrong: npt.NDArray[np.bool_] = np.logical_not((np.isfinite(prices) & (prices > 0)).all(axis=0))
    if wrong.any():
        return f"a price is missing or not positive at {_stamp(bars, wrong)}"
    wrong = np.logical_or(bars.high < prices.max(axis=0), bars.low > prices.min(axis=0))
    if wrong.any():
        return f"high and low do not enclose open and close at {_stamp(bars, wrong)}"
    wrong = np.logical_not(np.isfinite(bars.volume) & (bars.volume >= 0))
    return f"volume is missing or negative at {_stamp(bars, wrong)}" if wrong.any() else None


def _stamp(bars: Bars, where: npt.NDArray[np.bool_]) -> str:
    return f"{from_ns(int(bars.starts[where][0])):%Y-%m-%d %H:%M}Z"
