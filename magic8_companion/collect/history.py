"""Define the interface of a source of history."""

from __future__ import annotations

from datetime import date
from typing import Protocol, runtime_checkable

from magic8_companion.recordings.bar_file import RawBars


@runtime_checkable
class BarHistory(Protocol):
    """5-minute bars of past days, in portions that the source allows.

    ``name`` is the source; ``history_days`` how many calendar days one request may span; ``history_reach_days`` how
    many calendar days back the source has data, None for all.
    """

    name: str
    history_days: int
    history_reach_days: int | None

    async def read_history(self, symbol: str, first: date, last: date) -> RawBars:
        """Return the source's complete bars of the sessions in [first, last], under its own pacing.

        Raises
        ------
        DataUnavailable
            ``no_data`` when there are none in that time; any other reason when the source fails now.
        """
