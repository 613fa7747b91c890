"""Numbers as people read them; what is not known is a dash."""

from __future__ import annotations

from collections.abc import Sequence

from magic8_ml.evaluation.markup import Markup

_UNKNOWN = "–"
_NARROW = 0.05


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share.

    >>> percent(0.1234), percent(-0.05, 0), percent(None)
    ('12.3 %', '−5 %', '–')
    """
    return _UNKNOWN if value is None else f"{_fixed(100 * value, digits)} %"


def plain(value: float | None, digits: int = 3) -> str:
    """Return a number.

    >>> plain(-0.12345), plain(-0.0001), plain(None)
    ('−0.123', '0.000', '–')
    """
    return _UNKNOWN if value is None else _fixed(value, digits)


def triple(values: Sequence[float | None]) -> str:
    """Return a share with its interval in small print, as fine as the interval is narrow.

    >>> str(triple([0.123, 0.05, 0.2])), str(triple([0.01, 0.003, 0.017]))
    ('12.3 % <small>5 to 20</small>', '1.0 % <small>0.3 to 1.7</small>')
    """
    value, low, high = values
    if value is None or low is None or high is None:
        return percent(value)
    digits = 1 if high - low < _NARROW else 0
    ends = " to ".join(_fixed(100 * end, digits) for end in (low, high))
    return Markup(f"{percent(value)} <small>{ends}</small>")


def _fixed(value: float, digits: int) -> str:
    rounded = round(value, digits) + 0.0  # a zero has no sign
    return f"{rounded:.{digits}f}".replace("-", "−")
