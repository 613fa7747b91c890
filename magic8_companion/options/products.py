"""Option products: one entry of data per class of options, and when each settles.

=====================  ========  ==========  ==================  =========================================
symbol / class         style     settles in  settlement price    trades on the last day
=====================  ========  ==========  ==================  =========================================
SPX / SPXW, XSP / XSP  European  cash        official close      until the close
NDX / NDXP, RUT/RUTW   European  cash        official close      until the close
SPX / SPX              European  cash        opening auction     not at all: ends the session before
SPY, QQQ, IWM, DIA     American  shares      official close      15 minutes beyond the close
any other stock        American  shares      official close      until the close
=====================  ========  ==========  ==================  =========================================

Class SPX expires on third Fridays only, SPXW every day: on a third Friday always ask for the class.  Shares can be
exercised until 17:30 New York, so a short leg near the strike carries risk after the close.

Fees: 0.65 commission; on SPX an exchange fee of 0.36 below a premium of one point and 0.45 from there on; on XSP 0.07
in legs of ten contracts or more.  The exchange fees of NDX and RUT are assumed to be those of SPX: check them with your
broker.  Options that expire into cash cost nothing at settlement.
Ticks: SPY, QQQ, IWM and XSP trade in cents at every premium, other stocks and ETFs of the penny interval program in
cents below 3 points and in nickels from there on, the other indices in nickels and dimes.
Sources: Cboe contract specifications, rule 5.4 (minimum increments), trading hours and fee schedule (2024); NYSE
sessions from ``domain.trading_day``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.strategy import VIX
from magic8_companion.domain.trading_day import previous_session, require_aware, require_session
from magic8_companion.options.expiry import ExpiryCycle, years_of

MULTIPLIER: Final = 100
"""US dollars per point of one contract, for every product."""

_COARSE_FROM: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """Dollars per contract and leg; the exchange fee changes at a premium of ``threshold`` points.

    Legs of fewer than ``free_below`` contracts pay no exchange fee.  The defaults are those of a retail account at the
    end of 2024.
    """

    commission: float = 0.65
    exchange_low: float = 0.0
    exchange_high: float = 0.0
    threshold: float = 1.0
    free_below: int = 0

    def per_contract(self, premium: ArrayLike, contracts: int = 1) -> Floats:
        """Return the dollars of opening one contract, for legs of ``contracts`` at these premiums in points.

        >>> product("SPX").fees.per_contract([0.40, 7.0]).tolist()
        [1.01, 1.1]
        """
        low = np.asarray(premium, dtype=float) < self.threshold
        charged = float(contracts >= self.free_below)
        return np.asarray(self.commission + charged * np.where(low, self.exchange_low, self.exchange_high))

    def of_legs(self, quantity: Floats, premium: Floats) -> Floats:
        """Return the dollars of opening one unit, shape (...), at the premiums of its legs (..., n_legs).

        >>> product("SPX").fees.of_legs(np.array([1.0, -2, 1]), np.array([0.40, 7.0, 15.0])).round(2).tolist()
        4.31
        """
        return np.asarray((np.abs(quantity) * self.per_contract(premium)).sum(axis=-1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One class of options on one underlying.

    ``tick`` is the price step in points below a premium of 3 points and ``coarse_tick`` from there on; ``strike_step``
    the distance of listed strikes near the money.  ``opening_settlement`` means AM settlement: the opening auction, not
    the close, sets the settlement price.  ``extra_trading`` is how long the options trade beyond the close of the
    underlying.  ``primary_exchange`` is where IB lists the underlying; a symbol without one cannot be run.
    ``possible_strikes`` reach far beyond the prices of the underlying: an order outside of them is a mistake.
    """

    symbol: str
    option_class: str
    cash_settled: bool
    tick: float
    coarse_tick: float
    strike_step: float
    cycle: ExpiryCycle = ExpiryCycle.DAILY
    opening_settlement: bool = False
    extra_trading: timedelta = timedelta(0)
    multiplier: int = MULTIPLIER
    fees: Fees = Fees()
    primary_exchange: str = ""
    possible_strikes: tuple[float, float] = (0.5, 20_000.0)

    @property
    def assignment_risk(self) -> bool:
        """Tell whether a short leg can turn into shares: American style and physical delivery."""
        return not self.cash_settled

    def tick_at(self, price: ArrayLike) -> Floats:
        """Return the price step in points at option prices in points.

        >>> product("SPX").tick_at([2.95, 3.0]).tolist()
        [0.05, 0.1]
        """
        return np.where(np.asarray(price, dtype=float) < _COARSE_FROM, self.tick, self.coarse_tick)

    def settles_at(self, expiry: date) -> datetime:
        """Return the UTC instant whose price settles the option: the close, 13:00 on half days, or the opening.

        Raises
        ------
        DataUnavailable
            ``market_closed`` when the exchange is shut; ``wrong_expiry`` when the opening-settled class does not
            expire that day.
        """
        session = require_session(expiry)
        if not self.opening_settlement:
            return session.close_at
        if not self.cycle.expires_on(expiry):
            raise DataUnavailable("wrong_expiry", f"{self.option_class} expires on third Fridays, not on {expiry}")
        return session.open_at

    def trades_until(self, expiry: date) -> datetime:
        """Return the UTC instant of the last trade of an option of this expiry."""
        if self.opening_settlement:
            self.settles_at(expiry)
            return previous_session(expiry).close_at
        return require_session(expiry).close_at + self.extra_trading

    def seconds_left(self, expiry: date, at: datetime) -> float:
        """Return seconds from ``at`` to settlement, never below 0.

        >>> from datetime import UTC
        >>> product("SPX").seconds_left(date(2025, 7, 9), datetime(2025, 7, 9, 16, 54, 55, tzinfo=UTC))
        11105.0
        """
        return max(0.0, (self.settles_at(expiry) - require_aware(at)).total_seconds())

    def years_left(self, expiry: date, at: datetime) -> float:
        """Return years of 365 days from ``at`` to settlement, never below 0."""
        return years_of(self.seconds_left(expiry, at))


def product(symbol: str, option_class: str | None = None) -> Product:
    """Return the product of a symbol; without a class, the one with the most expiries.

    A symbol without an entry is taken for a stock with weekly options.

    Raises
    ------
    DataUnavailable
        ``unknown_product`` for an index without options here, or a class the symbol does not have.

    >>> product("SPX").option_class, product("SPX", "SPX").opening_settlement, product("AAPL").cash_settled
    ('SPXW', True, False)
    """
    if symbol in _WITHOUT_OPTIONS:
        raise DataUnavailable("unknown_product", f"options on {symbol} are not supported")
    known = [item for item in PRODUCTS if item.symbol == symbol] or [_stock(symbol)]
    for item in known:
        if option_class in {None, item.option_class}:
            return item
    classes = ", ".join(item.option_class for item in known)
    raise DataUnavailable("unknown_product", f"{symbol} has no option class {option_class}; known: {classes}")


def _stock(symbol: str, primary_exchange: str = "") -> Product:
    return Product(
        symbol=symbol,
        option_class=symbol,
        cash_settled=False,
        tick=0.01,
        coarse_tick=0.05,
        strike_step=2.5,
        cycle=ExpiryCycle.WEEKLY,
        primary_exchange=primary_exchange,
    )


def _etf(symbol: str, primary_exchange: str = "") -> Product:
    return Product(
        symbol=symbol,
        option_class=symbol,
        cash_settled=False,
        tick=0.01,
        coarse_tick=0.01,
        strike_step=1.0,
        extra_trading=timedelta(minutes=15),
        possible_strikes=(50.0, 5_000.0),
        primary_exchange=primary_exchange,
    )


def _index(
    symbol: str, option_class: str, strike_step: float, primary_exchange: str, possible_strikes: tuple[float, float]
) -> Product:
    return Product(
        symbol=symbol,
        option_class=option_class,
        cash_settled=True,
        tick=0.05,
        coarse_tick=0.10,
        strike_step=strike_step,
        fees=Fees(exchange_low=0.36, exchange_high=0.45),
        possible_strikes=possible_strikes,
        primary_exchange=primary_exchange,
    )


_WITHOUT_OPTIONS: Final = frozenset({VIX})
PRODUCTS: Final = (
    _index("SPX", "SPXW", 5.0, "CBOE", (500.0, 50_000.0)),
    replace(_index("SPX", "SPX", 5.0, "CBOE", (500.0, 50_000.0)), cycle=ExpiryCycle.MONTHLY, opening_settlement=True),
    _etf("SPY", "ARCA"),
    _index("NDX", "NDXP", 10.0, "NASDAQ", (1_000.0, 200_000.0)),
    _etf("QQQ", "NASDAQ"),
    _index("RUT", "RUTW", 5.0, "RUSSELL", (200.0, 20_000.0)),
    _etf("IWM", "ARCA"),
    Product(
        symbol="XSP",
        option_class="XSP",
        cash_settled=True,
        tick=0.01,
        coarse_tick=0.01,
        strike_step=1.0,
        possible_strikes=(50.0, 5_000.0),
        fees=Fees(exchange_low=0.07, exchange_high=0.07, free_below=10),
        primary_exchange="CBOE",
    ),
    _stock("AAPL", "NASDAQ"),
    _stock("TSLA", "NASDAQ"),
    replace(_etf("DIA"), coarse_tick=0.05),
)
"""One entry per class of options; ``docs/symbols.md`` shows how to add one."""

RUN_SYMBOLS: Final = tuple(dict.fromkeys(item.symbol for item in PRODUCTS if item.primary_exchange))
"""The symbols that a run may have."""

INDEX_SYMBOLS: Final = tuple(dict.fromkeys(item.symbol for item in PRODUCTS if item.cash_settled))
"""The symbols that are indices: their options settle in cash, and they have no traded volume."""
