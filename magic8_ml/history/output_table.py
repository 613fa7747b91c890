"""Build the output table of a month from its joined sheets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.strategy import HISTORY_STRATEGIES, MAGIC8_SYMBOLS
from magic8_ml.history.clock_columns import new_york_clock
from magic8_ml.history.joined import Joined, Sheets, at, numbers_at
from magic8_ml.history.labels import LABEL_SOURCES, QUARANTINE_REASONS
from magic8_ml.history.layouts import LEGS
from magic8_ml.history.leg_columns import sentence_legs
from magic8_ml.history.order_sentences import RIGHTS
from magic8_ml.history.rows import DELTA_NUMBERS, DIRECTIONS, SheetRows
from magic8_ml.history.schema import CATEGORY, SCHEMA
from magic8_ml.history.text_columns import MISSING

ORIGINS: Final = ("profit", "profit,trades", "profit,delta", "profit,trades,delta", "trades", "trades,delta")
"""The sheets that a row has values from, in the order of the contract."""

_TIMES: Final = tuple(f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(24 * 60))
_FROM_TRADES: Final = ("expected_move", "low", "high", "target1", "target2", "predicted_trades", "closing")


def origins(joined: Joined) -> Integers:
    """Return (n_out,) the index in ORIGINS of each row."""
    by_profit = (joined.pairs.trades != MISSING) + 2 * (joined.delta_at != MISSING)
    by_trades = 4 + (joined.delta_at != MISSING)
    places: Integers = np.where(joined.pairs.profit != MISSING, by_profit, by_trades).astype(np.int64)
    return places


def output_table(sheets: Sheets, joined: Joined) -> pa.Table:
    """Return the month's rows with the columns of ``SCHEMA``."""
    columns = (
        _identity(joined)
        | _values(joined)
        | _labels(joined)
        | _trades(sheets, joined)
        | _legs(sheets.trades, joined)
        | {name: numbers_at(sheets.delta.numbers[name], joined.delta_at) for name in DELTA_NUMBERS}
        | _origin(sheets, joined)
    )
    arrays = [_as_array(columns[field.name], field.type) for field in SCHEMA]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _as_array(column: pa.Array | Floats, kind: pa.DataType) -> pa.Array:
    if isinstance(column, pa.Array):
        return column
    if pa.types.is_floating(kind):
        return pa.array(column, from_pandas=True)
    return pa.array(column, from_pandas=True).cast(kind)


def _identity(joined: Joined) -> dict[str, pa.Array]:
    day, minute = new_york_clock(joined.seconds)
    milliseconds = joined.seconds // 60 * 60_000
    return {
        "date": pa.array(day.astype(np.int32)).cast(pa.date32()),
        "time": _text(minute, _TIMES),
        "timestamp": pa.array(milliseconds).cast(pa.timestamp("ms", tz="UTC")),
        "symbol": _category(joined.symbol, MAGIC8_SYMBOLS),
        "strategy": _category(joined.strategy, HISTORY_STRATEGIES),
    }


def _values(joined: Joined) -> dict[str, pa.Array | Floats]:
    return {name: values for name, values in joined.merged.items() if name in SCHEMA.names}


def _labels(joined: Joined) -> dict[str, pa.Array | Floats]:
    labels, managed = joined.labels, joined.merged["managed"]
    return {
        "profit": labels.profit,
        "win": _win(labels.profit),
        "raw": labels.reported,
        "win_managed": _win(managed),
        "label_source": _category(labels.source, LABEL_SOURCES),
        "quarantine_reason": _category(labels.reason, QUARANTINE_REASONS),
        "profit_recomputed": labels.recomputed,
    }


def _win(profit: Floats) -> Floats:
    """Return (n,) 1 where profit > 0, 0 where it is not, NaN where there is none."""
    return np.where(np.isnan(profit), np.nan, profit > 0)


def _trades(sheets: Sheets, joined: Joined) -> dict[str, pa.Array | Floats]:
    trades, place = sheets.trades, joined.pairs.trades
    columns: dict[str, pa.Array | Floats] = {
        name: numbers_at(trades.numbers[name], place)
        for name in (*_FROM_TRADES, *(f"{name}{leg}" for leg in LEGS for name in ("bid", "ask", "mid")))
    }
    columns["source"] = _text(at(trades.codes_by_column["source"], place), sheets.sources)
    return columns


def _legs(trades: SheetRows, joined: Joined) -> dict[str, pa.Array | Floats]:
    strikes, directions, types = sentence_legs(joined.strategy, joined.structures)
    place = joined.pairs.trades
    listed = ~np.isnan(numbers_at(trades.numbers["strike1"], place))
    columns: dict[str, pa.Array | Floats] = {}
    for column, leg in enumerate(LEGS):
        own = numbers_at(trades.numbers[f"strike{leg}"], place)
        columns[f"strike{leg}"] = np.where(listed, own, strikes[:, column])
        for name, written, names in (("direction", directions, DIRECTIONS), ("type", types, RIGHTS[:2])):
            chosen = np.where(listed, at(trades.codes_by_column[f"{name}{leg}"], place), written[:, column])
            columns[f"{name}{leg}"] = _category(chosen, names)
    return columns


def _origin(sheets: Sheets, joined: Joined) -> dict[str, pa.Array]:
    pairs = joined.pairs
    file = np.where(pairs.profit == MISSING, at(sheets.trades.file, pairs.trades), at(sheets.profit.file, pairs.profit))
    return {
        "trade_description": sheets.sentences.texts.take(_indices(joined.sentence)),
        "source_file": _text(origins(joined), ORIGINS),
        "format_year": pa.array(sheets.format_years[file].astype(np.int16)),
        "profit_ref": _reference(sheets.files, sheets.profit, pairs.profit),
        "trades_ref": _reference(sheets.files, sheets.trades, pairs.trades),
        "delta_ref": _reference(sheets.files, sheets.delta, joined.delta_at),
    }


def _reference(files: Sequence[str], rows: SheetRows, place: Integers) -> pa.Array:
    """Return (n_out,) ``folder/file:line``, null where the sheet has no row."""
    names = pa.array(files, pa.string()).take(_indices(at(rows.file, place)))
    lines = pa.array(at(rows.line, place)).cast(pa.string())
    return pc.binary_join_element_wise(names, lines, ":")


def _indices(places: Integers) -> pa.Array:
    return pa.array(places, mask=places == MISSING)


def _text(places: Integers, names: Sequence[str]) -> pa.Array:
    return pa.array(names, pa.string()).take(_indices(places))


def _category(places: Integers, names: Sequence[str]) -> pa.Array:
    indices = pa.array(places.astype(np.int8), mask=places == MISSING)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string())).cast(CATEGORY)
