"""The structures that are traded, as signed legs: butterflies, condors and verticals.

Strikes may be in any order.  Action and right determine which legs are bought.

=================  =========================================================================
Butterfly          +1 low, -2 middle, +1 high, all calls or all puts; BUY owns the wings
iron butterfly     a Butterfly of CALL/PUT: an iron condor whose two middle strikes are one; SELL takes the credit
Iron_Condor        four strikes low to high: put wing, put, call, call wing; SELL takes the credit.  Put and call may
                   share one strike, the body, which is then given twice: an iron butterfly
Vertical           BUY call owns the lower strike, BUY put the higher one; SELL is the reverse
=================  =========================================================================

Wings may be unequal in every structure.  Sonar is an iron condor.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Final

from magic8_companion.domain.errors import OrderRefused
from magic8_companion.domain.strategy import BUTTERFLY, IRON_CONDOR, VERTICAL, canonical_strategy
from magic8_companion.options.payoff import Leg

Legs = tuple[Leg, ...]

STRIKE_COUNT: Final = {BUTTERFLY: 3, IRON_CONDOR: 4, VERTICAL: 2}
_SIGN: Final = {"BUY": 1, "BOT": 1, "BOUGHT": 1, "SELL": -1, "SOLD": -1, "SLD": -1}
_RIGHT: Final = {"C": "C", "CALL": "C", "P": "P", "PUT": "P"}
_SPREAD_RIGHT: Final = {"callspread": "C", "putspread": "P"}
WIDEST: Final = 1.5
"""The highest strike of a structure of one day is at most this multiple of its lowest."""

_SAME_WIDTH: Final = 1e-9
_BOTH: Final = frozenset({"CALL/PUT", "PUT/CALL", "C/P", "P/C"})
_IRON_BUTTERFLY: Final = frozenset({"ironbutterfly", "ironfly"})


def butterfly(strikes: Sequence[float], right: str, sign: int = 1) -> Legs:
    """Return low, middle, high of one right; ``sign`` +1 owns the wings, -1 sells them."""
    low, middle, high = _sorted(strikes, 3)
    return (
        Leg(right=right, strike=low, quantity=sign),
        Leg(right=right, strike=middle, quantity=-2 * sign),
        Leg(right=right, strike=high, quantity=sign),
    )


def iron_condor(strikes: Sequence[float], sign: int = -1) -> Legs:
    """Return put wing, short put, short call, call wing; ``sign`` -1 sells the condor for a credit.

    Two equal strikes in the middle make it an iron butterfly.
    """
    low_wing, put, call, high_wing = _sorted(strikes, 4, body_twice=True)
    return _iron(low_wing, put, call, high_wing, sign)


def iron_butterfly(strikes: Sequence[float], sign: int = -1) -> Legs:
    """Return put wing, short put and short call at one body, call wing; ``sign`` -1 sells it for a credit."""
    low, body, high = _sorted(strikes, 3)
    return _iron(low, body, body, high, sign)


def vertical(strikes: Sequence[float], right: str, sign: int = 1) -> Legs:
    """Return lower and higher strike; ``sign`` +1 owns the nearer one (debit), -1 sells it (credit)."""
    low, high = _sorted(strikes, 2)
    lower = sign if right == "C" else -sign
    return Leg(right=right, strike=low, quantity=lower), Leg(right=right, strike=high, quantity=-lower)


def build(strategy: str, strikes: Sequence[float], action: str, right: str | None = None) -> Legs:
    """Return the legs of an order as people write it; an "Iron Butterfly" is a Butterfly of CALL/PUT.

    ``right`` may be None where it makes no difference (Iron_Condor, a Butterfly of equal wings) or the strategy names
    it (Call_Spread, Put_Spread).

    Raises
    ------
    OrderRefused
        ``unknown_strategy``, ``unknown_action``, ``unknown_right``, ``missing_right``, ``strike_count``,
        ``strikes_not_distinct`` or ``bad_number``.

    >>> [(leg.action, leg.right, leg.strike) for leg in build("Vertical", [5820, 5815], "SELL", "PUT")]
    [('BUY', 'P', 5815.0), ('SELL', 'P', 5820.0)]
    """
    letters = "".join(letter for letter in strategy.casefold() if letter.isalpha())
    iron = letters in _IRON_BUTTERFLY
    name, sign = BUTTERFLY if iron else canonical_strategy(strategy), action_sign(action)
    if name not in STRIKE_COUNT:
        raise OrderRefused("unknown_strategy", f"{strategy!r} is none of {', '.join(STRIKE_COUNT)}")
    if name == IRON_CONDOR:
        return iron_condor(strikes, sign)
    written = "" if right is None else right.strip().upper()
    if iron or (name == BUTTERFLY and written in _BOTH):
        return iron_butterfly(strikes, sign)
    letter = _right_of(letters, written) or ("C" if name == BUTTERFLY and _has_equal_wings(strikes) else None)
    if letter is None:
        raise OrderRefused("missing_right", f"{strategy} {'/'.join(f'{k:g}' for k in strikes)} needs CALL or PUT")
    return butterfly(strikes, letter, sign) if name == BUTTERFLY else vertical(strikes, letter, sign)


def _right_of(letters: str, written: str) -> str | None:
    if written and written not in _RIGHT:
        raise OrderRefused("unknown_right", f"{written!r} is neither CALL nor PUT")
    named, given = _SPREAD_RIGHT.get(letters), _RIGHT.get(written)
    if named and given and named != given:
        raise OrderRefused("unknown_right", f"the right {written} contradicts the strategy's name")
    return named or given


def _has_equal_wings(strikes: Sequence[float]) -> bool:
    low, middle, high = _sorted(strikes, 3)
    return abs((middle - low) - (high - middle)) < _SAME_WIDTH


def action_sign(action: str) -> int:
    """Return +1 for BUY (BOT, BOUGHT), -1 for SELL (SOLD, SLD).

    >>> action_sign("bot"), action_sign("SELL")
    (1, -1)
    """
    sign = _SIGN.get(action.strip().upper())
    if sign is None:
        raise OrderRefused("unknown_action", f"{action!r} is neither BUY nor SELL")
    return sign


def _iron(low_wing: float, put: float, call: float, high_wing: float, sign: int) -> Legs:
    return (
        Leg(right="P", strike=low_wing, quantity=-sign),
        Leg(right="P", strike=put, quantity=sign),
        Leg(right="C", strike=call, quantity=sign),
        Leg(right="C", strike=high_wing, quantity=-sign),
    )


def _sorted(strikes: Sequence[float], count: int, *, body_twice: bool = False) -> list[float]:
    if len(strikes) != count:
        raise OrderRefused("strike_count", f"{count} strikes are needed, not {len(strikes)}")
    ordered = sorted(map(float, strikes))
    if not (isfinite(sum(ordered)) and ordered[0] > 0):
        raise OrderRefused("bad_number", f"strikes must be positive numbers, not {strikes}")
    distinct = len(set(ordered))
    if distinct != count and not (body_twice and distinct == count - 1 and ordered[1] == ordered[2]):
        raise OrderRefused(
            "strikes_not_distinct",
            f"strikes must differ (an iron condor may repeat its middle), not {strikes}",
        )
    return ordered
