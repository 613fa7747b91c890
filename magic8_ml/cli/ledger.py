"""``python -m magic8_ml ledger``: recorded bars in, simulated trades and their report out."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from magic8_companion.command_line import as_path, day
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.domain.trading_day import new_york_day
from magic8_ml.forecast.session_table import day_number, session_table
from magic8_ml.history.ledger_inputs import LedgerRefused, read_bars, read_vix
from magic8_ml.history.ledger_report import LIMITS, report_of
from magic8_ml.history.ledger_store import REPORT, write_ledger
from magic8_ml.history.ledger_table import MAKERS, ledger_table
from magic8_ml.history.ledger_trades import Market, joined

EXIT_REFUSED: Final = 2
BOTH: Final = "both"
_HEADER: Final = (
    f"{'':12} {'cost':5} {'trades':>8} {'win rate':>9} {'implied':>8} {'pinned':>7}"
    "  net per risk, not pinned [95 % by day]"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``ledger``."""
    parser.add_argument("--bars-dir", type=as_path, required=True, help="folder of 5-minute bars, parquet or CSV")
    parser.add_argument("--vix", type=as_path, required=True, help="daily VIX file: date, open, high, low, close")
    symbols = "comma-separated; default: every symbol in the folder"
    parser.add_argument("--symbols", metavar="LIST", type=_symbols, help=symbols)
    first = (
        "first day of which trades are written, YYYY-MM-DD; all earlier bars serve as its past; default: of the bars"
    )
    parser.add_argument("--from", dest="first_day", metavar="DAY", type=day, help=first)
    parser.add_argument("--to", dest="last_day", metavar="DAY", type=day, help="last day; default: of the bars")
    parser.add_argument("--out", type=as_path, required=True, help="folder in which ledger/ and the report are written")
    makers = "who makes the premia: naive (VIX x share), today (x pace^0.45) or both (default)"
    parser.add_argument("--price-maker", choices=(*MAKERS, BOTH), default=BOTH, help=makers)
    parser.add_argument("--seed", type=_seed, default=8, help="of smile and geometry (default 8)")


def run(options: argparse.Namespace) -> int:
    """Run ``ledger``; return 0, or 2 with one sentence on stderr."""
    try:
        report = _run(options)
    except LedgerRefused as refusal:
        print(f"Ledger refused: {refusal}", file=sys.stderr)
        return EXIT_REFUSED
    print(_summary(report, options.out))
    return 0


def make_ledger(
    bars: dict[str, Bars],
    vix_daily: Bars,
    *,
    first_day: date,
    last_day: date,
    makers: tuple[str, ...] = MAKERS,
    seed: int = 8,
) -> tuple[pa.Table, dict[str, Any]]:
    """Return the rows of ``table.SCHEMA`` from first to last day, and their report.

    Rows of a day depend on the bars up to its close, the VIX rows up to its open, and the seed alone.

    Raises
    ------
    LedgerRefused
        When no trade remains; the sentence counts why.
    """
    symbols, parts, dropped = tuple(bars), [], Counter[str]()
    rows = np.searchsorted(session_table().days, (day_number(first_day), day_number(last_day) + 1))
    first, behind = rows.tolist()
    for place, symbol in enumerate(symbols):
        market = Market(symbol, bars[symbol], vix_daily, seed)
        for maker in makers:
            trades, reasons = market.trades(maker, first, behind, (place, MAKERS.index(maker)))
            parts.append(trades)
            dropped.update(reasons)
    trades = joined(parts)
    if not len(trades):
        raise LedgerRefused(f"no trade from {first_day} to {last_day}: {_reasons(dropped)}")
    return ledger_table(trades, symbols), report_of(trades, symbols, dropped)


def _run(options: argparse.Namespace) -> dict[str, Any]:
    recorded = read_bars(options.bars_dir, options.symbols)
    first = options.first_day or min(new_york_day(bars.first_start) for bars in recorded.bars.values())
    last = options.last_day or max(new_york_day(bars.last_end) for bars in recorded.bars.values())
    if first > last:
        raise LedgerRefused(f"the range is empty: {first} lies after {last}")
    makers = MAKERS if options.price_maker == BOTH else (options.price_maker,)
    table, figures = make_ledger(
        recorded.bars, read_vix(options.vix), first_day=first, last_day=last, makers=makers, seed=options.seed
    )
    asked = {"symbols": list(recorded.bars), "from": str(first), "to": str(last), "price_makers": list(makers)}
    report = {"asked": {**asked, "seed": options.seed}, **figures, "notes": list(recorded.notes)}
    try:
        write_ledger(options.out, table, report)
    except OSError as error:
        raise LedgerRefused(f"the ledger cannot be written into {options.out}: {error.strerror}") from error
    return report


def _summary(report: dict[str, Any], out: Path) -> str:
    rows = report["rows"]
    maker = report["asked"]["price_makers"][-1]
    cells = [cell for cell in report["base_rates"] if cell["price_maker"] == maker and "symbol" not in cell]
    return "\n".join(
        (
            *report["notes"],
            f"{rows['trades']:,} trades of {rows['days']} days, {rows['rows']:,} rows; price maker shown: {maker}",
            f"dropped: {_reasons(report['dropped_trades'])}",
            "",
            _HEADER,
            *(_line(cell) for cell in cells),
            "",
            f"{'anchor':12} gross at mid per width [95 % by day]",
            *(_anchor_line(cell) for cell in report["anchoring"] if cell["price_maker"] == maker),
            "",
            "Limits:",
            *(f"- {sentence}" for sentence in LIMITS),
            f"written: {out / 'ledger'}, {out / REPORT}",
        )
    )


def _line(cell: dict[str, Any]) -> str:
    name = cell.get("strategy") or cell["structure"]
    mean, interval = cell["net_per_risk"], cell["net_per_risk_interval"]
    worth = "-" if mean is None else f"{mean:+.3f} [{interval[0]:+.3f}, {interval[1]:+.3f}]"
    rates = f"{cell['win_rate']:9.1%} {cell['implied_probability']:8.1%} {cell['pin_risk_share']:7.1%}"
    return f"{name:12} {cell['scenario']:5} {cell['trades']:8,} {rates}  {worth}"


def _anchor_line(cell: dict[str, Any]) -> str:
    low, high = cell["interval"]
    return f"{cell['structure']:12} {cell['gross_at_mid_per_width']:+.4f} [{low:+.4f}, {high:+.4f}]"


def _reasons(dropped: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(dropped.items())) or "none"


def _symbols(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(canonical_symbol(name) for name in text.split(",") if name.strip()))
    if not names or "VIX" in names:
        raise argparse.ArgumentTypeError("name at least one symbol; the VIX has no trades of its own")
    return names


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)
