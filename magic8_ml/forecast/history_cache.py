"""The summary of the days before today, kept per symbol: it is the same all day."""

from __future__ import annotations

from typing import NamedTuple

from magic8_companion.domain.bars import Bars
from magic8_ml.forecast.day_history import DayHistory


class _Kept(NamedTuple):
    history: Bars
    vix_daily: Bars
    row: int
    summary: DayHistory


class Histories:
    """Summaries by symbol; a summary is used again only for the very same series and session.

    Any thread may ask: at worst two of them compute the same summary.
    """

    def __init__(self) -> None:
        self._kept: dict[str | None, _Kept] = {}

    def before(self, symbol: str | None, row: int, history: Bars, vix_daily: Bars) -> DayHistory:
        """Return ``DayHistory.before(row, history, vix_daily)``; raises what that raises."""
        kept = self._kept.get(symbol)
        if kept is None or kept.history is not history or kept.vix_daily is not vix_daily or kept.row != row:
            kept = _Kept(history, vix_daily, row, DayHistory.before(row, history, vix_daily))
            self._kept[symbol] = kept
        return kept.summary
