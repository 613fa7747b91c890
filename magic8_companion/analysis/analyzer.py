"""The analysis for callers that hold a symbol, not a state: it observes through a host, then analyses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from magic8_companion.analysis.view import SIMPLE, STANDARD, AnalysisConfig, analyse, require_mode
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.market_view import MarketView
from magic8_companion.ports import standalone_host


class SymbolObserver(Protocol):
    """What the analyzer needs of a host: ``ports.Host`` fits."""

    def observe(self, symbol: str, *, with_chain: bool) -> MarketState:
        """Return the state of ``symbol`` now; may block; raises ``DataUnavailable``."""


class MarketAnalyzer:
    """Analyses symbols one by one; a symbol that fails leaves its reason in ``last_skip`` and harms no other.

    Parameters
    ----------
    observer
        Where states come from; by default the stand-alone host of the environment's settings, built on first use.
    mode
        simple (bars and VIX), standard (default: also the chain) or enhanced; anything else raises ``ValueError``.
    options
        Settings of the analysis.
    """

    def __init__(
        self,
        observer: SymbolObserver | None = None,
        mode: str | None = None,
        options: AnalysisConfig | None = None,
    ) -> None:
        self.last_skip: dict[str, str] = {}
        self._observer = observer
        self._mode = require_mode(mode or STANDARD)
        self._options = options or AnalysisConfig()

    async def view(self, symbol: str, atm_history: Sequence[float] = ()) -> MarketView:
        """Observe and analyse ``symbol`` now; raises ``DataUnavailable`` with the reason."""
        if self._observer is None:
            self._observer = standalone_host()
        with_chain = self._mode != SIMPLE
        state = await asyncio.to_thread(self._observer.observe, canonical_symbol(symbol), with_chain=with_chain)
        return analyse(state, self._mode, atm_history=atm_history, options=self._options)

    async def analyze_symbol(self, symbol: str) -> dict[str, Any] | None:
        """Return the dict of ``symbol`` (see ``MarketView.as_market_data``), or None with ``last_skip[symbol]``."""
        try:
            found = await self.view(symbol)
        except DataUnavailable as refusal:
            self.last_skip[symbol] = refusal.reason
            return None
        self.last_skip.pop(symbol, None)
        return found.as_market_data()
