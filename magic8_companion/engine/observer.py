"""From provider answers to one checked, aged state per symbol.

Required are today's bars, complete from the open to now, and the spot.  History, VIX and chain may be missing; the
state then says why.  Nothing is filled in.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final, TypeVar

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.codes import DataStatus, ReasonCode
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import DELAYED, LIVE, STALE, MarketState
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.strategy import VIX
from magic8_companion.domain.trading_day import BAR, Session, new_york_day, previous_session, require_session
from magic8_companion.engine.completeness import age_checked_status, bars_due, require_complete
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.fetches import AtHand, Fetches
from magic8_companion.engine.plausibility_watch import PlausibilityWatch
from magic8_companion.engine.volatility_pause import is_daily_open, read_vix
from magic8_companion.plausibility import Implausible, implausible_change, implausible_vix
from magic8_companion.ports import Clock, MarketData, TypedBars

DAY: Final = timedelta(days=1)
FRESH: Final = timedelta(seconds=60)
_POLL: Final = timedelta(seconds=5)

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced:
    """Bars and who gave them: a provider with a fallback changes its name and status with each answer."""

    bars: Bars
    source: str
    status: DataStatus


class MarketObserver:
    """The observer of the host: fetches, caches, checks, ages.

    Bars and chains are kept for at most a minute and never across a bar close, history and daily bars for the day;
    each by symbol with its own time.  A live source's bar that is just due is awaited for some seconds of its clock;
    replayed time would stand still meanwhile, but a replayed bar is never late.  Chains may take longer than anything
    else: a feed reads them one after the other.
    """

    def __init__(self, provider: MarketData, clock: Clock, options: EngineConfig) -> None:
        self._provider = provider
        self._clock = clock
        self._options = options
        self._fetches = Fetches(clock, options.request_timeout_seconds)
        self._vix_path: Bars | None = None
        self._vix_finding: Implausible | None = None
        self.plausibility = PlausibilityWatch(provider, clock)

    @property
    def vix_path(self) -> Bars | None:
        """Return the intraday VIX bars seen last; None while nothing, or only a daily open, is known."""
        return self._vix_path

    @property
    def vix_finding(self) -> Implausible | None:
        """Return what was implausible of the VIX bars received last; None when nothing was."""
        return self._vix_finding

    async def refresh_vix(self) -> None:
        """Look at the VIX alone, for whoever watches it; raises ``DataUnavailable`` when it cannot be had."""
        await self._vix(require_session(new_york_day(self._clock.now())))

    def forget(self) -> None:
        """Drop every kept answer: it was cut and aged by another wall time."""
        self._fetches.forget_all()

    async def observe(self, symbol: str, *, with_chain: bool) -> MarketState:
        """Return the state of ``symbol`` now.

        Raises
        ------
        DataUnavailable
            ``market_closed``, ``missing_bars``, ``bars_gap``, ``bad_bars``, ``stale_bars``, ``stale_quotes``,
            ``bad_spot``, ``price_jump``, ``timeout``, or what the provider says.
        """
        session = require_session(new_york_day(self._clock.now()))
        today = await self._bars_today(symbol, session)
        now, max_age = self._clock.now(), timedelta(minutes=self._options.max_data_age_minutes)
        status = age_checked_status(symbol, today.status, today.bars, session, now, max_age)
        spot = await self._fetches.ask(lambda: self._provider.get_spot_price(symbol), f"the spot of {symbol}")
        missing: dict[str, str] = {}
        no_vix = Sourced(bars=Bars.empty(), source="", status=STALE)
        # all four requests are under way before the first is awaited
        history_request, vix_request = self._history(symbol, session, today.source), self._vix(session)
        daily_request, chain_request = self._vix_daily(session), self._chain(symbol, wanted=with_chain)
        history = await _unless_missing("history", history_request, Bars.empty(), missing)
        self.plausibility.admit(symbol, spot, today.bars, history)
        vix = await _unless_missing("vix", vix_request, no_vix, missing)
        daily = await _unless_missing("vix_daily", daily_request, Bars.empty(DAY), missing)
        chain = await _unless_missing("chain", chain_request, None, missing)
        reading = read_vix(vix.bars, daily, session, vix.source)
        if reading is not None and (finding := implausible_change(reading)) is not None:
            _log.warning("Implausible VIX: %s", finding.sentence)
            missing["vix"], vix, reading = finding.reason, no_vix, None
        return MarketState(
            symbol=symbol,
            as_of=now,
            session=session,
            spot=spot,
            bars=today.bars,
            history=history,
            vix=reading,
            vix_bars=vix.bars,
            vix_daily=daily,
            chain=chain,
            data_source=today.source,
            data_status=_with_quotes(status, chain, now, max_age),
            data_age_seconds=(now - today.bars.last_end).total_seconds(),
            missing=dict(sorted(missing.items())),
        )

    async def _bars_today(self, symbol: str, session: Session) -> Sourced:
        while True:
            due = bars_due(session, self._clock.now())
            today = await self._intraday(symbol, session, due)
            now, patience = self._clock.now(), timedelta(seconds=self._options.bar_wait_seconds)
            deadline = session.open_at + due * BAR + patience
            if today.status != LIVE or len(today.bars) != due - 1 or now >= deadline:
                require_complete(symbol, today.bars, session)
                return today
            self._fetches.forget((symbol, "5m"))
            await self._clock.sleep_until(min(now + _POLL, deadline), f"observer {symbol}")

    def _intraday(self, symbol: str, session: Session, due: int) -> Awaitable[Sourced]:
        async def fetch() -> Sourced:
            received = await self._received(symbol, "5m", "1d")
            bars = received.between(session.open_at, min(self._clock.now(), session.close_at))
            if symbol == VIX:
                self._take_vix(bars, session)
            return Sourced(bars=bars, source=self._provider.name, status=DataStatus(self._provider.status))

        return self._fetches.get((symbol, "5m"), period=(session.day, due), max_age=FRESH, fetch=fetch)

    def _take_vix(self, bars: Bars, session: Session) -> None:
        # bars that cannot be true are not kept: the last ones stay in use, and whoever needs the VIX waits
        self._vix_finding = implausible_vix(bars)
        if self._vix_finding is not None:
            raise self._vix_finding.refusal(VIX)
        self._vix_path = None if is_daily_open(bars, session) else bars

    def _vix(self, session: Session) -> Awaitable[Sourced]:
        return self._intraday(VIX, session, bars_due(session, self._clock.now()))

    def _vix_daily(self, session: Session) -> Awaitable[Bars]:
        async def fetch() -> Bars:
            daily = await self._received(VIX, "1d", "2y", DAY)
            return daily.known_at(session.at(time(0)))

        return self._fetches.get((VIX, "1d"), period=session.day, max_age=DAY, fetch=fetch)

    def _history(self, symbol: str, session: Session, source: str) -> Awaitable[Bars]:
        # kept by source: earlier days of one feed never precede today's bars of another
        days = self._options.bar_history_days
        if days == 0:
            return AtHand(Bars.empty())

        async def fetch() -> Bars:
            first = session
            for _ in range(days):
                first = previous_session(first.day)
            bars = await self._received(symbol, "5m", f"{days + 1}d")
            return bars.between(first.open_at, session.open_at)

        return self._fetches.get((symbol, "history", source), period=session.day, max_age=DAY, fetch=fetch)

    async def _received(self, symbol: str, interval: str, period: str, length: timedelta = BAR) -> Bars:
        if isinstance(self._provider, TypedBars):
            return await self._provider.get_bars(symbol, interval, period)
        return Bars.from_frame(await self._provider.get_historical_data(symbol, interval, period), length)

    def _chain(self, symbol: str, *, wanted: bool) -> Awaitable[OptionChain | None]:
        if not wanted:
            return AtHand(None)

        async def fetch() -> OptionChain:
            return OptionChain.from_envelope(await self._provider.get_option_chain(symbol))

        limit = self._options.chain_timeout_seconds
        return self._fetches.get((symbol, "chain"), period=None, max_age=FRESH, fetch=fetch, timeout_seconds=limit)


async def _unless_missing(name: str, answer: Awaitable[T], otherwise: T, missing: dict[str, str]) -> T:
    try:
        return await answer
    except DataUnavailable as refusal:
        missing[name] = refusal.reason
        return otherwise


def _with_quotes(status: DataStatus, chain: OptionChain | None, now: datetime, max_age: timedelta) -> DataStatus:
    # Quotes that are older than a minute or come late make a live symbol delayed, too old ones make it stale.
    if chain is None:
        return status
    age = now - chain.as_of
    if age > max_age:
        minutes = age.total_seconds() / 60
        raise DataUnavailable(ReasonCode.STALE_QUOTES, f"{chain.symbol}: the option quotes are {minutes:.0f} min old")
    return DELAYED if status == LIVE and (age > FRESH or chain.status == DELAYED) else status
