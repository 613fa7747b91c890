"""What plugins saw of each symbol last: for the journal, and to know what was seen before the wall time was set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    digest: str
    clock_steps: int


class SeenInputs:
    """The digest of each symbol's last observation, and how often the wall time had been set when it began."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def note(self, symbol: str, digest: str, clock_steps: int) -> None:
        """Note an observation."""
        self._seen[symbol] = _Seen(digest=digest, clock_steps=clock_steps)

    def digests(self, symbols: Iterable[str]) -> dict[str, str]:
        """Return the digests of the symbols that were observed."""
        return {symbol: self._seen[symbol].digest for symbol in symbols if symbol in self._seen}

    def is_of_another_clock(self, symbols: Iterable[str], clock_steps: int) -> bool:
        """Return whether the wall time has been set since one of the symbols was observed."""
        return any(self._seen[symbol].clock_steps != clock_steps for symbol in symbols if symbol in self._seen)
