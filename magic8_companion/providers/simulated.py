"""The provider ``simulated``: a seeded market for a first run without an account."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from magic8_companion.domain.market_state import SIMULATED
from magic8_companion.domain.strategy import VIX, canonical_symbol
from magic8_companion.domain.trading_day import require_session
from magic8_companion.ports import Clock, MarketData
from magic8_companion.providers.clocked import ClockedBars, PlayableDays
from magic8_companion.providers.config import DEFAULTS
from magic8_companion.providers.simulated_chain import simulated_chain
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_companion.providers.simulated_symbols import SYMBOLS


class SimulatedProvider(ClockedBars):
    """Market data of :class:`SimulatedMarket` at the clock's time, marked as simulated.

    Parameters
    ----------
    clock
        Time of every answer.
    seed
        The same seed gives the same market, day by day.
    strikes_each_side
        Strikes of a chain below and above the one at the money.
    """

    name: str = SIMULATED
    status = SIMULATED

    def __init__(
        self, clock: Clock, seed: int = DEFAULTS.seed, strikes_each_side: int = DEFAULTS.strikes_each_side
    ) -> None:
        self.market = SimulatedMarket(seed)
        self._strikes_each_side = strikes_each_side
        super().__init__(self.market, clock)

    async def get_option_chain(self, symbol: str) -> dict[str, Any]:
        """Return today's 0DTE chain as the envelope of the host contract.

        Raises
        ------
        DataUnavailable
            ``no_chain``, ``no_0dte_chain``, ``market_closed`` or ``no_bars_yet``.
        """
        self._require_open()
        chain = simulated_chain(self.market, canonical_symbol(symbol), self._clock.now(), self._strikes_each_side)
        return chain.as_envelope()

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that have bars."""
        return tuple(sorted((*SYMBOLS, VIX)))

    def days(self, symbol: str) -> tuple[date, ...]:
        """Return every trading date of the calendar, oldest first."""
        known = canonical_symbol(symbol) in self.symbols()
        return tuple(session.day for session in self.market.days.sessions) if known else ()

    def span(self, symbol: str) -> tuple[date, date] | None:
        """Return the first and the last trading date, or None for a symbol that is not simulated."""
        days = self.days(symbol)
        return (days[0], days[-1]) if days else None

    def check_day(self, symbol: str, day: date) -> None:
        """Raise if the day cannot be simulated (see ``PlayableDays``)."""
        self.market.bars(canonical_symbol(symbol), require_session(day).day, day)

    def problems(self) -> tuple[str, ...]:
        """Return an empty list: simulated bars have no problems."""
        return ()


_PORT: Final[type[MarketData]] = SimulatedProvider
_DAYS: Final[type[PlayableDays]] = SimulatedProvider
