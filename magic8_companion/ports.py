"""Interfaces between packages: Protocols as small as possible.

Clock         what time it is, and waiting for it          clocks.SystemClock, clocks.ReplayClock, steady_clock
MarketData    bars, spot, chain                            providers.*
TypedBars     bars without frames                          providers.replay, providers.simulated
Observer      one symbol's state, checked and aged         engine.observer
Scorer        a view -> a score card                       scoring.RuleScorer, magic8_ml.MLEnhancedScoring
Host          what a plugin may ask of the host            engine.services
Extension     something that runs beside the checkpoints   magic8_ml.MLSchedulerExtension
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import pandas as pd

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.connection import ConnectionState
from magic8_companion.domain.errors import PluginUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.recommendation import FiveMinuteResult
from magic8_companion.domain.scores import ScoreCard
from magic8_companion.market_view import MarketView


class Clock(Protocol):
    """Time as the system knows it; the only source of "now".

    Wall time (``now``, ``sleep_until``, ``wait_until``) is for sessions and stamps; it may be set at any moment.
    Monotonic time (``monotonic``, ``sleep``, ``wait``) is for lengths of time; it counts a suspend and is never set.

    A waiter on a clock is one of its *participants*: it calls :meth:`enter` before its first wait (the
    creator of a thread does it for the thread) and :meth:`leave` after its last.  The system clock ignores both; a
    replay clock advances only while every participant waits, and wakes them one at a time in a fixed order: that is
    what makes a replayed day deterministic although it runs the live code with its threads.
    """

    def now(self) -> datetime:
        """Return the current instant, tz-aware UTC."""

    def monotonic(self) -> timedelta:
        """Return the time since a fixed moment; only differences mean anything."""

    @property
    def steps(self) -> int:
        """Return how often the wall time has been set by more than 2 s since the clock was made."""

    def enter(self, participant: str) -> None:
        """Register a participant: time waits for it from now on."""

    def leave(self, participant: str) -> None:
        """Remove a participant: time no longer waits for it."""

    async def sleep_until(self, instant: datetime, participant: str) -> None:
        """Wait on the loop until ``instant``; at once if it has passed, early at a step of the wall time."""

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:
        """Block a thread until ``instant`` or a step of the wall time (True), or until ``stop`` is set (False)."""

    async def sleep(self, length: timedelta, participant: str) -> None:
        """Wait on the loop for a length of monotonic time."""

    def wait(self, length: timedelta, participant: str, stop: threading.Event) -> bool:
        """Block a thread for a length of monotonic time (True) or until ``stop`` is set (False)."""


class MarketData(Protocol):
    """A source of market data.  Failures raise ``DataUnavailable``; nothing is ever invented.

    ``name`` is published as ``data_source``; ``status`` is what the source declares of itself: live, delayed, replay
    or simulated.  ``loop_bound`` tells that the coroutines must run on the loop that first used the provider.
    """

    name: str
    loop_bound: bool

    @property
    def status(self) -> str:
        """Return what the source declares of itself now; it may change with what arrives."""

    async def get_spot_price(self, symbol: str) -> float:
        """Return the last price in points: finite and positive."""

    async def get_historical_data(self, symbol: str, interval: str, period: str) -> pd.DataFrame:
        """Return the canonical bar frame (see ``domain.bars``): complete bars of regular sessions only."""

    async def get_option_chain(self, symbol: str) -> dict[str, Any]:
        """Return today's 0DTE chain as the envelope of the host contract (see ``domain.option_chain``)."""

    def is_connected(self) -> bool:
        """Tell whether requests can be answered now; without side effects."""

    async def close(self) -> None:
        """Release everything; may be called twice."""


@runtime_checkable
class Monitored(Protocol):
    """A source of market data that knows how it is connected; other sources have no connection to lose."""

    async def watch(self, symbols: Sequence[str]) -> None:
        """Begin to watch symbols on the running loop and return at once: from now on ``connection`` tells of each."""

    def connection(self) -> ConnectionState | None:
        """Return the state of the connection now, from any thread; None before anything was asked."""


@runtime_checkable
class Quoted(Protocol):
    """A source of market data that is sent new prices without asking."""

    def prices(self) -> Mapping[str, float]:
        """Return the price in points of each watched symbol that has a fresh one, from any thread."""


@runtime_checkable
class TypedBars(Protocol):
    """A source that hands over its bars as they are: its frames would only be taken apart and checked again."""

    async def get_bars(self, symbol: str, interval: str, period: str) -> Bars:
        """Return what ``get_historical_data`` returns as a frame."""


class Observer(Protocol):
    """Turns provider answers into one checked, aged state per symbol."""

    async def observe(self, symbol: str, *, with_chain: bool) -> MarketState:
        """Return the state of ``symbol`` now, or raise ``DataUnavailable`` with the reason to publish."""


class Scorer(Protocol):
    """Scores a view; ``score`` is a plain function that may take long (the host runs it beside the loop)."""

    def score(self, view: MarketView) -> ScoreCard:
        """Return the score card of the view's symbol."""


class Host(Protocol):
    """What a plugin may ask of the host.  All methods may be called from any thread."""

    clock: Clock
    provider: MarketData
    symbols: tuple[str, ...]
    output_dir: Path
    options: MLPluginConfig

    def observe(self, symbol: str, *, with_chain: bool = False) -> MarketState:
        """Observe ``symbol`` on the loop that owns the provider and wait for it, within the request time-out.

        Called on that very loop it must not wait: it raises ``DataUnavailable("called_on_provider_loop")`` for a
        loop-bound provider and observes on a private loop for any other.
        """

    def observing(self, symbol: str) -> Future[MarketState]:
        """Begin to observe ``symbol`` and return at once: many symbols are observed side by side without a thread each.

        The future holds what :meth:`observe` would return or raise; cancelling it gives the observation up.
        """

    def submit(self, result: FiveMinuteResult) -> int:
        """Publish a 5-minute result through the host's only writer; return the ``seq`` of the merged document."""

    @property
    def last_checkpoint(self) -> datetime | None:
        """Return the nominal time of the last executed checkpoint."""

    @property
    def halt_reason(self) -> str | None:
        """Return why nothing may be traded (kill switch), or None."""

    @property
    def volatility_pause(self) -> str | None:
        """Return why 5-minute predictions pause (VIX level or jump), or None."""


class Extension(Protocol):
    """Something that runs beside the checkpoints for as long as the host runs."""

    def start(self, host: Host) -> None:
        """Start; raises ``PluginUnavailable`` when it cannot."""

    def stop(self) -> None:
        """Ask it to end; returns at once and never waits for the loop."""

    def join(self, timeout: float) -> bool:
        """Wait for its end, off the loop; tell whether it ended."""

    def health(self) -> Mapping[str, Any]:
        """Return what an operator wants to know: alive, heartbeat, last slot, last skip reason."""


def standalone_host(
    *,
    provider: MarketData | None = None,
    loop: asyncio.AbstractEventLoop | None = None,
    symbols: Sequence[str] | None = None,
    output_dir: Path | None = None,
) -> Host:
    """Return a host built from the environment's settings, for scripts that use a part without the process.

    What is given replaces what the settings say; ``loop`` is the one that owns a loop-bound ``provider``.  The
    composition root registers itself under the entry-point group ``magic8.host``, so that lower layers need not
    import it.

    Raises
    ------
    PluginUnavailable
        If the distribution is not installed (``pip install -e .``).
    """
    given = {"provider": provider, "loop": loop, "symbols": symbols, "output_dir": output_dir}
    return cast(
        "Host",
        _registered("magic8.host", "default")(**{name: value for name, value in given.items() if value is not None}),
    )


def plugin_config() -> MLPluginConfig:
    """Return the plugin's configuration as default, ``.env`` and environment give it; paths are absolute.

    For commands and scripts that run without a host.  The settings register their reader under the entry-point group
    ``magic8.settings``, so that the plugin asks the host's only reader without importing it: names, relative paths and
    mistakes mean the same to both.

    Raises
    ------
    ConfigError
        One message with every mistake in the settings.
    PluginUnavailable
        If the distribution is not installed, or was installed before this entry point existed.
    """
    return cast("MLPluginConfig", _registered("magic8.settings", "plugin")())


def _registered(group: str, name: str) -> Any:  # noqa: ANN401  # whatever the distribution registers
    found = tuple(entry_points(group=group, name=name))
    if not found:
        raise PluginUnavailable(group, "the distribution is not installed; run: pip install -e .")
    return found[0].load()
