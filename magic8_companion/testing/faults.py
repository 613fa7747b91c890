"""Define the catalog of faults with their parameters, and validate a fault at its creation.

A lasting fault takes ``seconds`` on the gateway's clock; 0 means until it is cleared.  Other faults happen once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Final, cast

from magic8_companion.domain.errors import ConfigError
from magic8_companion.testing.codes import NO_PERMISSION, NOT_SUBSCRIBED, TEXTS
from magic8_companion.testing.message_ids import Request

Value = str | float | bool | tuple[str, ...]

CONNECT: Final = "connect"
REQUEST_KINDS: Final = (CONNECT, *(request.kind for request in Request))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a fault; its type is that of its default."""

    default: Value
    meaning: str
    choices: tuple[Value, ...] = ()
    minimum: float | None = None
    required: bool = False
    wall_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """One entry of the catalogue."""

    meaning: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    lasting: bool = True

    @property
    def accepted(self) -> dict[str, Parameter]:
        """Return every parameter, the common one included."""
        return dict(self.parameters) | ({"seconds": _SECONDS} if self.lasting else {})


@dataclass(frozen=True, slots=True, init=False)
class Fault:
    """A fault with its parameters, such as ``Fault("silence", seconds=60)``.

    Raises
    ------
    ConfigError
        With every wrong name and value, and the nearest valid one.

    >>> Fault("link_lost", returns=1101).number("returns")
    1101.0
    """

    name: str
    parameters: Mapping[str, Value]

    def __init__(self, name: str, **parameters: Value) -> None:
        if problems := fault_problems(name, parameters):
            raise ConfigError(problems)
        accepted = CATALOGUE[name].accepted
        full = {key: parameters.get(key, item.default) for key, item in accepted.items()}
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "parameters", full)

    def __str__(self) -> str:
        """Return the name and the parameters that differ from their defaults."""
        accepted = CATALOGUE[self.name].accepted
        parameters = [f"{key}={value}" for key, value in self.parameters.items() if value != accepted[key].default]
        return " ".join((self.name, *parameters))

    def text(self, key: str) -> str:
        """Return a parameter that is text."""
        return cast("str", self.parameters[key])

    def number(self, key: str) -> float:
        """Return a parameter that is a number."""
        return float(cast("float", self.parameters[key]))

    def flag(self, key: str) -> bool:
        """Return a parameter that is true or false."""
        return cast("bool", self.parameters[key])

    def concerns(self, symbol: str) -> bool:
        """Return whether the fault affects a symbol: it lists the symbol, or no symbols at all."""
        named = cast("tuple[str, ...]", self.parameters.get("symbols", ()))
        return not named or symbol in named


def fault_problems(name: str, parameters: Mapping[str, object]) -> list[str]:
    """Return one sentence per problem of a fault."""
    if name not in CATALOGUE:
        return [f"there is no fault {name!r}{nearest(name, CATALOGUE)}"]
    accepted = CATALOGUE[name].accepted
    problems = [
        f"{name}: there is no parameter {key!r}{nearest(key, accepted)}" for key in parameters if key not in accepted
    ]
    for key, item in accepted.items():
        if key not in parameters:
            problems += [f"{name}: the parameter {key!r} is missing ({item.meaning})"] * item.required
        elif wrong := _value_problem(parameters[key], item):
            problems.append(f"{name}: {key} = {parameters[key]!r} {wrong}")
    return problems


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest valid name.

    >>> nearest("silense", ["silence", "drop"])
    '; did you mean silence?'
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(names) or 'none'}"


def wall_time(text: str) -> time | None:
    """Return a time of the New York wall clock, or None for anything else.

    >>> wall_time("10:31"), wall_time("10:31Z"), wall_time("half past ten")
    (datetime.time(10, 31), None, None)
    """
    try:
        found = time.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is None else None


def _value_problem(value: object, item: Parameter) -> str | None:
    if isinstance(item.default, tuple):
        right = isinstance(value, tuple) and all(isinstance(name, str) and name.isupper() for name in value)
        return None if right else "is no list of symbols in capitals"
    if isinstance(item.default, bool) or isinstance(value, bool):
        return None if isinstance(value, bool) and isinstance(item.default, bool) else "is of the wrong type"
    if isinstance(item.default, str):
        if not isinstance(value, str):
            return "is no text"
        if item.wall_time and wall_time(value) is None:
            return 'is no New York time such as "10:31" or "10:31:30"'
    elif not isinstance(value, int | float):
        return "is no number"
    elif item.minimum is not None and value < item.minimum:
        return f"is less than {item.minimum:g}"
    if item.choices and value not in item.choices:
        return f"is none of {', '.join(str(choice) for choice in item.choices)}"
    return None


_SECONDS: Final = Parameter(default=0.0, minimum=0.0, meaning="how long it lasts; 0 = until cleared")
_SYMBOLS: Final = Parameter(default=(), meaning="only these symbols; none = all")
_COUNT: Final = Parameter(default=0.0, minimum=0.0, meaning="how many times; 0 = every time")
_REQUEST: Final = Parameter(default="", choices=REQUEST_KINDS[1:], required=True, meaning="the kind of request")
_CODE: Final = Parameter(default=0.0, choices=tuple(TEXTS), required=True, meaning="the error code")
_TEXT: Final = Parameter(default="", meaning="its text; empty = the usual one")

CATALOGUE: Final[dict[str, FaultKind]] = {
    "silence": FaultKind(meaning="sends nothing more on the open connections; new ones work"),
    "half_open": FaultKind(
        meaning="neither reads nor writes on the open connections, which stay open; new ones work", lasting=False
    ),
    "segments": FaultKind(
        meaning="cuts everything it writes into small pieces",
        parameters={"size": Parameter(default=7.0, minimum=1.0, meaning="bytes per piece")},
    ),
    "drop": FaultKind(
        meaning="closes every connection, with a request pending if one has triggered it",
        parameters={"reset": Parameter(default=False, meaning="by a reset instead of an orderly end")},
        lasting=False,
    ),
    "restart": FaultKind(meaning="closes every connection and rejects new ones, then starts again on the same port"),
    "two_factor": FaultKind(meaning="accepts new connections but does not answer their greeting"),
    "client_id_in_use": FaultKind(meaning="rejects every client id with 326, as after a restart of the client"),
    "unanswered": FaultKind(
        meaning="never answers a kind of request", parameters={"request": _REQUEST, "count": _COUNT}
    ),
    "refused": FaultKind(
        meaning="answers a kind of request with an error",
        parameters={"request": _REQUEST, "code": _CODE, "text": _TEXT, "count": _COUNT, "symbols": _SYMBOLS},
    ),
    "notice": FaultKind(
        meaning="sends a system message to every client", parameters={"code": _CODE, "text": _TEXT}, lasting=False
    ),
    "link_lost": FaultKind(
        meaning="loses IB's servers: 1100, no data, then 1101 (subscriptions gone) or 1102 (kept)",
        parameters={
            "returns": Parameter(default=1102.0, choices=(1101, 1102), meaning="the code when the link is back"),
            "silent": Parameter(default=False, meaning="after 1102 the old subscriptions stay silent"),
        },
    ),
    "farm_broken": FaultKind(
        meaning="breaks a farm: 2103 and no ticks, or 2105 and no bars; then 2104 or 2106",
        parameters={"farm": Parameter(default="data", choices=("data", "history"), meaning="which farm")},
    ),
    "competing_session": FaultKind(meaning="another login uses the live data: 10197, no ticks"),
    "no_permission": FaultKind(
        meaning=(
            "data is not subscribed: 354, 10089, 10168, 10186 nothing, 10167 delayed ticks, 10090, 10091 no greeks"
        ),
        parameters={
            "code": Parameter(default=354.0, choices=NO_PERMISSION, meaning="the error code"),
            "symbols": _SYMBOLS,
        },
    ),
    "delayed_only": FaultKind(
        meaning="only delayed data is subscribed: 10167 and delayed ticks for data type 3 or 4, else the code",
        parameters={
            "code": Parameter(default=10168.0, choices=NOT_SUBSCRIBED, meaning="the error code for live data"),
            "symbols": _SYMBOLS,
        },
    ),
    "late": FaultKind(
        meaning="answers requests for ticks and bars late",
        parameters={
            "delay": Parameter(default=10.0, minimum=0.0, meaning="seconds on the gateway's clock"),
            "symbols": _SYMBOLS,
        },
    ),
    "no_bid": FaultKind(meaning="options have no bid: -1, size 0", parameters={"symbols": _SYMBOLS}),
    "no_ticks": FaultKind(
        meaning="underlyings send no ticks, on old lines and on new ones", parameters={"symbols": _SYMBOLS}
    ),
    "crossed_quotes": FaultKind(
        meaning="bids are above asks",
        parameters={
            "of": Parameter(default="options", choices=("options", "underlyings"), meaning="of which contracts"),
            "symbols": _SYMBOLS,
        },
    ),
    "no_greeks": FaultKind(meaning="option computations come with every value unset", parameters={"symbols": _SYMBOLS}),
    "bad_price": FaultKind(
        meaning="prices of underlyings are unusable",
        parameters={
            "value": Parameter(default="nan", choices=("nan", "-1", "0", "inf"), meaning="what is sent instead"),
            "symbols": _SYMBOLS,
        },
    ),
    "stale_quotes": FaultKind(
        meaning="ticks show old values, with their time stamp, and never change",
        parameters={
            "minutes": Parameter(default=30.0, minimum=0.0, meaning="how old it was when it began"),
            "symbols": _SYMBOLS,
        },
    ),
    "open_interest": FaultKind(
        meaning="open interest is zero everywhere, or never arrives",
        parameters={
            "value": Parameter(default="zero", choices=("zero", "never"), meaning="which of both"),
            "symbols": _SYMBOLS,
        },
    ),
    "missing_strikes": FaultKind(
        meaning="some of the strikes nearest the money are silent",
        parameters={
            "count": Parameter(default=10.0, minimum=1.0, meaning="how many are silent"),
            "nearest": Parameter(default=41.0, minimum=1.0, meaning="of how many"),
            "symbols": _SYMBOLS,
        },
    ),
    "clock_skew": FaultKind(
        meaning="the gateway's own time is wrong",
        parameters={"by": Parameter(default=120.0, meaning="seconds ahead; negative = behind")},
    ),
    "day_change": FaultKind(
        meaning="the clock jumps to the next session",
        parameters={"time": Parameter(default="09:45", wall_time=True, meaning="New York time of the arrival")},
        lasting=False,
    ),
    "wrong_zone": FaultKind(
        meaning="bars are stamped in another zone's time",
        parameters={
            "zone": Parameter(
                default="US/Central", choices=("US/Central", "US/Pacific", "UTC", "Europe/London"), meaning="the zone"
            ),
            "as_text": Parameter(default=False, meaning="as text with the zone's name instead of a wrong epoch"),
            "symbols": _SYMBOLS,
        },
    ),
    "running_bar": FaultKind(
        meaning="whether bars up to now include the running one; a real gateway includes it, and so does this one",
        parameters={"included": Parameter(default=True, meaning="false leaves it out")},
    ),
    "repeated_bar": FaultKind(meaning="the newest complete bar is sent twice", parameters={"symbols": _SYMBOLS}),
    "bars_gap": FaultKind(
        meaning="bars are missing before the newest complete one",
        parameters={
            "count": Parameter(default=3.0, minimum=1.0, meaning="how many"),
            "symbols": _SYMBOLS,
        },
    ),
    "bad_bar": FaultKind(
        meaning="the newest complete bar has its high below its low", parameters={"symbols": _SYMBOLS}
    ),
    "clear": FaultKind(
        meaning="ends a lasting fault",
        parameters={"which": Parameter(default="", required=True, meaning="the name of the fault")},
        lasting=False,
    ),
}
