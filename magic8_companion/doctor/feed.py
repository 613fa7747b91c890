"""Send the host's requests to the feed: bars, a price and a chain of each symbol, and one year of the VIX."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any, Final

from magic8_companion.doctor.check import FAILED, OK, SKIPPED, WARNING, Check
from magic8_companion.doctor.fixes import ENDS_IT, fix_for, status_of
from magic8_companion.domain.bar_lengths import DAY
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import DELAYED
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.strategy import VIX
from magic8_companion.domain.trading_day import new_york_label
from magic8_companion.ports import MarketData
from magic8_companion.unified_config import Settings

_CONNECTED: Final = "connected"


class FeedDoctor:
    """Sends one request of each kind to a provider; each may take ``limit_seconds``.

    An unavailable feed fails once, and its other checks are skipped.
    """

    def __init__(self, provider: MarketData, settings: Settings, limit_seconds: float) -> None:
        self._provider, self._settings, self._limit_seconds = provider, settings, limit_seconds
        self._ended_by: Check | None = None

    async def examine(self) -> list[Check]:
        """Return the checks, symbol by symbol."""
        checks = []
        for symbol in (*self._settings.supported_symbols, VIX):
            checks.append(await self._check(f"{symbol} bars", symbol, partial(self._bars, symbol)))
            if symbol != VIX:
                checks.append(await self._check(f"{symbol} price", symbol, partial(self._price, symbol)))
                checks.append(await self._check(f"{symbol} chain", symbol, partial(self._chain, symbol)))
        checks.append(await self._check("VIX of a year", VIX, self._vix_daily))
        return [self._connection(), *checks, *self._delay()]

    async def _check(self, name: str, symbol: str, question: Callable[[], Awaitable[tuple[str, str, str]]]) -> Check:
        if self._ended_by:
            return Check(name=name, status=SKIPPED, result="not asked")
        try:
            async with asyncio.timeout(self._limit_seconds):
                status, result, fix = await question()
        except TimeoutError:
            refusal = DataUnavailable("timeout", f"no answer within {self._limit_seconds:g} s")
        except DataUnavailable as error:
            refusal = error
        else:
            return Check(name=name, status=status, result=result, fix=fix)
        fix = fix_for(refusal.reason, symbol, self._settings)
        if refusal.reason in ENDS_IT:
            result = f"{self._provider.name}: {refusal}"
            self._ended_by = Check(name="feed", status=FAILED, result=result, fix=fix)
            return Check(name=name, status=SKIPPED, result="not answered")
        return Check(name=name, status=status_of(refusal.reason), result=str(refusal), fix=fix)

    async def _bars(self, symbol: str) -> tuple[str, str, str]:
        bars = Bars.from_frame(await self._provider.get_historical_data(symbol, "5m", "5d"))
        return OK, f"{len(bars)} of 5 minutes, the newest ended {_when(bars.last_end)}", ""

    async def _price(self, symbol: str) -> tuple[str, str, str]:
        return OK, f"{await self._provider.get_spot_price(symbol):g} points", ""

    async def _chain(self, symbol: str) -> tuple[str, str, str]:
        envelope = await self._provider.get_option_chain(symbol)
        wanted = {key: value for key, value in envelope.items() if key in _ENVELOPE}
        chain = OptionChain.from_envelope(wanted)
        quoted = sum(row.call_ask is not None and row.put_ask is not None for row in chain.rows)
        result = (
            f"{len(chain.rows)} strikes of {chain.expiry}, {quoted} quoted, open interest of {chain.oi_coverage:.0%}"
        )
        return OK, f"{result}, as of {_when(chain.as_of)}", ""

    async def _vix_daily(self) -> tuple[str, str, str]:
        days = len(Bars.from_frame(await self._provider.get_historical_data(VIX, "1d", "1y"), DAY))
        needed = self._settings.iv_min_history_days
        if days >= needed:
            return OK, f"{days} daily bars", ""
        return FAILED, f"{days} daily bars, {needed} are needed", "give the source a longer history of the VIX"

    def _connection(self) -> Check:
        if self._ended_by:
            return self._ended_by
        result = f"{self._provider.name}, which declares itself {self._provider.status}"
        health: Callable[[], Any] | None = getattr(self._provider, "health", None)
        state = health() if health else {"state": _CONNECTED}
        if state["state"] == _CONNECTED:
            return Check(name="feed", status=OK, result=result)
        return Check(name="feed", status=WARNING, result=f"{result}: {state['state']}, {state['sentence']}")

    def _delay(self) -> list[Check]:
        if self._ended_by or self._provider.status != DELAYED:
            return []
        if self._settings.trade_on_delayed_data:
            result = "data are delayed, and M8C_TRADE_ON_DELAYED_DATA=true lets them be traded on"
        else:
            result = "data are delayed: everything is scored, nothing is tradable"
        fix = "subscribe to live data of these symbols, or accept it"
        return [Check(name="delay", status=WARNING, result=result, fix=fix)]


_ENVELOPE: Final = frozenset(
    {"symbol", "current_price", "option_chain", "expiry", "as_of", "source", "status", "multiplier", "oi_as_of"}
)


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d} {new_york_label(at)}"
