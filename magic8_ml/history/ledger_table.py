"""Build the rows of the ledger on disk: one per trade and cost scenario, with the column names of the history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from magic8_companion.domain.trading_day import BAR
from magic8_companion.options.costs import SPREAD_MODELS
from magic8_ml.forecast.feature_catalogue import schema_digest
from magic8_ml.forecast.labels import bucket_of
from magic8_ml.forecast.session_table import session_table
from magic8_ml.history.ledger_entries import SOURCES
from magic8_ml.history.ledger_structures import NAMES, SIDE, STRATEGIES
from magic8_ml.history.ledger_trades import LedgerTrades

PRICE_MAKERS: Final = tuple(SOURCES)
_CATEGORY: Final = pa.dictionary(pa.int8(), pa.string())
_RIGHTS: Final = ("CALL", "CALL/PUT", "PUT", "CALL", "CALL", "PUT")
_BAR_MINUTES: Final = int(BAR.total_seconds()) // 60
_MINUTE_NS: Final = 60 * 1_000_000_000

_FIELDS: Final = (
    ("trade_id", pa.string()),
    ("date", pa.date32()),
    ("timestamp", pa.timestamp("ms", tz="UTC")),
    ("symbol", _CATEGORY),
    ("strategy", _CATEGORY),
    ("structure", _CATEGORY),
    ("right", _CATEGORY),
    ("action", _CATEGORY),
    ("minutes_to_close", pa.int16()),
    ("bucket", pa.int8()),
    ("half_day", pa.bool_()),
    ("price", pa.float64()),
    *((f"strike{leg}", pa.float64()) for leg in range(1, 5)),
    ("premium", pa.float64()),
    ("model_premium", pa.float64()),
    ("anchor_days", pa.int32()),
    ("price_maker", _CATEGORY),
    ("s_imp", pa.float64()),
    ("s_imp_source", _CATEGORY),
    ("smile_a", pa.float64()),
    ("smile_b", pa.float64()),
    ("scenario", _CATEGORY),
    ("slippage", pa.float64()),
    ("fees", pa.float64()),
    ("q_star", pa.float64()),
    ("implied_probability", pa.float64()),
    ("feature_digest", _CATEGORY),
    ("settlement", pa.float64()),
    ("pin_risk", pa.bool_()),
    ("touched_short", pa.bool_()),
    ("path_low", pa.float64()),
    ("path_high", pa.float64()),
    ("gross", pa.float64()),
    ("net", pa.float64()),
    ("win", pa.int8()),
    ("risk", pa.float64()),
    ("reward", pa.float64()),
    ("net_per_risk", pa.float64()),
    ("random_state", pa.uint64()),
)
_NULLABLE: Final = ("strike3", "strike4")
SCHEMA: Final = pa.schema([pa.field(name, kind, nullable=name in _NULLABLE) for name, kind in _FIELDS])


def ledger_table(trades: LedgerTrades, symbols: Sequence[str]) -> pa.Table:
    """Return rows of ``SCHEMA``, the scenarios of a trade in consecutive rows; money in US dollars per contract.

    ``q_star`` is risk over risk plus reward; at or above 1 the trade cannot win after the scenario's costs.
    """
    times = len(SPREAD_MODELS)
    per_trade = {name: np.repeat(values, times) for name, values in _numbers(trades).items()}
    categories = {
        name: _categories(np.repeat(places, times), names) for name, (places, names) in _names(trades, symbols).items()
    }
    strikes = {f"strike{leg + 1}": np.repeat(trades.strikes[:, leg], times) for leg in range(4)}
    ids = _ids(trades, symbols).take(pa.array(np.repeat(np.arange(len(trades)), times)))
    columns = {"trade_id": ids, **per_trade, **categories, **strikes, **_per_scenario(trades)}
    arrays = [_array(columns[field.name], field) for field in SCHEMA]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _numbers(trades: LedgerTrades) -> dict[str, npt.NDArray[Any]]:
    minutes = _BAR_MINUTES * trades.bars_left
    return {
        "date": session_table().days[trades.row].astype("datetime64[D]"),
        "timestamp": trades.at.astype("datetime64[ns]").astype("datetime64[ms]"),
        "minutes_to_close": minutes.astype(np.int16),
        "bucket": bucket_of(minutes.astype(np.float64)).astype(np.int8),
        "half_day": trades.half_day,
        "price": trades.spot,
        "premium": trades.premium,
        "model_premium": trades.model_premium,
        "anchor_days": trades.anchor_days.astype(np.int32),
        "s_imp": trades.sigma,
        "smile_a": trades.skew,
        "smile_b": trades.curvature,
        "settlement": trades.settlement,
        "pin_risk": trades.pin_risk,
        "touched_short": trades.touched_short,
        "path_low": trades.path_low,
        "path_high": trades.path_high,
        "gross": trades.gross,
        "fees": trades.fees,
        "random_state": trades.random_state,
    }


def _names(trades: LedgerTrades, symbols: Sequence[str]) -> dict[str, tuple[npt.NDArray[Any], Sequence[str]]]:
    nothing = np.zeros(len(trades), dtype=np.int64)
    actions = ["BUY" if side > 0 else "SELL" for side in SIDE]
    return {
        "symbol": (trades.symbol, symbols),
        "strategy": (trades.structure, STRATEGIES),
        "structure": (trades.structure, NAMES),
        "right": (trades.structure, _RIGHTS),
        "action": (trades.structure, actions),
        "price_maker": (trades.price_maker, PRICE_MAKERS),
        "s_imp_source": (trades.price_maker, tuple(SOURCES.values())),
        "feature_digest": (nothing, (schema_digest(),)),
    }


def _per_scenario(trades: LedgerTrades) -> dict[str, Any]:
    net, risk, reward = trades.net.ravel(), trades.risk.ravel(), trades.reward.ravel()
    scenario = np.tile(np.arange(len(SPREAD_MODELS)), len(trades))
    return {
        "scenario": _categories(scenario, [case.name for case in SPREAD_MODELS]),
        "slippage": trades.slippage.ravel(),
        "implied_probability": trades.implied.ravel(),
        "net": net,
        "win": (net > 0).astype(np.int8),
        "risk": risk,
        "reward": reward,
        "q_star": risk / (risk + reward),
        "net_per_risk": net / risk,
    }


def _categories(places: npt.NDArray[Any], names: Sequence[str]) -> pa.DictionaryArray:
    kinds = list(dict.fromkeys(names))
    code = np.array([kinds.index(name) for name in names], dtype=np.int8)
    return pa.DictionaryArray.from_arrays(pa.array(code[places]), pa.array(kinds, pa.string()))


def _ids(trades: LedgerTrades, symbols: Sequence[str]) -> pa.Array:
    # SPY-2025-03-03-1530Z-put_credit-today: unique, and readable without a key
    minutes = trades.at // _MINUTE_NS % (24 * 60)
    clock = pa.array([f"{minute // 60:02d}{minute % 60:02d}Z" for minute in range(24 * 60)])
    days = pa.array(session_table().days[trades.row].astype("datetime64[D]")).cast(pa.string())
    parts = [
        pa.array(list(symbols)).take(pa.array(trades.symbol)),
        days,
        clock.take(pa.array(minutes)),
        pa.array(list(NAMES)).take(pa.array(trades.structure)),
        pa.array(list(PRICE_MAKERS)).take(pa.array(trades.price_maker)),
    ]
    return pc.binary_join_element_wise(*parts, "-")


def _array(values: Any, field: pa.Field) -> pa.Array:  # noqa: ANN401 - numpy or arrow, arrow ones are typed already
    if isinstance(values, pa.Array):
        return values
    return pa.array(values, type=field.type, from_pandas=field.nullable)
