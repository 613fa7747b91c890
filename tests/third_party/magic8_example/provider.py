"""A provider: bars of a made market that rises by 0.1 points per bar."""

from datetime import timedelta

import numpy as np
import pandas as pd

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import new_york_day, require_session, sessions_between
from magic8_companion.ports import Clock
from magic8_companion.providers.registered import ProviderPlugin

LEVELS = {"SPX": 6000.0, "VIX": 18.0}
LENGTHS = {"5m": timedelta(minutes=5), "1d": timedelta(days=1)}


class RisingMarket:
    """A market that only rises; every answer is as of the clock."""

    name = "rising"
    status = "simulated"
    loop_bound = False

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open = True

    async def get_spot_price(self, symbol: str) -> float:
        """Return the close of the last complete bar in points."""
        frame = await self.get_historical_data(symbol, "5m", "1d")
        return float(frame["close"].iloc[-1])

    async def get_historical_data(self, symbol: str, interval: str, period: str) -> pd.DataFrame:
        """Return complete bars: of today for ``1d``, else of the last 300 days too."""
        self._require(symbol)
        if interval not in LENGTHS:
            raise DataUnavailable("interval_unavailable", f"rising has 5m and 1d bars, not {interval}")
        now = self._clock.now()
        today = require_session(new_york_day(now)).day
        first = today if period == "1d" else today - timedelta(days=300)
        times = []
        for session in sessions_between(first, today):
            if interval == "1d":
                times.append(pd.Timestamp(session.day, tz="UTC"))
            else:
                times.extend(pd.date_range(session.open_at, session.close_at, freq="5min", inclusive="left"))
        index = pd.DatetimeIndex([time for time in times if time + LENGTHS[interval] <= now], name="time")
        if index.empty:
            raise DataUnavailable("no_bars_yet", f"{symbol}: no bar is complete at {now}")
        close = LEVELS[symbol] + 0.1 * (1 + np.arange(len(index)) % 78)
        columns = {"open": close - 0.1, "high": close, "low": close - 0.1, "close": close, "volume": 0.0}
        return pd.DataFrame(columns, index=index)

    async def get_option_chain(self, symbol: str) -> dict[str, object]:
        """Refuse: this market has no options."""
        self._require(symbol)
        raise DataUnavailable("no_chain", f"{symbol}: rising has no options")

    def is_connected(self) -> bool:
        """Tell whether requests can be answered."""
        return self._open

    async def close(self) -> None:
        """End the provider."""
        self._open = False

    def _require(self, symbol: str) -> None:
        if not self._open:
            raise DataUnavailable("closed", "the provider was closed")
        if symbol not in LEVELS:
            raise DataUnavailable("no_data", f"rising has no {symbol}; it has {', '.join(LEVELS)}")


RISING = ProviderPlugin(kind="simulated", create=RisingMarket)
