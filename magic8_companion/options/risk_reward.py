"""Risk and reward of an order: maximum loss, maximum profit and break-evens.

The result depends only on the payoff of the sorted, signed legs.  Calculators that use the written order of the strikes
or assume equal wings give a butterfly 5905/5855/5805 bought at 24.82 a profit of -$7,482 and break-evens of 5929.82 and
5780.18.  Its profit is $2,518 and its break-evens are 5829.82 and 5880.18.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Any, Final

from magic8_companion.domain.errors import OrderRefused
from magic8_companion.options.payoff import Leg, Profile, profile
from magic8_companion.options.products import MULTIPLIER
from magic8_companion.options.structures import WIDEST, action_sign, build

_EFFECTS: Final = {"DEBIT": 1, "CREDIT": -1}
_DECIMALS: Final = 6  # decimals of dollars and points that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskReward:
    """The result in dollars for the whole position; risk is positive, break-evens in index points.

    ``risk_reward`` is profit over loss, None when nothing is at risk.  ``below`` and ``above`` are the results when the
    underlying settles beyond the lowest or highest strike: the two sides of a condor, the tails of a broken wing.
    ``net_premium`` is the debit paid per unit in points, negative for a credit; all dollars include ``fees``.
    """

    max_loss: float
    max_profit: float
    risk_reward: float | None
    breakevens: tuple[float, ...]
    below: float
    above: float
    net_premium: float
    fees: float
    quantity: int
    multiplier: float
    legs: tuple[Leg, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form that the command and the service print."""
        return {
            "max_loss": self.max_loss,
            "max_profit": self.max_profit,
            "risk_reward": self.risk_reward,
            "breakevens": list(self.breakevens),
            "sides": {"below": self.below, "above": self.above},
            "net_premium": self.net_premium,
            "fees": self.fees,
            "legs": [
                {"action": leg.action, "right": leg.right, "strike": leg.strike, "quantity": abs(leg.quantity)}
                for leg in self.legs
            ],
        }


def calculate_risk_reward(  # noqa: PLR0913 - users know this signature
    strategy: str,
    strikes: Sequence[float],
    premium: float,
    action: str,
    quantity: int = 1,
    right: str | None = None,
    multiplier: float = 100,
    fees: float = 0.0,
    *,
    price_effect: str | None = None,
) -> RiskReward:
    """Compute risk and reward at settlement.

    Parameters
    ----------
    premium
        Net price per unit in points.  BUY pays it and SELL receives it; a negative one is a credit of that size for
        both, as in ``BOT ... @-.90cr``.
    right
        CALL or PUT.  Required for a vertical, unless its name says it (Call_Spread, Put_Spread), and for a butterfly
        of unequal wings.
    fees
        Dollars per contract and leg; the middle of a butterfly counts twice.
    price_effect
        "debit" or "credit".  Required for a premium of 0.

    Raises
    ------
    OrderRefused
        With the reasons of :func:`~magic8_companion.options.structures.build`, and ``bad_number``, ``zero_premium``,
        ``quantity_invalid``, ``cannot_win`` (a debit at or above the best payoff), ``cannot_lose`` (a credit at or
        above the width).

    >>> answer = calculate_risk_reward("Butterfly", [5905, 5855, 5805], 24.82, "BUY")
    >>> answer.max_loss, answer.max_profit, answer.breakevens
    (2482.0, 2518.0, (5829.82, 5880.18))
    """
    legs = _legs(strategy, tuple(strikes), action, right)
    _check_numbers(premium, quantity, multiplier, fees)
    cost = _net_premium(premium, action_sign(action), price_effect)
    before_fees = profile(legs, cost)
    _check_possible(before_fees, cost)
    fees_per_unit = fees * sum([abs(leg.quantity) for leg in legs])
    result = profile(legs, cost + fees_per_unit / multiplier) if fees else before_fees
    assert result.max_loss is not None and result.max_profit is not None  # noqa: S101, PT018 - wings close both tails
    assert result.below is not None and result.above is not None  # noqa: S101, PT018 - the same
    dollars = multiplier * quantity
    max_loss, max_profit = round(result.max_loss * dollars, _DECIMALS), round(result.max_profit * dollars, _DECIMALS)
    return RiskReward(
        max_loss=max_loss,
        max_profit=max_profit,
        risk_reward=round(max_profit / max_loss, _DECIMALS) if max_loss > 0 else None,
        breakevens=result.breakevens,
        below=round(result.below * dollars, _DECIMALS) + 0.0,  # no minus zero
        above=round(result.above * dollars, _DECIMALS) + 0.0,
        net_premium=cost,
        fees=round(fees_per_unit * quantity, _DECIMALS),
        quantity=quantity,
        multiplier=multiplier,
        legs=legs,
    )


@lru_cache(maxsize=1024)  # signals repeat the same strikes at other prices
def _legs(strategy: str, strikes: tuple[float, ...], action: str, right: str | None) -> tuple[Leg, ...]:
    legs = build(strategy, strikes, action, right)
    lowest, highest = min(strikes), max(strikes)
    if highest > WIDEST * lowest:
        raise OrderRefused("bad_number", f"no structure of one day reaches from {lowest:g} to {highest:g}")
    return legs


def _check_numbers(premium: float, quantity: int, multiplier: float, fees: float) -> None:
    if not isfinite(premium):
        raise OrderRefused("bad_number", f"the premium must be a number, not {premium}")
    if quantity < 1 or quantity != int(quantity):
        raise OrderRefused("quantity_invalid", f"the quantity must be a whole number from 1, not {quantity}")
    if multiplier != MULTIPLIER:
        raise OrderRefused("bad_number", f"the multiplier is {multiplier}, and every product has {MULTIPLIER}")
    if not (isfinite(fees) and fees >= 0):
        raise OrderRefused("bad_number", f"fees {fees} must not be negative")


def _net_premium(premium: float, sign: int, price_effect: str | None) -> float:
    if price_effect is None:
        if premium == 0:
            raise OrderRefused("zero_premium", "a premium of 0 must say whether it is a debit or a credit")
        return premium if sign > 0 else -abs(premium)
    effect = _EFFECTS.get(price_effect.upper())
    if effect is None:
        raise OrderRefused("bad_price_effect", f"{price_effect!r} is neither debit nor credit")
    return effect * abs(premium)


def _check_possible(before_fees: Profile, cost: float) -> None:
    if before_fees.max_profit is not None and before_fees.max_profit <= 0:
        raise OrderRefused("cannot_win", f"a debit of {cost:g} is at or above the best payoff")
    if cost < 0 and before_fees.max_loss is not None and before_fees.max_loss <= 0:
        raise OrderRefused("cannot_lose", f"a credit of {-cost:g} leaves nothing at risk; check the price")
