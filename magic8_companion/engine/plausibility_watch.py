"""What is implausible now, by symbol: at each observation, and between observations for a source that is pushed to us.

An observation is refused with the reason.  What was published of the symbol before becomes blocked: until the next
plausible observation, or, when a tick was implausible, until none has been for a minute.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.trading_day import new_york_day
from magic8_companion.plausibility import Implausible, PriceBounds, implausible_bars, implausible_ratios
from magic8_companion.ports import Clock, MarketData, Quoted

HOLD: Final = timedelta(seconds=60)
"""A symbol is blocked for this long after its last implausible price."""

_OBSERVED_TOGETHER: Final = timedelta(seconds=60)
_NOTHING: Final[Mapping[str, Implausible]] = MappingProxyType({})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the newest plausible observation of a symbol says, and the newest plausible price."""

    bars: Bars
    bounds: PriceBounds
    price: float
    at: datetime


class PlausibilityWatch:
    """Holds bounds and findings; any thread may call a method."""

    def __init__(self, provider: MarketData, clock: Clock) -> None:
        self._provider = provider
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._refused: dict[str, Implausible] = {}
        self._held: dict[str, tuple[Implausible, datetime]] = {}
        self._logged: Mapping[str, Implausible] = _NOTHING

    @property
    def is_live(self) -> bool:
        """Tell whether the source pushes prices, so that findings change between observations."""
        return isinstance(self._provider, Quoted)

    def admit(self, symbol: str, spot: float, today: Bars, history: Bars) -> None:
        """Take up an observation; the spot is that of now.

        Raises
        ------
        DataUnavailable
            ``bad_spot`` or ``price_jump`` when it cannot be true.
        """
        now, bounds = self._clock.now(), PriceBounds.of(today, history)
        finding = implausible_bars(today, history) or bounds.look(spot, now)
        with self._lock:
            if finding is None:
                self._refused.pop(symbol, None)
                self._known[symbol] = _Known(bars=today, bounds=bounds, price=spot, at=now)
            else:
                self._refused[symbol] = finding
        if finding is not None:
            raise finding.refusal(symbol)

    def findings(self) -> Mapping[str, Implausible]:
        """Return what is implausible now, by symbol."""
        now = self._clock.now()
        with self._lock:
            self._forget_other_days(now)
            for symbol, finding in self._look(now).items():
                self._held[symbol] = finding, now
            self._held = {name: held for name, held in self._held.items() if now - held[1] < HOLD}
            found = {name: finding for name, (finding, _) in self._held.items()} | self._refused
            self._log_changes(found)
            return found

    def _look(self, now: datetime) -> dict[str, Implausible]:
        found: dict[str, Implausible] = {}
        prices: dict[str, float] = {}
        for symbol, price in self._prices(now).items():
            known = self._known[symbol]
            finding = known.bounds.look(price, now, (known.price, known.at))
            if finding is not None:
                found[symbol] = finding
            else:
                prices[symbol] = price
        found |= implausible_ratios(prices, {symbol: known.bars for symbol, known in self._known.items()})
        if self.is_live:
            for symbol in prices.keys() - found.keys():
                known = self._known[symbol]
                self._known[symbol] = _Known(bars=known.bars, bounds=known.bounds, price=prices[symbol], at=now)
        return found

    def _prices(self, now: datetime) -> Mapping[str, float]:
        if isinstance(self._provider, Quoted):
            return {name: price for name, price in self._provider.prices().items() if name in self._known}
        return {name: item.price for name, item in self._known.items() if now - item.at <= _OBSERVED_TOGETHER}

    def _forget_other_days(self, now: datetime) -> None:
        today = new_york_day(now)
        self._known = {name: item for name, item in self._known.items() if new_york_day(item.bounds.closed_at) == today}
        if not self._known:
            self._held.clear()

    def _log_changes(self, found: Mapping[str, Implausible]) -> None:
        for symbol, finding in found.items():
            if symbol not in self._logged or self._logged[symbol].reason != finding.reason:
                _log.warning("Implausible %s (%s): %s", symbol, finding.reason, finding.sentence)
        for symbol in self._logged.keys() - found.keys():
            _log.info("%s is plausible again", symbol)
        self._logged = found
