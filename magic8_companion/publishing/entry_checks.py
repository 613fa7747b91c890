"""Check an entry before publication: its name, side, direction and ticket must describe one trade."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from magic8_companion.domain.errors import PublishError
from magic8_companion.domain.recommendation import Entry
from magic8_companion.domain.strategy import BUTTERFLY, FIVE_MINUTE_SUFFIX, IRON_CONDOR, VERTICAL
from magic8_companion.domain.structure import NEUTRAL, SIDE_OF, UNSPECIFIED_VERTICALS

_STRUCTURE_SUFFIX: Final[Mapping[str, str]] = {VERTICAL: "vertical", BUTTERFLY: "butterfly", IRON_CONDOR: "condor"}


def require_consistent(name: str, entry: Entry) -> None:
    """Check an entry under its key; ``Entry`` checks what does not need the name.

    Raises
    ------
    PublishError
        Naming the entry and the contradiction.
    """
    problem = _problem(name.removesuffix(FIVE_MINUTE_SUFFIX), entry)
    if problem is not None:
        raise PublishError(f"{name}: {problem}. The document is not published.")


def _problem(strategy: str, entry: Entry) -> str | None:
    if entry.ticket is not None and entry.structure is None:
        return "a ticket without structure"
    if entry.structure is not None and not entry.structure.endswith(_STRUCTURE_SUFFIX[strategy]):
        return f"structure {entry.structure} belongs to another strategy"
    if strategy != VERTICAL:
        sided = entry.side is not None or entry.direction not in {None, NEUTRAL}
        return f"direction {entry.direction}, side {entry.side} of a trade without side" if sided else None
    if entry.structure is not None and entry.right is None and entry.structure not in UNSPECIFIED_VERTICALS.values():
        return f"structure {entry.structure} without right and action"
    if SIDE_OF.get(entry.direction or "", entry.side) != entry.side:
        return f"direction {entry.direction} contradicts side {entry.side}"
    return "a tradable Vertical without side" if entry.should_trade and entry.side is None else None
