"""Quotes of today's options at the price of the moment: the market's smile, priced again every second.

Only options that expire today and settle at the close are quoted; all others are listed but silent, as in a quiet hour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

import numpy as np

from magic8_companion.domain.bars import Floats
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionRow
from magic8_companion.domain.trading_day import BAR, new_york_day, session_on
from magic8_companion.options.black_scholes import CALL as CALL_SIGN
from magic8_companion.options.black_scholes import PUT as PUT_SIGN
from magic8_companion.options.black_scholes import greeks
from magic8_companion.options.expiry import Product, product, years_of
from magic8_companion.testing.contracts import CALL, PUT, Instrument
from magic8_companion.testing.market import GatewayMarket, tape_at

STRIKES_EACH_SIDE: Final = 100
_SPARE: Final = 40  # strikes beyond the listed ones, for days on which the price runs away
_SHORTEST_SECONDS: Final = 5.0
_DAYS_PER_YEAR: Final = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionQuote:
    """One option at one moment, in IB's units: points, decimals, vega per volatility point, theta per day."""

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


Board = dict[tuple[str, float], OptionQuote]
"""Quotes by right and strike."""


class OptionPrices:
    """The quotes of every symbol, computed once per second of market time."""

    def __init__(self, market: GatewayMarket) -> None:
        self._market = market
        self._rows: Callable[[str, datetime], tuple[OptionRow, ...]] = lru_cache(maxsize=64)(self._make_rows)
        self._board: Callable[[str, datetime], Board] = lru_cache(maxsize=64)(self._make_board)

    def quote(self, instrument: Instrument, at: datetime) -> OptionQuote | None:
        """Return the quote of an option, or None when it is not quoted at that moment."""
        if not self.is_quoted(instrument, at):
            return None
        board = self._board(instrument.symbol, at.replace(microsecond=0))
        return board.get((instrument.right, instrument.strike))

    def is_quoted(self, instrument: Instrument, at: datetime) -> bool:
        """Tell whether an option is traded at that moment: it expires today, at the close, and the market is open."""
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

    def _make_board(self, symbol: str, at: datetime) -> Board:
        rows = self._rows(symbol, at.replace(second=0))
        if not rows:
            return {}
        spot = tape_at(self._market, symbol, at).last
        facts, day = product(symbol), new_york_day(at)
        years = years_of(max(_SHORTEST_SECONDS, facts.seconds_left(day, at)))
        board: Board = {}
        for right, sign, name in ((CALL, CALL_SIGN, "call"), (PUT, PUT_SIGN, "put")):
            board |= _side(rows, right, sign, name, spot, years, facts)
        return board


def _side(
    rows: tuple[OptionRow, ...], right: str, sign: float, name: str, spot: float, years: float, facts: Product
) -> Board:
    strikes = np.array([row.strike for row in rows])
    vols = np.array([getattr(row, f"{name}_iv") or np.nan for row in rows])
    answer = greeks(spot, strikes, years, 0.0, vols, sign)
    bids, asks = bid_ask(answer.price, facts)
    columns = (bids, asks, answer.price, vols, answer.delta, answer.gamma, answer.vega / 100, answer.theta)
    table = np.column_stack([*columns[:7], columns[7] / _DAYS_PER_YEAR]).tolist()
    return {
        (right, row.strike): OptionQuote(
            bid=values[0],
            ask=values[1],
            price=values[2],
            volatility=values[3],
            delta=values[4],
            gamma=values[5],
            vega=values[6],
            theta=values[7],
            spot=spot,
            volume=getattr(row, f"{name}_volume") or 0,
            open_interest=getattr(row, f"{name}_oi") or 0,
        )
        for row, values in zip(rows, table, strict=True)
        if np.isfinite(values).all()
    }


def bid_ask(price: Floats, facts: Product) -> tuple[Floats, Floats]:
    """Return bid and ask around fair prices, in whole ticks: 4 % wide, at least one tick and at most two and a bit.

    >>> [side.tolist() for side in bid_ask(np.array([0.01, 12.0]), product("SPX"))]
    [[0.0, 11.8], [0.05, 12.2]]
    """
    tick = np.where(price < 3, facts.tick, facts.coarse_tick)
    half = np.clip(0.02 * price, tick / 2, tick + 0.003 * price)
    bids = np.maximum(np.floor((price - half) / tick + 1e-9), 0.0) * tick
    asks = np.maximum(np.ceil((price + half) / tick - 1e-9) * tick, bids + tick)
    return np.round(bids, 2), np.round(asks, 2)
