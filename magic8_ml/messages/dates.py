"""Read expiry dates of orders: 22 May 25, 4 SEP 26, 2025-05-22, 5/22/25, and 15 NOV without a year."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final

from magic8_companion.domain.trading_day import FIRST_YEAR, LAST_YEAR, session_on
from magic8_companion.options.order_line import MONTHS
from magic8_companion.options.products import PRODUCTS
from magic8_ml.messages.values import Refusal

_MONTHS: Final = tuple(month.upper() for month in MONTHS)
_LONG_NAMES: Final = "JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER"
_NUMBER_OF: Final = {
    name: number for names in (_MONTHS, tuple(_LONG_NAMES.split())) for number, name in enumerate(names, start=1)
} | {"SEPT": 9}

# no digit, dot, comma or slash may follow a year, so that strikes are not read as one
_TEXT_DATE: Final = r"\d{1,2}\s{0,3}[A-Z]{3,9}\.?(?:\s{0,3}'?(?:\d{4}|\d{2})(?![\d.,/]))?"
_ISO: Final = r"\d{4}-\d{1,2}-\d{1,2}(?!\d)"
_US: Final = r"\d{1,2}/\d{1,2}/(?:\d{4}|\d{2})(?![\d./])"
EXPIRY: Final = rf"\s*(?P<expiry>{_TEXT_DATE}|{_ISO}|{_US})"
"""Pattern of a date in upper-case text, as the group ``expiry``."""

_PARTS: Final = re.compile(r"(?P<day>\d{1,2})\s*(?P<month>[A-Z]+)\.?\s*'?(?P<year>\d*)", re.ASCII)


@lru_cache(maxsize=4096)
def read_expiry(text: str, on: date | None) -> tuple[date | None, str | None]:
    """Return the date of a text matching ``EXPIRY``, or None and its day and month if the year is unknown.

    Parameters
    ----------
    on
        New York date of the message; a date without a year is the next such date on or after it.

    Raises
    ------
    Refusal
        ``bad_expiry`` for a date that does not exist or has no session, ``expired`` for one before the message.

    >>> read_expiry("22 MAY 25", None), read_expiry("5/22/25", None)
    ((datetime.date(2025, 5, 22), None), (datetime.date(2025, 5, 22), None))
    >>> read_expiry("14 NOV", date(2024, 11, 15)), read_expiry("14 NOV", None)
    ((datetime.date(2025, 11, 14), None), (None, '14 NOV'))
    """
    try:
        expiry, open_year = _read(text, on)
    except ValueError:
        raise Refusal("bad_expiry", f"{text!r} is not a date") from None
    if expiry is None:
        return None, open_year
    if not 2000 <= expiry.year <= 2099:
        raise Refusal("bad_expiry", f"{text!r} is outside 2000..2099")
    if FIRST_YEAR <= expiry.year <= LAST_YEAR and session_on(expiry) is None:
        raise Refusal("bad_expiry", f"the exchange is shut on {expiry.isoformat()}, so no option expires then")
    if on is not None and expiry < on:
        raise Refusal("expired", f"{text!r} is before the message of {on.isoformat()}")
    return expiry, None


def require_open(symbol: str, expiry: date | None, on: date | None) -> None:
    """Refuse an order in options of ``symbol`` that settle in the opening auction, if they no longer trade.

    Raises
    ------
    Refusal
        ``bad_expiry`` when the symbol has no such options or they do not expire on that date, ``settled`` on the date
        of the expiry: their last trade was in the session before.

    >>> require_open("SPX", date(2025, 6, 20), date(2025, 6, 20))
    Traceback (most recent call last):
    magic8_ml.messages.values.Refusal: settled: AM-settled options of 2025-06-20 traded until the session before
    """
    am_settled = next((item for item in PRODUCTS if item.symbol == symbol and item.opening_settlement), None)
    if am_settled is None:
        raise Refusal("bad_expiry", f"{symbol} has no AM-settled options here")
    if expiry is None:
        return
    if not am_settled.cycle.expires_on(expiry):
        raise Refusal(
            "bad_expiry", f"AM-settled options of {symbol} expire on third Fridays, not on {expiry.isoformat()}"
        )
    if on is not None and on >= expiry:
        raise Refusal("settled", f"AM-settled options of {expiry.isoformat()} traded until the session before")


def _read(text: str, on: date | None) -> tuple[date | None, str | None]:
    if "-" in text:
        year, month, day = map(int, text.split("-"))
        return date(year, month, day), None
    if "/" in text:
        month, day, year = map(int, text.split("/"))
        return date(_full(year), month, day), None
    parts = _PARTS.fullmatch(text)
    if parts is None or parts["month"] not in _NUMBER_OF:
        raise ValueError(text)
    day, month = int(parts["day"]), _NUMBER_OF[parts["month"]]
    if parts["year"]:
        return date(_full(int(parts["year"])), month, day), None
    date(2000, month, day)  # a leap year: 29 FEB may exist
    if on is None:
        return None, f"{day} {_MONTHS[month - 1]}"
    return _next_such_date(month, day, on), None


def _full(year: int) -> int:
    return year + 2000 if year < 100 else year


def _next_such_date(month: int, day: int, on: date) -> date:
    for year in range(on.year, on.year + 9):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= on:
            return found
    raise ValueError(f"{day}/{month}")
