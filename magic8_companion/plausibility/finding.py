"""What is implausible, and by which numbers."""

from __future__ import annotations

from dataclasses import dataclass

from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.errors import DataUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Implausible:
    """The published reason, and one sentence with the numbers for log and rationale."""

    reason: ReasonCode
    sentence: str

    def refusal(self, symbol: str) -> DataUnavailable:
        """Return the error for whoever asked for these data."""
        return DataUnavailable(self.reason, f"{symbol}: {self.sentence}")
