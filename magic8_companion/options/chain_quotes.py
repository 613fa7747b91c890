"""An option chain as clean arrays: every doubtful quote is flagged, blanked and excluded from pricing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntFlag, StrEnum
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Codes, Floats, Mask
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.trading_day import new_york_day
from magic8_companion.options.parity import ParityReport, check_parity
from magic8_companion.options.products import Product, product


class LegFlag(IntFlag):
    """Problems of one quote; several may apply. NO_BID alone still allows buying at the ask."""

    MISSING = 1  # neither bid nor ask was received
    ONE_SIDED = 2  # only one of them was received
    NEGATIVE = 4
    CROSSED = 8  # bid above ask
    ZERO = 16  # the ask is 0
    NO_BID = 32  # the bid is a real 0: the mid carries no information
    STALE = 64  # contradicts put-call parity and its neighbors
    OFF_SMILE = 128  # far from the smile of the whole chain


class ChainProblem(StrEnum):
    """Problems of a whole chain; the first four forbid pricing."""

    WRONG_EXPIRY = "wrong_expiry"
    AFTER_CLOSE = "after_close"
    SPOT_OUTSIDE_STRIKES = "spot_outside_strikes"
    NO_QUOTES = "no_quotes"
    MISSING_STRIKES = "missing_strikes"
    SPOT_OFF_PARITY = "spot_off_parity"


_FATAL: Final = tuple(ChainProblem)[:4]
_BLANKED: Final = int(~LegFlag.NO_BID & 255)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """All calls or all puts of a chain, arrays (n_strikes,) in points; blanked quotes are NaN, the flags say why."""

    bid: Floats
    ask: Floats
    flags: Codes

    @property
    def mid(self) -> Floats:
        """Return the middle of two real quotes, NaN where there is no bid."""
        return np.where(self.flags == 0, (self.bid + self.ask) / 2, np.nan)

    @property
    def half_spread(self) -> Floats:
        """Return half the distance from bid to ask in points."""
        return (self.ask - self.bid) / 2

    @property
    def usable(self) -> Mask:
        """Tell which legs can be traded: the quote has an ask and no flag but NO_BID."""
        return _is_usable(self.flags)

    def with_flag(self, where: Mask, flag: LegFlag) -> Side:
        """Return the side with a flag added where ``where`` holds, and those legs blanked."""
        return _blank(self.bid, self.ask, self.flags | np.where(where, flag, 0).astype(np.uint8))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChainQuotes:
    """A checked chain. ``forward`` is the one put-call parity implies (points); ``years`` runs to settlement.

    Code that prices calls :meth:`require_priceable` first.
    """

    symbol: str
    product: Product
    expiry: date
    as_of: datetime
    spot: float
    years: float
    rate: float
    strikes: Floats
    calls: Side
    puts: Side
    parity: ParityReport
    missing_strikes: tuple[float, ...]
    problems: tuple[ChainProblem, ...]

    @property
    def forward(self) -> float:
        """Return the forward implied by the quotes, NaN if none is."""
        return self.parity.forward

    @property
    def parity_spot(self) -> float:
        """Return the spot the quotes were made for: the present value of the forward."""
        return float(self.forward * np.exp(-self.rate * self.years))

    def require_priceable(self) -> None:
        """Stop pricing on a chain that cannot be priced.

        Raises
        ------
        DataUnavailable
            With the first fatal problem as its reason.
        """
        for problem in self.problems:
            if problem in _FATAL:
                raise DataUnavailable(problem.value, f"the {self.symbol} chain of {self.as_of} cannot be priced")


def clean_chain(chain: OptionChain, *, rate: float = 0.0, option_class: str | None = None) -> ChainQuotes:
    """Check a chain and turn it into arrays.

    Parameters
    ----------
    rate
        Interest per year, continuously compounded; over one day it moves nothing by more than a tick.

    Raises
    ------
    DataUnavailable
        ``unknown_product`` or ``market_closed``: there is no settlement to price to.
    """
    options = product(chain.symbol, option_class)
    years = options.years_left(chain.expiry, chain.as_of)
    names = ("strike", "call_bid", "call_ask", "put_bid", "put_ask")
    columns = np.array([[getattr(row, name) for name in names] for row in chain.rows], dtype=float).T
    strikes = columns[0]
    calls, puts = _side(columns[1], columns[2]), _side(columns[3], columns[4])
    spreads = calls.half_spread + puts.half_spread
    parity = check_parity(strikes, calls.mid, puts.mid, spreads, years, rate)
    calls, puts = _mark_stale(calls, strikes, parity, "C"), _mark_stale(puts, strikes, parity, "P")
    missing = _missing_strikes(strikes)
    return ChainQuotes(
        symbol=chain.symbol,
        product=options,
        expiry=chain.expiry,
        as_of=chain.as_of,
        spot=chain.spot,
        years=years,
        rate=rate,
        strikes=strikes,
        calls=calls,
        puts=puts,
        parity=parity,
        missing_strikes=missing,
        problems=_problems(chain, years, parity, missing),
    )


def _side(bid: Floats, ask: Floats) -> Side:
    no_bid, no_ask = ~np.isfinite(bid), ~np.isfinite(ask)
    flags = (
        np.where(no_bid & no_ask, LegFlag.MISSING, 0)
        | np.where(no_bid ^ no_ask, LegFlag.ONE_SIDED, 0)
        | np.where((bid < 0) | (ask < 0), LegFlag.NEGATIVE, 0)
        | np.where(bid > ask, LegFlag.CROSSED, 0)
        | np.where(ask == 0, LegFlag.ZERO, 0)
        | np.where(bid == 0, LegFlag.NO_BID, 0)
    )
    return _blank(bid, ask, flags.astype(np.uint8))


def _blank(bid: Floats, ask: Floats, flags: Codes) -> Side:
    believed = _is_usable(flags)
    return Side(bid=np.where(believed, bid, np.nan), ask=np.where(believed, ask, np.nan), flags=flags)


def _is_usable(flags: Codes) -> Mask:
    return np.asarray((flags & _BLANKED) == 0)


def _mark_stale(side: Side, strikes: Floats, parity: ParityReport, right: str) -> Side:
    stale = np.isin(strikes, [leg.strike for leg in parity.stale if leg.right == right])
    return side.with_flag(stale, LegFlag.STALE)


def _missing_strikes(strikes: Floats) -> tuple[float, ...]:
    # a step wider than both its neighbors is a hole; a step that stays wide is how strikes are listed
    steps = np.diff(strikes)
    missing: list[float] = []
    for i in range(1, len(steps) - 1):
        usual = min(steps[i - 1], steps[i + 1])
        if steps[i] > max(steps[i - 1], steps[i + 1]):
            missing += np.arange(strikes[i] + usual, strikes[i + 1] - usual / 2, usual).tolist()
    return tuple(missing)


def _problems(
    chain: OptionChain, years: float, parity: ParityReport, missing: tuple[float, ...]
) -> tuple[ChainProblem, ...]:
    spot = chain.spot
    off_parity = np.nanmin(parity.tolerance) if np.isfinite(parity.forward) else np.nan
    found = {
        ChainProblem.WRONG_EXPIRY: chain.expiry != new_york_day(chain.as_of),
        ChainProblem.AFTER_CLOSE: years == 0,
        ChainProblem.SPOT_OUTSIDE_STRIKES: not chain.rows[0].strike <= spot <= chain.rows[-1].strike,
        ChainProblem.NO_QUOTES: not np.isfinite(parity.forward),
        ChainProblem.MISSING_STRIKES: bool(missing),
        ChainProblem.SPOT_OFF_PARITY: bool(abs(parity.forward - spot) > off_parity),
    }
    return tuple(problem for problem, holds in found.items() if holds)
