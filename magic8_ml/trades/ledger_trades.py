"""The simulated ledger as known trades: one price maker, one cost scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from magic8_companion.domain.arrays import Floats, Mask
from magic8_companion.outside_files.parquet import read_parquet
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.settled_trades import SettledTrades, codes, numbers, stamps
from magic8_ml.trades.terms import LEGS, STRATEGIES, DeltaRows, TradeTerms

_STRIKES: Final = tuple(f"strike{leg}" for leg in range(1, LEGS + 1))
_CHOICE: Final = ("price_maker", "scenario", "pin_risk")
_STRUCTURES: Final = {
    "butterfly": ((1, -2, 1, 0), (1, 1, 1, 1), 1),
    "iron_condor": ((1, -1, -1, 1), (0, 0, 1, 1), -1),
    "put_credit": ((1, -1, 0, 0), (0, 0, 0, 0), -1),
    "call_credit": ((-1, 1, 0, 0), (1, 1, 1, 1), -1),
    "call_debit": ((1, -1, 0, 0), (1, 1, 1, 1), 1),
    "put_debit": ((-1, 1, 0, 0), (0, 0, 0, 0), 1),
}
"""Contracts per ascending strike, whether they are calls, and +1 for a debit."""

_NAMES: Final = tuple(_STRUCTURES)
_QUANTITY: Final = np.array([_STRUCTURES[name][0] for name in _NAMES], dtype=np.float64)
_IS_CALL: Final = np.array([_STRUCTURES[name][1] for name in _NAMES], dtype=np.bool_)
_SIDE: Final = np.array([_STRUCTURES[name][2] for name in _NAMES], dtype=np.float64)

KNOWN_AT_ENTRY: Final = (
    *("timestamp", "symbol", "strategy", "structure", "price", "premium", "slippage", "fees"),
    *_STRIKES,
)
COLUMNS: Final = (*KNOWN_AT_ENTRY, *_CHOICE, "gross")


def read_ledger(out: Path, *, price_maker: str = "today", scenario: str = "base") -> pa.Table:
    """Return the rows of one price maker and cost scenario from the folder in which a ledger was written.

    Raises
    ------
    TrainingRefused
        When there is no such ledger or no such row.
    """
    files = sorted((out / "ledger").glob("month=????-??/trades.parquet"))
    if not files:
        raise TrainingRefused(f"{out} holds no ledger; run: python -m magic8_ml ledger")
    chosen = (pc.field("price_maker") == price_maker) & (pc.field("scenario") == scenario)
    try:
        parts = [read_parquet(file, COLUMNS, within=out).filter(chosen) for file in files]
    except OSError as error:
        raise TrainingRefused(f"the ledger in {out} cannot be read: {error}") from error
    table = pa.concat_tables(parts).unify_dictionaries()
    if not len(table):
        raise TrainingRefused(f"the ledger in {out} has no trade of price maker {price_maker}, scenario {scenario}")
    return table


def ledger_trades(table: pa.Table) -> SettledTrades:
    """Return the trades of :func:`read_ledger` that can be won and lost.

    Slippage and fees of the scenario are their fees.  Trades that settle within 0.1 % of a strike of an American-style
    symbol stay: leaving them out would choose by outcome.
    """
    structure = codes(table, "structure", _NAMES)
    strikes = np.stack([numbers(table, name) for name in _STRIKES], axis=1)
    symbols = tuple(sorted(table["symbol"].unique().to_pylist()))
    at = stamps(table, "timestamp")
    costs = numbers(table, "slippage") + numbers(table, "fees")
    terms = TradeTerms(
        symbols=symbols,
        symbol=codes(table, "symbol", symbols),
        strategy=codes(table, "strategy", STRATEGIES),
        at=at,
        strikes=_filled(strikes),
        quantity=_QUANTITY[structure],
        is_call=_calls(structure),
        net_premium=_SIDE[structure] * numbers(table, "premium"),
        fees=costs,
        price=numbers(table, "price"),
        predicted=np.full(len(at), np.nan),
    )
    known = SettledTrades(terms=terms, delta=DeltaRows.unknown(len(at)), gross=numbers(table, "gross"), dropped={})
    return known.drop_one_sided()


def _calls(structure: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Mask:
    return np.asarray(_IS_CALL[structure])


def _filled(strikes: Floats) -> Floats:
    last = np.nanmax(strikes, axis=1, keepdims=True)
    return np.where(np.isnan(strikes), last, strikes)
