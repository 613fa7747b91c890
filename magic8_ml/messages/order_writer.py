"""Write an order of a message as a line, from its legs."""

from __future__ import annotations

from dataclasses import replace

from magic8_companion.domain.strategy import SONAR
from magic8_companion.options.order_line import Wording, short_order_line, written_date
from magic8_companion.options.order_line import order_line as line_of_legs
from magic8_companion.options.payoff import Leg
from magic8_companion.options.structures import build
from magic8_ml.messages.structure import CONDORS
from magic8_ml.messages.values import Order


def order_line(order: Order) -> str:
    """Return a line that reads back as the same order: the long form, or the short form if right or year are open.

    Strikes are in Magic8's order.  A Sonar is named Sonar, even if the message named it Iron Condor below a heading,
    because the line has no heading.

    Raises
    ------
    OrderRefused
        If the order is not a valid structure; parsed orders always are.
    """
    legs = _legs(order)
    limit_price = order.premium if order.price_effect == "credit" else -order.premium
    wording = Wording(
        name=SONAR if order.strategy == SONAR else None,
        action=order.action,
        weekly=order.weekly,
        opening_settlement=order.opening_settlement,
        order_type=order.order_type,
        exchange=order.exchange,
    )
    right_is_open = order.option_type is None and order.strategy not in CONDORS
    if order.expiry is not None and not right_is_open:
        return line_of_legs(order.symbol, legs, limit_price, order.expiry, multiplier=order.multiplier, wording=wording)
    return short_order_line(
        order.symbol,
        legs,
        limit_price,
        written_date(order.expiry) if order.expiry else (order.expiry_text or "").title(),
        multiplier=order.multiplier,
        right_is_open=right_is_open,
        wording=wording,
    )


def _legs(order: Order) -> tuple[Leg, ...]:
    legs = build(order.strategy, order.strikes, order.action, order.option_type)
    return tuple(replace(leg, quantity=leg.quantity * order.quantity) for leg in legs)
