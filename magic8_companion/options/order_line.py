"""Write an order as the line that Magic8 posts.

The legs determine the line.  Each structure has a fixed order of strikes:

===============  ==============================================  ===============================================
structure        SELL                                            BUY
===============  ==============================================  ===============================================
Iron Condor      short call/long call/short put/long put         long call/short call/long put/short put
Butterfly        high/body/low                                   high/body/low
Vertical         short strike/long strike                        long strike/short strike
===============  ==============================================  ===============================================

An iron butterfly is an Iron Condor whose short (if bought, long) strikes are one: body/high/body/low.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from magic8_companion.domain.errors import OrderRefused
from magic8_companion.options.payoff import Leg

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Months as lines write them, independent of the locale."""

_RIGHT: Final = {"C": "CALL", "P": "PUT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Optional words of a line.

    ``name`` replaces the structure's own (Sonar), ``action`` replaces BUY or SELL with a word of the same side (BOT,
    SOLD).
    """

    name: str | None = None
    action: str | None = None
    weekly: bool = False
    opening_settlement: bool = False
    order_type: str | None = "LMT"
    exchange: str | None = None

    @property
    def cycle(self) -> str:
        """Return what stands between multiplier and date."""
        return "(AM)" if self.opening_settlement else "(Weeklys)" if self.weekly else ""


PLAIN: Final = Wording()


class _Structure(NamedTuple):
    name: str
    bought: bool
    quantity: int
    strikes: tuple[float, ...]
    right: str


def order_line(
    symbol: str,
    legs: Sequence[Leg],
    limit_price: float,
    expiry: date,
    *,
    multiplier: int = 100,
    wording: Wording = PLAIN,
) -> str:
    """Return the line of an order; a limit price above 0 is a credit, the legs may come in any order.

    A price against its action states its effect: ``BUY ... @-0.9cr``, ``SELL ... @0.9db``.

    Raises
    ------
    OrderRefused
        ``ambiguous_structure`` when the legs are no butterfly, iron condor, iron butterfly or vertical.

    >>> from magic8_companion.options.structures import iron_condor, vertical
    >>> order_line("SPX", iron_condor([6200, 6205, 6280, 6285]), 0.85, date(2025, 7, 9))
    'SELL -1 Iron Condor SPX 100 9 Jul 25 6280/6285/6205/6200 CALL/PUT @0.85 LMT'
    >>> order_line("SPX", vertical([7630, 7675], "P"), -12.5, date(2026, 9, 4))
    'BUY +1 Vertical SPX 100 4 Sep 26 7675/7630 PUT @12.5 LMT'
    """
    trade = _structure(legs)
    parts = [
        wording.action or ("BUY" if trade.bought else "SELL"),
        f"{'+' if trade.bought else '-'}{trade.quantity}",
        wording.name or trade.name,
        symbol,
        str(multiplier),
        wording.cycle,
        written_date(expiry),
        _joined(trade.strikes),
        trade.right,
        f"@{_price(limit_price, bought=trade.bought)}",
        wording.order_type or "",
        wording.exchange or "",
    ]
    return " ".join(part for part in parts if part)


def short_order_line(
    symbol: str,
    legs: Sequence[Leg],
    limit_price: float,
    day: str,
    *,
    multiplier: int = 100,
    right_is_open: bool = False,
    wording: Wording = PLAIN,
) -> str:
    """Return the short form, which may leave the year and a butterfly's right open.

    Parameters
    ----------
    day
        The date as far as it is known, such as ``15 Nov``.

    Raises
    ------
    OrderRefused
        As in :func:`order_line`.

    >>> from magic8_companion.options.structures import vertical
    >>> short_order_line("SPX", vertical([5900, 5950], "C", -1), 1.5, "15 Nov")
    'SELL 1 SPX 15 Nov 5900/5950 Call Vertical for 1.5 credit LMT'
    """
    trade = _structure(legs)
    parts = [
        wording.action or ("BUY" if trade.bought else "SELL"),
        str(trade.quantity),
        symbol,
        "" if multiplier == 100 and not wording.cycle else str(multiplier),
        wording.cycle,
        day,
        _joined(trade.strikes),
        "" if right_is_open or "/" in trade.right else trade.right.title(),
        wording.name or trade.name,
        f"for {write_price(abs(limit_price))}",
        "credit" if limit_price > 0 else "debit",
        wording.order_type or "",
        wording.exchange or "",
    ]
    return " ".join(part for part in parts if part)


def written_strikes(legs: Sequence[Leg]) -> str:
    """Return the strikes of a trade in the order that Magic8 writes.

    Raises
    ------
    OrderRefused
        As in :func:`order_line`.

    >>> from magic8_companion.options.structures import butterfly
    >>> written_strikes(butterfly([5805, 5855, 5905], "C"))
    '5905/5855/5805'
    """
    return _joined(_structure(legs).strikes)


def written_date(day: date) -> str:
    """Return a date as lines write it.

    >>> written_date(date(2025, 7, 9))
    '9 Jul 25'
    """
    return f"{day.day} {MONTHS[day.month - 1]} {day:%y}"


def write_price(value: float) -> str:
    """Return a price as Magic8 writes it: all its decimals, and one at least.

    >>> write_price(0.9), write_price(24.82), write_price(30)
    ('0.9', '24.82', '30.0')
    """
    text = f"{value:.6f}".rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def write_strike(value: float) -> str:
    """Return the shortest text of a strike.

    >>> write_strike(5905.0), write_strike(252.5)
    ('5905', '252.5')
    """
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _price(limit_price: float, *, bought: bool) -> str:
    text = write_price(abs(limit_price))
    if limit_price == 0 or bought == (limit_price < 0):
        return text
    return f"-{text}cr" if bought else f"{text}db"


def _joined(strikes: Sequence[float]) -> str:
    return "/".join(map(write_strike, strikes))


def _structure(legs: Sequence[Leg]) -> _Structure:
    total: dict[tuple[str, float], int] = defaultdict(int)
    for leg in legs:
        total[leg.right, leg.strike] += leg.quantity
    # from the middle outwards: calls rise and puts fall, so that the first of a pair says which side the trade is on
    calls, puts = (_outwards(total, right) for right in "CP")
    found = _iron_condor(calls, puts) if calls and puts else _one_right(calls or puts, "C" if calls else "P")
    if found is None:
        written = ", ".join(f"{leg.action} {abs(leg.quantity)} {_RIGHT[leg.right]} {leg.strike:g}" for leg in legs)
        raise OrderRefused(
            "ambiguous_structure",
            f"the legs ({written}) are no butterfly, iron condor or vertical; write them as separate orders",
        )
    return found


def _outwards(total: dict[tuple[str, float], int], right: str) -> list[tuple[float, int]]:
    held = [(strike, quantity) for (its_right, strike), quantity in total.items() if its_right == right and quantity]
    return sorted(held, reverse=right == "P")


def _iron_condor(calls: list[tuple[float, int]], puts: list[tuple[float, int]]) -> _Structure | None:
    strikes, signed = zip(*calls, *puts, strict=True)
    first = signed[0]
    if (len(calls), len(puts)) != (2, 2) or signed != (first, -first, first, -first) or strikes[2] > strikes[0]:
        return None
    return _Structure("Iron Condor", first > 0, abs(first), strikes, "CALL/PUT")


def _one_right(held: list[tuple[float, int]], right: str) -> _Structure | None:
    strikes, signed = tuple(strike for strike, _ in held), tuple(quantity for _, quantity in held)
    first = signed[0] if signed else 0
    if len(signed) == 2 and signed == (first, -first):
        return _Structure("Vertical", first > 0, abs(first), strikes, _RIGHT[right])
    if len(signed) == 3 and signed == (first, -2 * first, first):
        return _Structure("Butterfly", first > 0, abs(first), tuple(sorted(strikes, reverse=True)), _RIGHT[right])
    return None
