"""What is known of a trade and of its market when it is entered: the only inputs that features are computed from.

No field of these types can hold later information, and every value says since when it is known: features refuse a row
whose market or delta sheet is younger than its trade.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, Protocol

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.strategy import HISTORY_STRATEGIES
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES

STRATEGIES: Final = HISTORY_STRATEGIES
"""What strategy codes index."""

LEGS: Final = 4


class MoveDistribution(Protocol):
    """A forecast of the log return from each trade's price to the close, made without its outcome."""

    @property
    def sigma(self) -> Floats:
        """Return its standard deviation per trade, shape (n,); NaN where nothing is forecast."""

    def below(self, returns: Floats) -> Floats:
        """Return P(log return < ``returns``), shape of ``returns`` (n, m)."""

    def calls(self, strikes: Floats) -> Floats:
        """Return E[max(X - strike, 0)], X = settlement over price; shape of ``strikes`` (n, m), in units of price."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeTerms:
    """The trades themselves; arrays have shape (n,), those of legs (n, 4).

    ``symbol`` indexes ``symbols``, ``strategy`` :data:`STRATEGIES`; ``at`` is the decision time, nanoseconds UTC.
    ``strikes`` ascend, unused ones repeat the last and have quantity 0; ``quantity`` is signed contracts per unit
    (a butterfly's middle counts twice); ``is_call`` per leg.
    ``net_premium`` in points per share, a debit is positive, NaN unknown; ``fees`` in US dollars per unit;
    ``price`` of the underlying; ``predicted`` close of the signal, NaN unknown.
    """

    symbols: tuple[str, ...]
    symbol: Integers
    strategy: Integers
    at: Integers
    strikes: Floats
    quantity: Floats
    is_call: Mask
    net_premium: Floats
    fees: Floats
    price: Floats
    predicted: Floats

    def __len__(self) -> int:
        """Count the trades."""
        return len(self.at)

    def __getitem__(self, rows: Mask | Integers | slice) -> TradeTerms:
        """Return some of the trades."""
        arrays: dict[str, Any] = {item.name: getattr(self, item.name)[rows] for item in fields(self)[1:]}
        return TradeTerms(symbols=self.symbols, **arrays)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketContext:
    """The market of each trade as of its newest complete bar; shape (n,).

    ``known_at``: when that bar was complete, nanoseconds UTC.  ``sigma``: implied standard deviation of the log return
    to the close, with today's pace, NaN unknown.  ``features`` (n, n_features) of the five-minute model, in the order
    of its catalogue.  ``moves``: forecast distribution, None where there is no model.
    """

    known_at: Integers
    sigma: Floats
    features: Floats
    moves: MoveDistribution | None = None

    @classmethod
    def unknown(cls, n_trades: int) -> MarketContext:
        """Return a market of which nothing is known."""
        return cls(
            known_at=np.zeros(n_trades, dtype=np.int64),
            sigma=np.full(n_trades, np.nan),
            features=np.full((n_trades, len(FEATURE_NAMES)), np.nan),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeltaRows:
    """The row of the delta sheet that each trade may know, or what its message said; shape (n,), NaN unknown.

    ``known_at``: when it was written, nanoseconds UTC.  ``short_term`` and ``long_term`` are price levels.
    """

    known_at: Integers
    short_term: Floats
    long_term: Floats
    call_delta: Floats
    put_delta: Floats

    @classmethod
    def unknown(cls, n_trades: int) -> DeltaRows:
        """Return no delta row for any trade."""
        nothing = np.full(n_trades, np.nan)
        return cls(
            known_at=np.zeros(n_trades, dtype=np.int64),
            short_term=nothing,
            long_term=nothing,
            call_delta=nothing,
            put_delta=nothing,
        )
