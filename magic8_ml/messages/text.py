"""Undo what chat programs do to text: marks, fences, emoji and odd blanks go, every meaningful character stays.

Lines are kept one to one, so a line number means the same before and after.
"""

from __future__ import annotations

import re
from typing import Final

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


def one_kind_of_line_end(text: str) -> str:
    r"""Return the text with the line ends of every system as ``\n``.

    >>> one_kind_of_line_end("a\r\nb\rc\n")
    'a\nb\nc\n'
    """
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def plain(text: str) -> str:
    r"""Return the text without bold marks, code fences, emoji and invisible characters, in capitals.

    Letters, digits and fractions of other scripts are kept: the grammar refuses them, nobody guesses them.  Two blanks
    mean as much as many, so wide ones shrink; that bounds the time of every pattern.

    >>> plain("**BUY** `+1`\u00a0_Butterfly_ \U0001f680 @1 \u0663")
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
