"""When the price of each watched symbol was last known: a symbol without one for a while is an outage of its own."""

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
        """Expect no prices: nothing is an outage, and what was known counts no more."""
        self._known_at.clear()
        self.outages = _NOTHING

    def excuse(self, now: datetime) -> None:
        """Begin to wait anew: the host itself has not listened."""
        self._excused_at = now

    def look(
        self, answers: Mapping[str, DataUnavailable | None], since: datetime, now: datetime, *, is_news: bool
    ) -> None:
        """Take for each watched symbol why its price is not known now, or None if it is.

        What was known is an outage once it has been unknown for longer than a blip; for what never was the time counts
        from ``since``, when prices began to be due.  Changes are logged if they are news: a feed that is down as a
        whole says so itself.
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
