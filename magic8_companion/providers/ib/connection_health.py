"""Derive the health of the connection: connected, degraded with a reason, or in need of an operator.

Events add and remove issues; operators read the most severe one.  ``trusted_from`` is the time from which quotes are
valid: quotes received before a loss, a reconnection or a broken farm are never used again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from magic8_companion.domain.connection import CONNECTED, DEGRADED, NEEDS_HUMAN
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.providers.ib.codes import Effect

NOT_CONNECTED: Final = "not_connected"
LINK_LOST: Final = "link_lost"
CLOCK_SKEW: Final = "clock_skew"
COMPETING_SESSION: Final = "competing_session"
FEED_SILENT: Final = "feed_silent"
AWAITING_DATA: Final = "awaiting_data"
QUOTES_BROKEN: Final = "quotes_broken"
BARS_BROKEN: Final = "bars_broken"
CONTRACTS_BROKEN: Final = "contracts_broken"

FINAL: Final = frozenset({"client_id_in_use", "gateway_too_old"})
"""Reasons to stop connecting: another attempt needs an operator's action first."""

NOT_TRANSIENT: Final = FINAL | {CLOCK_SKEW}
"""Issues that do not end while a request waits."""

WAIT_FOR_RECONNECT: Final = timedelta(seconds=12)
"""Requests wait this long for a lost connection; during a longer outage they fail at once."""

SHORT_OUTAGE: Final = timedelta(seconds=10)
"""Decisions from fresh data stay valid during an issue shorter than this."""

IN_FLIGHT: Final = timedelta(seconds=1)
"""Ticks received this soon after bad news may have been sent before it, so they do not count as fresh."""

_HUMAN_AFTER: Final = {
    "client_id_in_use": timedelta(0),
    "gateway_too_old": timedelta(0),
    "gateway_silent": timedelta(seconds=30),
    "gateway_unreachable": timedelta(minutes=10),
}
_OUTAGES: Final = (*_HUMAN_AFTER, NOT_CONNECTED)
_SEVERITY: Final = (
    *_OUTAGES,
    LINK_LOST,
    CLOCK_SKEW,
    COMPETING_SESSION,
    FEED_SILENT,
    AWAITING_DATA,
    QUOTES_BROKEN,
    BARS_BROKEN,
    CONTRACTS_BROKEN,
)
_WITHOUT_DATA: Final = (*_OUTAGES, LINK_LOST, CLOCK_SKEW, COMPETING_SESSION, FEED_SILENT, AWAITING_DATA, QUOTES_BROKEN)
_NEVER_SHORT: Final = FINAL | {CLOCK_SKEW, FEED_SILENT}
_BLOCKING: Final = (*_OUTAGES, LINK_LOST, CLOCK_SKEW)
_DISPROVED_BY_TICKS: Final = (LINK_LOST, COMPETING_SESSION, FEED_SILENT, AWAITING_DATA, QUOTES_BROKEN)
_DISPROVED_BY_BARS: Final = (AWAITING_DATA, BARS_BROKEN)
_PUBLISHED_AS: Final = {
    **dict.fromkeys(("gateway_unreachable", NOT_CONNECTED, LINK_LOST), "ib_disconnected"),
    AWAITING_DATA: FEED_SILENT,
}
_SURVIVE_A_LOSS: Final = (FEED_SILENT, CLOCK_SKEW)
_BEGINS: Final = {
    Effect.LINK_LOST: (LINK_LOST, "the gateway has no connection to IB"),
    Effect.COMPETING_SESSION: (COMPETING_SESSION, "another login of this user uses the live data; log it out"),
    Effect.QUOTES_BROKEN: (QUOTES_BROKEN, "quotes are suspect"),
    Effect.BARS_BROKEN: (BARS_BROKEN, "history is suspect"),
    Effect.CONTRACTS_BROKEN: (CONTRACTS_BROKEN, "definitions of contracts are suspect"),
}
_ENDS: Final = {
    Effect.LINK_BACK: LINK_LOST,
    Effect.LINK_BACK_EMPTY: LINK_LOST,
    Effect.QUOTES_REPAIRED: QUOTES_BROKEN,
    Effect.BARS_REPAIRED: BARS_BROKEN,
    Effect.CONTRACTS_REPAIRED: CONTRACTS_BROKEN,
}
_DISTRUSTS_QUOTES: Final = frozenset({LINK_LOST, COMPETING_SESSION, QUOTES_BROKEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionIssue:
    """A problem of the connection: reason, start time and a sentence for operators."""

    why: str
    since: datetime
    sentence: str


class ConnectionHealth:
    """The issues of a connection; every method takes the time of its event."""

    def __init__(self, now: datetime) -> None:
        self._issues: dict[str, ConnectionIssue] = {}
        self.trusted_from = now
        self.connected_at: datetime | None = None
        self.generation = 0
        self.expects_data = False
        self._has_data = False
        self.lost(NOT_CONNECTED, "no connection has been opened yet", now)

    def connected(self, now: datetime) -> None:
        """Record a new connection: nothing is subscribed on it and nothing is fresh."""
        since = self._silent_since(now)
        self.remove(*_OUTAGES)
        self.connected_at = now
        self._resubscribe(now, since)

    def lost(self, why: str, sentence: str, now: datetime) -> None:
        """Record a lost connection; a change of the reason keeps the start of the outage."""
        since = min((item.since for item in self._issues.values() if item.why in _OUTAGES), default=now)
        self._issues = {name: item for name, item in self._issues.items() if name in _SURVIVE_A_LOSS}
        self._issues[why] = ConnectionIssue(why=why, since=since, sentence=sentence)
        self.connected_at = None

    def notice(self, effect: Effect, text: str, now: datetime) -> None:
        """Process a message of the gateway."""
        since = self._silent_since(now)
        if effect in _BEGINS:
            why, sentence = _BEGINS[effect]
            if why in _DISTRUSTS_QUOTES:
                self.trusted_from = now + IN_FLIGHT
            self.add(why, f"{sentence}: {text}", now)
        elif effect in _ENDS:
            self.remove(_ENDS[effect])
        if effect is Effect.LINK_BACK_EMPTY:
            self._resubscribe(now, since)
        elif effect is Effect.LINK_BACK:
            self._await_data(now, since)

    def add(self, why: str, sentence: str, now: datetime) -> None:
        """Add an issue, unless it is known already."""
        self._issues.setdefault(why, ConnectionIssue(why=why, since=now, sentence=sentence))

    def remove(self, *reasons: str) -> None:
        """Remove issues."""
        for why in reasons:
            self._issues.pop(why, None)

    def fresh_tick(self) -> bool:
        """Record a quote received after ``trusted_from``; return whether the state changed."""
        self._has_data = True
        return self._disprove(_DISPROVED_BY_TICKS)

    def fresh_bar(self) -> bool:
        """Record an up-to-date bar; return whether the state changed."""
        return self._disprove(_DISPROVED_BY_BARS)

    def resubscribe(self, now: datetime) -> None:
        """Request a new subscription of every line, and distrust the old ones."""
        self._resubscribe(now, self._silent_since(now))

    def find(self, *reasons: str) -> ConnectionIssue | None:
        """Return the most severe of some issues, or None."""
        return next((self._issues[why] for why in _SEVERITY if why in reasons and why in self._issues), None)

    @property
    def blocked(self) -> ConnectionIssue | None:
        """Return the issue that blocks requests, or None."""
        return self.find(*_BLOCKING)

    @property
    def worst(self) -> ConnectionIssue | None:
        """Return the most severe issue; missing data count only while data are due."""
        return self.find(*self._counting(_SEVERITY))

    def state(self, now: datetime) -> str:
        """Return connected, degraded or needs_human."""
        worst = self.worst
        if worst is None:
            return CONNECTED
        return NEEDS_HUMAN if now - worst.since >= _HUMAN_AFTER.get(worst.why, timedelta.max) else DEGRADED

    def outage(self, now: datetime) -> str | None:
        """Return the reason of a complete outage, None while prices are fresh.

        A short interruption is not an outage, unless no data came before it: after a restart, decisions wait for fresh
        data.
        """
        issues = (self._issues.get(why) for why in self._counting(_WITHOUT_DATA))
        lasting = (issue for issue in issues if issue and not self._is_short(issue, now))
        return next((self.refusal(issue).reason for issue in lasting), None)

    def refusal(self, issue: ConnectionIssue) -> DataUnavailable:
        """Return the error for a request during an issue."""
        return DataUnavailable(_PUBLISHED_AS.get(issue.why, issue.why), issue.sentence)

    def _is_short(self, issue: ConnectionIssue, now: datetime) -> bool:
        return self._has_data and issue.why not in _NEVER_SHORT and now - issue.since < SHORT_OUTAGE

    def _counting(self, reasons: tuple[str, ...]) -> tuple[str, ...]:
        return reasons if self.expects_data else tuple(why for why in reasons if why != AWAITING_DATA)

    def _disprove(self, reasons: tuple[str, ...]) -> bool:
        disproved = self.find(*reasons) is not None
        self.remove(*reasons)
        return disproved

    def _silent_since(self, now: datetime) -> datetime:
        # after a reconnection the outage lasts until fresh data arrive
        return min((issue.since for issue in self._issues.values() if issue.why in _WITHOUT_DATA), default=now)

    def _resubscribe(self, now: datetime, since: datetime) -> None:
        self.generation += 1
        self._await_data(now, since)

    def _await_data(self, now: datetime, since: datetime) -> None:
        self.trusted_from = now
        self.add(AWAITING_DATA, "connected, but no fresh quote or bar has arrived yet", since)
