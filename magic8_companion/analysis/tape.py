"""Today's tape from the open to now, measured against the symbol's own earlier days up to the same time of day.

A measure is one number per day, computed by the same code for today and for every earlier day; its percentile compares
today with those earlier days only.  So neither the symbol, nor the source, nor the hour decides how calm a tape looks.
Volatility measures are divided by the day's VIX at its open: calm means calmer than was priced.  Only bars that were
complete by the same time of day enter; whatever happened later on an earlier day is not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import numpy as np

from magic8_companion.analysis.percentile import smooth_rank
from magic8_companion.analysis.volatility import PER_CENT_PER_YEAR
from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.trading_day import BAR, session_on

MIN_REFERENCE_DAYS: Final = 10
MIN_COVERAGE: Final = 0.9
"""Share of the bars due since the open that must be there, today and on an earlier day."""

RECENT_BARS: Final = 6

_BAR_NS: Final = BAR // timedelta(microseconds=1) * 1_000
_DAY_NS: Final = 86_400 * 1_000_000_000
_EPOCH: Final = date(1970, 1, 1)
_NEVER: Final = 1 << 62
_LOG_FLOOR: Final = 1e-6

_LOGARITHMIC: Final = ("pace", "recent_pace", "range")
_LINEAR: Final = ("efficiency", "stretch")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretches:
    """The same stretch of several days: day i is ``close[first[i]:stop[i]]`` and so on, today is the last."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    first: Integers
    stop: Integers
    day_sigma: Floats


def measure_tape(state: MarketState, vix_at_open: float) -> dict[str, float | None]:
    """Return today's measures and their percentiles (0..100, None while fewer than 10 earlier days can be compared).

    ``vix_at_open`` is today's, like with like: of the earlier days only the VIX at the open is known.

    ==============  =================================================================================================
    pace            realised volatility since the open over the VIX-implied one of a whole day
    recent_pace     the same over the last 30 minutes
    range           high to low since the open, in VIX-implied standard deviations of a day
    efficiency      abs(net move) / length of the path, 0 (back where it began) .. 1 (a straight line)
    stretch         distance of the price from the mean price of the day, in the same standard deviations
    net_move        signed move since the open, in the same standard deviations; has no percentile
    reference_days  how many earlier days were compared
    ==============  =================================================================================================

    Raises
    ------
    DataUnavailable
        ``missing_bars`` when today has no bar, or fewer than 90 % of the bars that were due by its newest one.
    """
    stretches = _same_time_of_day(state, vix_at_open)
    measures = _measure(stretches)
    days = len(stretches.first) - 1
    tape: dict[str, float | None] = {"reference_days": float(days), "net_move": float(measures["net_move"][-1])}
    for name in (*_LOGARITHMIC, *_LINEAR):
        values = measures[name]
        tape[name] = float(values[-1])
        scaled = np.log(np.maximum(values, _LOG_FLOOR)) if name in _LOGARITHMIC else values
        enough = days >= MIN_REFERENCE_DAYS
        tape[f"{name}_percentile"] = smooth_rank(scaled[-1], scaled[:-1]) if enough else None
    return tape


def _same_time_of_day(state: MarketState, vix_at_open: float) -> _Stretches:
    today, history = state.bars, state.history
    if not len(today):
        raise DataUnavailable(ReasonCode.MISSING_BARS, f"{state.symbol}: no complete bar of {state.session.day} yet")
    elapsed = int(today.starts[-1]) + _BAR_NS - to_ns(state.session.open_at)
    due = elapsed // _BAR_NS
    if len(today) < MIN_COVERAGE * due:
        raise DataUnavailable(
            ReasonCode.MISSING_BARS, f"{state.symbol}: only {len(today)} of {due} bars since the open"
        )
    days = np.unique(history.starts // _DAY_NS)
    opens = np.array([_full_day_open(int(day)) for day in days], dtype=np.int64)
    first, stop = np.searchsorted(history.starts, opens), np.searchsorted(history.starts, opens + elapsed)
    sigma = _vix_at_open(state.vix_daily, days) / PER_CENT_PER_YEAR
    usable = (stop - first >= MIN_COVERAGE * due) & np.isfinite(sigma)
    return _Stretches(
        open=np.concatenate([history.open, today.open]),
        high=np.concatenate([history.high, today.high]),
        low=np.concatenate([history.low, today.low]),
        close=np.concatenate([history.close, today.close]),
        first=np.append(first[usable], len(history)),
        stop=np.append(stop[usable], len(history) + len(today)),
        day_sigma=np.append(sigma[usable], vix_at_open / PER_CENT_PER_YEAR),
    )


def _measure(days: _Stretches) -> dict[str, Floats]:
    close, first, stop, sigma = days.close, days.first, days.stop, days.day_sigma
    last, recent = stop - 1, np.maximum(first, stop - RECENT_BARS)
    log_close, log_open = np.log(close), np.log(days.open[first])
    moves = np.diff(log_close, prepend=log_close[0])
    moves[first] = log_close[first] - log_open  # a day begins at its open: the night is not part of its tape
    net, path = log_close[last] - log_open, _per_day(np.add, np.abs(moves), first, stop)
    high, low = _per_day(np.maximum, days.high, first, stop), _per_day(np.minimum, days.low, first, stop)
    mean = _per_day(np.add, log_close, first, stop) / (stop - first)
    return {
        "pace": np.sqrt(_per_day(np.add, moves * moves, first, stop)) / sigma,
        "recent_pace": np.sqrt(_per_day(np.add, moves * moves, recent, stop)) / sigma,
        "range": np.log(high / low) / sigma,
        "efficiency": np.abs(net) / np.maximum(path, np.finfo(float).tiny),  # a flat tape goes nowhere: 0
        "stretch": np.abs(log_close[last] - mean) / sigma,
        "net_move": net / sigma,
    }


def _per_day(fold: np.ufunc, values: Floats, first: Integers, stop: Integers) -> Floats:
    # reduceat folds every stretch between neighbouring indices: those from a first to its stop are every other one
    pairs = np.stack([first, stop], axis=1).ravel()
    folded: Floats = fold.reduceat(np.append(values, values[-1]), pairs)
    return folded[::2]


def _vix_at_open(daily: Bars, days: Integers) -> Floats:
    known = daily.starts // _DAY_NS
    at = np.searchsorted(known, days)
    found = np.append(known, -1)[at] == days
    return np.where(found, np.append(daily.open, np.nan)[at], np.nan)


@lru_cache(maxsize=4096)
def _full_day_open(day: int) -> int:
    # a day that is no full session gets an open after every bar, hence an empty stretch
    session = session_on(_EPOCH + timedelta(days=day))
    return _NEVER if session is None or session.is_half_day else to_ns(session.open_at)
