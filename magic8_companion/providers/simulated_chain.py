"""Option chains of the simulated market: Black-Scholes prices on a smile scaled by today's realized volatility.

The variance s^2 of the rest of the day is the variance that the simulated VIX implies, times the expected remaining
share of the day, times (realized so far / expected so far)^0.45, times a premium.  The premium makes options overpriced
on average, as in real markets.  The volatility of a strike is s (1 + a k + b k^2) / sqrt(T) with k = ln(K/S) / s; a and
b change from day to day.  Interest is 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import SIMULATED
from magic8_companion.domain.option_chain import OptionChain, OptionRow
from magic8_companion.domain.strategy import VIX
from magic8_companion.domain.trading_day import (
    BAR,
    Session,
    new_york_day,
    previous_session,
    require_session,
)
from magic8_companion.options.black_scholes import CALL, PUT, greeks
from magic8_companion.options.expiry import years_of
from magic8_companion.options.products import Product, product
from magic8_companion.providers.bar_requests import newest_close
from magic8_companion.providers.simulated_days import MEAN_VARIANCE, UNITS_PER_VIX, stream
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_companion.providers.simulated_paths import variance_shares, volume_shares
from magic8_companion.providers.simulated_symbols import SYMBOLS, SimulatedSymbol

_PREMIUM: Final = 1.2
_PACE_POWER: Final = 0.45
_SKEW: Final = (-0.12, -0.05)
_CURVE: Final = (0.02, 0.05)
_SHORTEST_SECONDS: Final = 5.0
_WIDTH: Final = 0.012  # open interest falls by 1/e at this distance, as a fraction of the price
_FAR: Final = 0.03
_TURNOVER: Final = 3.0
_ROUND_STRIKES: Final = {20: 4.0, 10: 2.5, 5: 1.6}  # every 20th strike has four times the interest
_LISTED: Final = 0.2  # open interest ends at this distance from the price, as a fraction of it, plus some strikes
_MORE_LISTED: Final = 60


def simulated_chain(market: SimulatedMarket, symbol: str, now: datetime, strikes_each_side: int) -> OptionChain:
    """Return the 0DTE chain of ``symbol`` at ``now``: up to 2 x ``strikes_each_side`` + 1 strikes around the money.

    Raises
    ------
    DataUnavailable
        ``no_chain`` for a symbol without options, ``no_0dte_chain`` on days on which none of its options expires,
        ``market_closed``, ``no_bars_yet``.
    """
    session = require_session(new_york_day(now))
    facts = _facts(symbol, session)
    options = product(symbol)
    inputs = _ChainInputs(
        market=market, symbol=symbol, facts=facts, session=session, now=now, spot=newest_close(market, symbol, now)
    )
    if now >= session.close_at:
        raise DataUnavailable("market_closed", f"the options of {session.day} expired at the close")
    numbers = round(inputs.spot / options.strike_step) + np.arange(-strikes_each_side, strikes_each_side + 1)
    numbers = numbers[numbers > 0]
    strikes = np.asarray(numbers * options.strike_step, dtype=np.float64)
    columns = {"strike": strikes, **inputs.quotes(strikes), **inputs.contracts(numbers)}
    table = zip(*(values.tolist() for values in columns.values()), strict=True)
    return OptionChain(
        symbol=symbol,
        spot=inputs.spot,
        rows=tuple(OptionRow(**dict(zip(columns, row, strict=True))) for row in table),
        expiry=session.day,
        as_of=now,
        source=SIMULATED,
        status=SIMULATED,
        oi_as_of=previous_session(session.day).day,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChainInputs:
    """One symbol at one time of a session; all returned arrays have shape (n_strikes,)."""

    market: SimulatedMarket
    symbol: str
    facts: SimulatedSymbol
    session: Session
    now: datetime
    spot: float

    def deviation(self) -> float:
        """Return the standard deviation of the log price from now to the close that the options imply."""
        vix = self.market.bars(VIX, self.session.day, self.session.day)
        bars = self.market.bars(self.symbol, self.session.day, self.session.day).known_at(self.now)
        day_variance = MEAN_VARIANCE * self.facts.underlying.variance_ratio / UNITS_PER_VIX**2
        left = self._share_left(self.now)
        expected = day_variance * vix.open[0] ** 2 * (1 - self._share_left(bars.last_end))
        realised = float(np.sum(np.diff(np.log(np.append(bars.open[0], bars.close))) ** 2))
        pace = min(max(realised / expected, 0.1), 10.0)
        implied = _PREMIUM * day_variance * vix.known_at(self.now).close[-1] ** 2 * left
        return math.sqrt(implied * pace**_PACE_POWER)

    def quotes(self, strikes: Floats) -> dict[str, Floats]:
        """Return volatility, bid, ask, delta and gamma of the calls and puts."""
        options = product(self.symbol)
        years = years_of(max(_SHORTEST_SECONDS, options.seconds_left(self.session.day, self.now)))
        vols = self._smile(strikes) / math.sqrt(years)
        columns = {}
        for name, right in (("call", CALL), ("put", PUT)):
            answer = greeks(self.spot, strikes, years, 0.0, vols, right)
            columns[f"{name}_iv"] = np.round(vols, 6)
            columns[f"{name}_bid"], columns[f"{name}_ask"] = _bid_ask(answer.price, options)
            columns[f"{name}_delta"] = np.round(answer.delta, 6) + 0.0  # no -0.0
            columns[f"{name}_gamma"] = np.round(answer.gamma, 8)
        return columns

    def contracts(self, numbers: Integers) -> dict[str, Integers]:
        """Return open interest (last night's, the same all day) and volume (growing) of the calls and puts."""
        day = self.session.day
        past = self.market.bars(self.symbol, day - timedelta(days=10), day)
        today = self.market.bars(self.symbol, day, day)
        night = past[: len(past) - len(today)]
        opened = float(today.open[0])
        traded = _TURNOVER * self._share_traded()
        columns = {}
        for name, side in (("call", 1), ("put", -1)):
            held = self._liking(f"{name} interest", numbers, float(night.close[-1]) if len(night) else opened, side)
            dealt = self._liking(f"{name} volume", numbers, opened, side)
            columns[f"{name}_oi"] = np.rint(self.facts.open_interest * held).astype(np.int64)
            columns[f"{name}_volume"] = np.floor(self.facts.open_interest * traded * dealt).astype(np.int64)
        return columns

    def _smile(self, strikes: Floats) -> Floats:
        deviation = self.deviation()
        random = stream(self.market.seed, f"smile {self.facts.underlying.name}", self.session.day.toordinal())
        skew, curve = random.uniform(*_SKEW), random.uniform(*_CURVE)
        reach = 0.8 / math.sqrt(curve)  # beyond it a parabola would price far strikes above near ones
        away = np.clip(np.log(strikes / self.spot) / deviation, -reach, reach)
        return np.asarray(deviation * (1 + skew * away + curve * away**2))

    def _liking(self, what: str, numbers: Integers, centre: float, side: int) -> Floats:
        # relative interest of a strike: near the center, round, out of the money, and random
        step, day = product(self.symbol).strike_step, self.session.day.toordinal()
        middle = round(centre / step)
        reach = round(middle * _LISTED) + _MORE_LISTED
        chance = stream(self.market.seed, f"{what} {self.symbol}", day).standard_normal(2 * reach + 1)
        distance = np.abs(numbers * step / centre - 1)
        width = _WIDTH * math.sqrt(self.facts.underlying.variance_ratio)
        liked = np.exp(-distance / width) + _FAR
        liked = liked * np.select(
            [numbers % multiple == 0 for multiple in _ROUND_STRIKES], [*_ROUND_STRIKES.values()], 1.0
        )
        liked = liked * np.where(side * (numbers - middle) >= 0, 1.3, 0.6)
        place = numbers - middle + reach
        inside = (place >= 0) & (place < len(chance))
        return np.where(inside, liked * np.exp(0.5 * chance[np.clip(place, 0, len(chance) - 1)]), 0.0)

    def _share_left(self, at: datetime) -> float:
        return 1.0 - self._share_gone(variance_shares(self.session.bar_count), at)

    def _share_traded(self) -> float:
        return self._share_gone(volume_shares(self.session.bar_count), self.now)

    def _share_gone(self, shares: Floats, at: datetime) -> float:
        bars = (at - self.session.open_at) / BAR
        return float(np.interp(bars, np.arange(len(shares) + 1), np.append(0.0, np.cumsum(shares))))


def _facts(symbol: str, session: Session) -> SimulatedSymbol:
    if symbol not in SYMBOLS:
        raise DataUnavailable("no_chain", f"{symbol}: the simulated market has no options on it")
    if not product(symbol).cycle.expires_on(session.day):
        raise DataUnavailable("no_0dte_chain", f"{symbol}: its options expire only on the last session of a week")
    return SYMBOLS[symbol]


def _bid_ask(mid: Floats, options: Product) -> tuple[Floats, Floats]:
    tick = options.tick_at(mid)
    half = np.clip(0.02 * mid, tick / 2, tick + 0.003 * mid)
    bid = np.maximum(np.floor((mid - half) / tick + 1e-9), 0.0) * tick
    ask = np.maximum(np.ceil((mid + half) / tick - 1e-9) * tick, bid + tick)
    return np.round(bid, 2), np.asarray(np.round(ask, 2), dtype=np.float64)
