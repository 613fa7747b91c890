"""What the last fetches saw: the newest state of every symbol, kept when a later fetch fails."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final, Protocol

import pandas as pd

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.codes import DataStatus
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import DELAYED, LIVE, MarketState
from magic8_companion.domain.trading_day import BAR, new_york_day, session_on

logger = logging.getLogger(__name__)

FETCH_SECONDS: Final = 60.0
ON_PROVIDER_LOOP: Final = "called_on_provider_loop"
_TIMEOUT: Final = "fetch_timeout"
_POLL_SECONDS: Final = 0.1

Observed = dict[str, "MarketState | str"]
"""A state by symbol, or why there is none."""


class Watcher(Protocol):
    """The part of a host that observes (see ``ports.Host``)."""

    def observe(self, symbol: str) -> MarketState:
        """Observe and wait."""

    def observing(self, symbol: str) -> Future[MarketState]:
        """Begin to observe."""


class Observations:
    """States by symbol; a failed fetch keeps the old state, whose age then decides.

    ``problems`` holds the reason of every symbol whose last fetch failed; ``limit_seconds`` is for a whole fetch.
    """

    def __init__(self, limit_seconds: float = FETCH_SECONDS) -> None:
        self._limit = limit_seconds
        self._states: dict[str, MarketState] = {}
        self._with_vix: MarketState | None = None
        self.problems: dict[str, str] = {}

    def refresh(self, host: Watcher, symbols: Sequence[str], stop: threading.Event) -> dict[str, MarketState]:
        """Observe every symbol, within the limit altogether or until ``stop``; return the states that are new."""
        if _inside_a_loop():
            seen: Observed = {symbol: _outcome(partial(host.observe, symbol), symbol) for symbol in symbols}
        else:
            seen = _side_by_side(host, symbols, self._limit, stop)
        states = {symbol: found for symbol, found in seen.items() if isinstance(found, MarketState)}
        self._states |= states
        self._with_vix = next((state for state in states.values() if state.vix is not None), self._with_vix)
        self.problems = {symbol: found for symbol, found in seen.items() if isinstance(found, str)}
        return states

    def known_at(self, symbol: str, at: datetime) -> MarketState | None:
        """Return the newest state of ``symbol`` as it looks at ``at``, or None if it was never seen."""
        state = self._states.get(symbol)
        if state is None:
            return None
        other = self._with_vix
        if state.vix is None and other is not None and other.session == state.session:
            state = replace(state, vix=other.vix, vix_bars=other.vix_bars, vix_daily=other.vix_daily)
        end = state.bars.last_end if len(state.bars) else None
        return replace(state, as_of=at, data_status=status_at(state.data_status, end, at))


def _side_by_side(host: Watcher, symbols: Sequence[str], seconds: float, stop: threading.Event) -> Observed:
    # A symbol whose source hangs costs itself alone: it is given up and its late answer dropped.
    futures = {symbol: _begun(host, symbol) for symbol in symbols}
    for _ in range(math.ceil(seconds / _POLL_SECONDS)):
        if stop.is_set() or not wait(futures.values(), timeout=_POLL_SECONDS).not_done:
            break
    seen: Observed = {}
    for symbol, future in futures.items():
        seen[symbol] = _outcome(future.result, symbol) if future.done() else _TIMEOUT
        future.cancel()
    return seen


def _begun(host: Watcher, symbol: str) -> Future[MarketState]:
    try:
        return host.observing(symbol)
    except DataUnavailable as error:
        logger.warning("%s is not observed: %s", symbol, error.detail or error.reason)
        refused: Future[MarketState] = Future()
        refused.set_exception(error)
        return refused


def _outcome(answer: Callable[[], MarketState], symbol: str) -> MarketState | str:
    try:
        return answer()
    except DataUnavailable as error:
        return error.reason
    except Exception:
        logger.exception("Observing %s failed", symbol)
        return "exception"


def _inside_a_loop() -> bool:
    # There the host must see who calls: from another thread it would wait for a loop that waits for us.
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def status_at(status: DataStatus, newest_end: datetime | None, at: datetime) -> DataStatus:
    """Return the data state at ``at``: live data is delayed as soon as its newest bar is not the one due now."""
    session = session_on(new_york_day(at))
    if status != LIVE or session is None or newest_end is None:
        return status
    due = session.open_at + (min(at, session.close_at) - session.open_at) // BAR * BAR
    return DELAYED if newest_end < due else LIVE


class FrameCache:
    """Frames by name; what a caller puts among them stands until newer bars of that name are kept.

    Parameters
    ----------
    frames
        The dict that callers see; default: an empty one.
    """

    def __init__(self, frames: dict[str, pd.DataFrame] | None = None) -> None:
        self._frames = {} if frames is None else frames
        self._newer: dict[str, Bars] = {}
        self._lock = threading.Lock()

    def keep(self, bars: Mapping[str, Bars]) -> None:
        """Keep bars that are newer than the frames of the same names."""
        with self._lock:
            self._newer |= bars

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Return the frames of all that is kept, always the same dict."""
        with self._lock:
            self._frames |= {name: bars.frame() for name, bars in self._newer.items()}
            self._newer.clear()
            return self._frames
