"""IB's error and system codes: what each of them means and what the host does about it.

=================  ===================================================================================================
1100 2110          the gateway has lost IB's servers: requests are held, quotes grow stale
1101               it is back, subscriptions are lost: subscribe again, forget the day's bars
1102               it is back, subscriptions are kept: live only after a fresh tick or bar
2103 2105 2157     quotes, bars, definitions of contracts are suspect until 2104, 2106, 2158; the socket stays
2107 2108          a farm sleeps until it is needed: nothing
162                history failed, and the text says why: pacing, no data, no permission
200                no such contract, or more than one; asked once more after a minute
321                the request is wrong: a bug of ours, logged and never repeated
326                the client id is taken: connecting stops and the likely second host is named
354 10168          not subscribed: delayed data are asked for if that is allowed
10167 10090        not subscribed but delayed, or only in part: what flows is kept
10182              bars are no longer updated: plain history is asked for again
10197              another login holds the live data: stale, asked again every minute
100 101            too many messages or lines: a bug of ours; the host slows down or gives lines back
300 366            answers to a cancellation that came too late: nothing
=================  ===================================================================================================
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from magic8_companion.domain.errors import DataUnavailable

NO_REQUEST: Final = -1
"""The request id of messages that belong to no request."""


class Effect(Enum):
    """What a code does to the host."""

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
    """IB has answered a request with an error: ``code`` and its sentence."""

    def __init__(self, code: int, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f"{code}: {text}")


def effect_of(code: int) -> Effect:
    """Return what a code does; an unknown one ends its request, unless it is a warning (2100 to 2199).

    >>> effect_of(2104).name, effect_of(2119).name, effect_of(504).name
    ('QUOTES_REPAIRED', 'NOTHING', 'REFUSED')
    """
    return _EFFECTS.get(code, Effect.NOTHING if 2100 <= code < 2200 else Effect.REFUSED)


def ends_request(code: int) -> bool:
    """Tell whether a request is over when this code arrives under its id.

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
    """Return the error for a caller who wanted ``what``.

    >>> str(unavailable("the bars of SPY", IBRefusal(162, "HMDS query returned no data")))
    'no_data: the bars of SPY: IB says 162 HMDS query returned no data'
    """
    return DataUnavailable(reason_of(refusal.code, refusal.text), f"{what}: IB says {refusal.code} {refusal.text}")
