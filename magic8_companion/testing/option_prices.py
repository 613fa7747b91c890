"""Quote today's options at the current price: the market's smile, repriced every second.

Only options that expire today and settle at the close are quoted; all others are listed without quotes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionRow
from magic8_companion.domain.trading_day import BAR, new_york_day, session_on
from magic8_companion.options.black_scholes import greeks, right_sign
from magic8_companion.options.expiry import years_of
from magic8_companion.options.products import Product, product
from magic8_companion.testing.contracts import CALL, PUT, Instrument
from magic8_companion.testing.market import GatewayMarket, tape_at

STRIKES_EACH_SIDE: Final = 100
_SPARE: Final = 40  # strikes beyond the listed ones, for days with large moves
_SHORTEST_SECONDS: Final = 5.0
_DAYS_PER_YEAR: Final = 365
_NAMES: Final = {CALL: "call", PUT: "put"}
_COLUMNS: Final = ("bid", "ask", "price", "volatility", "delta", "gamma", "vega", "theta")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionQuote:
    """One option at one time, in IB's units: points, decimals, vega per volatility point, theta per day."""

    bid: float
    ask: float
    price: float
    volatility: float
    delta: float
    gamma: float
    vega: float
    theta: float
    spot: float
    volume: int
    open_interest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """All calls or all puts of a symbol at one time; ``table`` has a row per strike and the greeks as columns."""

    rows: tuple[OptionRow, ...]
    places: dict[float, int]
    table: list[list[float]]
    spot: float

    def quote(self, strike: float, name: str) -> OptionQuote | None:
        place = self.places.get(strike)
        if place is None or not np.isfinite(self.table[place]).all():
            return None
        row = self.rows[place]
        greek_values = dict(zip(_COLUMNS, self.table[place], strict=True))
        volume, held = getattr(row, f"{name}_volume") or 0, getattr(row, f"{name}_oi") or 0
        return OptionQuote(**greek_values, spot=self.spot, volume=volume, open_interest=held)


class OptionPrices:
    """The quotes of every symbol, computed once per second of market time."""

    def __init__(self, market: GatewayMarket) -> None:
        self._market = market
        self._rows: Callable[[str, datetime], tuple[OptionRow, ...]] = lru_cache(maxsize=64)(self._make_rows)
        self._side: Callable[[str, str, datetime], _Side] = lru_cache(maxsize=64)(self._make_side)

    def quote(self, instrument: Instrument, at: datetime) -> OptionQuote | None:
        """Return the quote of an option, or None when it is not quoted at that time."""
        if not self.is_quoted(instrument, at):
            return None
        side = self._side(instrument.symbol, instrument.right, at.replace(microsecond=0))
        return side.quote(instrument.strike, _NAMES[instrument.right])

    def is_quoted(self, instrument: Instrument, at: datetime) -> bool:
        """Return whether an option is quoted: it expires today, at the close, and the market is open."""
        option_class, day = instrument.option_class, new_york_day(at)
        if option_class is None or option_class.monthly or instrument.expiry != day:
            return False
        session = session_on(day)
        return session is not None and session.contains(at)

    def _make_rows(self, symbol: str, minute: datetime) -> tuple[OptionRow, ...]:
        session = session_on(new_york_day(minute))
        begun = max(minute, session.open_at + BAR) if session else minute  # the smile needs one complete bar
        try:
            return self._market.chain(symbol, begun, STRIKES_EACH_SIDE + _SPARE).rows
        except DataUnavailable:
            return ()

    def _make_side(self, symbol: str, right: str, at: datetime) -> _Side:
        rows = self._rows(symbol, at.replace(second=0))
        spot = tape_at(self._market, symbol, at).last
        facts = product(symbol)
        years = years_of(max(_SHORTEST_SECONDS, facts.seconds_left(new_york_day(at), at)))
        strikes = np.array([row.strike for row in rows])
        vols = np.array([getattr(row, f"{_NAMES[right]}_iv") or np.nan for row in rows])
        answer = greeks(spot, strikes, years, 0.0, vols, right_sign(right))
        bids, asks = bid_ask(answer.price, facts)
        vega, theta = answer.vega / 100, answer.theta / _DAYS_PER_YEAR
        columns = (bids, asks, answer.price, vols, answer.delta, answer.gamma, vega, theta)
        return _Side(
            rows=rows,
            places={row.strike: place for place, row in enumerate(rows)},
            table=np.column_stack(columns).tolist(),
            spot=spot,
        )


def bid_ask(price: Floats, facts: Product) -> tuple[Floats, Floats]:
    """Return bid and ask around fair prices, in whole ticks: 4 % wide, within limits.

    >>> [side.tolist() for side in bid_ask(np.array([0.01, 12.0]), product("SPX"))]
    [[0.0, 11.8], [0.05, 12.2]]
    """
    tick = facts.tick_at(price)
    half = np.clip(0.02 * price, tick / 2, tick + 0.003 * price)
    bids = np.maximum(np.floor((price - half) / tick + 1e-9), 0.0) * tick
    asks = np.maximum(np.ceil((price + half) / tick - 1e-9) * tick, bids + tick)
    return np.round(bids, 2), np.asarray(np.round(asks, 2), dtype=np.float64)
