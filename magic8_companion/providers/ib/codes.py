"""Map IB's error and system codes to the host's reactions.

=================  ===================================================================================================
1100 2110          the gateway has lost IB's servers: requests wait, quotes become stale
1101               connection restored, subscriptions lost: subscribe again, drop the day's bars
1102               connection restored, subscriptions kept: live only after a fresh tick or bar
2103 2105 2157     quotes, bars, definitions of contracts are suspect until 2104, 2106, 2158; the socket stays
2107 2108          a farm is inactive until it is needed: no reaction
162                history failed; the text has the reason: pacing, no data, no permission, another login
200                no such contract, or more than one; requested again with a growing pause
321                the request is invalid: a bug, logged, repeated with a growing pause
326                the client id is in use: stop connecting and report a likely second host
354 10089 10168    not subscribed, as 10186: request delayed data if that is allowed
10167 10090 10091  only delayed or partial data: keep the line
10182 10225        bars are no longer updated: request plain history again
10197              another login uses the live data: stale, requested again every minute
100 101            too many messages or lines: a bug; slow down or release lines
438                the gateway is locked: the request ends, somebody must unlock it
300 366            answers to a late cancellation: no reaction
=================  ===================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final, NamedTuple

from magic8_companion.domain.errors import DataUnavailable

NO_REQUEST: Final = -1
"""The request id of messages without a request."""

HISTORY_FAILED: Final = 162
"""A refused request for bars; its text has the reason."""


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


class IBMessage(NamedTuple):
    """What a code does to the host, the reason that is published, and what an operator can do."""

    effect: Effect
    reason: str
    remedy: str


def _row(effect: Effect, reason: str = "", remedy: str = "") -> IBMessage:
    return IBMessage(effect, reason, remedy)


_SUBSCRIBE: Final = "subscribe to the data in IB's client portal, or allow delayed data"
_REPORT: Final = "please report this"
_WAIT: Final = "IB repairs this itself"

MESSAGES: Final[Mapping[int, IBMessage]] = MappingProxyType(
    {
        # answers to requests
        100: _row(Effect.TOO_MANY_MESSAGES, "pacing", _REPORT),
        101: _row(Effect.TOO_MANY_LINES, "no_free_line", "close other programs that use market data lines"),
        102: _row(Effect.REFUSED, "request_refused", _REPORT),
        **dict.fromkeys((138, 139, 143, 145), _row(Effect.REFUSED, "request_refused", _REPORT)),
        162: _row(Effect.REFUSED, "history_failed", "the text of the message has the reason"),
        165: _row(Effect.NOTHING, "", "progress of a history request"),
        166: _row(Effect.REFUSED, "no_data", "the contract has expired"),
        200: _row(Effect.REFUSED, "contract_unknown", "no such contract, or more than one; requested again"),
        203: _row(Effect.REFUSED, "no_permission", "the account lacks the permission; ask IB for it"),
        300: _row(Effect.NOTHING, "", "answer to a late cancellation"),
        305: _row(Effect.REFUSED, "request_refused", _REPORT),
        309: _row(Effect.TOO_MANY_LINES, "no_free_line", "close other programs that use market depth"),
        310: _row(Effect.NOTHING, "", "answer to a late cancellation"),
        316: _row(Effect.NOTHING, "", "market depth, which the host does not use"),
        317: _row(Effect.NOTHING, "", "market depth, which the host does not use"),
        320: _row(Effect.REFUSED, "request_refused", _REPORT),
        321: _row(Effect.REFUSED, "request_refused", _REPORT),
        322: _row(Effect.REFUSED, "request_refused", _REPORT),
        323: _row(Effect.REFUSED, "ib_server_error", "IB's server reports an internal error; requested again later"),
        326: _row(Effect.CLIENT_ID_TAKEN, "client_id_in_use", "another program uses the client id; set another one"),
        327: _row(Effect.NOTHING, "", "an order setting, which the host does not use"),
        **dict.fromkeys((336, 337, 343, 391), _row(Effect.REFUSED, "request_refused", _REPORT)),
        354: _row(Effect.NOT_SUBSCRIBED, "no_permission", _SUBSCRIBE),
        357: _row(Effect.REFUSED, "request_refused", "the client library is too old; update ib_async"),
        366: _row(Effect.NOTHING, "", "answer to a late cancellation"),
        386: _row(Effect.REFUSED, "request_refused", _REPORT),
        **dict.fromkeys((406, 407, 414), _row(Effect.REFUSED, "request_refused", _REPORT)),
        412: _row(Effect.REFUSED, "contract_unknown", "the contract is not traded; requested again"),
        420: _row(Effect.REFUSED, "pacing", "too many requests of bars; requested again later"),
        421: _row(Effect.REFUSED, "request_refused", _REPORT),
        430: _row(Effect.REFUSED, "no_data", "fundamental data, which the host does not use"),
        431: _row(Effect.REFUSED, "request_refused", _REPORT),
        438: _row(Effect.REFUSED, "gateway_silent", "the gateway is locked; unlock it"),
        10089: _row(Effect.NOT_SUBSCRIBED, "no_permission", _SUBSCRIBE),
        10090: _row(Effect.PARTIAL, "", "a part of the data is not subscribed"),
        10091: _row(Effect.PARTIAL, "", "a part of the data needs another subscription for programs"),
        10167: _row(Effect.DELAYED, "", "delayed data instead of live ones"),
        10168: _row(Effect.NOT_SUBSCRIBED, "no_permission", _SUBSCRIBE),
        10182: _row(Effect.BARS_STOPPED, "no_data", "bars are no longer updated; plain history is requested"),
        10186: _row(Effect.NOT_SUBSCRIBED, "no_permission", _SUBSCRIBE),
        10187: _row(Effect.REFUSED, "history_failed", "ticks of the past, which the host does not use"),
        10189: _row(Effect.REFUSED, "no_permission", _SUBSCRIBE),
        10190: _row(Effect.TOO_MANY_LINES, "no_free_line", "too many tick-by-tick requests"),
        10197: _row(Effect.COMPETING_SESSION, "competing_session", "another login uses the live data; log it out"),
        10225: _row(Effect.BARS_STOPPED, "no_data", "bars are no longer updated; plain history is requested"),
        10285: _row(Effect.REFUSED, "request_refused", "the client library is too old; update ib_async"),
        **dict.fromkeys(
            (10286, 10299, 10300, 10301, 10314, 10315, 10330, 10337, 10338, 10339),
            _row(Effect.REFUSED, "request_refused", _REPORT),
        ),
        10346: _row(Effect.COMPETING_SESSION, "competing_session", "another window shows the instrument; close it"),
        # the connection
        501: _row(Effect.NOTHING, "", "the connection exists already"),
        502: _row(Effect.REFUSED, "ib_disconnected", "start the gateway, and check host and port"),
        503: _row(Effect.REFUSED, "gateway_too_old", "update the gateway"),
        504: _row(Effect.REFUSED, "ib_disconnected", "connected again by itself"),
        505: _row(Effect.REFUSED, "request_refused", "the client library is too old; update ib_async"),
        506: _row(Effect.REFUSED, "gateway_too_old", "update the gateway"),
        507: _row(Effect.REFUSED, "ib_disconnected", "another program uses the client id, or the connection broke"),
        **dict.fromkeys((508, 509, 520, 586), _row(Effect.REFUSED, "ib_disconnected", "connected again by itself")),
        517: _row(Effect.REFUSED, "contract_unknown", "no such contract; requested again"),
        1100: _row(Effect.LINK_LOST, "ib_disconnected", _WAIT),
        1101: _row(Effect.LINK_BACK_EMPTY, "", "subscriptions are made again"),
        1102: _row(Effect.LINK_BACK, "", "subscriptions were kept"),
        1300: _row(Effect.LINK_LOST, "ib_disconnected", "the port of the gateway was changed; set M8C_IB_PORT"),
        2103: _row(Effect.QUOTES_BROKEN, "", _WAIT),
        2104: _row(Effect.QUOTES_REPAIRED, "", "the farm is back"),
        2105: _row(Effect.BARS_BROKEN, "", _WAIT),
        2106: _row(Effect.BARS_REPAIRED, "", "the farm is back"),
        2107: _row(Effect.NOTHING, "", "connected when it is needed"),
        2108: _row(Effect.NOTHING, "", "connected when it is needed"),
        2110: _row(Effect.LINK_LOST, "ib_disconnected", _WAIT),
        2157: _row(Effect.CONTRACTS_BROKEN, "", _WAIT),
        2158: _row(Effect.CONTRACTS_REPAIRED, "", "the farm is back"),
    }
)
"""IB's published codes that a reading client can get, with their reaction."""

_NEVER_DRAWN: Final = (
    *(range(103, 138), range(140, 143), range(144, 145), range(146, 162), range(163, 165), range(167, 169)),
    *(range(201, 203), range(303, 304), range(311, 316), range(325, 326), range(328, 330), range(332, 336)),
    *(range(338, 343), range(347, 354), range(355, 357), range(358, 365), range(367, 381), range(382, 384)),
    *(range(387, 391), range(392, 406), range(408, 414), range(415, 420), range(422, 430), range(432, 435)),
    *(range(436, 438), range(439, 482), range(10_000, 10_028), range(10_147, 10_149), range(10_233, 10_255)),
    *(range(10_268, 10_271), range(10_287, 10_299), range(10_302, 10_309), range(10_310, 10_314)),
    *(range(10_316, 10_330), range(10_331, 10_337), range(10_340, 10_348)),
)
"""Codes about orders, which this host never places: one of them under a request of ours only ends that request."""

_OTHER_REQUESTS: Final = (
    *(range(301, 309), range(318, 320), range(324, 325), range(330, 332), range(344, 347), range(365, 366)),
    *(range(381, 386), range(435, 436), range(579, 580), range(585, 586), range(588, 589), range(10_230, 10_232)),
    *(range(10_276, 10_285), range(10_309, 10_310)),
)
"""Codes about scanners, advisors' accounts, DDE, news and market depth, of which this host makes no request."""

_SENDING: Final = range(510, 590)
"""Requests that a client could not send; the list has a code for each kind of request."""

_HISTORY: Final = (
    ("pacing", "pacing", "the host waits 15 s"),
    ("different ip address", "competing_session", "another login trades from another address; log it out"),
    ("no data", "no_data", "IB has no bars of that time"),
    ("permission", "no_permission", _SUBSCRIBE),
    ("subscri", "no_permission", _SUBSCRIBE),
    ("", "history_failed", "IB's history service failed; requested again later"),
)
"""The meanings of 162: a part of its text in lower case, the reason, what to do; the first one that fits counts."""


class IBRefusal(Exception):
    """An error response of IB: ``code`` and text."""

    def __init__(self, code: int, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f"{code}: {text}")


def message_of(code: int) -> IBMessage:
    """Return the row of a code; an unknown code ends its request, unless it is a warning (2100 to 2199).

    >>> message_of(2119).effect.name, message_of(10089).reason, message_of(9999).reason
    ('NOTHING', 'no_permission', 'ib_error_9999')
    """
    if code in MESSAGES:
        return MESSAGES[code]
    if 2100 <= code < 2200:
        return IBMessage(Effect.NOTHING, "", "a warning")
    reason, remedy = f"ib_error_{code}", _REPORT
    if any(code in numbers for numbers in _NEVER_DRAWN):
        remedy = f"about an order, and this host places none: {_REPORT}"
    elif any(code in numbers for numbers in _OTHER_REQUESTS):
        remedy = f"about a request that this host does not make: {_REPORT}"
    elif code in _SENDING:
        reason, remedy = "ib_disconnected", "a request could not be sent; requested again after a new connection"
    return IBMessage(Effect.REFUSED, reason, remedy)


def effect_of(code: int) -> Effect:
    """Return the effect of a code.

    >>> effect_of(2104).name, effect_of(2119).name, effect_of(505).name
    ('QUOTES_REPAIRED', 'NOTHING', 'REFUSED')
    """
    return message_of(code).effect


def ends_request(code: int) -> bool:
    """Return whether this code ends its request.

    >>> ends_request(162), ends_request(321), ends_request(10167), ends_request(10090)
    (True, True, False, False)
    """
    return effect_of(code) not in {Effect.NOTHING, Effect.DELAYED, Effect.PARTIAL}


def reason_of(code: int, text: str) -> str:
    """Return the reason to publish.

    >>> reason_of(200, ""), reason_of(162, "Historical data request pacing violation"), reason_of(504, "Not connected")
    ('contract_unknown', 'pacing', 'ib_disconnected')
    """
    return _meaning(code, text)[0]


def unavailable(what: str, refusal: IBRefusal) -> DataUnavailable:
    """Return the error for a request of ``what``.

    >>> str(unavailable("the bars of SPY", IBRefusal(162, "HMDS query returned no data")))
    'no_data: the bars of SPY: IB error 162 HMDS query returned no data (IB has no bars of that time)'
    """
    reason, remedy = _meaning(refusal.code, refusal.text)
    return DataUnavailable(reason, f"{what}: IB error {refusal.code} {refusal.text} ({remedy})")


def _meaning(code: int, text: str) -> tuple[str, str]:
    # the reason to publish and what to do
    if code == HISTORY_FAILED:
        lowered = text.lower()
        return next((reason, remedy) for phrase, reason, remedy in _HISTORY if phrase in lowered)
    row = message_of(code)
    return row.reason or f"ib_error_{code}", row.remedy
