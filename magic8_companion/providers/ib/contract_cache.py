"""Look up IB's contracts once per New York day.

An unknown contract is requested again with a growing pause, because IB's maintenance gives the same error (see
``refusals``).  Only an answer that fits is kept for the day: an empty or incomplete one counts as unknown.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import date
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import new_york_day
from magic8_companion.ports import Clock
from magic8_companion.providers.ib.codes import IBRefusal, unavailable
from magic8_companion.providers.ib.connection import Connection
from magic8_companion.providers.ib.contracts import Listed, Wanted, options_of, underlying
from magic8_companion.providers.ib.refusals import RefusalMemory
from magic8_companion.providers.ib.waiting import Deadline

NOT_LISTED: Final = 200

_log = logging.getLogger(__name__)


class ContractCache:
    """Looks up contracts and keeps them."""

    def __init__(self, clock: Clock, connection: Connection) -> None:
        self._clock, self._connection = clock, connection
        self._known: dict[Wanted, tuple[date, tuple[Listed, ...]]] = {}
        self._unknown = RefusalMemory[Wanted](clock, lambda: connection.good_news)
        self._locks: dict[Wanted, asyncio.Lock] = {}

    async def underlying(self, symbol: str, deadline: Deadline) -> Listed:
        """Return the contract of a symbol.

        Raises
        ------
        DataUnavailable
            ``contract_unknown`` when IB lists none, or more than one; or the reason why IB is unavailable.
        """
        wanted = underlying(symbol)

        def fitting(found: tuple[Listed, ...]) -> tuple[Listed, ...]:
            return found if len(found) == 1 else ()

        return (await self._find(wanted, "contract_unknown", fitting, deadline))[0]

    async def options(self, symbol: str, expiry: date, deadline: Deadline) -> tuple[Listed, ...]:
        """Return every option of the daily class that expires on that day, calls and puts.

        Raises
        ------
        DataUnavailable
            ``no_0dte_chain`` when none does, ``unknown_product``, or the reason why IB is unavailable.
        """
        wanted = options_of(symbol, expiry)

        def fitting(found: tuple[Listed, ...]) -> tuple[Listed, ...]:
            return tuple(item for item in found if item.expiry == expiry and item.trading_class == wanted.trading_class)

        return await self._find(wanted, "no_0dte_chain", fitting, deadline)

    async def _find(
        self,
        wanted: Wanted,
        reason: str,
        fitting: Callable[[tuple[Listed, ...]], tuple[Listed, ...]],
        deadline: Deadline,
    ) -> tuple[Listed, ...]:
        async with self._locks.setdefault(wanted, asyncio.Lock()):
            today = new_york_day(self._clock.now())
            requested_on, found = self._known.get(wanted, (None, ()))
            if requested_on == today:
                return found
            self._unknown.require_due(wanted)
            answer = await self._request(wanted, deadline)
            found = fitting(answer)
            if not found:
                failure = DataUnavailable(reason, _why_unknown(wanted, len(answer)))
                self._unknown.keep(wanted, failure)
                raise failure
            self._known[wanted] = (today, found)
            if self._unknown.forget(wanted):
                _log.info("IB lists %s again", wanted)
            return found

    async def _request(self, wanted: Wanted, deadline: Deadline) -> tuple[Listed, ...]:
        try:
            return await self._connection.ask(str(wanted), lambda gateway: gateway.contracts(wanted), deadline)
        except IBRefusal as refusal:
            if refusal.code != NOT_LISTED:
                raise unavailable(str(wanted), refusal) from refusal
            return ()


def _why_unknown(wanted: Wanted, n_answers: int) -> str:
    return f"IB lists {n_answers} contracts for {wanted}, and none fits" if n_answers else f"IB lists no {wanted}"
