"""Read messages that are one JSON object: symbol, targets, and example trades by strategy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.options.products import MULTIPLIER
from magic8_ml.messages.structure import ACTIONS, BOTH_RIGHTS, BOUGHT, option_type, strategy_named, traded_as
from magic8_ml.messages.text import read_number
from magic8_ml.messages.values import KNOWN_SYMBOLS, Order, Refusal

_RIGHTS: Final = {"CALL": "CALL", "C": "CALL", "PUT": "PUT", "P": "PUT", BOTH_RIGHTS: BOTH_RIGHTS, "C/P": BOTH_RIGHTS}
_LARGEST: Final = 1e9


def find_object(lines: list[str]) -> tuple[int, int, Mapping[str, Any]] | None:
    """Return (first line, line after the last, object) of the JSON object in a message, or None.

    >>> find_object(["look:", '{"symbol": "SPX",', '"targets": [1]}', ""])
    (1, 3, {'symbol': 'SPX', 'targets': [1]})
    """
    first, end = 0, len(lines)
    while first < end and not lines[first].lstrip(" `\t").startswith("{"):
        first += 1
    while end > first and not lines[end - 1].rstrip(" `\t").endswith("}"):
        end -= 1
    if first == end:
        return None
    try:
        value = orjson.loads("\n".join(lines[first:end]).strip(" `\t"))
    except orjson.JSONDecodeError:
        return None
    return (first, end, value) if isinstance(value, dict) else None


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
    """Return the example trades of the object by strategy name."""
    examples = block.get("example_trades")
    return examples if isinstance(examples, dict) else {}


def example_order(symbol: str, name: str, example: object) -> Order:
    """Return the order of one example trade.

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
    action = str(example.get("action")).upper()
    if action not in ACTIONS:
        raise Refusal("ambiguous_structure", f"{name!r} has no action")
    bought = action in BOUGHT
    right = _RIGHTS.get(str(example.get("type")).upper())
    strikes = _strikes(example.get("strikes"))
    kind = option_type(strategy, strikes, right)
    traded, strikes = traded_as(strategy, strikes)
    if (value := example.get("price")) is None:
        raise Refusal("missing_price", f"{name!r} has no price")
    price = _number(value)
    quantity = example.get("quantity", 1)
    if type(quantity) is not int or not 0 < quantity <= 100_000:
        raise Refusal("quantity_invalid", f"{quantity!r} is not a quantity")
    return Order(
        action=action,
        quantity=quantity,
        strategy=traded,
        order_name=strategy.replace("_", " "),
        symbol=symbol,
        multiplier=MULTIPLIER,
        weekly=False,
        expiry=None,
        expiry_text=None,
        strikes=strikes,
        option_type=kind,
        premium=abs(price),
        price_effect="debit" if bought and price >= 0 else "credit",
    )


def _strikes(value: object) -> tuple[float, ...]:
    texts = value.split("/") if isinstance(value, str) else value
    if not isinstance(texts, list):
        raise Refusal("strike_count", "no strikes")
    strikes = tuple(map(_number, texts))
    if not strikes or min(strikes) <= 0:
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
