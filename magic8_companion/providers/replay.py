"""The provider ``replay``: recorded bars and chains of a folder, as known at the clock's time."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Final

from magic8_companion.domain.market_state import REPLAY
from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.domain.trading_day import BAR, require_session
from magic8_companion.ports import Clock, MarketData
from magic8_companion.providers.clocked import ClockedBars, PlayableDays
from magic8_companion.recordings.bar_folder import BarFolder
from magic8_companion.recordings.chains import RecordedChains


class ReplayProvider(ClockedBars):
    """Recorded market data; construction reads file names only.

    Parameters
    ----------
    folder
        Parquet and CSV files at any depth; ``bar_file`` lists the columns and names that it reads.
    clock
        Time of every answer.

    Raises
    ------
    ConfigError
        When the folder does not exist or holds no parquet or CSV file.
    """

    name: str = REPLAY
    status = REPLAY

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = BarFolder(folder)
        self._chains = RecordedChains(self._folder)
        super().__init__(self._folder, clock)

    async def get_option_chain(self, symbol: str) -> dict[str, Any]:
        """Return the recorded chain of the last minutes as the envelope of the host contract.

        Raises
        ------
        DataUnavailable
            ``no_chain_recorded`` when the folder holds none.
        """
        self._require_open()
        return self._chains.newest(canonical_symbol(symbol), self._clock.now()).as_envelope()

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that have bars."""
        return self._folder.symbols()

    def days(self, symbol: str) -> tuple[date, ...]:
        """Return the trading dates on which no 5-minute bar of ``symbol`` is missing, oldest first."""
        return self._folder.days(canonical_symbol(symbol))

    def span(self, symbol: str) -> tuple[date, date] | None:
        """Return the first and last trading date with any bar of ``symbol``, or None without one."""
        return self._folder.span(canonical_symbol(symbol))

    def check_day(self, symbol: str, day: date) -> None:
        """Raise if the day cannot be replayed (see ``PlayableDays``)."""
        session = require_session(day)
        self._folder.today(canonical_symbol(symbol), BAR, session, session.close_at)

    def problems(self) -> tuple[str, ...]:
        """Read the whole folder and return one sentence per problem."""
        return (*self._folder.problems(), *self._chains.problems)


_PORT: Final[type[MarketData]] = ReplayProvider
_DAYS: Final[type[PlayableDays]] = ReplayProvider
