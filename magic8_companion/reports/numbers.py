"""Format numbers for people; a missing number is a dash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

UNKNOWN: Final = "–"
_BILLION: Final = 1e9


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share.

    >>> percent(0.1234), percent(-0.05, 0), percent(None)
    ('12.3 %', '−5 %', '–')
    """
    return UNKNOWN if value is None else f"{number(100 * value, digits)} %"


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with a fixed count of digits.

    >>> number(-0.12345), number(-0.0001), number(None)
    ('−0.123', '0.000', '–')
    """
    if value is None:
        return UNKNOWN
    rounded = round(value, digits) + 0.0  # zero has no sign
    return f"{rounded:.{digits}f}".replace("-", "−")


def plain(value: float | None) -> str:
    """Return a number with the digits that it has.

    >>> plain(-0.15), plain(1.0), plain(None)
    ('−0.15', '1', '–')
    """
    return UNKNOWN if value is None else f"{value:g}".replace("-", "−")


def count(value: float | None) -> str:
    """Return a count with thousands separators.

    >>> count(1234567), count(None)
    ('1,234,567', '–')
    """
    return UNKNOWN if value is None else f"{value:,}"


def price(value: float | None, missing: str = UNKNOWN) -> str:
    """Return a price with two decimals.

    >>> price(6010.5), price(None, "none")
    ('6,010.50', 'none')
    """
    return missing if value is None else f"{value:,.2f}"


def billions(value: float, digits: int = 2, plus: str = "+") -> str:
    """Return an amount in billions of US dollars, with its sign; ``plus`` is the sign of positive ones.

    >>> billions(-12.15e9), billions(7.4e8)
    ('−$12.15 bn', '+$0.74 bn')
    """
    sign = "−" if value < 0 else plus
    return f"{sign}${abs(value) / _BILLION:.{digits}f} bn"


def p_value(value: float | None) -> str:
    """Return a probability of a test; nothing where there was no test.

    >>> p_value(0.0004), p_value(0.25), p_value(None)
    ('< 0.001', '0.250', '')
    """
    return "" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def words(value: object) -> str:
    """Return any plain JSON value as text: counts with separators, names without underscores.

    >>> words({"days_left_out": 1234, "symbols": ["SPX", "SPY"], "note": None})
    'days left out 1,234, symbols SPX, SPY, note –'
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{str(key).replace('_', ' ')} {words(item)}" for key, item in value.items()) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(words, value)) or "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return count(value)
    return UNKNOWN if value is None else str(value)
