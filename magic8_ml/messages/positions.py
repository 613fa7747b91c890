"""Read positions such as ``C5000/C5010/C5020`` or ``P4900/P4905_C5100/C5105``: structures without price or action."""

from __future__ import annotations

import re
from typing import Final

from magic8_companion.domain.strategy import BUTTERFLY, IRON_CONDOR, VERTICAL
from magic8_ml.messages.values import Position, Refusal

_LEG: Final = r"[CP]\d{1,6}(?:\.\d{1,4})?"
_POSITION: Final = rf"{_LEG}(?:[/_]{_LEG}){{1,7}}"
_LINE: Final = re.compile(rf"\s*(?P<all>{_POSITION}(?:\s+{_POSITION})*)(?=\s|$)", re.ASCII)


def read_positions(line: str) -> list[Position]:
    """Return the positions of an upper-case line, empty for other lines.

    Raises
    ------
    Refusal
        ``strikes_not_distinct`` or ``ambiguous_structure``.

    >>> [position.strategy for position in read_positions("C5000/C5010/C5020  P4900/P4905_C5100/C5105")]
    ['Butterfly', 'Iron_Condor']
    >>> read_positions("P5100/P5105_C4900/C4905")
    Traceback (most recent call last):
    magic8_ml.messages.values.Refusal: ambiguous_structure: 'P5100/P5105_C4900/C4905' matches no structure
    """
    found = _LINE.match(line)
    return [_read(text) for text in found["all"].split()] if found else []


def _read(text: str) -> Position:
    legs = tuple((leg[0], float(leg[1:])) for leg in text.replace("_", "/").split("/"))
    if len(set(legs)) != len(legs):
        raise Refusal("strikes_not_distinct", f"{text!r} has a leg twice")
    match text.count("P"), text.count("C"):
        case (2, 2) if _highest_put(legs) <= _lowest_call(legs):
            strategy, option_type = IRON_CONDOR, "CALL/PUT"
        case (0, 2) | (2, 0):
            strategy, option_type = VERTICAL, _option_type(text)
        case (0, 3) | (3, 0):
            strategy, option_type = BUTTERFLY, _option_type(text)
        case _:
            raise Refusal("ambiguous_structure", f"{text!r} matches no structure")
    return Position(text=text, strategy=strategy, option_type=option_type, legs=legs)


def _highest_put(legs: tuple[tuple[str, float], ...]) -> float:
    return max(strike for right, strike in legs if right == "P")


def _lowest_call(legs: tuple[tuple[str, float], ...]) -> float:
    return min(strike for right, strike in legs if right == "C")


def _option_type(text: str) -> str:
    return "CALL" if text[0] == "C" else "PUT"
