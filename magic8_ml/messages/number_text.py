"""Numbers as people write them, read only where they can mean one thing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from magic8_ml.messages.values import Refusal

NUMBER: Final = r"(?:\d{1,3}(?:,\d{3}){1,2}(?:\.\d{1,6})?|\d{1,9}(?:\.\d{0,6})?|\.\d{1,6})"
"""Pattern of an unsigned number: commas may separate thousands, and nothing else."""

_WHOLE: Final = re.compile(NUMBER, re.ASCII)


def number_of(text: str) -> float:
    """Return the value of a text that matched ``NUMBER``.

    >>> number_of("5,860"), number_of(".43")
    (5860.0, 0.43)
    """
    return float(text.replace(",", "") if "," in text else text)


@lru_cache(maxsize=4096)
def read_number(text: str) -> float:
    """Return an unsigned number.

    Raises
    ------
    Refusal
        ``bad_number``.

    >>> read_number("58,55")
    Traceback (most recent call last):
    magic8_ml.messages.values.Refusal: bad_number: '58,55' is no number
    """
    if not _WHOLE.fullmatch(text):
        raise Refusal("bad_number", f"{text!r} is no number")
    return number_of(text)
