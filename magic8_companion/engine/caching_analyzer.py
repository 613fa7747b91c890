"""The analysis with a memory: each symbol's own at-the-money volatility, one value a day, for its percentile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, Protocol

from magic8_companion.analysis import AnalysisConfig, analyse
from magic8_companion.domain.market_state import MarketState
from magic8_companion.market_view import MarketView

ATM: Final = "atm"
PRICED_BY_VIX: Final = frozenset({"SPX", "SPY", "XSP"})
"""The VIX is their own implied volatility; they need no other history."""


class AtmHistory(Protocol):
    """Keeps one at-the-money volatility (per cent per year) per symbol and trading date."""

    def before(self, symbol: str, day: date) -> Sequence[float]:
        """Return the values of the days before ``day``, oldest first, without a gap among them."""

    def note(self, symbol: str, day: date, volatility: float) -> None:
        """Keep ``volatility`` as the value of ``day``; a later one of the same day replaces it."""


class CachingAnalyzer:
    """Analyse a state with what is remembered of its symbol; after the last checkpoint of a day its value stays."""

    def __init__(self, memory: AtmHistory, mode: str, options: AnalysisConfig) -> None:
        self._memory, self._mode, self._options = memory, mode, options

    def __call__(self, state: MarketState) -> MarketView:
        """Return the view of ``state``; raises ``DataUnavailable`` as the analysis does."""
        symbol, day = state.symbol, state.session.day
        history = () if symbol in PRICED_BY_VIX else self._memory.before(symbol, day)
        view = analyse(state, self._mode, atm_history=history, options=self._options)
        if view.implied_vol_source == ATM and symbol not in PRICED_BY_VIX:
            self._memory.note(symbol, day, view.implied_vol)
        return view
