"""MLSchedulerExtension: an own thread that predicts every five minutes and hands the result to the host."""

from __future__ import annotations

import threading
from asyncio import AbstractEventLoop
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import pandas as pd

from magic8_companion.domain.ml_options import MLOptions
from magic8_companion.domain.recommendation import FiveMinuteResult
from magic8_companion.ports import Host, MarketData


class MLSchedulerExtension:
    """Predict every slot of the session; built without a host it uses private services."""

    def __init__(
        self,
        loop: AbstractEventLoop | None = None,
        data_provider: MarketData | None = None,
        *,
        host: Host | None = None,
        options: MLOptions | None = None,
        ml_system: Any = None,
        symbols: Sequence[str] | None = None,
        output_dir: str | PathLike[str] | None = None,
    ) -> None: ...

    def start(self, host: Host) -> None:
        """Start; raises ``PluginUnavailable`` when it cannot."""

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""

    def join(self, timeout: float) -> bool:
        """Wait for the thread's end; tell whether it ended."""
        raise NotImplementedError

    def health(self) -> Mapping[str, Any]:
        """Return alive, heartbeat, last slot, last skip reason."""
        raise NotImplementedError

    def start_scheduler(self) -> threading.Thread:
        """Start the daemon thread ``ml_scheduler`` and return it."""
        raise NotImplementedError

    def should_run_prediction(self) -> bool:
        """Tell whether the current slot may run; the reason is in ``last_skip_reason``."""
        raise NotImplementedError

    def update_market_data(self) -> None:
        """Observe every symbol, at most once per minute."""

    def run_ml_prediction(self, force: bool = False) -> FiveMinuteResult | None:
        """Run the current slot if its gates are open; return what was published."""
        raise NotImplementedError

    def create_delta_features(self, symbol: str, bars: pd.DataFrame) -> pd.DataFrame:
        """Return the delta proxies of the last bar, one row."""
        raise NotImplementedError

    def cleanup_cache(self) -> None:
        """Drop rows older than ``max_cache_age`` from ``bar_data_cache``."""
