"""Which option product a symbol means, when it settles and how many seconds are left.

One year is 365 calendar days, 31,536,000 seconds, everywhere in option mathematics: a volatility is only as good as the
clock it was computed with.

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
Sources: Cboe contract specifications and trading hours (2024); NYSE sessions from ``domain.trading_day``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.strategy import VIX
from magic8_companion.domain.trading_day import previous_session, require_aware, require_session, session_on

SECONDS_PER_YEAR: Final = 365 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One class of options on one underlying.

    ``tick`` is the price step in points below 3 points and ``coarse_tick`` from there on; ``extra_trading`` how long
    the options trade beyond the close of the underlying.
    """

    symbol: str
    option_class: str
    cash_settled: bool
    tick: float
    coarse_tick: float
    opening_settlement: bool = False
    extra_trading: timedelta = timedelta(0)
    multiplier: int = 100

    @property
    def assignment_risk(self) -> bool:
        """Tell whether a short leg can turn into shares: American style and physical delivery."""
        return not self.cash_settled

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
        if expiry != monthly_expiry(expiry.year, expiry.month):
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
    """Return the product of a symbol; without a class, the one that expires daily.

    Raises
    ------
    DataUnavailable
        ``unknown_product`` for an index whose options are not known here, or a class the symbol does not have.

    >>> product("SPX").option_class, product("SPX", "SPX").opening_settlement, product("AAPL").cash_settled
    ('SPXW', True, False)
    """
    known = [item for item in _PRODUCTS if item.symbol == symbol]
    if symbol in _WITHOUT_OPTIONS:
        raise DataUnavailable("unknown_product", f"options on {symbol} are not supported")
    if not known:
        known = [Product(symbol=symbol, option_class=symbol, cash_settled=False, tick=0.01, coarse_tick=0.05)]
    for item in known:
        if option_class in {None, item.option_class}:
            return item
    classes = ", ".join(item.option_class for item in known)
    raise DataUnavailable("unknown_product", f"{symbol} has no option class {option_class}; known: {classes}")


def years_of(seconds: float) -> float:
    """Convert seconds to years of 365 days.

    >>> years_of(31_536_000)
    1.0
    """
    return seconds / SECONDS_PER_YEAR


def monthly_expiry(year: int, month: int) -> date:
    """Return the third Friday, or the session before it when the exchange is shut.

    >>> monthly_expiry(2025, 7), monthly_expiry(2019, 4)
    (datetime.date(2025, 7, 18), datetime.date(2019, 4, 18))
    """
    first = date(year, month, 1)
    friday = first + timedelta(days=(4 - first.weekday()) % 7 + 14)
    return friday if session_on(friday) else previous_session(friday).day


_QUARTER_HOUR: Final = timedelta(minutes=15)
_WITHOUT_OPTIONS: Final = frozenset({VIX})
_PRODUCTS: Final = (
    Product(symbol="SPX", option_class="SPXW", cash_settled=True, tick=0.05, coarse_tick=0.10),
    Product(symbol="SPX", option_class="SPX", cash_settled=True, tick=0.05, coarse_tick=0.10, opening_settlement=True),
    Product(symbol="XSP", option_class="XSP", cash_settled=True, tick=0.01, coarse_tick=0.01),
    Product(symbol="NDX", option_class="NDXP", cash_settled=True, tick=0.05, coarse_tick=0.10),
    Product(symbol="RUT", option_class="RUTW", cash_settled=True, tick=0.05, coarse_tick=0.10),
    *(
        Product(
            symbol=name,
            option_class=name,
            cash_settled=False,
            tick=0.01,
            coarse_tick=0.01,
            extra_trading=_QUARTER_HOUR,
        )
        for name in ("SPY", "QQQ", "IWM", "DIA")
    ),
)
