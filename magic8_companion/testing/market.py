"""Provide the gateway's market: bars of whole days from a simulation or from files, and prices within them.

The gateway has the whole day; the clock decides how much of it a client sees.  Within a 5-minute bar the price runs
straight from the open to one extreme, to the other, and to the close: to the low first in a rising bar.  So ticks,
shorter bars and the running bar all agree with the bar that is reported when it is complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.bar_lengths import nanoseconds, utc_midnight
from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.trading_day import BAR, new_york_day, previous_session, session_on
from magic8_companion.providers.simulated_chain import simulated_chain
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_companion.recordings.bar_folder import BarFolder

_BAR_NS: Final = nanoseconds(BAR)
_TURNS: Final = np.array([0.0, 1 / 3, 2 / 3, 1.0])  # when the path within a bar is at open, extreme, extreme, close
_LOOK_BACK: Final = timedelta(days=10)


class GatewayMarket(Protocol):
    """The interface of a market; both methods raise ``DataUnavailable`` for unknown symbols or days."""

    def bars(self, symbol: str, first: date, last: date) -> Bars:
        """Return the 5-minute bars of every session in [first, last], those of the future included."""

    def chain(self, symbol: str, at: datetime, strikes_each_side: int) -> OptionChain:
        """Return the 0DTE chain at an instant; the gateway uses its volatilities and counts only."""


class SimulatedGatewayMarket(SimulatedMarket):
    """The seeded market of the provider ``simulated``."""

    def chain(self, symbol: str, at: datetime, strikes_each_side: int) -> OptionChain:
        """Return the simulated chain."""
        return simulated_chain(self, symbol, at, strikes_each_side)


class RecordedGatewayMarket(SimulatedGatewayMarket):
    """Recorded bars of a folder; options get the simulated smile at the recorded prices and VIX.

    Days with missing bars are skipped, as in every recorded source.
    """

    def __init__(self, folder: Path, seed: int = 8) -> None:
        super().__init__(seed)
        self._folder = BarFolder(folder)

    def bars(self, symbol: str, first: date, last: date) -> Bars:
        """Return the recorded bars of every complete day in [first, last].

        Raises
        ------
        DataUnavailable
            ``no_data`` when no file has 5-minute bars of the symbol in that time.
        """
        bars = self._folder.history(symbol, BAR, utc_midnight(first), utc_midnight(last + timedelta(days=1)))
        if not len(bars) or bars.length != BAR:
            raise DataUnavailable("no_data", f"no complete day of 5-minute bars of {symbol} in {first}..{last}")
        return bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """The tape of a symbol at one time: prices in points, volume in shares since the open."""

    last: float
    last_at: datetime
    open: float | None
    high: float | None
    low: float | None
    previous_close: float | None
    volume: float
    trading: bool


def tape_at(market: GatewayMarket, symbol: str, at: datetime) -> Tape:
    """Return the tape at an instant: today's session so far, or the end of the last one.

    Raises
    ------
    DataUnavailable
        When the market has no data of the symbol in the last days.
    """
    day = new_york_day(at)
    bars = market.bars(symbol, day - _LOOK_BACK, day)
    session = session_on(day)
    start = session.open_at if session and at >= session.open_at else previous_session(day).open_at
    before = bars.between(utc_midnight(day - _LOOK_BACK), start)
    today = seen_at(bars.between(start, start + timedelta(hours=7)), at)
    if not len(today):
        today = before[-1:]
    if not len(today):
        raise DataUnavailable("no_data", f"no data of {symbol} before {at:%Y-%m-%d %H:%M}Z")
    return Tape(
        last=float(today.close[-1]),
        last_at=min(at, today.last_end),
        open=float(today.open[0]),
        high=float(today.high.max()),
        low=float(today.low.min()),
        previous_close=float(before.close[-1]) if len(before) else None,
        volume=float(today.volume.sum()),
        trading=session is not None and session.contains(at),
    )


def seen_at(bars: Bars, at: datetime) -> Bars:
    """Return the bars that have begun at ``at``; of the running one only what has happened so far."""
    begun, share = _begun(bars, at)
    if share == 1.0:
        return begun
    path = path_within(begun, len(begun) - 1, 0.0, share)
    return Bars(
        starts=begun.starts,
        open=begun.open,
        high=np.append(begun.high[:-1], path.max()),
        low=np.append(begun.low[:-1], path.min()),
        close=np.append(begun.close[:-1], path[-1]),
        volume=np.append(begun.volume[:-1], np.floor(begun.volume[-1] * share)),
        length=begun.length,
    )


def minute_bars(bars: Bars, at: datetime) -> Bars:
    """Return the bars of one minute that have begun at ``at``; of the running one, only what has happened."""
    begun, share = _begun(bars, at)
    begins = np.arange(5) / 5
    cuts = [
        (index, begin, min(begin + 0.2, limit))
        for index in range(len(begun))
        for limit in (share if index == len(begun) - 1 else 1.0,)
        for begin in begins[begins < limit].tolist()
    ]
    paths = [path_within(begun, *cut) for cut in cuts]
    return Bars(
        starts=np.array([begun.starts[index] + round(begin * _BAR_NS) for index, begin, _ in cuts], dtype=np.int64),
        open=np.array([path[0] for path in paths]),
        high=np.array([path.max() for path in paths]),
        low=np.array([path.min() for path in paths]),
        close=np.array([path[-1] for path in paths]),
        volume=np.floor([begun.volume[index] * (end - begin) for index, begin, end in cuts]),
        length=timedelta(minutes=1),
    )


def path_within(bars: Bars, index: int, begin: float, end: float) -> Floats:
    """Return the prices at the turns of the path within one bar between two shares of its length, 0..1."""
    opened, close = bars.open[index], bars.close[index]
    low_first = close >= opened
    extremes = (bars.low[index], bars.high[index]) if low_first else (bars.high[index], bars.low[index])
    turns = np.array([opened, *extremes, close])
    inside = _TURNS[np.logical_and(begin < _TURNS, end > _TURNS)]
    path = np.interp(np.concatenate(([begin], inside, [end])), _TURNS, turns)
    return np.asarray(np.round(path, 2))


def last_close(market: GatewayMarket, symbol: str, day: date) -> float:
    """Return the close before a day, or the first price of that day without earlier data.

    Raises
    ------
    DataUnavailable
        When the market has no data of the symbol around that day.
    """
    bars = market.bars(symbol, day - _LOOK_BACK, day)
    before = bars.between(utc_midnight(day - _LOOK_BACK), utc_midnight(day))
    return float(before.close[-1]) if len(before) else float(bars.open[0])


def _begun(bars: Bars, at: datetime) -> tuple[Bars, float]:
    # the bars that have begun, and how much of the last one has passed: 1 unless it is running
    begun = bars[: int(np.searchsorted(bars.starts, to_ns(at), side="left"))]
    if not len(begun) or at >= begun.last_end:
        return begun, 1.0
    return begun, (to_ns(at) - int(begun.starts[-1])) / nanoseconds(begun.length)


_PORTS: Final[tuple[type[GatewayMarket], ...]] = (SimulatedGatewayMarket, RecordedGatewayMarket)
