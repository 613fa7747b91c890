"""A 0DTE option chain: one immutable snapshot, a value that was not received is None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from itertools import pairwise
from math import isfinite
from typing import Any

from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.errors import DataUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionRow:
    """Call and put of one strike; the 16 keys of the chain contract, in their units.

    strike, bids and asks in price points (a bid of 0 is real, None means none); open interest in contracts, last
    night's figure; volatility as a decimal per year; delta per share; gamma in delta per point; volume in contracts
    today; dte in calendar days from the New York date to expiry.
    """

    strike: float
    call_oi: int | None = None
    put_oi: int | None = None
    call_iv: float | None = None
    put_iv: float | None = None
    call_bid: float | None = None
    call_ask: float | None = None
    put_bid: float | None = None
    put_ask: float | None = None
    call_gamma: float | None = None
    put_gamma: float | None = None
    call_delta: float | None = None
    put_delta: float | None = None
    call_volume: int | None = None
    put_volume: int | None = None
    dte: int = 0

    def as_dict(self) -> dict[str, float | int | None]:
        """Return the 16 keys as a plain dict."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionChain:
    """All strikes of one symbol's 0DTE expiry at one moment, sorted by strike.

    Raises
    ------
    DataUnavailable
        ``bad_chain`` when the spot is no positive number, or strikes are not positive and strictly ascending;
        ``no_0dte_chain`` when the expiry is not the New York date of ``as_of``.
    """

    symbol: str
    spot: float
    rows: tuple[OptionRow, ...]
    expiry: date
    as_of: datetime
    source: str
    status: str
    multiplier: int = 100
    oi_as_of: date | None = None

    def __post_init__(self) -> None:
        """Check spot, order and expiry."""
        strikes = [row.strike for row in self.rows]
        if not (isfinite(self.spot) and self.spot > 0):
            raise DataUnavailable(ReasonCode.BAD_CHAIN, f"{self.symbol}: a spot of {self.spot} is no price")
        if not strikes or not all(low < high for low, high in pairwise((0.0, *strikes))):
            raise DataUnavailable(
                ReasonCode.BAD_CHAIN, f"{self.symbol}: strikes must be positive and strictly ascending"
            )
        if any(row.dte != 0 for row in self.rows):
            raise DataUnavailable(ReasonCode.NO_0DTE_CHAIN, f"{self.symbol}: the nearest expiry is {self.expiry}")

    @property
    def oi_coverage(self) -> float:
        """Return the share of strikes whose two open interests are known, 0..1."""
        known = sum(row.call_oi is not None and row.put_oi is not None for row in self.rows)
        return known / len(self.rows)

    def as_envelope(self) -> dict[str, Any]:
        """Return the dict of the provider contract (``get_option_chain``)."""
        return {
            "symbol": self.symbol,
            "current_price": self.spot,
            "option_chain": [row.as_dict() for row in self.rows],
            "expiry": self.expiry.isoformat(),
            "as_of": self.as_of,
            "source": self.source,
            "status": self.status,
            "multiplier": self.multiplier,
            "oi_as_of": self.oi_as_of,
        }

    @classmethod
    def from_envelope(cls, envelope: Mapping[str, Any]) -> OptionChain:
        """Read the dict of the provider contract back."""
        return cls(
            symbol=envelope["symbol"],
            spot=envelope["current_price"],
            rows=tuple(OptionRow(**row) for row in envelope["option_chain"]),
            expiry=date.fromisoformat(envelope["expiry"]),
            as_of=envelope["as_of"],
            source=envelope["source"],
            status=envelope["status"],
            multiplier=envelope["multiplier"],
            oi_as_of=envelope["oi_as_of"],
        )
