"""What a user sees of a run: a progress bar over the trading day and the table of its decisions."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from textwrap import fill
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from magic8_companion.command_line import PLAIN_WIDTH, console, new_progress, new_table, print_table
from magic8_companion.domain.recommendation import CheckpointResult, Entry, SymbolRecommendation
from magic8_companion.domain.strategy import BASE_STRATEGIES, NO_TRADE
from magic8_companion.domain.ticket import TicketLeg
from magic8_companion.domain.trading_day import Session, new_york_label
from magic8_companion.engine.day import CheckpointOutcome
from magic8_companion.options.order_line import written_strikes
from magic8_companion.options.payoff import Leg, profile

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS: Final = {
    "time": 8,
    "symbol": 6,
    "B/IC/V": 8,
    "decision": 15,
    "trade": 30,
    "wins (implied)": 11,
    "max loss": 8,
    "why not": 18,
}
"""The heads and least widths of the table; ``B/IC/V`` has the scores of Butterfly, Iron_Condor and Vertical.

The widths are the same in every row, because a row is printed when its checkpoint is decided.
"""

_WIDEST: Final = {"trade": 62, "why not": 60}  # a terminal that is wide enough shows a row in one line

_GAP: Final = 2

_CONTRACT: Final = 100  # dollars per point

_WITHOUT_MODEL: Final = frozenset({"ok", "disabled"})

_SIGN: Final = {"BUY": 1, "SELL": -1}


class DayProgress:
    """A progress bar in minutes of one session, silent where standard error is no terminal, below a growing table."""

    def __init__(self, session: Session, title: str, table: DecisionTable) -> None:
        self._table = table
        self._open_at = session.open_at
        self._minutes = int((session.close_at - session.open_at).total_seconds() // 60)
        self._bar = new_progress("min", transient=True)
        self._task = self._bar.add_task(title, total=self._minutes, note="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def reached(self, at: datetime, doing: str) -> None:
        """Show that the day has reached ``at``, and what happens there."""
        minutes = int((at - self._open_at).total_seconds() // 60)
        done = max(0, min(minutes, self._minutes))
        self._bar.update(self._task, completed=done, note=f"{new_york_label(at)} {doing}")

    def decided(self, outcome: CheckpointOutcome) -> None:
        """Add the rows of a checkpoint to the table."""
        with self.paused():
            self._table.decided(outcome)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the bar off the screen for lines that stay."""
        self._bar.stop()
        try:
            yield
        finally:
            self._bar.start()


class DecisionTable:
    """The table of a day's decisions on standard output, which grows with every checkpoint.

    One row per checkpoint and symbol: scores, decision, the trade and its price, its chance to win, and why not.
    """

    def __init__(self) -> None:
        self._has_heads = False
        self._notes: dict[str, None] = {}

    def reached(self, at: datetime, doing: str) -> None:
        """Show nothing: the table has checkpoints alone."""

    def decided(self, outcome: CheckpointOutcome) -> None:
        """Print the rows of one checkpoint, or the reason why it was not executed."""
        result, skipped = outcome.result, outcome.skipped
        rows = [(("", "", "skipped", "", "", "", skipped or ""), "yellow")] if result is None else _rows(result)
        table = _fixed_table(has_heads=not self._has_heads)
        for cells, style in rows:
            table.add_row(outcome.label, *cells, style=style)
        self._has_heads = True
        print_table(table)
        sys.stdout.flush()  # a pipe shows the row now as well
        if result is not None:
            highs = (item.measured.checkpoint_note for item in result.recommendations.values() if item.has_high)
            self._notes.update(dict.fromkeys(highs))

    def close(self) -> None:
        """Print what was measured of the labels in the table."""
        for note in self._notes:
            print(fill(f"{note}.", PLAIN_WIDTH))


def _fixed_table(*, has_heads: bool) -> Table:
    table = new_table(*COLUMNS, right=("max loss",))
    table.show_header = has_heads
    table.collapse_padding = True
    spare = console().width - sum(COLUMNS.values()) - _GAP * (len(COLUMNS) - 1)
    for column, (head, width) in zip(table.columns, COLUMNS.items(), strict=True):
        more = max(0, min(spare, _WIDEST.get(head, width) - width))
        column.width = width + more
        spare -= more
    return table


def _rows(result: CheckpointResult) -> list[tuple[tuple[str, ...], str | None]]:
    decided: list[tuple[tuple[str, ...], str | None]] = [
        ((symbol, *_cells(item)), None if item.best_strategy == NO_TRADE else "green")
        for symbol, item in result.recommendations.items()
    ]
    return decided + [
        ((symbol, "", "skipped", "", "", "", reason), "yellow") for symbol, reason in result.skipped.items()
    ]


def _cells(item: SymbolRecommendation) -> tuple[str, ...]:
    entries = [item.strategies[name] for name in BASE_STRATEGIES]
    if item.best_strategy == NO_TRADE:
        chosen = max(entries, key=lambda entry: entry.score)
        reasons = [item.strategies[item.best_strategy_key].rationale]
    else:
        chosen, reasons = item.strategies[item.best_strategy_key], []
    if item.ml_status not in _WITHOUT_MODEL:
        reasons.append(f"ML {item.ml_status}")
    decision = NO_TRADE if item.best_strategy == NO_TRADE else "TRADE"
    return (
        "/".join(f"{entry.score:.0f}" for entry in entries),
        f"{decision} {chosen.confidence}",
        _trade(chosen) or f"{BASE_STRATEGIES[entries.index(chosen)] if chosen in entries else item.best_strategy}",
        _chances(chosen),
        _max_loss(chosen),
        "; ".join([*chosen.blocked_by, *reasons]),
    )


def _trade(entry: Entry) -> str:
    trade, price, origin = entry.ticket, 0.0, ""
    if trade is not None:
        price = trade.limit_price
    elif entry.modelled is not None:
        price, origin = entry.modelled.price, "modelled"
    found = trade or entry.modelled
    if found is None:
        return entry.structure or ""
    named = " ".join(word for word in (entry.side, entry.structure) if word)
    kind = "credit" if price > 0 else "debit"
    words = (named, written_strikes(_legs(found.legs)), f"@{abs(price):.2f}", "" if kind in named else kind, origin)
    return " ".join(word for word in words if word)


def _legs(legs: Sequence[TicketLeg]) -> list[Leg]:
    return [Leg(right=x.right, strike=round(x.strike, 2), quantity=x.quantity * _SIGN[x.action]) for x in legs]


def _max_loss(entry: Entry) -> str:
    # of what the model would have traded without a chain: of its price, which has its costs in it
    loss: float | None = None
    if entry.ticket is not None:
        loss = entry.ticket.max_loss
    elif entry.modelled is not None:
        points = profile(_legs(entry.modelled.legs), -entry.modelled.price).max_loss
        loss = None if points is None else points * _CONTRACT
    return "" if loss is None else f"${loss:,.0f}"


def _chances(entry: Entry) -> str:
    win = entry.win_probability
    if win is None and entry.ticket is None and entry.modelled is not None:
        win = entry.modelled.win_probability
    implied = entry.implied_probability
    return f"{'-' if win is None else f'{win:.0%}'} ({'-' if implied is None else f'{implied:.0%}'})"
