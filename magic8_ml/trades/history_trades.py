"""The ingested history as known trades: of its columns those that were known at entry, and the validated profit.

A row is decided on at the end of its minute.  The delta values of a row were written before that: the ingest joins no
later one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.strategy import BUTTERFLY, HISTORY_STRATEGIES, MAGIC8_SYMBOLS
from magic8_companion.options.payoff import LegTable
from magic8_ml.forecast.session_table import BAR_NS, session_table
from magic8_ml.trades.orders import opening_fees
from magic8_ml.trades.settled_trades import SettledTrades, codes, numbers, stamps
from magic8_ml.trades.terms import LEGS, DeltaRows, TradeTerms

_LEGS: Final = range(1, LEGS + 1)
_MINUTE_NS: Final = 60 * 1_000_000_000
_SIDES: Final = ("BUY", "SELL")
_RIGHTS: Final = ("CALL", "PUT")
_DELTAS: Final = ("short_term", "long_term", "call_delta", "put_delta")

KNOWN_AT_ENTRY: Final = (
    *("timestamp", "symbol", "strategy", "price", "premium", "predicted"),
    *(f"{name}{leg}" for leg in _LEGS for name in ("strike", "direction", "type")),
    *_DELTAS,
)
COLUMNS: Final = (*KNOWN_AT_ENTRY, "profit")
"""All that is read; of the outcome columns the label alone."""


def history_trades(table: pa.Table, *, with_fees: bool = True) -> SettledTrades:
    """Return the labelled trades of a table of the data set that can be won and lost, in its order.

    ``with_fees``: the usual opening fees count as costs, so a trade wins only above them; else they are 0.
    """
    at = stamps(table, "timestamp") + _MINUTE_NS
    strategy, price = codes(table, "strategy", HISTORY_STRATEGIES), numbers(table, "price")
    gross, symbol = numbers(table, "profit"), codes(table, "symbol", MAGIC8_SYMBOLS)
    strikes, quantity, is_call = _legs(table, strategy)
    drop_reason = np.select(
        [np.isnan(gross), ~_in_session(at), ~(price > 0) | (symbol < 0) | (strategy < 0), quantity[:, 0] == 0],
        ["no_label", "outside_session", "no_price", "no_legs"],
        "",
    )
    keep = drop_reason == ""
    names, count = np.unique(drop_reason[~keep], return_counts=True)
    premium = _net(numbers(table, "premium"), strikes, quantity, is_call)
    fees = opening_fees(MAGIC8_SYMBOLS, np.maximum(symbol, 0), quantity, premium)
    terms = TradeTerms(
        symbols=MAGIC8_SYMBOLS,
        symbol=symbol,
        strategy=strategy,
        at=at,
        strikes=strikes,
        quantity=quantity,
        is_call=is_call,
        net_premium=premium,
        fees=fees if with_fees else np.zeros(len(at)),
        price=price,
        predicted=_positive(numbers(table, "predicted")),
    )
    values = {name: numbers(table, name)[keep] for name in _DELTAS}
    return SettledTrades(
        terms=terms[keep],
        delta=DeltaRows(known_at=at[keep], **values),
        gross=gross[keep],
        dropped=dict(zip(names.tolist(), count.tolist(), strict=True)),
    ).drop_one_sided()


def _in_session(at: Integers) -> Mask:
    table = session_table()
    place = np.maximum(np.searchsorted(table.opens, at, side="right") - 1, 0)
    return np.asarray((at > table.opens[place]) & (at <= table.closes[place]))


def _legs(table: pa.Table, strategy: Integers) -> tuple[Floats, Floats, Mask]:
    # ascending; the sheet lists a butterfly's middle once, it counts twice
    strikes = np.stack([numbers(table, f"strike{leg}") for leg in _LEGS], axis=1)
    side = np.stack([codes(table, f"direction{leg}", _SIDES) for leg in _LEGS], axis=1)
    right = np.stack([codes(table, f"type{leg}", _RIGHTS) for leg in _LEGS], axis=1)
    order = np.argsort(strikes, axis=1, kind="stable")  # NaN last
    strikes = np.take_along_axis(strikes, order, axis=1)
    side, right = (np.take_along_axis(codes_of_legs, order, axis=1) for codes_of_legs in (side, right))
    used = np.isfinite(strikes)
    damaged = (used & ((side < 0) | (right < 0))).any(axis=1, keepdims=True)
    quantity = np.where(used & np.logical_not(damaged), np.where(side == 0, 1.0, -1.0), 0.0)
    quantity[strategy == HISTORY_STRATEGIES.index(BUTTERFLY), 1] *= 2
    quantity[quantity.sum(axis=1) != 0] = 0.0  # no structure of Magic8 is left with an open side
    highest = np.nanmax(np.where(used, strikes, -np.inf), axis=1, keepdims=True)
    return np.where(used, strikes, highest), quantity, right == 0


def _net(premium: Floats, strikes: Floats, quantity: Floats, is_call: Mask) -> Floats:
    # a structure that can pay is bought for its premium, one that must pay is sold for it
    with np.errstate(invalid="ignore"):
        pays = LegTable(strikes=strikes, quantity=quantity, is_call=is_call).payoff(strikes).sum(axis=1)
    return np.where(pays < 0, -premium, premium)


def _positive(values: Floats) -> Floats:
    return np.where(values > 0, values, np.nan)


BAR_COLUMNS: Final = ("timestamp", "symbol", "price", "closed")


def sheet_bars(table: pa.Table) -> dict[str, Bars]:
    """Return the bars of every symbol of the data set, whose rows stand in the order of time."""
    at, symbol = stamps(table, "timestamp"), codes(table, "symbol", MAGIC8_SYMBOLS)
    price, closed = numbers(table, "price"), numbers(table, "closed")
    sessions = session_table()
    place = np.maximum(np.searchsorted(sessions.opens, at, side="right") - 1, 0)
    inside = (at >= sessions.opens[place] + BAR_NS) & (at < sessions.closes[place])
    bars = {}
    for code, name in enumerate(MAGIC8_SYMBOLS):
        mine = (symbol == code) & inside
        # the close is known of a bar that no trade can see: it ends when trading ends
        ended = np.concatenate((at[mine] // BAR_NS * BAR_NS, sessions.closes[place[mine]]))
        values = np.concatenate((price[mine], closed[mine]))
        known = values > 0
        if known.any():
            bars[name] = _from_closes(ended[known] - BAR_NS, values[known])
    return bars


def _from_closes(starts: Integers, close: Floats) -> Bars:
    starts, first = np.unique(starts, return_index=True)  # the first price of a slot is the oldest
    close = close[first]
    follows = np.diff(starts, prepend=0) == BAR_NS
    opened = np.where(follows, np.concatenate((close[:1], close[:-1])), close)
    return Bars(
        starts=starts,
        open=opened,
        high=np.maximum(opened, close),
        low=np.minimum(opened, close),
        close=close,
        volume=np.zeros(len(close)),
    )
