"""Map IB's error and system codes to the host's reactions.

=================  ===================================================================================================
1100 2110          the gateway has lost IB's servers: requests wait, quotes become stale
1101               connection restored, subscriptions lost: subscribe again, drop the day's bars
1102               connection restored, subscriptions kept: live only after a fresh tick or bar
2103 2105 2157     quotes, bars, definitions of contracts are suspect until 2104, 2106, 2158; the socket stays
2107 2108          a farm is inactive until it is needed: no reaction
162                history failed; the text has the reason: pacing, no data, no permission
200                no such contract, or more than one; requested again with a growing pause
321                the request is invalid: a bug, logged, repeated with a growing pause
326                the client id is in use: stop connecting and report a likely second host
354 10168          not subscribed: request delayed data if that is allowed
10167 10090        only delayed or partial data: keep the line
10182              bars are no longer updated: request plain history again
10197              another login uses the live data: stale, requested again every minute
100 101            too many messages or lines: a bug; slow down or release lines
300 366            answers to a late cancellation: no reaction
=================  ===================================================================================================
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from magic8_companion.domain.errors import DataUnavailable

NO_REQUEST: Final = -1
"""The request id of messages without a request."""


class Effect(Enum):
    """The effect of a code on the host."""

    NOTHING = auto()
    LINK_LOST = auto()
    LINK_BACK_EMPTY = auto()
    LINK_BACK = auto()
    QUOTES_BROKEN = auto()
    QUOTES_REPAIRED = auto()
    BARS_BROKEN = auto()
    BARS_REPAIRED = auto()
    CONTRACTS_BROKEN = auto()
    CONTRACTS_REPAIRED = auto()
    BARS_STOPPED = auto()
    CLIENT_ID_TAKEN = auto()
    COMPETING_SESSION = auto()
    NOT_SUBSCRIBED = auto()
    DELAYED = auto()
    PARTIAL = auto()
    TOO_MANY_MESSAGES = auto()
    TOO_MANY_LINES = auto()
    REFUSED = auto()


_EFFECTS: Final = {
    100: Effect.TOO_MANY_MESSAGES,
    101: Effect.TOO_MANY_LINES,
    300: Effect.NOTHING,
    326: Effect.CLIENT_ID_TAKEN,
    354: Effect.NOT_SUBSCRIBED,
    366: Effect.NOTHING,
    1100: Effect.LINK_LOST,
    1101: Effect.LINK_BACK_EMPTY,
    1102: Effect.LINK_BACK,
    2103: Effect.QUOTES_BROKEN,
    2104: Effect.QUOTES_REPAIRED,
    2105: Effect.BARS_BROKEN,
    2106: Effect.BARS_REPAIRED,
    2110: Effect.LINK_LOST,
    2157: Effect.CONTRACTS_BROKEN,
    2158: Effect.CONTRACTS_REPAIRED,
    10090: Effect.PARTIAL,
    10167: Effect.DELAYED,
    10168: Effect.NOT_SUBSCRIBED,
    10182: Effect.BARS_STOPPED,
    10197: Effect.COMPETING_SESSION,
}
_REASONS: Final = {
    200: "contract_unknown",
    321: "request_refused",
    354: "no_permission",
    10168: "no_permission",
    10197: "competing_session",
    100: "pacing",
    101: "no_free_line",
}
_HISTORY_REASONS: Final = (
    ("pacing", "pacing"),
    ("no data", "no_data"),
    ("permission", "no_permission"),
    ("subscri", "no_permission"),
)


class IBRefusal(Exception):
    """An error response of IB: ``code`` and text."""

    def __init__(self, code: int, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f"{code}: {text}")


def effect_of(code: int) -> Effect:
    """Return the effect of a code; an unknown code ends its request, unless it is a warning (2100 to 2199).

    >>> effect_of(2104).name, effect_of(2119).name, effect_of(504).name
    ('QUOTES_REPAIRED', 'NOTHING', 'REFUSED')
    """
    return _EFFECTS.get(code, Effect.NOTHING if 2100 <= code < 2200 else Effect.REFUSED)


def ends_request(code: int) -> bool:
    """Return whether this code ends its request.

    >>> ends_request(162), ends_request(321), ends_request(10167), ends_request(10090)
    (True, True, False, False)
    """
    return effect_of(code) not in {Effect.NOTHING, Effect.DELAYED, Effect.PARTIAL}


def reason_of(code: int, text: str) -> str:
    """Return the reason to publish.

    >>> reason_of(200, ""), reason_of(162, "Historical data request pacing violation"), reason_of(504, "Not connected")
    ('contract_unknown', 'pacing', 'ib_error_504')
    """
    if code == 162:
        lowered = text.lower()
        return next((reason for phrase, reason in _HISTORY_REASONS if phrase in lowered), "history_failed")
    return _REASONS.get(code, f"ib_error_{code}")


def unavailable(what: str, refusal: IBRefusal) -> DataUnavailable:
    """Return the error for a request of ``what``.

    >>> str(unavailable("the bars of SPY", IBRefusal(162, "HMDS query returned no data")))
    'no_data: the bars of SPY: IB error 162 HMDS query returned no data'
    """
    return DataUnavailable(reason_of(refusal.code, refusal.text), f"{what}: IB error {refusal.code} {refusal.text}")
