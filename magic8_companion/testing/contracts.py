"""Define the contracts of the simulated gateway: ten underlyings, their option classes, and fixed contract ids.

Ids of underlyings are IB's own.  The id of an option encodes its class, expiry, right and strike, so it stays the same
after a restart of the gateway and can be decoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from magic8_companion.options.products import product
from magic8_companion.testing.wire import FieldReader

INDEX: Final = "IND"
STOCK: Final = "STK"
OPTION: Final = "OPT"
SMART: Final = "SMART"
CALL: Final = "C"
PUT: Final = "P"
MULTIPLIER: Final = "100"

_EPOCH: Final = date(2015, 1, 1)
_STRIKE_BITS: Final = 13
_DAY_BITS: Final = 13
_CLASS_SHIFT: Final = _STRIKE_BITS + 1 + _DAY_BITS
_RIGHTS: Final = {"C": CALL, "CALL": CALL, "P": PUT, "PUT": PUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedUnderlying:
    """An index or a stock; ``exchange`` is where it is listed, stocks are routed by SMART as well."""

    symbol: str
    con_id: int
    sec_type: str
    exchange: str
    name: str
    stock_type: str = ""

    @property
    def exchanges(self) -> tuple[str, ...]:
        """Return the exchanges that a request may use."""
        return (self.exchange,) if self.sec_type == INDEX else (SMART, self.exchange)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionClass:
    """One class of options; ``monthly`` ones settle in the opening auction of third Fridays."""

    name: str
    symbol: str
    number: int
    monthly: bool = False

    @property
    def strike_step(self) -> float:
        """Return the distance of strikes in points."""
        return product(self.symbol).strike_step


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One exact contract: an underlying, or one of its options."""

    con_id: int
    underlying: ListedUnderlying
    option_class: OptionClass | None = None
    expiry: date | None = None
    strike: float = 0.0
    right: str = ""

    @property
    def symbol(self) -> str:
        """Return the symbol of the underlying."""
        return self.underlying.symbol

    @property
    def sec_type(self) -> str:
        """Return IND, STK or OPT."""
        return OPTION if self.option_class else self.underlying.sec_type

    @property
    def trading_class(self) -> str:
        """Return the class of an option, or the symbol."""
        return self.option_class.name if self.option_class else self.symbol

    @property
    def local_symbol(self) -> str:
        """Return the name in the 21 characters of the options clearing house, or the symbol."""
        if self.expiry is None:
            return self.symbol
        return f"{self.trading_class:<6}{self.expiry:%y%m%d}{self.right}{round(self.strike * 1000):08d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractQuery:
    """The 12 fields of a contract in a request; an empty, 0 or blank field matches everything."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    expiry: str = ""
    strike: float = 0.0
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""

    def __str__(self) -> str:
        """Return the description for log lines."""
        parts = (self.symbol or self.con_id, self.sec_type, self.trading_class, self.expiry, self.strike or "")
        return " ".join(str(part) for part in (*parts, self.right, self.exchange) if part)

    def wants(self, instrument: Instrument) -> bool:
        """Return whether an instrument matches the query."""
        if self.con_id:
            return self.con_id == instrument.con_id
        if self.symbol not in {"", instrument.symbol} or self.sec_type != instrument.sec_type:
            return False
        if self.currency not in {"", "USD"} or self.local_symbol not in {"", instrument.local_symbol}:
            return False
        return self._wants_place(instrument) and self._wants_option(instrument)

    def _wants_place(self, instrument: Instrument) -> bool:
        if instrument.sec_type == OPTION:
            return self.exchange in {"", SMART, "CBOE"} and self.multiplier in {"", MULTIPLIER}
        listed = instrument.underlying.exchange
        return self.exchange in {"", *instrument.underlying.exchanges} and self.primary_exchange in {"", listed}

    def _wants_option(self, instrument: Instrument) -> bool:
        if instrument.expiry is None:
            return True
        return (
            f"{instrument.expiry:%Y%m%d}".startswith(self.expiry)
            and self.strike in {0.0, instrument.strike}
            and self.right_letter in {"", instrument.right}
            and self.trading_class in {"", instrument.trading_class}
        )

    @property
    def right_letter(self) -> str:
        """Return C, P, or an empty text for both."""
        return _RIGHTS.get(self.right.upper(), "" if self.right in {"", "0", "?"} else self.right)


def read_query(fields: FieldReader) -> ContractQuery:
    """Read the 12 fields of a contract."""
    return ContractQuery(
        con_id=fields.integer(),
        symbol=fields.text().upper(),
        sec_type=fields.text(),
        expiry=fields.text(),
        strike=fields.number(),
        right=fields.text(),
        multiplier=fields.text(),
        exchange=fields.text(),
        primary_exchange=fields.text(),
        currency=fields.text(),
        local_symbol=fields.text(),
        trading_class=fields.text(),
    )


def underlying_of(symbol: str) -> Instrument:
    """Return the instrument of an index or a stock.

    >>> underlying_of("SPX").con_id
    416904
    """
    facts = UNDERLYINGS[symbol]
    return Instrument(con_id=facts.con_id, underlying=facts)


def option_of(option_class: OptionClass, expiry: date, right: str, strike_number: int) -> Instrument:
    """Return an option by the number of its strike: the strike in steps of its class.

    >>> option_of(CLASSES["SPXW"], date(2025, 6, 26), CALL, 1230).local_symbol
    'SPXW  250626C06150000'
    """
    day = (expiry - _EPOCH).days
    place = (day << (_STRIKE_BITS + 1)) | (int(right == PUT) << _STRIKE_BITS) | strike_number
    return Instrument(
        con_id=(option_class.number << _CLASS_SHIFT) | place,
        underlying=UNDERLYINGS[option_class.symbol],
        option_class=option_class,
        expiry=expiry,
        strike=strike_number * option_class.strike_step,
        right=right,
    )


def instrument_by_id(con_id: int) -> Instrument | None:
    """Return the instrument of an id, or None for a number that was never given out.

    >>> instrument_by_id(option_of(CLASSES["SPXW"], date(2025, 6, 26), CALL, 1230).con_id).strike
    6150.0
    """
    for facts in UNDERLYINGS.values():
        if facts.con_id == con_id:
            return Instrument(con_id=con_id, underlying=facts)
    for option_class in CLASSES.values():
        if option_class.number == con_id >> _CLASS_SHIFT:
            day = (con_id >> (_STRIKE_BITS + 1)) % (1 << _DAY_BITS)
            right = PUT if (con_id >> _STRIKE_BITS) % 2 else CALL
            return option_of(option_class, _EPOCH + timedelta(days=day), right, con_id % (1 << _STRIKE_BITS))
    return None


UNDERLYINGS: Final = {
    item.symbol: item
    for item in (
        ListedUnderlying(symbol="SPX", con_id=416904, sec_type=INDEX, exchange="CBOE", name="S&P 500 Stock Index"),
        ListedUnderlying(symbol="XSP", con_id=137851301, sec_type=INDEX, exchange="CBOE", name="Mini-SPX Index"),
        ListedUnderlying(symbol="NDX", con_id=416843, sec_type=INDEX, exchange="NASDAQ", name="NASDAQ 100 Stock Index"),
        ListedUnderlying(
            symbol="RUT", con_id=416888, sec_type=INDEX, exchange="RUSSELL", name="Russell 2000 Stock Index"
        ),
        ListedUnderlying(symbol="VIX", con_id=13455763, sec_type=INDEX, exchange="CBOE", name="CBOE Volatility Index"),
        ListedUnderlying(
            symbol="SPY", con_id=756733, sec_type=STOCK, exchange="ARCA", name="SPDR S&P 500 ETF", stock_type="ETF"
        ),
        ListedUnderlying(
            symbol="QQQ", con_id=320227571, sec_type=STOCK, exchange="NASDAQ", name="INVESCO QQQ", stock_type="ETF"
        ),
        ListedUnderlying(
            symbol="IWM", con_id=9579970, sec_type=STOCK, exchange="ARCA", name="ISHARES RUSSELL 2000", stock_type="ETF"
        ),
        ListedUnderlying(
            symbol="AAPL", con_id=265598, sec_type=STOCK, exchange="NASDAQ", name="APPLE INC", stock_type="COMMON"
        ),
        ListedUnderlying(
            symbol="TSLA", con_id=76792991, sec_type=STOCK, exchange="NASDAQ", name="TESLA INC", stock_type="COMMON"
        ),
    )
}
CLASSES: Final = {
    item.name: item
    for item in (
        OptionClass(name="SPXW", symbol="SPX", number=1),
        OptionClass(name="SPX", symbol="SPX", number=2, monthly=True),
        OptionClass(name="XSP", symbol="XSP", number=3),
        OptionClass(name="NDXP", symbol="NDX", number=4),
        OptionClass(name="NDX", symbol="NDX", number=5, monthly=True),
        OptionClass(name="RUTW", symbol="RUT", number=6),
        OptionClass(name="RUT", symbol="RUT", number=7, monthly=True),
        OptionClass(name="SPY", symbol="SPY", number=8),
        OptionClass(name="QQQ", symbol="QQQ", number=9),
        OptionClass(name="IWM", symbol="IWM", number=10),
        OptionClass(name="AAPL", symbol="AAPL", number=11),
        OptionClass(name="TSLA", symbol="TSLA", number=12),
    )
}
