"""Read the JSON objects of a message: symbol, targets, and example trades by strategy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import orjson

from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.options.products import MULTIPLIER
from magic8_ml.messages.dates import read_expiry
from magic8_ml.messages.structure import (
    ACTIONS,
    BOTH_RIGHTS,
    BOUGHT,
    option_type,
    require_plausible_strikes,
    strategy_named,
    traded_as,
)
from magic8_ml.messages.text import read_number
from magic8_ml.messages.values import KNOWN_SYMBOLS, Order, Refusal

_RIGHTS: Final = {"CALL": "CALL", "C": "CALL", "PUT": "PUT", "P": "PUT", BOTH_RIGHTS: BOTH_RIGHTS, "C/P": BOTH_RIGHTS}
_EFFECTS: Final = {"debit": "debit", "db": "debit", "credit": "credit", "cr": "credit"}
_OPEN_STATUS: Final = ("new", "open", "active", "pending")
_ORDER_KEYS: Final = frozenset(
    ("action", "expiration", "expiry", "legs", "order", "orders", "price_effect", "qty", "quantity", "side", "strategy")
)
_LARGEST: Final = 1e9
_AROUND: Final = " `\t,[]"
_HAS_KEY: Final = re.compile(r""""|'\w{1,40}'\s{0,3}:""")
_TRAILING_COMMA: Final = re.compile(r",(\s*[}\]])")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonBlock:
    """The lines ``first`` up to ``end`` (exclusive) of a message that are JSON, and the object or why there is none."""

    first: int
    end: int
    value: Mapping[str, Any] | Refusal


def find_objects(lines: list[str]) -> list[JsonBlock]:
    """Return the JSON objects of a message, each beginning on a line of its own; trailing commas are accepted.

    >>> [(block.first, block.end, block.value) for block in find_objects(["look:", '{"symbol":', '"SPX",}', ""])]
    [(1, 3, {'symbol': 'SPX'})]
    """
    found: list[JsonBlock] = []
    first = 0
    while first < len(lines):
        end = _end_of_object(lines, first) if lines[first].lstrip(_AROUND).startswith("{") else None
        text = "\n".join(lines[first:end]).strip(_AROUND) if end is not None else ""
        if end is None or not _HAS_KEY.search(text):  # braces in a sentence
            first += 1
            continue
        found.append(JsonBlock(first=first, end=end, value=_parsed(text)))
        first = end
    return found


def _end_of_object(lines: list[str], first: int) -> int:
    """Return the line after the one on which the braces that open on line ``first`` are closed, or the last one."""
    depth, in_text, escaped = 0, False, False
    for number in range(first, len(lines)):
        for letter in lines[number]:
            if in_text:
                in_text = escaped or letter != '"'
                escaped = letter == "\\" and not escaped
            elif letter == '"':
                in_text = True
            else:
                depth += (letter == "{") - (letter == "}")
        if depth <= 0:
            return number + 1
    return len(lines)


def _parsed(text: str) -> Mapping[str, Any] | Refusal:
    try:
        value = orjson.loads(_TRAILING_COMMA.sub(r"\1", text))
    except orjson.JSONDecodeError as error:
        return Refusal("bad_json", f"the block is not one JSON object: {error}")
    return value if isinstance(value, dict) else Refusal("bad_json", "the block is not a JSON object")


def block_symbol(block: Mapping[str, Any]) -> str:
    """Return the symbol of the object.

    Raises
    ------
    Refusal
        ``unknown_symbol``.
    """
    text = block.get("symbol")
    symbol = canonical_symbol(text) if isinstance(text, str) else ""
    if symbol not in KNOWN_SYMBOLS:
        raise Refusal("unknown_symbol", f"{text!r} is not a symbol of Magic8")
    return symbol


def block_predictions(block: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield (field, value) of the price and the first two targets.

    Raises
    ------
    Refusal
        ``bad_number``.
    """
    if block.get("price") is not None:
        yield "current_price", _number(block["price"])
    targets = block.get("targets")
    if isinstance(targets, list):
        for field, value in zip(("target1", "target2"), targets, strict=False):
            yield field, _number(value)


def block_examples(block: Mapping[str, Any]) -> Mapping[str, object]:
    """Return the example trades of the object by strategy name; the object itself may be one.

    Raises
    ------
    Refusal
        ``ambiguous_structure`` when they are no object, the block has a status such as closed, or it has parts of an
        order and no strikes.
    """
    if "strikes" in block:
        return {str(block.get("strategy")): block}
    _require_open_status(block)
    examples = block.get("example_trades")
    if examples is None and (keys := sorted(_ORDER_KEYS & block.keys())):
        raise Refusal("ambiguous_structure", f"the block has {', '.join(keys)} but no strikes")
    if examples is not None and not isinstance(examples, dict):
        raise Refusal("ambiguous_structure", "example_trades is not an object of strategies")
    return examples or {}


def example_order(symbol: str, name: str, example: object, on: date | None = None) -> Order:
    """Return the order of one example trade of a message of the New York date ``on``.

    Raises
    ------
    Refusal
        When the example is not a valid order.
    """
    strategy = strategy_named(name)
    if strategy is None:
        raise Refusal("unknown_strategy", f"{name!r} is not a strategy")
    if not isinstance(example, dict):
        raise Refusal("ambiguous_structure", f"{name!r} is not an object")
    _require_consistent(symbol, example)
    action = str(example.get("action")).upper()
    if action not in ACTIONS:
        raise Refusal("ambiguous_structure", f"{name!r} has no action")
    bought = action in BOUGHT
    right = _RIGHTS.get(str(_either(example, "type", "right")).upper())
    strikes = _strikes(example.get("strikes"))
    kind = option_type(strategy, strikes, right)
    require_plausible_strikes(strikes, symbol)
    traded, strikes = traded_as(strategy, strikes)
    if (value := example.get("price")) is None:
        raise Refusal("missing_price", f"{name!r} has no price")
    price = _number(value)
    quantity = 1 if (given := _either(example, "quantity", "qty")) is None else given
    if type(quantity) is not int or not 0 < quantity <= 100_000:
        raise Refusal("quantity_invalid", f"{quantity!r} is not a quantity")
    expiry, expiry_text = _expiry(example.get("expiry"), on)
    return Order(
        action=action,
        quantity=quantity,
        strategy=traded,
        order_name=strategy.replace("_", " "),
        symbol=symbol,
        multiplier=MULTIPLIER,
        weekly=False,
        expiry=expiry,
        expiry_text=expiry_text,
        strikes=strikes,
        option_type=kind,
        premium=abs(price),
        price_effect=_price_effect(example.get("price_effect"), price, bought=bought),
    )


def _require_consistent(symbol: str, example: Mapping[str, Any]) -> None:
    """Refuse another symbol than the block's, another multiplier than the product's, and a status that is not open."""
    own = example.get("symbol")
    if own is not None and canonical_symbol(str(own)) != symbol:
        raise Refusal("ambiguous_structure", f"the symbol {own!r} contradicts {symbol} of the block")
    multiplier = example.get("multiplier")
    if multiplier is not None and multiplier != MULTIPLIER:
        raise Refusal("bad_number", f"the multiplier is {multiplier!r}, and every product has {MULTIPLIER}")
    _require_open_status(example)


def _require_open_status(block: Mapping[str, Any]) -> None:
    status = block.get("status")
    if status is not None and str(status).casefold() not in _OPEN_STATUS:
        raise Refusal("ambiguous_structure", f"the status is {status!r}; an order is {' or '.join(_OPEN_STATUS)}")


def _either(example: Mapping[str, Any], name: str, other: str) -> object:
    """Return a value that may stand under two names; two different values are refused."""
    values = [example[key] for key in (name, other) if example.get(key) is not None]
    if len(values) == 2 and values[0] != values[1]:
        raise Refusal("ambiguous_structure", f"{name} {values[0]!r} and {other} {values[1]!r} contradict each other")
    return values[0] if values else None


def _expiry(value: object, on: date | None) -> tuple[date | None, str | None]:
    if value is None:
        return None, None
    if not isinstance(value, str):
        raise Refusal("bad_expiry", f"{value!r} is not a date")
    return read_expiry(value.strip().upper(), on)


def _price_effect(value: object, price: float, *, bought: bool) -> str:
    if value is None:
        return "debit" if bought and price >= 0 else "credit"
    effect = _EFFECTS.get(str(value).strip().casefold())
    if effect is None or (price < 0 and effect == "debit"):
        raise Refusal("ambiguous_structure", f"price_effect {value!r} at a price of {price:g}")
    return effect


def _strikes(value: object) -> tuple[float, ...]:
    texts = value.split("/") if isinstance(value, str) else value
    if not isinstance(texts, list):
        raise Refusal("strike_count", "no strikes")
    strikes = tuple(map(_number, texts))
    if not strikes:
        raise Refusal("strike_count", "no strikes")
    if min(strikes) <= 0:
        raise Refusal("bad_number", "strikes must be above 0")
    return strikes


def _number(value: object) -> float:
    if isinstance(value, str):
        return read_number(value.strip())
    if isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, float) or not abs(value) < _LARGEST:
        raise Refusal("bad_number", f"{value!r} is not a number")
    return value
