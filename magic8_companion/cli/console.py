"""What a person sees of a run: a progress bar over the trading day and the table of its decisions."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from tqdm import tqdm

from magic8_companion.domain.recommendation import CheckpointResult, SymbolRecommendation
from magic8_companion.domain.strategy import BASE_STRATEGIES, NO_TRADE
from magic8_companion.domain.trading_day import Session, new_york_label


class DayProgress:
    """A progress bar in minutes of one session; silent where standard error is no terminal."""

    def __init__(self, session: Session, title: str) -> None:
        self._open_at = session.open_at
        minutes = int((session.close_at - session.open_at).total_seconds() // 60)
        self._bar = tqdm(total=minutes, desc=title, unit="min", file=sys.stderr, disable=None, leave=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def reached(self, at: datetime, doing: str) -> None:
        """Show that the day has come to ``at`` and what happens there."""
        minutes = int((at - self._open_at).total_seconds() // 60)
        self._bar.set_postfix_str(f"{new_york_label(at)} {doing}", refresh=False)
        self._bar.update(max(0, min(minutes, self._bar.total or 0) - self._bar.n))


def decisions_table(results: Sequence[CheckpointResult], skipped: Mapping[str, str]) -> str:
    """Return a table with one line per checkpoint and symbol, then the checkpoints that were skipped and why.

    Parameters
    ----------
    results
        The executed checkpoints, in order.
    skipped
        Label of a checkpoint that was not executed -> reason.
    """
    head = ("checkpoint", "symbol", *BASE_STRATEGIES, "decision", "ML")
    rows: list[tuple[str, ...]] = [head]
    for result in results:
        label = new_york_label(result.checkpoint_at)
        rows += [(label, symbol, *_cells(item)) for symbol, item in result.recommendations.items()]
        rows += [(label, symbol, "", "", "", f"skipped: {reason}", "") for symbol, reason in result.skipped.items()]
    rows += [(label, "", "", "", "", f"skipped: {reason}", "") for label, reason in skipped.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _cells(item: SymbolRecommendation) -> tuple[str, ...]:
    scores = (f"{item.strategies[name].score:5.1f} {item.strategies[name].confidence}" for name in BASE_STRATEGIES)
    best = item.strategies[item.best_strategy_key]
    decision = f"{NO_TRADE}: {best.rationale}" if item.best_strategy == NO_TRADE else f"TRADE {item.best_strategy}"
    return (*scores, decision, item.ml_status)
