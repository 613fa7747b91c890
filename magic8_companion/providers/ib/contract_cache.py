"""Look up IB's contracts once per New York day.

An unknown contract is requested once more after a minute, because IB's maintenance gives the same error.  After that it
stays unknown until the day or the connection changes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import new_york_day
from magic8_companion.ports import Clock
from magic8_companion.providers.ib.codes import IBRefusal, unavailable
from magic8_companion.providers.ib.connection import Connection
from magic8_companion.providers.ib.contracts import Listed, Wanted, options_of, underlying
from magic8_companion.providers.ib.waiting import Deadline

ASK_AGAIN: Final = timedelta(seconds=60)
NOT_LISTED: Final = 200


@dataclass(slots=True, kw_only=True)
class _Miss:
    at: datetime
    epoch: tuple[date, int]
    times: int


class ContractCache:
    """Looks up contracts and keeps them."""

    def __init__(self, clock: Clock, connection: Connection) -> None:
        self._clock, self._connection = clock, connection
        self._known: dict[Wanted, tuple[date, tuple[Listed, ...]]] = {}
        self._misses: dict[Wanted, _Miss] = {}
        self._locks: dict[Wanted, asyncio.Lock] = {}

    async def underlying(self, symbol: str, deadline: Deadline) -> Listed:
        """Return the contract of a symbol.

        Raises
        ------
        DataUnavailable
            ``contract_unknown`` when IB lists none, or more than one; or the reason why IB is unavailable.
        """
        wanted = underlying(symbol)
        found = await self._find(wanted, "contract_unknown", deadline)
        if len(found) > 1:
            raise DataUnavailable("contract_unknown", f"IB lists {len(found)} contracts for {wanted}")
        return found[0]

    async def options(self, symbol: str, expiry: date, deadline: Deadline) -> tuple[Listed, ...]:
        """Return every option of the daily class that expires on that day, calls and puts.

        Raises
        ------
        DataUnavailable
            ``no_0dte_chain`` when none does, ``unknown_product``, or the reason why IB is unavailable.
        """
        wanted = options_of(symbol, expiry)
        found = await self._find(wanted, "no_0dte_chain", deadline)
        fitting = [item for item in found if item.expiry == expiry and item.trading_class == wanted.trading_class]
        if not fitting:
            raise DataUnavailable("no_0dte_chain", f"IB lists no {wanted}")
        return tuple(fitting)

    async def _find(self, wanted: Wanted, reason: str, deadline: Deadline) -> tuple[Listed, ...]:
        async with self._locks.setdefault(wanted, asyncio.Lock()):
            today = new_york_day(self._clock.now())
            requested_on, found = self._known.get(wanted, (None, ()))
            if requested_on == today:
                return found
            self._refuse_what_stays_unknown(wanted, reason, today)
            try:
                found = await self._connection.ask(str(wanted), lambda gateway: gateway.contracts(wanted), deadline)
            except IBRefusal as refusal:
                if refusal.code != NOT_LISTED:
                    raise unavailable(str(wanted), refusal) from refusal
                self._miss(wanted, today)
                raise DataUnavailable(reason, f"IB lists no {wanted}") from refusal
            self._known[wanted] = (today, found)
            self._misses.pop(wanted, None)
            return found

    def _refuse_what_stays_unknown(self, wanted: Wanted, reason: str, today: date) -> None:
        miss = self._misses.get(wanted)
        if miss is None or miss.epoch != self._epoch(today):
            return
        if miss.times > 1 or self._clock.now() - miss.at < ASK_AGAIN:
            raise DataUnavailable(reason, f"IB lists no {wanted}")

    def _miss(self, wanted: Wanted, today: date) -> None:
        epoch, before = self._epoch(today), self._misses.get(wanted)
        times = before.times + 1 if before is not None and before.epoch == epoch else 1
        self._misses[wanted] = _Miss(at=self._clock.now(), epoch=epoch, times=times)

    def _epoch(self, today: date) -> tuple[date, int]:
        return today, self._connection.connects
