"""What the last fetches saw: the newest state of every symbol, kept when a later fetch fails."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import DELAYED, LIVE, MarketState
from magic8_companion.domain.trading_day import BAR, new_york_day, session_on
from magic8_companion.ports import Host

logger = logging.getLogger(__name__)

FETCH_LIMIT: Final = timedelta(seconds=60)
ON_PROVIDER_LOOP: Final = "called_on_provider_loop"


class Observations:
    """States by symbol; a failed fetch keeps the old state, whose age then decides.

    ``problems`` holds the reason of every symbol whose last fetch failed.
    """

    def __init__(self) -> None:
        self._states: dict[str, MarketState] = {}
        self._with_vix: MarketState | None = None
        self.problems: dict[str, str] = {}

    def refresh(self, host: Host, symbols: Iterable[str]) -> dict[str, MarketState]:
        """Observe every symbol within 60 s altogether; return the states that are new."""
        seen: dict[str, MarketState] = {}
        latest_start = host.clock.now() + FETCH_LIMIT - timedelta(seconds=host.options.request_timeout_seconds)
        for number, symbol in enumerate(symbols):
            if number and host.clock.now() > latest_start:
                self.problems[symbol] = "fetch_timeout"
                continue
            state = self._observe(host, symbol)
            if state is not None:
                seen[symbol] = state
        self._states |= seen
        return seen

    def known_at(self, symbol: str, at: datetime) -> MarketState | None:
        """Return the newest state of ``symbol`` as it looks at ``at``, or None if it was never seen."""
        state = self._states.get(symbol)
        if state is None:
            return None
        other = self._with_vix
        if state.vix is None and other is not None and other.session == state.session:
            state = replace(state, vix=other.vix, vix_bars=other.vix_bars, vix_daily=other.vix_daily)
        end = state.bars.last_end if len(state.bars) else None
        return replace(state, as_of=at, data_status=aged_status(state.data_status, end, at))

    def _observe(self, host: Host, symbol: str) -> MarketState | None:
        self.problems.pop(symbol, None)
        try:
            state = host.observe(symbol)
        except DataUnavailable as error:
            self.problems[symbol] = error.reason
            return None
        except Exception:
            logger.exception("Observing %s failed", symbol)
            self.problems[symbol] = "exception"
            return None
        if state.vix is not None:
            self._with_vix = state
        return state


def aged_status(status: str, newest_end: datetime | None, at: datetime) -> str:
    """Return the data state at ``at``: live data is delayed as soon as its newest bar is not the one due now."""
    session = session_on(new_york_day(at))
    if status != LIVE or session is None or newest_end is None:
        return status
    due = session.open_at + (min(at, session.close_at) - session.open_at) // BAR * BAR
    return DELAYED if newest_end < due else LIVE
