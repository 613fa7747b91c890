"""Orders as trade terms: one message or request becomes the very columns that a million rows of history become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.options.payoff import Leg
from magic8_companion.options.products import product
from magic8_ml.messages.values import Trade
from magic8_ml.trades.terms import LEGS, STRATEGIES, TradeTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeUnit:
    """One unit of a trade: signed legs, net premium in points per share (a debit is positive), predicted close."""

    symbol: str
    strategy: str
    legs: tuple[Leg, ...]
    net_premium: float
    predicted: float | None = None

    @classmethod
    def of_message(cls, trade: Trade) -> TradeUnit:
        """Take the trade of a Discord message."""
        return cls(
            symbol=trade.order.symbol,
            strategy=trade.order.strategy,
            legs=trade.risk.legs,
            net_premium=trade.risk.net_premium,
            predicted=trade.predictions.predicted_close,
        )


def terms_of(units: Sequence[TradeUnit], at: Integers, price: Floats) -> TradeTerms:
    """Return the terms of tickets entered ``at`` (n,) nanoseconds UTC with the underlying at ``price`` (n,).

    Raises
    ------
    ValueError
        When a strategy is unknown.

    >>> legs = tuple(Leg(right="C", strike=k, quantity=n) for k, n in ((5805, 1), (5855, -2), (5905, 1)))
    >>> fly = TradeUnit(symbol="SPX", strategy="Butterfly", legs=legs, net_premium=24.82)
    >>> terms = terms_of([fly], np.array([0]), np.array([5855.5]))
    >>> terms.strikes.tolist(), terms.quantity.tolist(), terms.fees.round(2).tolist()
    ([[5805.0, 5855.0, 5905.0, 5905.0]], [[1.0, -2.0, 1.0, 0.0]], [4.4])
    """
    symbols = tuple(dict.fromkeys(unit.symbol for unit in units))
    strikes, quantity = np.empty((len(units), LEGS)), np.zeros((len(units), LEGS))
    is_call = np.zeros((len(units), LEGS), dtype=np.bool_)
    for row, unit in enumerate(units):
        legs = sorted(unit.legs, key=_strike)
        strikes[row] = legs[-1].strike
        for index, leg in enumerate(legs):
            strikes[row, index], quantity[row, index] = leg.strike, leg.quantity
            is_call[row, index] = leg.right == "C"
    symbol = np.array([symbols.index(unit.symbol) for unit in units], dtype=np.int64)
    premium = np.array([unit.net_premium for unit in units], dtype=np.float64)
    unknown = float("nan")
    predicted = [unknown if unit.predicted is None else unit.predicted for unit in units]
    return TradeTerms(
        symbols=symbols,
        symbol=symbol,
        strategy=np.array([STRATEGIES.index(unit.strategy) for unit in units], dtype=np.int64),
        at=at,
        strikes=strikes,
        quantity=quantity,
        is_call=is_call,
        net_premium=premium,
        fees=opening_fees(symbols, symbol, quantity, premium),
        price=price,
        predicted=np.array(predicted, dtype=np.float64),
    )


def opening_fees(symbols: Sequence[str], symbol: Integers, quantity: Floats, net_premium: Floats) -> Floats:
    """Return US dollars of fees per unit, (n,): what a signal says of its legs' prices is their net premium alone.

    Each contract is charged as if its leg cost the net premium; an unknown premium is charged the upper fee.
    """
    contracts = np.abs(quantity).sum(axis=1)
    each = np.empty(len(contracts))
    for code, name in enumerate(symbols):
        of_symbol = symbol == code
        each[of_symbol] = product(name).fees.per_contract(np.abs(net_premium[of_symbol]))
    return np.asarray(contracts * each)


def _strike(leg: Leg) -> float:
    return leg.strike
