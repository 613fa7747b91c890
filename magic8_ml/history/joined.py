"""Join the sheets of a month: pair the rows, merge their values, and label each output row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.history.delta_join import latest_delta
from magic8_ml.history.labels import Labels, label_profits
from magic8_ml.history.merge import Pairs, fill_only, fill_only_places
from magic8_ml.history.order_sentences import Sentences
from magic8_ml.history.rows import SheetRows
from magic8_ml.history.settlement import OrderLegs, build_structures
from magic8_ml.history.strike_columns import strike_columns
from magic8_ml.history.text_columns import MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """The input of a month: the distinct rows of each kind of sheet, and the parsed sentences.

    ``files`` are the names of the sheets in download order, ``format_years`` their generations.  ``sources`` are the
    distinct texts of the ``source`` column of the trades sheets.
    """

    profit: SheetRows
    trades: SheetRows
    delta: SheetRows
    sentences: Sentences
    files: Sequence[str]
    format_years: Integers
    sources: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The output rows, every array (n_out,): row indices in the sheets (-1: none), merged values, legs and labels."""

    pairs: Pairs
    delta_at: Integers
    seconds: Integers
    symbol: Integers
    strategy: Integers
    sentence: Integers
    merged: dict[str, Floats]
    structures: OrderLegs
    labels: Labels


def join_sheets(sheets: Sheets, pairs: Pairs, conflicts: Counter[str], *, payoff_labels: bool) -> Joined:
    """Join a month's sheets; count each conflict of two known values under its column."""
    profit, trades = sheets.profit, sheets.trades
    symbol, strategy = (
        _first_known(pairs, getattr(profit, name), getattr(trades, name)) for name in ("symbol", "strategy")
    )
    seconds = _first_known(pairs, profit.seconds, trades.seconds)
    sentence = fill_only_places(
        "trade_description", at(profit.sentence, pairs.profit), at(trades.sentence, pairs.trades), conflicts
    )
    merged = _merge(profit, trades, pairs, conflicts)
    structures, action = _structures(sheets, pairs, strategy, sentence)
    labels = label_profits(
        numbers_at(profit.numbers["profit_cell"], pairs.profit),
        numbers_at(profit.numbers["raw_cell"], pairs.profit),
        structures=structures,
        action=action,
        premium=merged["premium"],
        closed=merged["closed"],
        payoff_labels=payoff_labels,
    )
    return Joined(
        pairs=pairs,
        delta_at=latest_delta(symbol, seconds // 60, sheets.delta),
        seconds=seconds,
        symbol=symbol,
        strategy=strategy,
        sentence=sentence,
        merged=merged,
        structures=structures,
        labels=labels,
    )


def at(places: Integers, index: Integers) -> Integers:
    """Return ``places[index]``, and -1 where the index is -1."""
    return np.append(places, MISSING)[index]


def numbers_at(values: Floats, index: Integers) -> Floats:
    """Return ``values[index]``, NaN where the index is -1."""
    return np.append(values, np.nan)[index]


def _first_known(pairs: Pairs, profit: Integers, trades: Integers) -> Integers:
    return np.where(pairs.profit == MISSING, at(trades, pairs.trades), at(profit, pairs.profit))


def _merge(profit: SheetRows, trades: SheetRows, pairs: Pairs, conflicts: Counter[str]) -> dict[str, Floats]:
    own = {name: numbers_at(values, pairs.profit) for name, values in profit.numbers.items()}
    nothing = (own["risk"] == 0) & (own["reward"] == 0)  # early 2023: 0.0 means missing
    for name in ("risk", "reward", "ratio"):
        own[name] = np.where(nothing, np.nan, own[name])
    own["premium"] = np.where(np.isnan(own["premium"]), own.pop("expected_premium"), own["premium"])
    other = {"predicted": "predicted_trades", "closed": "closing"}
    for name in ("premium", "predicted", "closed", "risk", "expired"):
        filler = numbers_at(trades.numbers[other.get(name, name)], pairs.trades)
        own[name] = fill_only(name, own[name], filler, conflicts)
    return own


def _structures(sheets: Sheets, pairs: Pairs, strategy: Integers, sentence: Integers) -> tuple[OrderLegs, Integers]:
    sentences = sheets.sentences
    strikes = np.vstack([sentences.strikes, np.full((1, 4), np.nan)])[sentence]
    right, action = at(sentences.right, sentence), np.append(sentences.action, 0)[sentence]
    silent = np.flatnonzero((right == MISSING) & (pairs.trades != MISSING))
    if len(silent):
        reported = strike_columns(sheets.trades.take(pairs.trades[silent]))
        strikes[silent], right[silent], action[silent] = reported
    return build_structures(strategy, strikes, right, action), action
