"""Contracts as IB lists them: exchange and option class come from the symbol's entry in ``options.products``.

Source: IB's contract search (2025).  The symbol of an option is that of its underlying.  Only the trading class
separates SPXW, which settles at the close, from SPX, which settles in the opening auction of a third Friday.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.strategy import VIX
from magic8_companion.options.products import INDEX_SYMBOLS, PRODUCTS, product

INDEX: Final = "IND"
STOCK: Final = "STK"
OPTION: Final = "OPT"
SMART: Final = "SMART"
USD: Final = "USD"
CALL: Final = "C"
PUT: Final = "P"

_LISTED: Final = {item.symbol: item.primary_exchange for item in PRODUCTS if item.primary_exchange}
_INDICES: Final = {**{name: _LISTED[name] for name in INDEX_SYMBOLS if name in _LISTED}, VIX: "CBOE"}
_STOCKS: Final = {name: exchange for name, exchange in _LISTED.items() if name not in _INDICES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A contract query; a blank expiry, strike or right matches all.  All contracts are in USD."""

    symbol: str
    kind: str
    exchange: str
    primary_exchange: str = ""
    expiry: date | None = None
    trading_class: str = ""
    multiplier: str = ""

    def __str__(self) -> str:
        """Return the description for messages."""
        when = f" of {self.expiry}" if self.expiry else ""
        return f"{self.trading_class or self.symbol} {self.kind} on {self.exchange}{when}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A contract as IB lists it; ``right`` is C, P or empty, ``strike`` in points (0 for an underlying)."""

    con_id: int
    symbol: str
    kind: str
    exchange: str
    trading_class: str = ""
    expiry: date | None = None
    strike: float = 0.0
    right: str = ""
    multiplier: str = ""

    def __str__(self) -> str:
        """Return the description for messages."""
        option = f" {self.expiry} {self.strike:g}{self.right}" if self.expiry else ""
        return f"{self.trading_class or self.symbol}{option}"


def underlying(symbol: str) -> Wanted:
    """Return the contract of a symbol itself.

    Raises
    ------
    DataUnavailable
        ``unknown_product`` for a symbol without an entry in the table.

    >>> underlying("SPX").exchange, underlying("SPY").exchange, underlying("SPY").primary_exchange
    ('CBOE', 'SMART', 'ARCA')
    """
    if symbol in _INDICES:
        return Wanted(symbol=symbol, kind=INDEX, exchange=_INDICES[symbol])
    if symbol in _STOCKS:
        return Wanted(symbol=symbol, kind=STOCK, exchange=SMART, primary_exchange=_STOCKS[symbol])
    known = ", ".join((*_INDICES, *_STOCKS))
    raise DataUnavailable("unknown_product", f"{symbol}: its IB exchange is unknown; known symbols: {known}")


def options_of(symbol: str, expiry: date) -> Wanted:
    """Return all options of a symbol that expire on a day, in the class that expires daily.

    Raises
    ------
    DataUnavailable
        ``unknown_product`` for a symbol without options.

    >>> options_of("SPX", date(2025, 6, 20)).trading_class, options_of("SPX", date(2025, 6, 20)).symbol
    ('SPXW', 'SPX')
    """
    facts = product(symbol)
    return Wanted(
        symbol=symbol,
        kind=OPTION,
        exchange=SMART,
        expiry=expiry,
        trading_class=facts.option_class,
        multiplier=str(facts.multiplier),
    )
