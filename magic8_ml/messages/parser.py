"""Read a whole Discord message: every line is an order, a number, a heading, a position or text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.domain.trading_day import new_york_day, require_aware
from magic8_companion.options.risk_reward import RiskReward
from magic8_ml.messages.json_block import block_orders, block_predictions, block_symbol, find_object
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
from magic8_ml.messages.text import one_kind_of_line_end, plain
from magic8_ml.messages.values import MAX_LENGTH, LineError, Message, Metadata, Order, Refusal, Trade


class EnhancedDiscordParser:
    """Reads Magic8 messages; holds no state, so one parser may serve every thread.

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
        """Return what the message says.

        Parameters
        ----------
        time
            When the message was sent, tz-aware: an expiry without year is the next such date, an older one is refused.
        """
        reader = _Reader(new_york_day(time) if time else None)
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


class _Reader:
    """One pass over the lines of one message."""

    def __init__(self, on: date | None) -> None:
        self._on = on
        self._orders: list[tuple[int, Order, RiskReward]] = []
        self._under_sonar = False
        self._heading: str | None = None
        self.blocks = PredictionBlocks()
        self.positions: list[dict[str, Any]] = []
        self.errors: list[LineError] = []
        self.alert_id: str | None = None

    def read(self, text: str) -> None:
        text = one_kind_of_line_end(text)
        raw_lines = text.split("\n")
        found = find_object(raw_lines) if "{" in text else None
        for number, (raw, line) in enumerate(zip(raw_lines, plain(text).split("\n"), strict=True), start=1):
            if found and found[0] < number <= found[1]:
                if number == found[0] + 1:
                    self._read_object(number, raw, found[2])
            elif line and not line.isspace():
                self._read_line(number, raw, line)

    def refuse(self, line: int, text: str, refusal: Refusal) -> None:
        self.errors.append(LineError(line=line, text=text.strip(), code=refusal.code, message=refusal.message))

    def symbol(self, text: str) -> str | None:
        """Return the heading's symbol, else that of the first order, else the first that is mentioned."""
        if self._heading:
            return self._heading
        if self._orders:
            return self._orders[0][1].symbol
        mentioned = KNOWN_SYMBOL.search(text[:MAX_LENGTH].upper())
        return canonical_symbol(mentioned[0]) if mentioned else None

    def trades(self) -> Iterator[Trade]:
        for line, order, risk in self._orders:
            yield Trade(order=order, line=line, risk=risk, predictions=self.blocks.of(order.symbol))

    def _read_line(self, number: int, raw: str, line: str) -> None:
        under_sonar, self._under_sonar = self._under_sonar, False
        try:
            alone = lone_number(line)
            if alone is not None:
                self.blocks.add(*alone)
                return
            found = read_order(line, on=self._on, under_sonar=under_sonar)
            if found is not None:
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
        self._predict(number, raw, labelled_numbers(line))

    def _predict(self, number: int, raw: str, numbers: Iterable[tuple[str, float | Refusal]]) -> None:
        for field, value in numbers:
            try:
                if isinstance(value, Refusal):
                    raise value
                self.blocks.add(field, value)
            except Refusal as refusal:
                self.refuse(number, raw, refusal)

    def _read_object(self, number: int, raw: str, block: Mapping[str, Any]) -> None:
        try:
            symbol = block_symbol(block)
            self._heading = self._heading or symbol
            self.blocks.open(symbol)
            self._predict(number, raw, block_predictions(block))
        except Refusal as refusal:
            self.refuse(number, raw, refusal)
            return
        for order in block_orders(block, symbol):
            try:
                if isinstance(order, Refusal):
                    raise order
                self._orders.append((number, order, require_risk(order)))
            except Refusal as refusal:
                self.refuse(number, raw, refusal)
