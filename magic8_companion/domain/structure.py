"""The structure of a trade in words, and the side of a vertical: bull or bear follows from its right and action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from magic8_companion.domain.codes import Direction, VerticalSide

CALL: Final = "C"
PUT: Final = "P"
BUY: Final = "BUY"
SELL: Final = "SELL"
BULL: Final = VerticalSide.BULL
BEAR: Final = VerticalSide.BEAR
NEUTRAL: Final = Direction.NEUTRAL

DIRECTION_OF: Final[Mapping[VerticalSide, Direction]] = MappingProxyType(
    {BULL: Direction.BULLISH, BEAR: Direction.BEARISH}
)
"""The published direction of each side."""
SIDE_OF: Final[Mapping[str, VerticalSide]] = MappingProxyType(
    {direction: side for side, direction in DIRECTION_OF.items()}
)
"""The side of each direction that has one."""

UNSPECIFIED_VERTICALS: Final[Mapping[VerticalSide | None, str]] = MappingProxyType(
    {BULL: "bull vertical", BEAR: "bear vertical"}
)
"""The structure of a Vertical whose right is open, by its side."""

_DEBIT_STRUCTURES: Final = frozenset(
    {
        "butterfly",
        "call butterfly",
        "put butterfly",
        "call debit vertical",
        "put debit vertical",
        "bought iron condor",
        "bought iron butterfly",
    }
)

_RIGHT_NAME: Final = {CALL: "call", PUT: "put"}
_VERTICAL_LEGS, _BUTTERFLY_LEGS, _IRON_LEGS = 2, 3, 4
_IRON_CONDOR_STRIKES: Final = 4


class LegTerms(Protocol):
    """What a leg of a ticket says about its option."""

    @property
    def action(self) -> str:
        """Return BUY or SELL."""

    @property
    def right(self) -> str:
        """Return C or P."""

    @property
    def strike(self) -> float:
        """Return the strike in points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerticalSpread:
    """One of the four verticals: ``right`` C or P; ``action`` BUY for a debit, SELL for a credit.

    >>> VerticalSpread(right="C", action="BUY").side, VerticalSpread(right="C", action="SELL").side
    ('bull', 'bear')
    """

    right: str
    action: str

    def __post_init__(self) -> None:
        """Reject a right or an action that does not exist."""
        if self.right not in _RIGHT_NAME or self.action not in {BUY, SELL}:
            raise ValueError(f"vertical: {self.action} {self.right} is not BUY or SELL of C or P")

    @property
    def side(self) -> VerticalSide:
        """Return bull or bear: which way the market has to go."""
        return BULL if (self.right == CALL) == (self.action == BUY) else BEAR

    @property
    def structure(self) -> str:
        """Return the name, for example ``call debit vertical``."""
        return f"{_RIGHT_NAME[self.right]} {'debit' if self.action == BUY else 'credit'} vertical"


def vertical_of(legs: Sequence[LegTerms]) -> VerticalSpread | None:
    """Return the vertical that two legs form; None when they form no vertical."""
    if len(legs) != _VERTICAL_LEGS or legs[0].right != legs[1].right or legs[0].action == legs[1].action:
        return None
    low, high = sorted(legs, key=lambda leg: leg.strike)
    near = low if low.right == CALL else high
    return VerticalSpread(right=near.right, action=near.action)


def sells_premium(structure: str | None) -> bool:
    """Tell whether a structure is opened for a credit; a structure that leaves this open counts as one that is.

    >>> sells_premium("iron condor"), sells_premium("call debit vertical"), sells_premium("bull vertical")
    (True, False, True)
    """
    return structure not in _DEBIT_STRUCTURES


def structure_of(legs: Sequence[LegTerms]) -> str:
    """Return the name of the structure that the legs of a ticket form.

    Raises
    ------
    ValueError
        When they form no vertical, butterfly, iron butterfly or iron condor.
    """
    spread = vertical_of(legs)
    if spread is not None:
        return spread.structure
    rights = {leg.right for leg in legs}
    lowest = min(legs, key=lambda leg: leg.strike, default=None)
    if lowest is not None and len(legs) == _BUTTERFLY_LEGS and len(rights) == 1:
        return f"{'' if lowest.action == BUY else 'sold '}{_RIGHT_NAME[lowest.right]} butterfly"
    if lowest is not None and len(legs) == _IRON_LEGS and rights == {CALL, PUT}:
        condor = len({leg.strike for leg in legs}) == _IRON_CONDOR_STRIKES
        return f"{'' if lowest.action == BUY else 'bought '}iron {'condor' if condor else 'butterfly'}"
    text = ", ".join(f"{leg.action} {leg.strike:g} {leg.right}" for leg in legs)
    raise ValueError(f"ticket: the legs {text} form no vertical, butterfly or iron condor")
