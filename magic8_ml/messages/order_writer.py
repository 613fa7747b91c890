"""Write an order the way it is read."""

from __future__ import annotations

from magic8_companion.domain.strategy import BUTTERFLY
from magic8_ml.messages.dates import MONTHS
from magic8_ml.messages.number_text import write_number
from magic8_ml.messages.structure import BOTH_RIGHTS, BOUGHT, CONDORS
from magic8_ml.messages.values import Order


def order_line(order: Order) -> str:
    """Return the line that reads back as this order: the long form, or the short one where right or year are open.

    A Sonar is named as such, even where its text said Iron Condor below a heading.
    """
    if order.expiry is None or (order.option_type is None and order.strategy not in CONDORS):
        return _short(order)
    bought = order.action in BOUGHT
    parts = [
        order.action,
        f"{'+' if bought else '-'}{order.quantity}",
        _name(order),
        order.symbol,
        str(order.multiplier),
        "(Weeklys)" if order.weekly else "",
        f"{order.expiry.day} {MONTHS[order.expiry.month - 1].title()} {order.expiry:%y}",
        _strikes(order),
        _right(order),
        f"@{write_number(order.premium)}{_effect(order, bought)}",
        order.order_type or "",
        order.exchange or "",
    ]
    return " ".join(part for part in parts if part)


def _name(order: Order) -> str:
    if order.strategy == BUTTERFLY and order.option_type == BOTH_RIGHTS:
        return "Iron Butterfly"
    return order.strategy.replace("_", " ")


def _strikes(order: Order) -> str:
    return "/".join(map(write_number, order.strikes))


def _right(order: Order) -> str:
    # written puts first, a condor goes without its right: CALL/PUT would claim that the puts lie above the calls
    if order.strategy in CONDORS and order.strikes[0] < order.strikes[3]:
        return ""
    return order.option_type or ""


def _effect(order: Order, bought: bool) -> str:
    natural = "debit" if bought else "credit"
    return "" if order.price_effect == natural else order.price_effect.replace("credit", "cr").replace("debit", "db")


def _short(order: Order) -> str:
    has_side = order.option_type is not None and "/" not in order.option_type
    when = f"{order.expiry:%Y-%m-%d}" if order.expiry else (order.expiry_text or "")
    parts = [
        order.action,
        str(order.quantity),
        order.symbol,
        when,
        _strikes(order),
        str(order.option_type).title() if has_side else "",
        _name(order),
        "for",
        write_number(order.premium),
        order.price_effect,
        order.order_type or "",
        order.exchange or "",
    ]
    return " ".join(part for part in parts if part)
