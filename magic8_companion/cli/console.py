"""What a user sees of a run: a progress bar over the trading day and the table of its decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from textwrap import fill
from types import TracebackType
from typing import Final, Self

from magic8_companion.command_line import new_progress, new_table, print_table
from magic8_companion.domain.recommendation import CheckpointResult, Entry, SymbolRecommendation
from magic8_companion.domain.strategy import BASE_STRATEGIES, NO_TRADE
from magic8_companion.domain.trading_day import Session, new_york_label
from magic8_companion.options.order_line import written_strikes
from magic8_companion.options.payoff import Leg

HEADS: Final = ("time", "symbol", "B/IC/V", "decision", "trade", "wins (implied)", "max loss", "why not", "ML")
"""The third column has the scores of Butterfly, Iron_Condor and Vertical."""

_SIGN: Final = {"BUY": 1, "SELL": -1}

_WIDTH: Final = 120


class DayProgress:
    """A progress bar in minutes of one session; silent where standard error is no terminal."""

    def __init__(self, session: Session, title: str) -> None:
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


def print_decisions(results: Sequence[CheckpointResult], skipped: Mapping[str, str]) -> None:
    """Print one line per checkpoint and symbol: scores, decision, the trade and its price, why not, state of the ML.

    Parameters
    ----------
    skipped
        Label of a checkpoint that was not executed -> reason.
    """
    table = new_table(*HEADS, right=("max loss",))
    table.collapse_padding = True
    for result in results:
        label = new_york_label(result.checkpoint_at)
        for symbol, item in result.recommendations.items():
            table.add_row(label, symbol, *_cells(item), style=None if item.best_strategy == NO_TRADE else "green")
        for symbol, reason in result.skipped.items():
            table.add_row(label, symbol, "", "skipped", "", "", "", reason, "", style="yellow")
    for label, reason in skipped.items():
        table.add_row(label, "", "", "skipped", "", "", "", reason, "", style="yellow")
    print_table(table)
    for note in dict.fromkeys(
        item.measured.checkpoint_note for result in results for item in result.recommendations.values() if item.has_high
    ):
        print(fill(f"{note}.", _WIDTH))


def _cells(item: SymbolRecommendation) -> tuple[str, ...]:
    entries = [item.strategies[name] for name in BASE_STRATEGIES]
    if item.best_strategy == NO_TRADE:
        chosen = max(entries, key=lambda entry: entry.score)
        reasons = [item.strategies[item.best_strategy_key].rationale]
    else:
        chosen, reasons = item.strategies[item.best_strategy_key], []
    decision = NO_TRADE if item.best_strategy == NO_TRADE else "TRADE"
    return (
        "/".join(f"{entry.score:.0f}" for entry in entries),
        f"{decision} {chosen.confidence}",
        _trade(chosen) or f"{BASE_STRATEGIES[entries.index(chosen)] if chosen in entries else item.best_strategy}",
        _chances(chosen),
        "" if chosen.ticket is None else f"${chosen.ticket.max_loss:,.0f}",
        "; ".join([*chosen.blocked_by, *reasons]),
        item.ml_status,
    )


def _trade(entry: Entry) -> str:
    trade, price, origin = entry.ticket, 0.0, ""
    if trade is not None:
        price = trade.limit_price
    elif entry.modelled is not None:
        price, origin = entry.modelled.price, ", modelled"
    found = trade or entry.modelled
    if found is None:
        return entry.structure or ""
    named = " ".join(word for word in (entry.side, entry.structure) if word)
    legs = [Leg(right=x.right, strike=round(x.strike, 2), quantity=x.quantity * _SIGN[x.action]) for x in found.legs]
    return f"{named} {written_strikes(legs)} @{abs(price):.2f} {'credit' if price > 0 else 'debit'}{origin}"


def _chances(entry: Entry) -> str:
    win = entry.win_probability
    if win is None and entry.ticket is None and entry.modelled is not None:
        win = entry.modelled.win_probability
    implied = entry.implied_probability
    return f"{'-' if win is None else f'{win:.0%}'} ({'-' if implied is None else f'{implied:.0%}'})"
