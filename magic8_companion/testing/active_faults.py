"""Track the lasting faults that are on, and the symbols they affect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from magic8_companion.testing.faults import CATALOGUE, Fault


@dataclass(slots=True, kw_only=True)
class ActiveFault:
    """A fault that is on; ``uses_left`` counts the requests that it still affects, None = all."""

    fault: Fault
    since: datetime
    until: datetime | None
    uses_left: int | None


class ActiveFaults:
    """The lasting faults; of two with the same name the later one wins where both affect a symbol."""

    def __init__(self) -> None:
        self._active: list[ActiveFault] = []

    def begin(self, fault: Fault, now: datetime) -> ActiveFault:
        """Switch a lasting fault on."""
        seconds = fault.number("seconds")
        uses = int(fault.number("count")) if "request" in fault.parameters else 0
        active_fault = ActiveFault(
            fault=fault,
            since=now,
            until=now + timedelta(seconds=seconds) if seconds else None,
            uses_left=uses or None,
        )
        self._active.append(active_fault)
        return active_fault

    def end(self, name: str) -> list[ActiveFault]:
        """Switch every fault of a name off and return them."""
        return self._remove([item for item in self._active if item.fault.name == name])

    def end_due(self, now: datetime) -> list[ActiveFault]:
        """Switch off the expired faults and return them."""
        return self._remove([item for item in self._active if item.until is not None and now >= item.until])

    def find(self, name: str, symbol: str = "") -> ActiveFault | None:
        """Return the newest fault of a name that affects a symbol."""
        for item in reversed(self._active):
            if item.fault.name == name and (not symbol or item.fault.concerns(symbol)):
                return item
        return None

    def use(self, name: str, request: str, symbol: str = "") -> Fault | None:
        """Return the fault that affects a request, and count it down."""
        for item in self._active:
            if item.fault.name != name or item.fault.text("request") != request:
                continue
            if symbol and not item.fault.concerns(symbol):
                continue
            if item.uses_left is not None:
                item.uses_left -= 1
                if not item.uses_left:
                    self._active.remove(item)
            return item.fault
        return None

    def names(self) -> tuple[str, ...]:
        """Return the names of the faults that are on."""
        return tuple(item.fault.name for item in self._active)

    def _remove(self, ended: list[ActiveFault]) -> list[ActiveFault]:
        for item in ended:
            self._active.remove(item)
        return ended


def lasts(fault: Fault) -> bool:
    """Return whether a fault lasts."""
    return CATALOGUE[fault.name].lasting
