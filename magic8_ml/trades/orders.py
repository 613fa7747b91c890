"""Orders as trade terms: one message or request becomes the very columns that a million rows of history become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.options.costs import fees_of
from magic8_companion.options.payoff import Leg
from magic8_ml.messages.values import Trade
from magic8_ml.trades.terms import LEGS, STRATEGIES, TradeTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One unit of a trade: signed legs, net premium in points per share (a debit is positive), predicted close."""

    symbol: str
    strategy: str
    legs: tuple[Leg, ...]
    net_premium: float
    predicted: float | None = None

    @classmethod
    def of_message(cls, trade: Trade) -> Ticket:
        """Take the trade of a Discord message."""
        return cls(
            symbol=trade.order.symbol,
            strategy=trade.order.strategy,
            legs=trade.risk.legs,
            net_premium=trade.risk.net_premium,
            predicted=trade.predictions.predicted_close,
        )


def terms_of(tickets: Sequence[Ticket], at: Integers, price: Floats) -> TradeTerms:
    """Return the terms of tickets entered ``at`` (n,) nanoseconds UTC with the underlying at ``price`` (n,).

    Raises
    ------
    ValueError
        When a strategy is unknown.

    >>> legs = tuple(Leg(right="C", strike=k, quantity=n) for k, n in ((5805, 1), (5855, -2), (5905, 1)))
    >>> fly = Ticket(symbol="SPX", strategy="Butterfly", legs=legs, net_premium=24.82)
    >>> terms = terms_of([fly], np.array([0]), np.array([5855.5]))
    >>> terms.strikes.tolist(), terms.quantity.tolist(), terms.fees.round(2).tolist()
    ([[5805.0, 5855.0, 5905.0, 5905.0]], [[1.0, -2.0, 1.0, 0.0]], [4.4])
    """
    symbols = tuple(dict.fromkeys(ticket.symbol for ticket in tickets))
    strikes, quantity = np.empty((len(tickets), LEGS)), np.zeros((len(tickets), LEGS))
    is_call = np.zeros((len(tickets), LEGS), dtype=np.bool_)
    for row, ticket in enumerate(tickets):
        legs = sorted(ticket.legs, key=_strike)
        strikes[row] = legs[-1].strike
        for place, leg in enumerate(legs):
            strikes[row, place], quantity[row, place] = leg.strike, leg.quantity
            is_call[row, place] = leg.right == "C"
    symbol = np.array([symbols.index(ticket.symbol) for ticket in tickets], dtype=np.int64)
    premium = np.array([ticket.net_premium for ticket in tickets], dtype=np.float64)
    unknown = float("nan")
    predicted = [unknown if ticket.predicted is None else ticket.predicted for ticket in tickets]
    return TradeTerms(
        symbols=symbols,
        symbol=symbol,
        strategy=np.array([STRATEGIES.index(ticket.strategy) for ticket in tickets], dtype=np.int64),
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
        mine = symbol == code
        each[mine] = fees_of(name).per_contract(np.abs(net_premium[mine]))
    return np.asarray(contracts * each)


def _strike(leg: Leg) -> float:
    return leg.strike
