"""``magic8 ledger``: recorded bars in, simulated trades and their report out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
import pyarrow as pa

from magic8_companion.command_line import DAY, DIR, TextType, command, echo, new_table, print_table, refusal
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.domain.trading_day import new_york_day
from magic8_ml.cli.options import bars_options
from magic8_ml.forecast.session_table import day_number, session_table
from magic8_ml.history.ledger_inputs import LedgerRefused, read_bars, read_vix
from magic8_ml.history.ledger_report import LIMITS, BaseRate, LedgerFigures, LedgerReport, report_of
from magic8_ml.history.ledger_store import REPORT, write_ledger
from magic8_ml.history.ledger_table import PRICE_MAKERS, ledger_table
from magic8_ml.history.ledger_trades import Market, joined

BOTH: Final = "both"
_RISK: Final = "net per risk, not pinned [95 % by day]"
_GROSS: Final = "gross at mid per width [95 % by day]"
_FIRST: Final = "first day to write trades of; earlier bars are their past; default: first day of the bars"
_MAKERS: Final = "premia: naive (VIX x share), today (x pace^0.45) or both"


def _traded_symbols(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(canonical_symbol(name) for name in text.split(",") if name.strip()))
    if not names or "VIX" in names:
        raise ValueError("name at least one symbol; the VIX has no trades of its own")
    return names


_SYMBOLS: Final = TextType("symbols", _traded_symbols)


@command("ledger", "Simulate trades at realistic premia on recorded bars.")
@bars_options()
@click.option("--symbols", metavar="LIST", type=_SYMBOLS, help="comma-separated; default: every symbol in the folder")
@click.option("--from", "first_day", type=DAY, help=_FIRST)
@click.option("--to", "last_day", type=DAY, help="last day; default: last day of the bars")
@click.option("--out", type=DIR, required=True, help="folder in which ledger/ and the report are written")
@click.option("--price-maker", type=click.Choice([*PRICE_MAKERS, BOTH]), default=BOTH, show_default=True, help=_MAKERS)
@click.option("--seed", type=click.IntRange(min=0), default=8, show_default=True, help="seed of smile and geometry")
def ledger_command(*, out: Path, **asked: Any) -> None:  # noqa: ANN401  # the options of _run
    """Simulate, write and print."""
    with refusal("Ledger", LedgerRefused):
        report = _run(out, **asked)
    _print(report, out)


def make_ledger(
    bars: dict[str, Bars],
    vix_daily: Bars,
    *,
    first_day: date,
    last_day: date,
    makers: tuple[str, ...] = PRICE_MAKERS,
    seed: int = 8,
) -> tuple[pa.Table, LedgerFigures]:
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
            trades, reasons = market.trades(maker, first, behind, (place, PRICE_MAKERS.index(maker)))
            parts.append(trades)
            dropped.update(reasons)
    trades = joined(parts)
    if not len(trades):
        raise LedgerRefused(f"no trade from {first_day} to {last_day}: {_reasons(dropped)}")
    return ledger_table(trades, symbols), report_of(trades, symbols, dropped)


def _run(
    out: Path,
    *,
    bars_dir: Path,
    vix_file: Path,
    symbols: tuple[str, ...] | None,
    first_day: date | None,
    last_day: date | None,
    price_maker: str,
    seed: int,
) -> LedgerReport:
    recorded = read_bars(bars_dir, symbols)
    first = first_day or min(new_york_day(bars.first_start) for bars in recorded.bars.values())
    last = last_day or max(new_york_day(bars.last_end) for bars in recorded.bars.values())
    if first > last:
        raise LedgerRefused(f"the range is empty: {first} is after {last}")
    makers = PRICE_MAKERS if price_maker == BOTH else (price_maker,)
    table, figures = make_ledger(
        recorded.bars, read_vix(vix_file), first_day=first, last_day=last, makers=makers, seed=seed
    )
    asked = {"symbols": list(recorded.bars), "from": str(first), "to": str(last), "price_makers": list(makers)}
    report: LedgerReport = {"asked": {**asked, "seed": seed}, **figures, "notes": list(recorded.notes)}
    try:
        write_ledger(out, table, report)
    except OSError as error:
        raise LedgerRefused(f"the ledger cannot be written into {out}: {error.strerror}") from error
    return report


def _print(report: LedgerReport, out: Path) -> None:
    rows, maker = report["rows"], report["asked"]["price_makers"][-1]
    size = f"{rows['trades']:,} trades of {rows['days']} days, {rows['rows']:,} rows; price maker shown: {maker}"
    echo("\n".join([*report["notes"], size, f"dropped: {_reasons(report['dropped_trades'])}", ""]))
    numbers = ("trades", "win rate", "implied", "pinned", _RISK)
    table = new_table("", "cost", *numbers, right=numbers)
    for cell in report["base_rates"]:
        if cell["price_maker"] == maker and "symbol" not in cell:
            table.add_row(*_cells(cell))
    print_table(table)
    echo()
    anchors = new_table("anchor", _GROSS, right=(_GROSS,))
    for anchor in report["anchoring"]:
        if anchor["price_maker"] == maker:
            low, high = anchor["interval"]
            anchors.add_row(anchor["structure"], f"{anchor['gross_at_mid_per_width']:+.4f} [{low:+.4f}, {high:+.4f}]")
    print_table(anchors)
    written = f"written: {out / 'ledger'}, {out / REPORT}"
    echo("\n".join(["", "Limits:", *(f"- {sentence}" for sentence in LIMITS), written]))


def _cells(cell: BaseRate) -> tuple[str, ...]:
    mean, interval = cell["net_per_risk"], cell["net_per_risk_interval"]
    net = "-" if mean is None or interval is None else f"{mean:+.3f} [{interval[0]:+.3f}, {interval[1]:+.3f}]"
    shares = (f"{share:.1%}" for share in (cell["win_rate"], cell["implied_probability"], cell["pin_risk_share"]))
    return (cell.get("strategy") or cell["structure"], cell["scenario"], f"{cell['trades']:,}", *shares, net)


def _reasons(dropped: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(dropped.items())) or "none"
