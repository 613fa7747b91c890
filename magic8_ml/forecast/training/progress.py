"""How a training tells where it is, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Hears of each finished piece of work: ``done`` of ``total``, ``rows`` made so far in this stage."""

    def __call__(self, stage: str, done: int, total: int, rows: int) -> None:
        """Hear it; ``stage`` names what is being counted."""


def silent(stage: str, done: int, total: int, rows: int) -> None:
    """Listen to nothing."""
