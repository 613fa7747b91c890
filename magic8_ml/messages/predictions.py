"""Prediction blocks: labelled numbers, one or several per line, below the heading of a symbol."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from magic8_companion.domain.strategy import canonical_symbol
from magic8_ml.messages.order_grammar import KNOWN_SYMBOL
from magic8_ml.messages.text import NUMBER, number_of
from magic8_ml.messages.values import NO_PREDICTIONS, Predictions, Refusal

# each branch begins with a different letter, which makes the search several times faster
_LABEL: Final = (
    r"(?P<label>CURRENT\s{1,3}PRICE|PRICE|PREDICTED(?:[\s-]{1,3}(?:CLOSE|PRICE))?|SHORT[\s-]{0,3}TERM|LONG[\s-]{0,3}TERM"
    r"|TARGET\s{0,3}#?[12])\s{0,9}[:=]\s{0,9}"
)
_VALUE: Final = rf"(?P<sign>[+-])?\$?(?P<number>{NUMBER})"
_ALONE: Final = re.compile(f"{_LABEL}{_VALUE}", re.ASCII)
_LABELLED: Final = re.compile(
    rf"{_LABEL}(?:{_VALUE}[,;)\]]{{0,3}}(?![^\s/|])(?!\s+\d)|(?P<bad>[+-]?\$?\.?\d[^\s/|;]{{0,40}}))", re.ASCII
)
_HEADING: Final = re.compile(r"\b(?:ALERT|ANALYSIS|UPDATE|SIGNALS?|0DTE|MAGIC8|PREDICTION|FORECAST)\b", re.ASCII)
_SONAR: Final = re.compile(r"[^A-Z0-9]*SONAR[^A-Z0-9]*")
_FIELDS: Final = {
    "PRICE": "current_price",
    "CURRENTPRICE": "current_price",
    "PREDICTED": "predicted_close",
    "PREDICTEDCLOSE": "predicted_close",
    "PREDICTEDPRICE": "predicted_close",
    "SHORTTERM": "short_term",
    "LONGTERM": "long_term",
    "TARGET1": "target1",
    "TARGET2": "target2",
}
_SCORES: Final = frozenset({"short_term", "long_term"})
_NO_NAME: Final = re.compile(r"[^A-Z0-9]+")


def is_sonar_heading(line: str) -> bool:
    """Return whether an upper-case line is the heading Sonar.

    >>> is_sonar_heading(" SONAR: "), is_sonar_heading("SONAR: WIDE TODAY")
    (True, False)
    """
    return "SONAR" in line and _SONAR.fullmatch(line) is not None


def heading_symbol(line: str) -> str | None:
    """Return the symbol of an upper-case heading line, None for other lines.

    >>> heading_symbol("SPX 0DTE ANALYSIS"), heading_symbol("MAGIC8 ALERT NDX"), heading_symbol("SPY LOOKS WEAK")
    ('SPX', 'NDX', None)
    """
    found = KNOWN_SYMBOL.search(line)
    if found is None or not (_HEADING.search(line) or line.strip(" \t:#-=") == found[0]):
        return None
    return canonical_symbol(found[0])


def lone_number(line: str) -> tuple[str, float] | None:
    """Return (field, value) of an upper-case line of one label and one number, else None.

    >>> lone_number("SHORT TERM: 5860"), lone_number("PRICE: 5860 / LONG TERM: 5865")
    (('short_term', 5860.0), None)
    """
    found = _ALONE.fullmatch(line)
    return (_field(found["label"]), _signed(found["sign"], found["number"])) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledNumber:
    """One label of a line and the text after it: ``number`` is None where that text is not a number."""

    label: str
    sign: str | None
    number: str | None
    invalid: str | None

    @property
    def field(self) -> str:
        """Return the field of :class:`Predictions` that the label names."""
        return _field(self.label)

    def value(self) -> float:
        """Return the number.

        Raises
        ------
        Refusal
            ``bad_number``.
        """
        if self.number is None:
            raise Refusal("bad_number", f"{self.label}: {self.invalid!r} is not a number")
        return _signed(self.sign, self.number)


def labelled_numbers(line: str) -> list[LabelledNumber]:
    """Return each label of an upper-case line with its number.

    >>> found = labelled_numbers("PRICE: 5,860 / PREDICTED CLOSE: 5875 / SHORT TERM: 0.65")
    >>> [(item.field, item.value()) for item in found]
    [('current_price', 5860.0), ('predicted_close', 5875.0), ('short_term', 0.65)]
    >>> labelled_numbers("STRIKE PRICE: 5860")
    []
    """
    if ":" not in line and "=" not in line:
        return []
    return [
        LabelledNumber(label=found["label"], sign=found["sign"], number=found["number"], invalid=found["bad"])
        for found in _LABELLED.finditer(line)
        if not found.start() or _begins_label(line[: found.start()])
    ]


def _signed(sign: str | None, number: str) -> float:
    return -number_of(number) if sign == "-" else number_of(number)


@lru_cache(maxsize=256)
def _field(label: str) -> str:
    return _FIELDS[_NO_NAME.sub("", label)]


def _begins_label(before: str) -> bool:
    """Return whether a label may begin here: not in "STRIKE PRICE:", but in "SPX PRICE:"."""
    text = before.rstrip()
    if not text or not text[-1].isalpha() or len(before) - len(text) > 1:
        return True
    return KNOWN_SYMBOL.search(text.rpartition(" ")[2]) is not None


class PredictionBlocks:
    """Collects the numbers of a message by the symbol of their heading."""

    __slots__ = ("_blocks", "_done", "_symbol")

    def __init__(self) -> None:
        self._blocks: dict[str | None, dict[str, float]] = {}
        self._done: dict[str | None, Predictions] = {}
        self._symbol: str | None = None

    def open(self, symbol: str) -> None:
        """Begin the block of a symbol; numbers above the first heading belong to it too."""
        if self._symbol is None and None in self._blocks:
            self._blocks[symbol] = self._blocks.pop(None)
        self._symbol = symbol

    def add(self, field: str, value: float) -> None:
        """Take a number into the open block.

        Raises
        ------
        Refusal
            ``bad_number`` where the block holds another number under this label, or a price is not above 0.
        """
        if value <= 0 and field not in _SCORES:
            raise Refusal("bad_number", f"{field} must be above 0, not {value:g}")
        block = self._blocks.setdefault(self._symbol, {})
        if block.setdefault(field, value) != value:
            raise Refusal("bad_number", f"{field} is {block[field]:g} above and {value:g} here")

    def close(self) -> Predictions:
        """Return the numbers of the first block; no number is added after this."""
        self._done = {symbol: Predictions(**block) for symbol, block in self._blocks.items()}
        return next(iter(self._done.values()), NO_PREDICTIONS)

    def of(self, symbol: str) -> Predictions:
        """Return what applies to an order: its own symbol's block, else the one without a symbol."""
        return self._done.get(symbol) or self._done.get(None) or NO_PREDICTIONS
