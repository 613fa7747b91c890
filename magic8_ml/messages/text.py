"""Normalize chat text and read numbers in it.

Formatting marks, code fences, emoji and unusual blanks are removed.  The number of lines stays the same.  Ambiguous
numbers are refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from magic8_ml.messages.values import Refusal

_EDGE_UNDERSCORES: Final = re.compile(r"_(?:(?<![A-Za-z0-9]_)|(?![A-Za-z0-9]))")
_INVISIBLE: Final = re.compile(r"[\u00ad\u200b-\u200f\u2060-\u2064\u20e3\ufe00-\ufe0f\ufeff\U000e0020-\U000e007f]")
_BLANK: Final = re.compile(
    r"[\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # blanks of other widths
    r"\u00a9\u00ae\u2022\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u2bff\U0001f000-\U0001faff]"  # bullets, emoji
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_WIDE: Final = re.compile(r"[ \t]{3,}")
_ASCII_TWINS: Final = {
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212), "-"),
    **dict.fromkeys((0xFE63, 0xFF0D), "-"),
    **dict.fromkeys((0xFE62, 0xFF0B), "+"),
    0xFF20: "@",
    0xFF0F: "/",
}


def normalize_line_ends(text: str) -> str:
    r"""Return the text with all line ends as ``\n``.

    >>> normalize_line_ends("a\r\nb\rc\n")
    'a\nb\nc\n'
    """
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def struck_lines(lines: Sequence[str]) -> frozenset[int]:
    """Return the indices of the lines of which ``~~`` strikes a part through; a mark may be closed on a later line.

    >>> sorted(struck_lines(["a", "~~b", "c", "d~~", "e"]))
    [1, 2, 3]
    """
    struck, is_open = set(), False
    for index, line in enumerate(lines):
        marks = line.count("~~")
        if is_open or marks:
            struck.add(index)
        is_open ^= marks % 2 == 1
    return frozenset(struck)


def normalize(text: str) -> str:
    r"""Return the text in upper case without bold marks, code fences, emoji and invisible characters.

    Letters, digits and fractions of other scripts stay, and the grammar refuses them.  Three or more blanks become two,
    which bounds the time of every pattern.

    >>> normalize("**BUY** `+1`\u00a0_Butterfly_ \U0001f680 @1 \u0663")
    'BUY +1 BUTTERFLY  @1 ٣'
    """
    for mark in "*`":
        if mark in text:
            text = text.replace(mark, "")
    if "_" in text:
        text = _EDGE_UNDERSCORES.sub("", text)
    if not text.isascii():
        text = _BLANK.sub(" ", _INVISIBLE.sub("", text.translate(_ASCII_TWINS)))
    if not text.replace("\n", "").isprintable():
        text = _CONTROL.sub(" ", text)
    if "  " in text or "\t" in text:
        text = _WIDE.sub("  ", text)
    return text.upper()


NUMBER: Final = r"(?:\d{1,3}(?:,\d{3}){1,2}(?:\.\d{1,6})?|\d{1,9}(?:\.\d{0,6})?|\.\d{1,6})"
"""Pattern of an unsigned number; commas may only separate thousands."""

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
    magic8_ml.messages.values.Refusal: bad_number: '58,55' is not a number
    """
    if not _WHOLE.fullmatch(text):
        raise Refusal("bad_number", f"{text!r} is not a number")
    return number_of(text)
