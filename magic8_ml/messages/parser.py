"""Read a Discord message: each line is an order, a number, a heading, a position or text.

Inside the parser an invalid line raises :class:`Refusal`.  :class:`_MessageReader` catches it and reports the line as a
:class:`LineError` value in the result, so callers never see an exception.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.domain.trading_day import new_york_day, require_aware
from magic8_companion.options.risk_reward import RiskReward
from magic8_ml.messages.json_block import (
    JsonBlock,
    block_examples,
    block_predictions,
    block_symbol,
    example_order,
    find_objects,
)
from magic8_ml.messages.order_grammar import KNOWN_SYMBOL
from magic8_ml.messages.order_reader import read_order
from magic8_ml.messages.positions import read_positions
from magic8_ml.messages.predictions import (
    PredictionBlocks,
    heading_symbol,
    is_sonar_heading,
    labelled_numbers,
    lone_number,
)
from magic8_ml.messages.risk import require_risk
from magic8_ml.messages.text import normalize, normalize_line_ends, struck_lines
from magic8_ml.messages.values import MAX_LENGTH, LineError, Message, Metadata, Order, Position, Refusal, Trade

_NO_LINES: Final[frozenset[int]] = frozenset()


class EnhancedDiscordParser:
    """Reads Magic8 messages; stateless and safe to use from several threads.

    >>> message = EnhancedDiscordParser().parse_magic8_message("SELL -1 Vertical SPX 100 11 Jun 25 6000/6005 CALL @0.5")
    >>> [trade["risk"] for trade in message["trades"]], message["errors"]
    ([450.0], [])
    """

    def parse_magic8_message(
        self, text: str, *, time: datetime | None = None, message_id: str | None = None, author: str | None = None
    ) -> dict[str, Any]:
        """Return {metadata, predictions, trades, errors} as plain dicts; see :meth:`parse`."""
        return self.parse(text, time=time, message_id=message_id, author=author).as_dict()

    def parse(
        self, text: str, *, time: datetime | None = None, message_id: str | None = None, author: str | None = None
    ) -> Message:
        """Return the orders, predictions and invalid lines of a message.

        Parameters
        ----------
        time
            When the message was sent, tz-aware.  An expiry without a year is the next such
            date; an earlier expiry is invalid.
        """
        reader = _MessageReader(new_york_day(time) if time else None)
        if len(text) > MAX_LENGTH:
            reader.refuse(0, text[:80], Refusal("too_long", f"{len(text)} characters, at most {MAX_LENGTH}"))
        else:
            reader.read(text)
        predictions = reader.blocks.close()
        metadata = Metadata(
            symbol=reader.symbol(text),
            message_id=message_id,
            alert_id=reader.alert_id,
            author=author,
            time=require_aware(time) if time else None,
            raw_text=text,
            positions=tuple(reader.positions),
        )
        return Message(
            metadata=metadata, predictions=predictions, trades=tuple(reader.trades()), errors=tuple(reader.errors)
        )


class _MessageReader:
    """Reads the lines of one message in one pass."""

    def __init__(self, on: date | None) -> None:
        self._on = on
        self._orders: list[tuple[int, Order, RiskReward]] = []
        self._under_sonar = False
        self._heading: str | None = None
        self.blocks = PredictionBlocks()
        self.positions: list[Position] = []
        self.errors: list[LineError] = []
        self.alert_id: str | None = None

    def read(self, text: str) -> None:
        text = normalize_line_ends(text)
        raw_lines = text.split("\n")
        struck = struck_lines(raw_lines) if "~~" in text else _NO_LINES
        inside = self._read_blocks(raw_lines, struck) if "{" in text else _NO_LINES
        for index, (raw, line) in enumerate(zip(raw_lines, normalize(text).split("\n"), strict=True)):
            if index not in inside and line and not line.isspace():
                self._read_line(index + 1, raw, line, is_struck=index in struck)

    def _read_blocks(self, raw_lines: list[str], struck: frozenset[int]) -> frozenset[int]:
        """Read the JSON objects; return the indices of their lines."""
        blocks = find_objects(raw_lines)
        for block in blocks:
            self._read_block(block, raw_lines[block.first], struck)
        return frozenset(line for block in blocks for line in range(block.first, block.end))

    def refuse(self, line: int, text: str, refusal: Refusal) -> None:
        self.errors.append(LineError(line=line, text=text.strip(), code=refusal.code, message=refusal.message))

    def symbol(self, text: str) -> str | None:
        """Return the symbol of the heading, else of the first order, else the first one in the text."""
        if self._heading:
            return self._heading
        if self._orders:
            return self._orders[0][1].symbol
        mentioned = KNOWN_SYMBOL.search(text[:MAX_LENGTH].upper())
        return canonical_symbol(mentioned[0]) if mentioned else None

    def trades(self) -> Iterator[Trade]:
        for line, order, risk in self._orders:
            yield Trade(order=order, line=line, risk=risk, predictions=self.blocks.of(order.symbol))

    def _read_line(self, number: int, raw: str, line: str, *, is_struck: bool) -> None:
        under_sonar, self._under_sonar = self._under_sonar, False
        try:
            alone = lone_number(line)
            if alone is not None:
                self.blocks.add(*alone)
                return
            found = read_order(line.replace("~~", "") if is_struck else line, on=self._on, under_sonar=under_sonar)
            if found is not None and is_struck:
                self.refuse(number, raw, Refusal("ambiguous_structure", "the order is struck through"))
            elif found is not None:
                order, alert_id = found
                self._orders.append((number, order, require_risk(order)))
                self.alert_id = self.alert_id or alert_id
            elif is_sonar_heading(line):
                self._under_sonar = True
            else:
                self._read_text(number, raw, line)
        except Refusal as refusal:
            self.refuse(number, raw, refusal)

    def _read_text(self, number: int, raw: str, line: str) -> None:
        if "/" in line:
            self.positions += read_positions(line)
        symbol = heading_symbol(line)
        if symbol:
            self._heading = self._heading or symbol
            self.blocks.open(symbol)
        self._read_numbers(number, raw, line)

    def _read_numbers(self, number: int, raw: str, line: str) -> None:
        for item in labelled_numbers(line):
            try:
                self.blocks.add(item.field, item.value())
            except Refusal as refusal:
                self.refuse(number, raw, refusal)

    def _read_block(self, found: JsonBlock, raw: str, struck: frozenset[int]) -> None:
        number, block = found.first + 1, found.value
        if found.first in struck:
            block = Refusal("ambiguous_structure", "the block is struck through")
        if isinstance(block, Refusal):
            self.refuse(number, raw, block)
            return
        try:
            symbol = block_symbol(block)
            self._heading = self._heading or symbol
            self.blocks.open(symbol)
            self._read_block_numbers(number, raw, block)
            examples = block_examples(block)
        except Refusal as refusal:
            self.refuse(number, raw, refusal)
            return
        for name, example in examples.items():
            try:
                order = example_order(symbol, name, example, self._on)
                self._orders.append((number, order, require_risk(order)))
            except Refusal as refusal:
                self.refuse(number, raw, refusal)

    def _read_block_numbers(self, number: int, raw: str, block: Mapping[str, Any]) -> None:
        for field, value in block_predictions(block):
            try:
                self.blocks.add(field, value)
            except Refusal as refusal:
                self.refuse(number, raw, refusal)
