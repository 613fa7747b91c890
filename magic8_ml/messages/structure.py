"""Validate the structure of an order: strikes and right of its strategy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from magic8_companion.domain.strategy import BUTTERFLY, IRON_CONDOR, SONAR, VERTICAL
from magic8_companion.options.products import product
from magic8_companion.options.structures import WIDEST
from magic8_ml.messages.values import Refusal

ACTIONS: Final = frozenset({"BUY", "BOT", "SELL", "SOLD"})
BOUGHT: Final = frozenset({"BUY", "BOT"})
IRON_BUTTERFLY: Final = "Iron_Butterfly"
CONDORS: Final = frozenset({IRON_CONDOR, SONAR})
_BODY_TWICE: Final = CONDORS | {IRON_BUTTERFLY}
_CONDOR_LEGS: Final = 4
STRIKE_COUNT: Final = {VERTICAL: 2, BUTTERFLY: 3, IRON_BUTTERFLY: 3, IRON_CONDOR: 4, SONAR: 4}
BOTH_RIGHTS: Final = "CALL/PUT"
PUTS_FIRST: Final = "PUT/CALL"

_STRATEGY_NAMES: Final = {
    "butterfly": BUTTERFLY,
    "brokenbutterfly": BUTTERFLY,
    "brokenwingbutterfly": BUTTERFLY,
    "ironbutterfly": IRON_BUTTERFLY,
    "ironcondor": IRON_CONDOR,
    "condor": IRON_CONDOR,
    "sonar": SONAR,
    "vertical": VERTICAL,
    "verticalspread": VERTICAL,
    "callspread": VERTICAL,
    "putspread": VERTICAL,
}
_NON_LETTERS: Final = re.compile(r"[^a-z]+")


@lru_cache(maxsize=256)
def strategy_named(name: str) -> str | None:
    """Return the canonical name of a strategy as people write it, None if unknown.

    >>> strategy_named("Iron_Condor"), strategy_named("put spread"), strategy_named("Sonar"), strategy_named("strangle")
    ('Iron_Condor', 'Vertical', 'Sonar', None)
    """
    return _STRATEGY_NAMES.get(_NON_LETTERS.sub("", name.casefold()))


def traded_as(strategy: str, strikes: Sequence[float]) -> tuple[str, tuple[float, ...]]:
    """Return strategy and strikes as in history and models.

    Magic8 treats an iron butterfly as an Iron_Condor with two legs at the body, so three strikes become four.

    >>> traded_as("Iron_Butterfly", [5800, 5900, 6000])
    ('Iron_Condor', (5900, 6000, 5900, 5800))
    """
    if strategy != IRON_BUTTERFLY:
        return strategy, tuple(strikes)
    low, body, high = sorted(set(strikes))
    return IRON_CONDOR, (body, high, body, low)


def option_type(strategy: str, strikes: Sequence[float], right: str | None, *, short_form: bool = False) -> str | None:
    """Return CALL, PUT or CALL/PUT, or None for a butterfly whose right may stay open.

    The order of the strikes is free, with one exception: with an explicit CALL/PUT and four strikes that do not
    ascend, a first pair below the second one means puts above the calls, which is refused.  The middle strikes of a
    condor may be equal, which makes it an iron butterfly; its name with three strikes, or with the body twice, is also
    accepted.  A butterfly with equal wings pays the same in calls and puts, so the short form may omit its right.

    Raises
    ------
    Refusal
        ``strike_count``, ``strikes_not_distinct``, ``missing_right`` or ``ambiguous_structure``.

    >>> option_type("Vertical", [5820, 5815], "PUT"), option_type("Iron_Condor", [5905, 5910, 5780, 5775], None)
    ('PUT', 'CALL/PUT')
    """
    needed = STRIKE_COUNT[strategy]
    doubled = len(strikes) == _CONDOR_LEGS and strategy in _BODY_TWICE and _has_body_twice(strikes)
    if len(strikes) != needed and not doubled:
        raise Refusal("strike_count", f"{strategy} needs {needed} strikes, not {len(strikes)}")
    if len(set(strikes)) != needed and not doubled:
        raise Refusal("strikes_not_distinct", f"{strategy} needs {needed} different strikes")
    if strategy in CONDORS:
        _check_condor(strikes, right)
        return BOTH_RIGHTS
    if strategy == IRON_BUTTERFLY:
        if right in {"CALL", "PUT"}:
            raise Refusal("unknown_strategy", f"an iron butterfly has calls and puts, not {right} alone")
        return BOTH_RIGHTS
    if right in {BOTH_RIGHTS, PUTS_FIRST}:
        raise Refusal("ambiguous_structure", f"{strategy} has calls or puts, not both")
    if right is None and not (short_form and strategy == BUTTERFLY and _wings_are_equal(strikes)):
        raise Refusal("missing_right", f"{strategy} needs CALL or PUT")
    return right


def require_plausible_strikes(strikes: Sequence[float], symbol: str) -> None:
    """Refuse strikes that no structure of one day has.

    Raises
    ------
    Refusal
        ``bad_number`` when they are outside the symbol's range, or the highest is more than half above the lowest.
    """
    lowest, highest = min(strikes), max(strikes)
    possible = product(symbol).possible_strikes
    if lowest < possible[0] or highest > possible[1]:
        raise Refusal("bad_number", f"{symbol} has no strikes of {lowest:g} to {highest:g}")
    if highest > WIDEST * lowest:
        raise Refusal("bad_number", f"no structure of one day reaches from {lowest:g} to {highest:g}")


def _wings_are_equal(strikes: Sequence[float]) -> bool:
    low, middle, high = sorted(strikes)
    return abs((middle - low) - (high - middle)) < 1e-9


def _has_body_twice(strikes: Sequence[float]) -> bool:
    low, body, again, high = sorted(strikes)
    return low < body == again < high


def _check_condor(strikes: Sequence[float], right: str | None) -> None:
    if right is None:
        return
    if right not in {BOTH_RIGHTS, PUTS_FIRST}:
        raise Refusal("ambiguous_structure", "an iron condor has calls and puts")
    calls, puts = (strikes[2:], strikes[:2]) if right == PUTS_FIRST else (strikes[:2], strikes[2:])
    if max(calls) < min(puts) and list(strikes) != sorted(strikes):
        raise Refusal("ambiguous_structure", "the puts are above the calls")
