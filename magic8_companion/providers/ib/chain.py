"""Read today's options of one symbol: one request for all contracts, then one line per option near the money.

Chains are read one after the other, so that the quotes of one are as close together as the message rate allows.  A line
is released as soon as it is complete, and the next option uses it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import DELAYED, LIVE
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.trading_day import new_york_day, new_york_label, previous_session, require_session
from magic8_companion.options.products import product
from magic8_companion.ports import Clock
from magic8_companion.providers.ib.chain_rows import OptionLines, chain_rows
from magic8_companion.providers.ib.codes import Effect, effect_of, unavailable
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.connection import Connection
from magic8_companion.providers.ib.contract_cache import ContractCache
from magic8_companion.providers.ib.contracts import CALL, Listed
from magic8_companion.providers.ib.feed import Feed
from magic8_companion.providers.ib.gateway import Gateway
from magic8_companion.providers.ib.quotes import OLDEST, MarketDataLine
from magic8_companion.providers.ib.waiting import Deadline, Notifier, until
from magic8_companion.steady_clock import SteadyClock

SOURCE: Final = "ib"
LEAST_ANSWERED: Final = 0.5
"""A chain is rejected when fewer options than this share answer."""

_VOLUME_AND_VOLATILITY: Final = "100,106"
_WITH_OPEN_INTEREST: Final = "100,101,106"
_NO_ANSWER: Final = (Effect.NOT_SUBSCRIBED, Effect.COMPETING_SESSION)


@dataclass(slots=True, kw_only=True)
class _OpenInterest:
    """Last night's open interest, valid for one day."""

    day: date
    by_contract: dict[int, int]


class Chains:
    """Answers ``get_option_chain``."""

    def __init__(
        self, clock: Clock, options: IBConfig, connection: Connection, book: ContractCache, feed: Feed
    ) -> None:
        self._clock, self._steady, self._options = clock, SteadyClock(clock), options
        self._connection, self._book, self._feed = connection, book, feed
        self._one_at_a_time = asyncio.Lock()
        self._interest: dict[str, _OpenInterest] = {}

    async def envelope(self, symbol: str, deadline: Deadline) -> dict[str, Any]:
        """Return the chain as the envelope of the host contract, with one key more: ``completeness``.

        Raises
        ------
        DataUnavailable
            ``no_0dte_chain``, ``market_closed``, ``unknown_product``, ``no_permission``, ``chain_incomplete``,
            ``competing_session``, or the reason why spot or contracts are missing.
        """
        day = new_york_day(self._clock.now())
        self._require_trading(symbol, day)
        patience = Deadline(self._clock, self._options.request_timeout_seconds)  # independent of other chains
        listed = await self._book.options(symbol, day, patience.not_after(deadline.at))
        async with self._one_at_a_time:
            spot = await self._feed.spot(symbol, deadline)
            wanted = nearest_strikes(listed, spot, self._options.strikes_each_side)
            lines = await self._read(symbol, day, wanted, deadline)
            spot = await self._feed.spot(symbol, deadline)
        return self._envelope(symbol, day, spot, lines)

    def _require_trading(self, symbol: str, day: date) -> None:
        now, session = self._clock.now(), require_session(day)
        if not session.open_at <= now < product(symbol).settles_at(day):
            hours = f"{new_york_label(session.open_at)} to {new_york_label(session.close_at)}"
            raise DataUnavailable("market_closed", f"the options of {day} are quoted from {hours}")

    async def _read(
        self, symbol: str, day: date, wanted: Sequence[Listed], deadline: Deadline
    ) -> tuple[OptionLines, ...]:
        interest = self._interest_of(symbol, day)

        async def stream(gateway: Gateway) -> list[MarketDataLine]:
            tasks = [asyncio.ensure_future(self._listen(gateway, item, interest)) for item in wanted]
            try:
                return await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

        lines = await self._connection.ask(f"the {symbol} chain", stream, deadline)
        if await self._asks_for_delayed(lines, deadline):
            lines = await self._connection.ask(f"the {symbol} chain", stream, deadline)
        _refuse_if_silent(symbol, lines)
        for line in lines:
            if (known := line.open_interest()) is not None:
                interest[line.contract.con_id] = known
        return _by_strike(lines, interest)

    async def _listen(self, gateway: Gateway, contract: Listed, interest: Mapping[int, int]) -> MarketDataLine:
        # keep a line until it is complete or its time is over; allow twice that time for bid and ask
        asks_for_interest = self._options.stream_open_interest and contract.con_id not in interest
        ticks = _WITH_OPEN_INTEREST if asks_for_interest else _VOLUME_AND_VOLATILITY
        notifier = Notifier()
        line = await gateway.open_line(contract, ticks, notifier)
        seconds = self._options.open_interest_timeout_seconds

        def quoted() -> bool | None:
            return True if line.refusal or (line.answered("bid") and line.answered("ask")) else None

        def complete() -> bool | None:
            known = line.open_interest() is not None or not asks_for_interest
            return True if line.refusal or (quoted() and known and line.greeks and line.volume() is not None) else None

        try:
            if await until(self._clock, Deadline(self._clock, seconds), notifier, complete) is None:
                await until(self._clock, Deadline(self._clock, seconds), notifier, quoted)
        finally:
            gateway.close_line(line)
        return line

    async def _asks_for_delayed(self, lines: Sequence[MarketDataLine], deadline: Deadline) -> bool:
        missing = any(_effect(line) is Effect.NOT_SUBSCRIBED and not line.may_be_delayed for line in lines)
        if missing and self._options.allow_delayed:
            await self._connection.ask("delayed data", lambda gateway: gateway.ask_for_delayed(), deadline)
        return missing and self._options.allow_delayed

    def _interest_of(self, symbol: str, day: date) -> dict[int, int]:
        known = self._interest.get(symbol)
        if known is None or known.day != day:
            known = self._interest[symbol] = _OpenInterest(day=day, by_contract={})
        return known.by_contract

    def _envelope(self, symbol: str, day: date, spot: float, lines: Sequence[OptionLines]) -> dict[str, Any]:
        now, steady_now = self._clock.now(), self._steady.now()
        since = max(self._connection.health.trusted_from, steady_now - OLDEST)
        rows, completeness = chain_rows(lines, spot, product(symbol), day, now, since)
        if completeness.priced == 0:
            raise DataUnavailable("chain_incomplete", f"no option of {symbol} has a usable quote")
        delayed = self._feed.is_delayed(symbol) or any(line.delayed for pair in lines for line in pair.lines)
        chain = OptionChain(
            symbol=symbol,
            spot=spot,
            rows=rows,
            expiry=day,
            as_of=now - (steady_now - _oldest_quote(lines, since, steady_now)),
            source=SOURCE,
            status=DELAYED if delayed else LIVE,
            oi_as_of=previous_session(day).day if completeness.open_interest else None,
        )
        return chain.as_envelope() | {"completeness": completeness.as_dict()}


def nearest_strikes(listed: Sequence[Listed], spot: float, each_side: int) -> tuple[Listed, ...]:
    """Return the options of the strike nearest to spot and of ``each_side`` strikes below and above, nearest first."""
    strikes = sorted({item.strike for item in listed})
    middle = min(range(len(strikes)), key=lambda place: abs(strikes[place] - spot))
    chosen = set(strikes[max(0, middle - each_side) : middle + each_side + 1])
    unique = {(item.strike, item.right): item for item in listed if item.strike in chosen}
    return tuple(sorted(unique.values(), key=lambda item: (abs(item.strike - spot), item.strike, item.right)))


def _refuse_if_silent(symbol: str, lines: Sequence[MarketDataLine]) -> None:
    refusals = [line.refusal for line in lines if line.refusal is not None]
    answered = sum(line.answered("bid") or line.answered("ask") or line.greeks is not None for line in lines)
    if answered >= LEAST_ANSWERED * len(lines):
        return
    for refusal in refusals:
        if effect_of(refusal.code) in _NO_ANSWER:
            raise unavailable(f"the options of {symbol}", refusal)
    raise DataUnavailable("chain_incomplete", f"only {answered} of {len(lines)} options of {symbol} have answered")


def _by_strike(lines: Sequence[MarketDataLine], interest: Mapping[int, int]) -> tuple[OptionLines, ...]:
    sides: dict[float, dict[str, MarketDataLine]] = {}
    for line in lines:
        sides.setdefault(line.contract.strike, {})["call" if line.contract.right == CALL else "put"] = line
    return tuple(OptionLines(strike=strike, interest=interest, **sides[strike]) for strike in sorted(sides))


def _oldest_quote(lines: Sequence[OptionLines], since: datetime, now: datetime) -> datetime:
    times = [line.quoted_at for pair in lines for line in pair.lines]
    return min((at for at in times if at >= since), default=now)


def _effect(line: MarketDataLine) -> Effect | None:
    return None if line.refusal is None else effect_of(line.refusal.code)
