"""The price that settles an option, from the bars of its last day and the provider's daily row; pure.

A daily row holds the official close of an index and the last trade of a stock or fund.  Without one the close of the
last 5-minute bar settles.  The settlement price of an opening auction is not in any bar: the open of the day's first
bar stands for it.  The source says which of these it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from math import log, sqrt
from typing import Final

import numpy as np

from magic8_companion.domain.bar_lengths import DAY, daily_from
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.codes import Code
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import BAR, Session, require_session
from magic8_companion.options.products import Product

WIDEST_AUCTION: Final = 0.01
"""Greatest share by which the official close may differ from the close of the last bar; beyond it one is wrong."""


class PriceSource(Code):
    """Where a settlement price comes from."""

    DAILY_ROW = "daily_row"
    LAST_BAR = "last_bar"
    FIRST_BAR = "first_bar"


class Unknown(Code):
    """Why an outcome is not known."""

    MISSING_CLOSE = "missing_close"
    MISSING_OPEN = "missing_open"
    CONTRADICTION = "daily_row_contradicts_bars"
    NO_PRICES = "no_prices"
    NO_STRIKES = "no_strikes"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementPrice:
    """A settlement price in points, and where it comes from."""

    value: float
    source: PriceSource


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayPrices:
    """The 5-minute bars of one session, and the provider's daily row of it: one daily bar, or none."""

    bars: Bars
    daily: Bars

    @classmethod
    def of_day(cls, day: date, bars: Bars, daily: Bars) -> DayPrices:
        """Return the prices of one day out of longer series."""
        session = require_session(day)
        midnight = np.datetime64(day, "ns").astype(np.int64)
        place = int(np.searchsorted(daily.starts, midnight))
        row = daily[place : place + 1] if place < len(daily) and daily.starts[place] == midnight else Bars.empty(DAY)
        return cls(bars=bars.between(session.open_at, session.close_at), daily=row)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePath:
    """What the underlying did from a time to the close: its extremes, and its volatility (not per year)."""

    lowest: float
    highest: float
    realised: float


def settlement_price(product: Product, expiry: date, prices: DayPrices) -> SettlementPrice:
    """Return what settles the options of a product that expire on a day.

    Raises
    ------
    DataUnavailable
        With a reason of :class:`Unknown`, or ``wrong_expiry`` and ``market_closed`` when no such option exists.
    """
    product.settles_at(expiry)
    session = require_session(expiry)
    if product.opening_settlement:
        return _opening(session, prices)
    bars, row = prices.bars, prices.daily
    last = float(bars.close[-1]) if len(bars) and bars.last_end == session.close_at else None
    if len(row) and last is not None:
        _require_agreement(expiry, row, last)
    if len(row) and not _repeats(row, bars):
        return SettlementPrice(value=float(row.close[0]), source=PriceSource.DAILY_ROW)
    if last is None:
        raise DataUnavailable(Unknown.MISSING_CLOSE, f"{product.symbol}: no last bar and no daily row of {expiry}")
    return SettlementPrice(value=last, source=PriceSource.LAST_BAR)


def path_from(at: datetime, prices: DayPrices, session: Session, spot: float) -> PricePath | None:
    """Return the path from ``at``, where the price is ``spot``, to the close; None when a bar of it is missing."""
    bars = prices.bars.between(at, session.close_at)
    due = int((session.close_at - at) / BAR)
    if due < 1 or len(bars) != due or bars.first_start != at:
        return None
    returns = np.diff(np.log(np.concatenate(([spot], bars.close))))
    return PricePath(
        lowest=min(spot, float(bars.low.min())),
        highest=max(spot, float(bars.high.max())),
        realised=sqrt(float(returns @ returns)),
    )


def price_at(at: datetime, prices: DayPrices) -> float | None:
    """Return the close of the bar that ended at a time, None when it is missing."""
    known = prices.bars.known_at(at)
    return float(known.close[-1]) if len(known) and known.last_end == at else None


def log_move(start: float, end: float) -> float:
    """Return the logarithm of the change from one price to another."""
    return log(end / start)


def _opening(session: Session, prices: DayPrices) -> SettlementPrice:
    bars = prices.bars
    if not len(bars) or bars.first_start != session.open_at:
        raise DataUnavailable(Unknown.MISSING_OPEN, f"the first bar of {session.day} is missing")
    return SettlementPrice(value=float(bars.open[0]), source=PriceSource.FIRST_BAR)


def _require_agreement(day: date, row: Bars, last: float) -> None:
    low, high, close = (float(values[0]) for values in (row.low, row.high, row.close))
    if abs(close / last - 1) > WIDEST_AUCTION or not low * (1 - WIDEST_AUCTION) <= last <= high * (1 + WIDEST_AUCTION):
        raise DataUnavailable(
            Unknown.CONTRADICTION, f"{day}: the daily row closes at {close:g}, the last bar at {last:g}"
        )


def _repeats(row: Bars, bars: Bars) -> bool:
    # A row that was built from the bars confirms nothing.
    built = daily_from(bars)
    names = ("starts", "open", "high", "low", "close")
    return len(built) == 1 and all(getattr(built, name)[0] == getattr(row, name)[0] for name in names)
