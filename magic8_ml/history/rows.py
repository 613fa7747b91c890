"""Hold the rows of one kind of sheet as typed columns, and count the lines and cells that are not data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, NamedTuple

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.history.csv_sheet import RefusedLine
from magic8_ml.history.layouts import DELTA, LEGS, PROFIT, TRADES

_PROFIT_NUMBERS: Final = (
    "price",
    "premium",
    "expected_premium",
    "predicted",
    "profit_low",
    "profit_high",
    "closed",
    "risk",
    "reward",
    "ratio",
    "stop",
    "profit_cell",
    "raw_cell",
    "managed",
)
_TRADES_NUMBERS: Final = (
    "premium",
    "risk",
    "expected_move",
    "low",
    "high",
    "target1",
    "target2",
    "predicted_trades",
    "closing",
    *(f"{name}{leg}" for leg in LEGS for name in ("strike", "bid", "ask", "mid")),
)
DELTA_NUMBERS: Final = ("call_delta", "put_delta", "predicted_delta", "short_term", "long_term", "closing_delta")
NUMBERS: Final = {PROFIT: _PROFIT_NUMBERS, TRADES: _TRADES_NUMBERS, DELTA: DELTA_NUMBERS}

DIRECTIONS: Final = ("BUY", "SELL")


class UnreadableNumber(NamedTuple):
    """A cell that should be a number but cannot be read, with its text."""

    file: int
    line: int
    column: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRows:
    """Rows of one kind of sheet, every array (n_rows,).

    ``file`` is the index of the sheet in download order; ``seconds`` are UTC since 1970.  Symbol, strategy, sentence
    and ``codes_by_column`` are indices into their lists, -1 where missing.  ``numbers`` are NaN where missing.
    """

    file: Integers
    line: Integers
    has_control: Mask
    seconds: Integers
    symbol: Integers
    strategy: Integers
    sentence: Integers
    numbers: Mapping[str, Floats]
    codes_by_column: Mapping[str, Integers]

    def __len__(self) -> int:
        return len(self.file)

    @property
    def minute(self) -> Integers:
        """Return UTC minutes since 1970."""
        return self.seconds // 60

    def take(self, index: Integers) -> SheetRows:
        """Return the rows at ``index``, in that order."""
        parts: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            several = isinstance(value, Mapping)
            parts[item.name] = {name: column[index] for name, column in value.items()} if several else value[index]
        return SheetRows(**parts)


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Counts of lines by kind, rejected lines, and cells that should be numbers but cannot be read."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[RefusedLine] = field(default_factory=list)
    unreadable: list[UnreadableNumber] = field(default_factory=list)


@dataclass(slots=True)
class Vocabulary:
    """Distinct texts in order of first appearance, each with its index."""

    places: dict[str, int] = field(default_factory=dict)

    def place(self, text: str) -> int:
        """Return the index of a text; add the text if it is new."""
        return self.places.setdefault(text, len(self.places))
