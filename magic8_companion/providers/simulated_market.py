"""The simulated market: bars of any symbol and day from one seed, independent of the order of requests."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.bar_lengths import DAY, daily_from, joined, nanoseconds, utc_midnight
from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.strategy import VIX
from magic8_companion.domain.trading_day import BAR, Session, new_york_day
from magic8_companion.providers.config import DEFAULTS
from magic8_companion.providers.simulated_days import (
    FULL_DAY_BARS,
    VIX_PER_UNIT,
    FactorDays,
    MarketDays,
    factor_days,
    log_opens,
    market_days,
    vix_level,
)
from magic8_companion.providers.simulated_paths import (
    VIX_BRIDGE,
    draws,
    extremes,
    factor_path,
    vix_path,
    volume_shares,
)
from magic8_companion.providers.simulated_symbols import MARKET, SYMBOLS, SimulatedSymbol, SimulatedUnderlying

_KEPT_MONTHS: Final = 1024  # 5 MB per symbol for the whole calendar
_SLOTS: Final = np.arange(FULL_DAY_BARS)


class _Path(NamedTuple):
    """Prices of some days or their logarithms, shape (n_days, 78) each."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats


class SimulatedMarket:
    """A seeded market of nine symbols and their VIX; safe to use from several threads.

    Volatility has a U-shape, clusters within and between days, and is on average below what the VIX implies.  The day
    so far partly predicts the size of that gap.  Prices also jump.  Direction is not predictable.  A day has the same
    bars for any order of requests.

    >>> market = SimulatedMarket(seed=8)
    >>> len(market.bars("SPX", date(2025, 4, 9), date(2025, 4, 9)))
    78
    """

    def __init__(self, seed: int = DEFAULTS.seed) -> None:
        self.seed = seed
        self._factor = lru_cache(maxsize=_KEPT_MONTHS)(self._make_factor)
        self._path = lru_cache(maxsize=_KEPT_MONTHS)(self._make_path)
        self._month = lru_cache(maxsize=_KEPT_MONTHS)(self._make_month)
        self._own = lru_cache(maxsize=None)(self._make_own)
        self._opens = lru_cache(maxsize=None)(self._make_opens)

    @cached_property
    def days(self) -> MarketDays:
        """Return the slow part of the market: every trading day of the calendar."""
        return market_days(self.seed)

    def bars(self, symbol: str, first: date, last: date) -> Bars:
        """Return the 5-minute bars of every session in [first, last].

        Raises
        ------
        DataUnavailable
            ``no_data`` for a symbol that is not simulated.
        """
        if symbol != VIX and symbol not in SYMBOLS:
            known = ", ".join((*SYMBOLS, VIX))
            raise DataUnavailable("no_data", f"{symbol} is not simulated; the simulated symbols are {known}")
        count = (last.year - first.year) * 12 + last.month - first.month + 1
        months = [divmod(first.year * 12 + first.month - 1 + number, 12) for number in range(count)]
        bars = joined([self._month(symbol, year, month + 1) for year, month in months], BAR)
        return bars.between(utc_midnight(first), utc_midnight(last) + DAY)

    def vix_daily(self, first: date, last: date) -> Bars:
        """Return the daily VIX bars of every session in [first, last], stamped 00:00 UTC."""
        return self.daily(VIX, first, last)

    def today(self, symbol: str, length: timedelta, session: Session, now: datetime) -> Bars:  # noqa: ARG002  # 5-minute bars make up every length
        """Return the bars of ``session`` that are complete at ``now`` (see ``bar_requests.BarSource``)."""
        return self.bars(symbol, session.day, session.day).known_at(now)

    def history(self, symbol: str, length: timedelta, start: datetime, end: datetime) -> Bars:  # noqa: ARG002  # as above
        """Return the bars between two instants (see ``bar_requests.BarSource``)."""
        return self.bars(symbol, new_york_day(start), new_york_day(end)).between(start, end)

    def daily(self, symbol: str, first: date, last: date) -> Bars:
        """Return one bar per session in [first, last], stamped 00:00 UTC."""
        return daily_from(self.bars(symbol, first, last))

    def _make_month(self, symbol: str, year: int, month: int) -> Bars:
        rows = self._rows(year, month)
        if symbol == VIX:
            prices, volume = self._vix(year, month), np.zeros((rows.stop - rows.start, FULL_DAY_BARS))
        else:
            facts = SYMBOLS[symbol]
            prices, volume = self._quoted(symbol, facts, year, month), self._volume(symbol, facts, rows)
        opens = np.array([to_ns(session.open_at) for session in self.days.sessions[rows]], dtype=np.int64)
        starts = opens[:, None] + _SLOTS * nanoseconds(BAR)
        real = self.days.bar_counts[rows, None] > _SLOTS
        return Bars(
            starts=starts[real],
            open=prices.open[real],
            high=prices.high[real],
            low=prices.low[real],
            close=prices.close[real],
            volume=volume[real],
        )

    def _quoted(self, symbol: str, facts: SimulatedSymbol, year: int, month: int) -> _Path:
        path = self._path(facts.underlying, year, month)
        if not facts.tracking:
            return _cents(_Path(*(facts.per_point * np.exp(item) for item in path)))
        noise = facts.tracking * draws(self.seed, f"tracking {symbol}", self._ordinals(year, month), 1)[:, 0]
        close = path.close + noise
        opened = np.concatenate([path.open[:, :1], close[:, :-1]], axis=1)
        high = np.maximum(path.high, np.maximum(opened, close))
        low = np.minimum(path.low, np.minimum(opened, close))
        return _cents(_Path(*(facts.per_point * np.exp(item) for item in (opened, high, low, close))))

    def _volume(self, symbol: str, facts: SimulatedSymbol, rows: slice) -> Floats:
        noise = draws(self.seed, f"volume {symbol}", self.days.ordinals[rows].tolist(), 1)[:, 0]
        shares = np.stack([volume_shares(int(count)) for count in self.days.bar_counts[rows]])
        return np.rint(facts.volume * FULL_DAY_BARS * shares * np.exp(0.35 * noise))

    def _make_path(self, underlying: SimulatedUnderlying, year: int, month: int) -> _Path:
        rows = self._rows(year, month)
        market_returns, market_deviations = self._factor(MARKET, year, month)
        own_returns, own_deviations = self._factor(underlying, year, month)
        unit, beta, own = self.days.unit[rows, None], underlying.beta, underlying.own
        returns = unit * (beta * market_returns + own * own_returns)
        deviations = unit * np.hypot(beta * market_deviations, own * own_deviations)
        close = self._opens(underlying)[rows, None] + np.cumsum(returns, axis=1)
        opened = close - returns
        up, down = extremes(self.seed, underlying.name, self._ordinals(year, month), returns, deviations)
        return _Path(opened, opened + up, opened + down, close)

    def _vix(self, year: int, month: int) -> _Path:
        rows = self._rows(year, month)
        market_returns, market_deviations = self._factor(MARKET, year, month)
        close = vix_path(self.seed, self.days, market_returns, rows)
        opened = np.concatenate([self.days.vix_open[rows, None], close[:, :-1]], axis=1)
        own = VIX_BRIDGE / np.sqrt(self.days.bar_counts[rows, None])
        deviations = np.hypot(VIX_PER_UNIT * market_deviations, own)
        up, down = extremes(self.seed, VIX, self._ordinals(year, month), close - opened, deviations)
        return _cents(_Path(*(vix_level(item) for item in (opened, opened + up, opened + down, close))))

    def _make_factor(self, underlying: SimulatedUnderlying, year: int, month: int) -> tuple[Floats, Floats]:
        own = self._own(underlying)
        return factor_path(self.seed, underlying.name, self.days, own, self._rows(year, month))

    def _make_own(self, underlying: SimulatedUnderlying) -> FactorDays:
        return factor_days(self.seed, underlying, self.days.bar_counts)

    def _make_opens(self, underlying: SimulatedUnderlying) -> Floats:
        return log_opens(self.days, self._own(underlying), underlying)

    def _rows(self, year: int, month: int) -> slice:
        return self.days.rows(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))

    def _ordinals(self, year: int, month: int) -> list[int]:
        ordinals: list[int] = self.days.ordinals[self._rows(year, month)].tolist()
        return ordinals


def _cents(path: _Path) -> _Path:
    return _Path(*(np.rint(item * 100) / 100 for item in path))
