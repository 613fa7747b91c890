"""Ask the option maths what an order can win and lose."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from magic8_companion.domain.errors import OrderRefused
from magic8_companion.options.risk_reward import RiskReward, calculate_risk_reward
from magic8_ml.messages.values import Order, Refusal

_CODES: Final = dict.fromkeys(("zero_premium", "cannot_win", "cannot_lose"), "premium_out_of_bounds")


@lru_cache(maxsize=256)
def require_risk(order: Order) -> RiskReward:
    """Return risk and reward of an order; if its right is open, calls and puts pay the same.

    Recent results are cached, because client, service and log read the same signals.

    Raises
    ------
    Refusal
        ``premium_out_of_bounds`` if the price leaves no reward or no risk.
    """
    try:
        return calculate_risk_reward(
            order.strategy,
            order.strikes,
            order.premium,
            order.action,
            order.quantity,
            order.option_type,
            order.multiplier,
            # without a price effect the calculation rejects a premium of 0
            price_effect=order.price_effect if order.premium else None,
        )
    except OrderRefused as refused:
        raise Refusal(_CODES.get(refused.reason, refused.reason), refused.detail) from None
