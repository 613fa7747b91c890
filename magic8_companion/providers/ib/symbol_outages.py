"""Track when the price of each watched symbol was last known, and report symbols without a price as outages."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.providers.ib.connection_health import SHORT_OUTAGE, ConnectionIssue

_log = logging.getLogger(__name__)

_NOTHING: Final[Mapping[str, ConnectionIssue]] = {}


class SymbolOutages:
    """The outages of single symbols; :attr:`outages` may be read from any thread."""

    def __init__(self) -> None:
        self._known_at: dict[str, datetime] = {}
        self._excused_at: datetime | None = None
        self.outages = _NOTHING

    def rest(self) -> None:
        """Expect no prices: clear all outages and known prices."""
        self._known_at.clear()
        self.outages = _NOTHING

    def excuse(self, now: datetime) -> None:
        """Restart the waiting time: the host itself was stalled."""
        self._excused_at = now

    def look(
        self, answers: Mapping[str, DataUnavailable | None], since: datetime, now: datetime, *, is_news: bool
    ) -> None:
        """Update each watched symbol with the reason why its price is unknown now, or None if it is known.

        A symbol is an outage once its price has been unknown for longer than the grace period.  If it was never known,
        the time counts from ``since``, when prices became due.  Changes are logged, except when the whole feed is down.
        """
        since = max(since, self._excused_at or since)
        self._known_at |= dict.fromkeys((symbol for symbol, why in answers.items() if why is None), now)
        found = {}
        for symbol, why in answers.items():
            lost_at = max(since, self._known_at.get(symbol, since))
            if why is not None and now - lost_at >= SHORT_OUTAGE:
                found[symbol] = ConnectionIssue(why=why.reason, since=lost_at, sentence=why.detail or why.reason)
        if is_news:
            self._log_changes(found)
        self.outages = found

    def _log_changes(self, found: Mapping[str, ConnectionIssue]) -> None:
        for symbol in self._known_at:
            if symbol in found and symbol not in self.outages:
                _log.warning("IB: %s is unknown (%s: %s)", symbol, found[symbol].why, found[symbol].sentence)
            elif symbol in self.outages and symbol not in found:
                _log.info("IB: %s has fresh prices", symbol)
