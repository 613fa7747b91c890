"""Parsed messages as frozen values; ``as_dict`` of each returns the documented dict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from magic8_companion.domain.strategy import MAGIC8_SYMBOLS
from magic8_companion.options.risk_reward import RiskReward

MAX_LENGTH: Final = 4000
"""Longest message in characters."""


KNOWN_SYMBOLS: Final = frozenset(MAGIC8_SYMBOLS)

_RIGHTS: Final = {"C": "CALL", "P": "PUT"}
_OPEN_RIGHT: Final = dict.fromkeys(_RIGHTS)


class Refusal(Exception):
    """An invalid line.  The parser reports it as a :class:`LineError` and reads the rest of the message."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineError:
    """Why a line is invalid; ``line`` counts from 1, and 0 stands for the whole message."""

    line: int
    text: str
    code: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        """Return the four keys."""
        return {"line": self.line, "text": self.text, "code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """The numbers of a prediction block, as written: prices, or scores for the two terms."""

    current_price: float | None = None
    predicted_close: float | None = None
    short_term: float | None = None
    long_term: float | None = None
    target1: float | None = None
    target2: float | None = None

    def as_dict(self) -> dict[str, float | None]:
        """Return the six keys, None for missing numbers."""
        return {
            "current_price": self.current_price,
            "predicted_close": self.predicted_close,
            "short_term": self.short_term,
            "long_term": self.long_term,
            "target1": self.target1,
            "target2": self.target2,
        }


NO_PREDICTIONS: Final = Predictions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One valid order.

    ``strikes``: points, in the order of the text; an iron butterfly has its body twice.  ``premium``: points, positive.
    ``option_type``: None if a butterfly leaves it open.  ``expiry``: None if the year is unknown; then ``expiry_text``
    is day and month.
    """

    action: str
    quantity: int
    strategy: str
    order_name: str
    symbol: str
    multiplier: int
    weekly: bool
    expiry: date | None
    expiry_text: str | None
    strikes: tuple[float, ...]
    option_type: str | None
    premium: float
    price_effect: str
    order_type: str | None = None
    exchange: str | None = None
    opening_settlement: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """An order with its risk and the predictions of its message; ``line`` counts from 1."""

    order: Order
    line: int
    risk: RiskReward
    predictions: Predictions = NO_PREDICTIONS

    def legs(self) -> list[dict[str, Any]]:
        """Return sign (+1 bought), ratio, right (None if open) and strike of each leg, strikes ascending."""
        rights = _RIGHTS if self.order.option_type else _OPEN_RIGHT
        return [
            {
                "sign": 1 if leg.quantity > 0 else -1,
                "ratio": abs(leg.quantity),
                "right": rights[leg.right],
                "strike": leg.strike,
            }
            for leg in self.risk.legs
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return every field, those of the order first, with the aliases ``trade_type`` and ``limit_price``."""
        order, risk, predictions = self.order, self.risk, self.predictions
        return {
            "action": order.action,
            "quantity": order.quantity,
            "strategy": order.strategy,
            "trade_type": order.strategy,
            "order_name": order.order_name,
            "symbol": order.symbol,
            "multiplier": order.multiplier,
            "weekly": order.weekly,
            "opening_settlement": order.opening_settlement,
            "expiry": order.expiry,
            "expiry_text": order.expiry_text,
            "strikes": list(order.strikes),
            "option_type": order.option_type,
            "legs": self.legs(),
            "premium": order.premium,
            "limit_price": order.premium,
            "price_effect": order.price_effect,
            "order_type": order.order_type,
            "exchange": order.exchange,
            "short_term": predictions.short_term,
            "long_term": predictions.long_term,
            "predicted_price": predictions.predicted_close,
            "line": self.line,
            "max_profit": risk.max_profit,
            "max_loss": risk.max_loss,
            "risk": risk.max_loss,
            "reward": risk.max_profit,
            "risk_reward_ratio": risk.risk_reward,
            "breakevens": list(risk.breakevens),
        }


class Position(NamedTuple):
    """A structure without price or action; ``legs``: C or P, and strike, in the order of the text."""

    text: str
    strategy: str
    option_type: str
    legs: tuple[tuple[str, float], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the five keys."""
        return {
            "text": self.text,
            "strategy": self.strategy,
            "option_type": self.option_type,
            "strikes": [strike for _, strike in self.legs],
            "legs": [{"right": "CALL" if right == "C" else "PUT", "strike": strike} for right, strike in self.legs],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Source of a message; ``positions``: structures without price or action."""

    symbol: str | None
    message_id: str | None
    alert_id: str | None
    author: str | None
    time: datetime | None
    raw_text: str
    positions: tuple[Position, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return every field."""
        return {
            "symbol": self.symbol,
            "message_id": self.message_id,
            "alert_id": self.alert_id,
            "author": self.author,
            "time": self.time,
            "raw_text": self.raw_text,
            "positions": [position.as_dict() for position in self.positions],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Content of one message, with its invalid lines."""

    metadata: Metadata
    predictions: Predictions
    trades: tuple[Trade, ...]
    errors: tuple[LineError, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the four parts as plain dicts and lists."""
        return {
            "metadata": self.metadata.as_dict(),
            "predictions": self.predictions.as_dict(),
            "trades": [trade.as_dict() for trade in self.trades],
            "errors": [error.as_dict() for error in self.errors],
        }
