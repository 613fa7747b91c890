"""From provider answers to a checked, aged state."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np
import pytest

from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.trading_day import previous_session
from magic8_companion.engine.digest import inputs_digest
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.engine.volatility_pause import read_vix
from tests.engine.fakes import FULL_DAY, HALF_DAY, FakeMarket, bars_of, options
from tests.engine.stepping_clock import SteppingClock

NOW = FULL_DAY.at(time(10, 30, 5))


def observer_at(now: datetime = NOW, **changes: Any) -> tuple[MarketObserver, FakeMarket, SteppingClock]:
    """Return an observer, its market and its clock."""
    clock = SteppingClock(now)
    market = FakeMarket(clock)
    return MarketObserver(market, clock, options(**changes)), market, clock


async def refused(observer: MarketObserver, symbol: str = "SPX") -> str:
    """Return the reason for which a symbol cannot be observed."""
    with pytest.raises(DataUnavailable) as refusal:
        await observer.observe(symbol, with_chain=True)
    return refusal.value.reason


async def test_a_state_holds_what_was_known() -> None:
    """Bars to now, history before today, VIX with its history, chain, age and source."""
    observer, _, _ = observer_at()
    state = await observer.observe("SPX", with_chain=True)

    assert (len(state.bars), state.bars.last_end) == (12, FULL_DAY.at(time(10, 30)))
    assert (state.as_of, state.data_age_seconds, state.data_status, state.data_source) == (NOW, 5.0, "live", "fake")
    assert state.history.last_end == previous_session(FULL_DAY.day).close_at
    assert state.vix is not None
    assert (state.vix.kind, state.vix.as_of) == ("intraday", FULL_DAY.at(time(10, 30)))
    assert state.vix.previous_close == state.vix_daily.close[-1]
    assert len(state.vix_daily) >= 252
    assert state.vix_daily.last_end <= FULL_DAY.open_at
    assert state.chain is not None
    assert state.missing == {}


async def test_the_chain_is_asked_for_only_when_wanted() -> None:
    """Without a chain the provider is not bothered and nothing counts as missing."""
    observer, market, _ = observer_at()
    state = await observer.observe("SPX", with_chain=False)
    assert (state.chain, state.missing) == (None, {})
    assert ("chain", "SPX") not in market.requests


async def test_optional_inputs_may_be_missing_with_a_reason() -> None:
    """VIX and chain that cannot be had leave a state that says so."""
    observer, market, _ = observer_at()
    market.faults = {
        ("chain", "SPX"): DataUnavailable("no_0dte_chain"),
        ("bars", "VIX"): DataUnavailable("no_permission"),
    }
    state = await observer.observe("SPX", with_chain=True)
    assert (state.vix, state.chain) == (None, None)
    assert state.missing == {"chain": "no_0dte_chain", "vix": "no_permission", "vix_daily": "no_permission"}


@pytest.mark.parametrize(("kind", "reason"), [("bars", "feed_down"), ("spot", "feed_down")])
async def test_required_inputs_may_not(kind: str, reason: str) -> None:
    """Without bars or spot the symbol is refused with the provider's reason."""
    observer, market, _ = observer_at()
    market.faults = {(kind, "SPX"): DataUnavailable(reason)}
    assert await refused(observer) == reason


async def test_no_bars_is_a_refusal() -> None:
    """Before the first bar is complete there is nothing to observe."""
    observer, _, _ = observer_at(FULL_DAY.at(time(9, 33)))
    assert await refused(observer) == "missing_bars"


async def test_a_hole_is_a_refusal() -> None:
    """A missing bar between the open and now is never bridged."""
    observer, market, _ = observer_at()
    market.holes["SPX"] = 4
    assert await refused(observer) == "bars_gap"
    market.holes = {"SPY": 0}
    assert await refused(observer, "SPY") == "bars_gap"


async def test_a_day_without_session_is_a_refusal() -> None:
    """On a holiday nothing can be observed."""
    observer, _, _ = observer_at(NOW + timedelta(days=2))
    assert await refused(observer) == "market_closed"


@pytest.mark.parametrize(("behind", "status"), [(0, "live"), (1, "delayed"), (3, "delayed")])
async def test_a_live_source_that_lags_is_delayed(behind: int, status: str) -> None:
    """Up to four bars behind, within the age limit, live data counts as delayed."""
    observer, market, _ = observer_at(NOW + timedelta(minutes=2))
    market.behind["SPX"] = behind
    assert (await observer.observe("SPX", with_chain=False)).data_status == status


async def test_too_old_is_stale() -> None:
    """Beyond the age limit, or more than four bars behind, the symbol is refused."""
    observer, market, _ = observer_at()
    market.behind["SPX"] = 4
    assert await refused(observer) == "stale_bars"
    patient, market, _ = observer_at(max_data_age_minutes=60)
    market.behind["SPX"] = 5
    assert await refused(patient) == "stale_bars"


@pytest.mark.parametrize("status", ["delayed", "replay", "simulated"])
async def test_a_source_that_declares_itself_keeps_its_word(status: str) -> None:
    """What a source says of itself is published, as long as it is not too old."""
    observer, market, _ = observer_at()
    market.status = status
    market.behind["SPX"] = 2
    assert (await observer.observe("SPX", with_chain=False)).data_status == status
    market.behind["SPY"] = 5
    assert await refused(observer, "SPY") == "stale_bars"


async def test_a_bar_that_is_just_due_is_awaited() -> None:
    """A live bar that comes a few seconds late is waited for; the state is as of then."""
    observer, market, clock = observer_at()
    market.behind["SPX"] = 1

    async def deliver() -> None:
        if clock.now() > NOW:
            market.behind.clear()

    market.pause = deliver
    state = await observer.observe("SPX", with_chain=False)
    assert (len(state.bars), state.data_status) == (12, "live")
    assert state.as_of == NOW + timedelta(seconds=5)


async def test_the_wait_for_a_bar_has_an_end() -> None:
    """Fifteen seconds after it was due the bar counts as late."""
    observer, market, clock = observer_at()
    market.behind["SPX"] = 1
    assert (await observer.observe("SPX", with_chain=False)).data_status == "delayed"
    assert clock.now() == FULL_DAY.at(time(10, 30, 15))


async def test_a_replayed_bar_is_not_awaited() -> None:
    """Replayed time would stand still meanwhile."""
    observer, market, clock = observer_at()
    market.status, market.behind = "replay", {"SPX": 1}
    await observer.observe("SPX", with_chain=False)
    assert clock.now() == NOW


@pytest.mark.parametrize(
    ("age", "status", "outcome"),
    [(59, "live", "live"), (61, "live", "delayed"), (61, "replay", "replay"), (1201, "live", "stale_quotes")],
)
async def test_option_quotes_age_too(age: int, status: str, outcome: str) -> None:
    """Quotes older than a minute make live data delayed, quotes beyond the age limit refuse the symbol."""
    observer, market, _ = observer_at()
    market.status, market.chain_age = status, timedelta(seconds=age)
    if outcome == "stale_quotes":
        assert await refused(observer) == outcome
    else:
        assert (await observer.observe("SPX", with_chain=True)).data_status == outcome


async def test_a_flat_bar_at_the_open_is_the_daily_open() -> None:
    """A source that knows only the day's official open shows one flat bar; it is read as what it is."""
    observer, market, _ = observer_at()
    at = np.array([to_ns(FULL_DAY.open_at)])
    level = np.array([18.5])
    market.vix = Bars(
        starts=at, open=level, high=level.copy(), low=level.copy(), close=level.copy(), volume=np.zeros(1)
    )
    state = await observer.observe("SPX", with_chain=False)
    assert state.vix is not None
    assert (state.vix.value, state.vix.kind, state.vix.as_of) == (18.5, "daily_open", FULL_DAY.at(time(9, 31)))
    assert observer.vix_path is None


async def test_the_close_of_an_older_day_is_not_yesterdays() -> None:
    """When yesterday's daily VIX is missing there is no previous close."""
    state = await observed()
    reading = read_vix(state.vix_bars, state.vix_daily[:-1], FULL_DAY, "fake")
    assert reading is not None
    assert reading.previous_close is None


async def test_requests_are_shared_and_kept() -> None:
    """Two symbols at once ask for the VIX once; history is asked for once a day, bars once per bar."""
    observer, market, clock = observer_at()
    await asyncio.gather(*(observer.observe(symbol, with_chain=True) for symbol in ("SPX", "SPY")))
    assert market.requests.count(("bars", "VIX", "5m", "1d")) == 1
    assert market.requests.count(("bars", "VIX", "1d", "2y")) == 1
    clock.at += timedelta(seconds=59)
    await observer.observe("SPX", with_chain=True)
    assert market.requests.count(("bars", "SPX", "5m", "1d")) == 1
    clock.at += timedelta(minutes=5)
    await observer.observe("SPX", with_chain=True)
    assert market.requests.count(("bars", "SPX", "5m", "1d")) == 2
    assert market.requests.count(("bars", "SPX", "5m", "31d")) == 1
    assert market.requests.count(("chain", "SPX")) == 2


async def test_a_cache_never_hides_a_new_bar() -> None:
    """Bars kept for less than a minute are not used across a bar close."""
    observer, _, clock = observer_at(FULL_DAY.at(time(10, 34, 40)))
    assert len((await observer.observe("SPX", with_chain=False)).bars) == 12
    clock.at = FULL_DAY.at(time(10, 35, 5))
    assert len((await observer.observe("SPX", with_chain=False)).bars) == 13


async def test_a_failed_request_is_asked_again() -> None:
    """Neither the failure nor what was kept before it is used in its place."""
    observer, market, clock = observer_at()
    await observer.observe("SPX", with_chain=False)
    clock.at += timedelta(minutes=2)
    market.faults = {("bars", "SPX"): DataUnavailable("feed_down")}
    assert await refused(observer) == "feed_down"
    market.faults = {}
    assert (await observer.observe("SPX", with_chain=False)).data_status == "live"


@pytest.mark.parametrize("spot", [math.nan, math.inf, -1.0, 0.0, 10.0, 79.0, 121.0, 1000.0])
async def test_a_price_that_cannot_be_is_not_believed(spot: float) -> None:
    """No number, or one that lies a fifth away from the close of the bar that has just ended."""
    observer, market, _ = observer_at()
    market.spot = spot
    assert await refused(observer) == "bad_spot"
    market.spot = 95.0
    assert (await observer.observe("SPX", with_chain=False)).spot == 95.0


async def test_a_request_that_hangs_is_given_up() -> None:
    """Every request has a limit of its own."""
    observer, market, _ = observer_at(request_timeout_seconds=0.02)
    market.pause = asyncio.Event().wait
    assert await refused(observer) == "timeout"


async def test_a_chain_may_take_longer_than_a_request() -> None:
    """A feed reads the chains of all symbols one after the other: the last one waits for its turn."""
    observer, market, _ = observer_at(request_timeout_seconds=1.0, chain_timeout_seconds=30.0)
    market.pause = lambda: asyncio.sleep(1.2 if market.requests[-1][0] == "chain" else 0)
    assert (await observer.observe("SPX", with_chain=True)).chain is not None


async def test_no_history_is_asked_for_when_none_is_wanted() -> None:
    """With 0 history days the state has none."""
    observer, market, _ = observer_at(bar_history_days=0)
    assert len((await observer.observe("SPX", with_chain=False)).history) == 0
    assert {request for request in market.requests if request[1] == "SPX"} == {
        ("bars", "SPX", "5m", "1d"),
        ("spot", "SPX"),
    }


async def test_after_the_close_of_a_half_day_no_bar_is_due() -> None:
    """Bars after 13:00 are neither due nor taken."""
    observer, _, _ = observer_at(HALF_DAY.close_at + timedelta(minutes=10))
    state = await observer.observe("SPX", with_chain=False)
    assert (len(state.bars), state.data_status) == (42, "live")


async def observed(**changes: Any) -> MarketState:
    """Return a state of SPX."""
    observer, _, _ = observer_at(**changes)
    return await observer.observe("SPX", with_chain=True)


async def test_the_digest_tells_states_apart() -> None:
    """Equal inputs have equal digests; another price, time, VIX, chain or gap has another one."""
    state = await observed()
    assert inputs_digest(state) == inputs_digest(await observed())
    others = [
        replace(state, spot=100.01),
        replace(state, bars=bars_of(FULL_DAY, 12, 100.01)),
        replace(state, vix=None),
        replace(state, chain=None),
        replace(state, missing={"chain": "timeout"}),
        replace(state, as_of=NOW + timedelta(seconds=1)),
        replace(state, history=state.history[1:]),
    ]
    assert len({inputs_digest(item) for item in (state, *others)}) == 8


async def test_a_chain_that_comes_late_makes_the_symbol_delayed() -> None:
    """However new it looks: what a feed declares of its quotes counts."""

    class LateChains(FakeMarket):
        async def get_option_chain(self, symbol: str) -> dict[str, Any]:
            return {**await super().get_option_chain(symbol), "status": "delayed"}

    clock = SteppingClock(NOW)
    observer = MarketObserver(LateChains(clock), clock, options())
    assert (await observer.observe("SPX", with_chain=True)).data_status == "delayed"


async def test_earlier_days_are_kept_by_source() -> None:
    """When another feed stands in for today's bars, its own history is asked for; the first one's is still at hand."""
    observer, market, clock = observer_at()
    for name in ("ib", "yahoo", "ib"):
        market.name = name
        clock.at += timedelta(minutes=5)
        await observer.observe("SPX", with_chain=False)
    asked = [request for request in market.requests if request[:3] == ("bars", "SPX", "5m") and request[3] != "1d"]
    assert len(asked) == 2
