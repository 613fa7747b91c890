"""A trade with strikes and a price: a ticket from quotes, or the structure that a model had in mind without quotes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLeg:
    """One leg; strike in price points."""

    action: str
    right: str
    strike: float
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A concrete order: limit in points (credit > 0, debit < 0), profit and loss in USD, break-evens in points."""

    expiry: date
    legs: tuple[TicketLeg, ...]
    limit_price: float
    max_profit: float
    max_loss: float
    breakevens: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelledTrade:
    """The structure that a model's probabilities are about when there is no chain; nobody quotes it.

    The strikes are where the model puts them, not strikes of the exchange.  ``price`` is the model's, in points after
    its costs of trading (credit > 0, debit < 0).
    """

    legs: tuple[TicketLeg, ...]
    price: float
    win_probability: float
