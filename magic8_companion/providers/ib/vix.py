"""Read the VIX with a limited number of attempts, because another source can replace it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable

_RETRYABLE: Final = frozenset({"timeout", "history_failed", "no_data", "missing_bars"})


async def vix_bars(ask: Callable[[], Awaitable[Bars]], attempts: int) -> Bars:
    """Return the first answer of at most ``attempts`` requests; a final rejection is not repeated.

    Raises
    ------
    DataUnavailable
        ``vix_not_asked`` if ``attempts`` is 0, else the last reason of IB.
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
