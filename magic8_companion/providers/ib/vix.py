"""The VIX: an index like the others, but one that another source can stand in for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable

_RETRYABLE: Final = frozenset({"timeout", "history_failed", "no_data", "missing_bars"})


async def vix_bars(ask: Callable[[], Awaitable[Bars]], attempts: int) -> Bars:
    """Return the first answer of at most ``attempts`` requests; a final refusal is not asked again.

    Raises
    ------
    DataUnavailable
        ``vix_not_asked`` with no attempt, else what IB said last.
    """
    failure = DataUnavailable("vix_not_asked", "M8C_VIX_IB_RETRY_COUNT is 0: the VIX must come from another source")
    for _ in range(attempts):
        try:
            return await ask()
        except DataUnavailable as refusal:
            failure = refusal
            if refusal.reason not in _RETRYABLE:
                break
    raise failure
