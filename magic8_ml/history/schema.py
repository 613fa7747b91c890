"""Define the columns of the data set: 56 in a fixed order, then the columns that trace their origin."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from magic8_ml.history.layouts import LEGS

CATEGORY: Final = pa.dictionary(pa.int8(), pa.string())

_LEG_FIELDS: Final = (
    ("strike", pa.float64()),
    ("direction", CATEGORY),
    ("type", CATEGORY),
    ("bid", pa.float64()),
    ("ask", pa.float64()),
    ("mid", pa.float64()),
)
_FIELDS: Final = (
    ("date", pa.date32()),
    ("time", pa.string()),
    ("timestamp", pa.timestamp("ms", tz="UTC")),
    ("symbol", CATEGORY),
    ("strategy", CATEGORY),
    ("price", pa.float64()),
    ("premium", pa.float64()),
    ("predicted", pa.float64()),
    ("closed", pa.float64()),
    ("expired", pa.bool_()),
    ("risk", pa.float64()),
    ("reward", pa.float64()),
    ("ratio", pa.float64()),
    ("profit", pa.float64()),
    ("win", pa.int8()),
    ("source", pa.string()),
    ("expected_move", pa.float64()),
    ("low", pa.float64()),
    ("high", pa.float64()),
    ("target1", pa.float64()),
    ("target2", pa.float64()),
    ("predicted_trades", pa.float64()),
    ("closing", pa.float64()),
    *((f"{name}{leg}", kind) for leg in LEGS for name, kind in _LEG_FIELDS),
    ("call_delta", pa.float64()),
    ("put_delta", pa.float64()),
    ("predicted_delta", pa.float64()),
    ("short_term", pa.float64()),
    ("long_term", pa.float64()),
    ("closing_delta", pa.float64()),
    ("trade_description", pa.string()),
    ("source_file", pa.string()),
    ("format_year", pa.int16()),
    # beyond the 56
    ("raw", pa.float64()),
    ("managed", pa.float64()),
    ("win_managed", pa.int8()),
    ("stop", pa.float64()),
    ("profit_low", pa.float64()),
    ("profit_high", pa.float64()),
    ("label_source", CATEGORY),
    ("quarantine_reason", CATEGORY),
    ("profit_recomputed", pa.float64()),
    ("profit_ref", pa.string()),
    ("trades_ref", pa.string()),
    ("delta_ref", pa.string()),
)
COLUMN_COUNT: Final = 56
"""Columns of the contract; the columns after them are additions."""

IDENTITY: Final = ("date", "time", "timestamp", "symbol", "strategy", "source_file", "format_year")
"""Columns that are never null."""

SCHEMA: Final = pa.schema([pa.field(name, kind, nullable=name not in IDENTITY) for name, kind in _FIELDS])
VERSION: Final = 2
"""Raise it when the meaning of a column or of the report changes: every month is then read again."""
