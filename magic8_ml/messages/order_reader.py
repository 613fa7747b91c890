"""Read one order line: match the whole line and validate it; if nothing matches, report the first invalid part."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NoReturn

from magic8_companion.domain.strategy import IRON_CONDOR, SONAR, canonical_symbol
from magic8_companion.options.products import MULTIPLIER
from magic8_ml.messages import order_grammar as grammar
from magic8_ml.messages.dates import read_expiry, require_open
from magic8_ml.messages.structure import (
    BOTH_RIGHTS,
    BOUGHT,
    PUTS_FIRST,
    option_type,
    require_plausible_strikes,
    strategy_named,
    traded_as,
)
from magic8_ml.messages.text import number_of
from magic8_ml.messages.values import KNOWN_SYMBOLS, Order, Refusal

_RIGHTS: Final = {"C": "CALL", "P": "PUT"}


def read_order(line: str, *, on: date | None = None, under_sonar: bool = False) -> tuple[Order, str | None] | None:
    """Return the order of an upper-case line and the alert number before it, None if the line is not an order.

    Parameters
    ----------
    on
        New York date of the message, if known.
    under_sonar
        Whether the line above is the heading ``Sonar:``, which makes an iron condor a Sonar.

    Raises
    ------
    Refusal
        The line is an invalid order.
    """
    action = grammar.ACTION.search(line)
    if action is None:
        _require_no_order(line)
        return None
    before, at = line[: action.start()], action.end()
    try:
        alert_id = _read_prefix(before) if before else None
        match = grammar.LONG.match(line, at) or grammar.SHORT.match(line, at)
        match = match or _explain(line, at)
        order = _read_match(match, action[0], on, under_sonar=under_sonar or "SONAR" in before)
    except Refusal:
        if grammar.SOME_STRIKES.search(line) or grammar.STRATEGY.search(line):
            raise
        return None
    return order, alert_id


def _require_no_order(line: str) -> None:
    # an order in the words of another channel is an error, so that nobody takes the silence for an empty message
    if not grammar.ABBREVIATED_ACTION.search(line):
        if "/" not in line or not grammar.SOME_STRIKES.search(line) or not grammar.STRATEGY.search(line):
            return
        if "@" not in line and not grammar.OTHER_ACTION.search(line):
            return
    raise Refusal("ambiguous_structure", "the line looks like an order, but its action is not BUY or SELL")


def _read_prefix(prefix: str) -> str | None:
    if not grammar.LABEL.fullmatch(prefix):
        raise Refusal("ambiguous_structure", f"an order cannot begin with {prefix.strip()!r}")
    alert = grammar.ALERT_NUMBER.search(prefix)
    return alert[1] if alert else None


def _read_match(match: re.Match[str], action: str, on: date | None, *, under_sonar: bool) -> Order:
    if not grammar.REMARK.fullmatch(match.string, match.end()):
        remark = match.string[match.end() :].strip()
        raise Refusal("ambiguous_structure", f"the order cannot have the remark {remark!r}")
    bought = action in BOUGHT
    quantity = _quantity(match["sign"], match["count"], bought=bought)
    symbol = _symbol(match["symbol"])
    name = strategy_named(match["name"] or "VERTICAL")
    strategy = SONAR if under_sonar and name == IRON_CONDOR else str(name)
    expiry, expiry_text = read_expiry(match["expiry"], on)
    strikes = tuple(map(number_of, match["strikes"].split("/")))
    if min(strikes) <= 0:
        raise Refusal("bad_number", "strikes must be above 0")
    right = _right(match["side"] or match["spread"], match["right"])
    kind = option_type(strategy, strikes, right, short_form=match.re is grammar.SHORT)
    require_plausible_strikes(strikes, symbol)
    strategy, strikes = traded_as(strategy, strikes)
    premium, effect = number_of(match["price"]), match["effect"]
    order_type, cycle = match["type"], match["cycle"]
    opening_settlement = "AM" in {cycle, match["settlement"]}
    if opening_settlement:
        require_open(symbol, expiry, on)
    return Order(
        action=action,
        quantity=quantity,
        strategy=strategy,
        order_name=str(name).replace("_", " "),
        symbol=symbol,
        multiplier=_multiplier(match["multiplier"]),
        weekly=cycle is not None and cycle.startswith("WEEKL"),
        expiry=expiry,
        expiry_text=expiry_text,
        strikes=strikes,
        option_type=kind,
        premium=premium,
        price_effect=_effect(effect, match["minus"] or match["minus2"], bought=bought),
        order_type=" ".join(order_type.split()) if order_type else None,
        exchange=match["exchange"],
        opening_settlement=opening_settlement,
    )


def _quantity(sign: str | None, count: str | None, *, bought: bool) -> int:
    if sign and (sign == "+") != bought:
        raise Refusal("action_sign_conflict", "the sign of the quantity contradicts the action")
    if (sign and not count) or (count and not int(count)):
        raise Refusal("quantity_invalid", "the quantity must be a whole number of at least 1")
    return int(count) if count else 1


def _multiplier(text: str | None) -> int:
    if text is not None and int(text) != MULTIPLIER:
        raise Refusal("bad_number", f"the multiplier is {text}, and every product has {MULTIPLIER}")
    return MULTIPLIER


def _symbol(text: str) -> str:
    symbol = canonical_symbol(text)
    if symbol not in KNOWN_SYMBOLS:
        raise Refusal("unknown_symbol", f"{symbol} is not a symbol of Magic8")
    return symbol


def _right(side: str | None, written: str | None) -> str | None:
    if written and "/" in written:
        written = BOTH_RIGHTS if written[0] == "C" else PUTS_FIRST
    elif written:
        written = _RIGHTS[written[0]]
    if side and written and side != written:
        raise Refusal("ambiguous_structure", "the strategy name and the right contradict each other")
    return written or side


def _effect(effect: str | None, sign: str | None, *, bought: bool) -> str:
    if effect:
        return "credit" if effect[0] == "C" else "debit"
    return "debit" if bought and sign != "-" else "credit"


def _explain(line: str, at: int) -> NoReturn:
    """Refuse a line that matches no form and name its first invalid part."""
    quantity = grammar.QUANTITY.match(line, at)
    at = quantity.end() if quantity else at
    if not (quantity and quantity["count"]) and grammar.DIGIT_NEXT.match(line, at):
        raise Refusal("quantity_invalid", "the quantity must be a whole number of at least 1")
    strategy = grammar.STRATEGY.match(line, at)
    at = strategy.end() if strategy else at
    symbol = grammar.SYMBOL.match(line, at)
    if symbol is None or canonical_symbol(symbol["symbol"]) not in KNOWN_SYMBOLS:
        named = strategy or grammar.STRATEGY.search(line, at)
        other = grammar.KNOWN_SYMBOL.search(line, symbol.end() if symbol else at)
        code = "unknown_symbol" if strategy or (named and not other) else "unknown_strategy"
        raise Refusal(code, f"{symbol['symbol'] if symbol else 'nothing'!r} is not a {code[8:]} of Magic8")
    before_date = grammar.BEFORE_DATE.match(line, symbol.end())
    expiry = grammar.DATE.match(line, before_date.end() if before_date else 0) or grammar.DATE.match(line, symbol.end())
    if expiry is None:
        raise Refusal("bad_expiry", "no expiry date after the symbol")
    _explain_terms(line, expiry.end(), named=strategy is not None)


def _explain_terms(line: str, at: int, *, named: bool) -> NoReturn:
    strikes = grammar.STRIKES.match(line, at)
    if strikes is None:
        code = "bad_number" if grammar.STRIKE_LIKE.match(line, at) else "strike_count"
        raise Refusal(code, "the strikes cannot be read" if code == "bad_number" else "no strikes after the date")
    at = strikes.end()
    if not named:
        strategy = grammar.STRATEGY.match(line, at)
        if strategy is None:
            raise Refusal("unknown_strategy", "no strategy")
        at = strategy.end()
    right = grammar.RIGHT.match(line, at)
    at = right.end() if right else at
    if grammar.PRICE.match(line, at):
        raise Refusal("ambiguous_structure", "unknown text after the price")
    if grammar.PRICE_LIKE.match(line, at):
        raise Refusal("bad_number", "the price cannot be read")
    if grammar.PRICE.search(line, at):
        raise Refusal("ambiguous_structure", "unknown text between strikes and price")
    raise Refusal("missing_price", "no price")
