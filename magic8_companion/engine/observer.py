"""From provider answers to one checked, aged state per symbol."""

from __future__ import annotations

from magic8_companion.domain.market_state import MarketState
from magic8_companion.engine.options import EngineOptions
from magic8_companion.ports import Clock, MarketData


class MarketObserver:
    """The observer of the host: fetches, caches, checks, ages."""

    def __init__(self, provider: MarketData, clock: Clock, options: EngineOptions) -> None: ...

    async def observe(self, symbol: str, *, with_chain: bool) -> MarketState:
        """Return the state of ``symbol`` now, or raise ``DataUnavailable`` with the reason to publish."""
        raise NotImplementedError
