"""Text of others for terminal, log and page: control characters are written out, so they cannot act."""

from __future__ import annotations

import re
from typing import Final

_ACTING: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_LINE_BREAKS: Final = "\n\t"


def printable(text: object, *, lines: bool = False) -> str:
    r"""Return the text with control characters, direction marks and lone surrogates as escapes.

    ``lines``: line feeds and tabs stay.

    >>> print(printable("SPY\x1b[2J\u202e"))
    SPY\x1b[2J\u202e
    >>> printable("one\ntwo", lines=True) == "one\ntwo"
    True
    """
    return _ACTING.sub(lambda found: _escape(found[0], lines=lines), str(text))


def _escape(character: str, *, lines: bool) -> str:
    if lines and character in _LINE_BREAKS:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
