"""What a user sees of a run: a progress bar over the trading day and the table of its decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from textwrap import fill
from types import TracebackType
from typing import Final, Self

from magic8_companion.command_line import new_progress, new_table, print_table
from magic8_companion.domain.recommendation import CheckpointResult, SymbolRecommendation
from magic8_companion.domain.strategy import BASE_STRATEGIES, NO_TRADE
from magic8_companion.domain.trading_day import Session, new_york_label

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
    """Print one line per checkpoint and symbol: scores, decision, and the state of the ML.

    Parameters
    ----------
    skipped
        Label of a checkpoint that was not executed -> reason.
    """
    table = new_table("checkpoint", "symbol", *BASE_STRATEGIES, "decision", "ML")
    for result in results:
        label = new_york_label(result.checkpoint_at)
        for symbol, item in result.recommendations.items():
            table.add_row(label, symbol, *_cells(item), style=None if item.best_strategy == NO_TRADE else "green")
        for symbol, reason in result.skipped.items():
            table.add_row(label, symbol, "", "", "", f"skipped: {reason}", "", style="yellow")
    for label, reason in skipped.items():
        table.add_row(label, "", "", "", "", f"skipped: {reason}", "", style="yellow")
    print_table(table)
    for note in dict.fromkeys(
        item.measured.checkpoint_note for result in results for item in result.recommendations.values() if item.has_high
    ):
        print(fill(f"{note}.", _WIDTH))


def _cells(item: SymbolRecommendation) -> tuple[str, ...]:
    scores = (f"{item.strategies[name].score:5.1f} {item.strategies[name].confidence}" for name in BASE_STRATEGIES)
    best = item.strategies[item.best_strategy_key]
    decision = f"{NO_TRADE}: {best.rationale}" if item.best_strategy == NO_TRADE else f"TRADE {item.best_strategy}"
    return (*scores, decision, item.ml_status)
