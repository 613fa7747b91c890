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
    return _UNKNOWN if value is None else f"{_signed(f'{100 * value:.{digits}f}')} %"


def plain(value: float | None, digits: int = 3) -> str:
    """Return a number.

    >>> plain(-0.12345), plain(None)
    ('−0.123', '–')
    """
    return _UNKNOWN if value is None else _signed(f"{value:.{digits}f}")


def triple(values: Sequence[float | None]) -> str:
    """Return a share with its interval in small print, as fine as the interval is narrow.

    >>> str(triple([0.123, 0.05, 0.2])), str(triple([0.01, 0.003, 0.017]))
    ('12.3 % <small>5 to 20</small>', '1.0 % <small>0.3 to 1.7</small>')
    """
    value, low, high = values
    if value is None or low is None or high is None:
        return percent(value)
    digits = 1 if high - low < _NARROW else 0
    ends = " to ".join(f"{100 * end + 0.0:.{digits}f}" for end in (low, high))
    return Markup(f"{percent(value)} <small>{_signed(ends)}</small>")


def _signed(text: str) -> str:
    return text.replace("-", "−")
