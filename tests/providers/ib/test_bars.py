"""Bars: what is asked for under IB's pacing, and what of the answer is believed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import Session, new_york_instant, previous_session, require_session
from magic8_companion.providers.ib.bars import History, daily_bars, regular_bars, whole_days
from magic8_companion.providers.ib.codes import IBRefusal
from magic8_companion.providers.ib.connection import Connection
from magic8_companion.providers.ib.contract_cache import ContractCache
from magic8_companion.providers.ib.contracts import Wanted
from magic8_companion.providers.ib.gateway import RawBar
from magic8_companion.providers.ib.vix import vix_bars
from magic8_companion.providers.ib.waiting import Deadline
from tests.providers.ib.fakes import DAY, MORNING, OPTIONS, FakeGateway, Openings, SteppedClock, settle

HALF_DAY = date(2024, 11, 29)
FIVE = timedelta(minutes=5)
SESSION = require_session(DAY)


def raw(start: datetime | date, price: float = 600.0, volume: float = 100.0) -> RawBar:
    """Return one bar."""
    return RawBar(start=start, open=price, high=price + 1, low=price - 1, close=price + 0.5, volume=volume)


def session_bars(session: Session = SESSION, until: datetime | None = None) -> list[RawBar]:
    """Return the bars of a session that have begun, the running one included."""
    starts = [session.open_at + number * FIVE for number in range(session.bar_count)]
    return [raw(start) for start in starts if start < (until or session.close_at)]


def reason(call: Callable[[], object]) -> str:
    """Return the reason of a refusal."""
    with pytest.raises(DataUnavailable) as caught:
        call()
    return caught.value.reason


def test_the_running_bar_is_dropped() -> None:
    """A bar that starts at t is given from t + 5 minutes on."""
    now = SESSION.open_at + timedelta(minutes=33)
    bars = regular_bars(session_bars(until=now), now)
    assert len(bars) == 6
    assert bars.last_end == SESSION.open_at + timedelta(minutes=30)


@pytest.mark.parametrize(("day", "count"), [(DAY, 78), (HALF_DAY, 42)])
def test_a_session_ends_at_its_close(day: date, count: int) -> None:
    """Bars after the close of a full or a half day are left out."""
    session = require_session(day)
    late = [raw(session.close_at + number * FIVE) for number in range(3)]
    bars = regular_bars([*session_bars(session), *late], session.close_at + timedelta(hours=1))
    assert len(bars) == count
    assert bars.last_end == session.close_at


def test_a_bar_that_came_twice_counts_once() -> None:
    """The same bar again is no harm; the same time with other prices is."""
    rows = session_bars(until=MORNING)
    assert len(regular_bars([*rows, rows[-2]], MORNING)) == len(regular_bars(rows, MORNING))
    assert reason(lambda: regular_bars([*rows, replace(rows[3], close=600.1)], MORNING)) == "bad_bars"


@pytest.mark.parametrize(
    "start",
    [
        SESSION.open_at - timedelta(hours=1),
        SESSION.open_at + timedelta(minutes=2),
        new_york_instant(date(2025, 6, 28), time(10)),
        datetime(2025, 6, 26, 14, 30),  # noqa: DTZ001  # the point of the row
        DAY,
    ],
)
def test_a_bar_where_none_can_start_is_refused(start: datetime | date) -> None:
    """Before the open, off the grid, on a weekend or without a zone: the gateway's clock or zone is wrong."""
    assert reason(lambda: regular_bars([raw(start)], MORNING + timedelta(days=3))) == "bad_bars"


@pytest.mark.parametrize("spoilt", [{"high": 590.0}, {"close": math.nan}, {"open": -1.0}, {"low": math.inf}])
def test_impossible_prices_are_refused(spoilt: dict[str, float]) -> None:
    """High below low, NaN, -1 and infinity stop at the border."""
    rows = session_bars(until=MORNING)
    rows[2] = replace(rows[2], **spoilt)
    assert reason(lambda: regular_bars(rows, MORNING)) == "bad_bars"


@pytest.mark.parametrize("volume", [0.0, -1.0])
def test_an_index_has_no_volume(volume: float) -> None:
    """0 and -1 both mean that nothing is traded."""
    bars = regular_bars([raw(SESSION.open_at, volume=volume)], MORNING)
    assert bars.volume.tolist() == [0.0]


def test_days_with_holes_are_left_out_of_history() -> None:
    """A day of the past on which a bar is missing is no day; half days are whole with 42 bars."""
    earlier = previous_session(DAY)
    rows = [*session_bars(require_session(HALF_DAY)), *session_bars(earlier)[:40], *session_bars(earlier)[41:]]
    bars = whole_days(regular_bars(rows, MORNING))
    assert len(bars) == 42
    assert bars.first_start == require_session(HALF_DAY).open_at


def test_daily_bars_are_stamped_at_midnight_utc() -> None:
    """Daily bars come as dates and are stamped 00:00 UTC of the trading date."""
    bars = daily_bars([raw(date(2025, 6, 25)), raw(DAY)])
    assert bars.first_start == datetime(2025, 6, 25, tzinfo=UTC)
    assert bars.length == timedelta(days=1)


class Room:
    """A history on a fake gateway that knows the bars of SPY."""

    def __init__(self, at: datetime = MORNING) -> None:
        self.clock = SteppedClock(at)
        self.openings = Openings(self.clock, self._prepare)
        self.connection = Connection(self.clock, OPTIONS, self.openings)
        self.history = History(self.clock, self.connection, ContractCache(self.clock, self.connection))
        self.answers: list[object] = []

    @property
    def asked(self) -> list[tuple[str, str, str]]:
        """Return what bars were asked for on all connections."""
        return [item for gateway in self.openings.gateways for item in gateway.asked if isinstance(item, tuple)]

    def ask(self, interval: str = "5m", period: str = "1d", seconds: float = 13.5) -> asyncio.Task[Bars]:
        """Ask for bars."""
        deadline = Deadline(self.clock, seconds)
        return asyncio.create_task(self.history.bars("SPY", interval, period, deadline))

    async def bars(self, interval: str = "5m", period: str = "1d") -> Bars:
        """Return the bars that come at once."""
        task = self.ask(interval, period)
        await settle()
        return await task

    async def refusal(self, seconds: float = 0, interval: str = "5m", period: str = "1d") -> DataUnavailable:
        """Return why there are none after some seconds."""
        task = self.ask(interval, period)
        await self.clock.advance(seconds)
        assert task.done()
        with pytest.raises(DataUnavailable) as caught:
            await task
        return caught.value

    def _prepare(self, gateway: FakeGateway) -> None:
        def answer(asked: object) -> object:
            if isinstance(asked, Wanted):
                return gateway.default_answer(asked)
            return self.answers.pop(0) if self.answers else self._market(asked)

        gateway.answer = answer

    def _market(self, asked: object) -> Sequence[RawBar]:
        _, size, duration = asked  # type: ignore[misc]  # what the fake is asked
        count, unit = duration.split()
        days, session = [SESSION], SESSION
        for _ in range(int(count) * (252 if unit == "Y" else 1) - 1):
            session = previous_session(session.day)
            days.insert(0, session)
        if size == "1 day":
            return [raw(day.day, 500.0 + number) for number, day in enumerate(days)]
        return [bar for day in days for bar in session_bars(day, self.clock.now())]


@pytest.mark.parametrize(
    ("interval", "period", "asked", "count"),
    [
        ("5m", "1d", ("SPY", "5 mins", "1 D"), 18),
        ("15m", "1d", ("SPY", "5 mins", "1 D"), 6),
        ("1h", "1d", ("SPY", "5 mins", "1 D"), 1),
        ("5m", "3d", ("SPY", "5 mins", "3 D"), 2 * 78 + 18),
        ("1d", "2y", ("SPY", "1 day", "2 Y"), 500),
    ],
)
async def test_requests_are_the_ones_of_the_contract(
    interval: str, period: str, asked: tuple[str, str, str], count: int
) -> None:
    """Five-minute and daily bars are asked for, in days up to a year and in years beyond; only complete ones return."""
    here = Room()
    bars = await here.bars(interval, period)
    assert here.asked == [asked]
    assert len(bars) == pytest.approx(count, abs=4 if interval == "1d" else 0)
    assert bars.last_end <= here.clock.now()
    await here.connection.close()


async def test_a_second_question_is_never_identical() -> None:
    """Four questions in a row differ in their duration and agree in their answer; the fifth would have to wait."""
    here = Room()
    answers = [await here.bars() for _ in range(4)]
    assert [duration for _, _, duration in here.asked] == ["1 D", "2 D", "3 D", "4 D"]
    assert all(np.array_equal(bars.close, answers[0].close) for bars in answers)
    on_error = await here.refusal()
    assert on_error.reason == "pacing"
    await here.clock.advance(5)
    task = here.ask()
    await here.clock.advance(12)
    assert len(await task) == 18
    await here.connection.close()


async def test_a_restart_in_mid_request_does_not_repeat_it() -> None:
    """The request is sent again on the next connection, with another duration."""
    here = Room()
    here.answers = [None]
    task = here.ask()
    await settle()
    here.openings.newest.abort("restart")
    await here.clock.advance(2)
    assert len(await task) == 18
    assert [duration for _, _, duration in here.asked] == ["1 D", "2 D"]
    await here.connection.close()


async def test_before_the_first_bar_nothing_is_asked() -> None:
    """At 09:33 the first bar is not complete, and on a holiday there is none: both are said without a request."""
    early = Room(SESSION.open_at + timedelta(minutes=3))
    assert (await early.refusal()).reason == "no_bars_yet"
    shut = Room(new_york_instant(date(2025, 7, 4), time(11)))
    assert (await shut.refusal()).reason == "market_closed"
    assert not early.asked
    assert not shut.asked


async def test_no_bar_of_today_is_told() -> None:
    """If IB sends yesterday's bars only, today's are missing."""
    here = Room()
    here.answers = [session_bars(previous_session(DAY))]
    assert (await here.refusal()).reason == "missing_bars"
    await here.connection.close()


@pytest.mark.parametrize(
    ("text", "on_error"),
    [
        ("HMDS query returned no data", "no_data"),
        ("No market data permissions for ARCA", "no_permission"),
        ("HMDS server disconnect occurred", "history_failed"),
        ("Historical data request pacing violation", "pacing"),
    ],
)
async def test_the_text_of_162_becomes_the_reason(text: str, on_error: str) -> None:
    """Each kind of refusal has its reason; after "pacing" nothing is sent for 15 s."""
    here = Room()
    here.answers = [IBRefusal(162, text)]
    assert (await here.refusal()).reason == on_error
    count = len(here.asked)
    if on_error == "pacing":
        assert (await here.refusal()).reason == "pacing"
        assert len(here.asked) == count
        await here.clock.advance(15)
    assert len(await here.bars()) >= 18
    await here.connection.close()


async def test_a_broken_history_farm_is_waited_for() -> None:
    """A request that fails between 2105 and 2106 is repeated after 2106; if that does not come the reason is told."""
    here = Room()
    await here.bars()
    await here.clock.advance(20)
    here.openings.newest.on_error(-1, 2105, "broken:ushmds")
    here.answers = [IBRefusal(162, "HMDS server disconnect occurred"), None]
    task = here.ask()
    await here.clock.advance(5)
    here.answers = []
    here.openings.newest.on_error(-1, 2106, "OK:ushmds")
    await here.clock.advance(2)
    assert len(await task) >= 18
    await here.clock.advance(20)
    here.openings.newest.on_error(-1, 2105, "broken:ushmds")
    here.answers = [IBRefusal(162, "HMDS server disconnect occurred")]
    assert (await here.refusal(15)).reason == "history_broken"
    await here.connection.close()


async def test_a_fresh_bar_is_a_sign_of_life() -> None:
    """A bar that is as new as it can be ends the wait for data; an old one does not."""
    here = Room()
    await here.bars()
    assert here.connection.health.find("awaiting_data") is None
    here.openings.newest.on_error(-1, 1102, "kept")
    here.answers = [session_bars(until=MORNING - timedelta(minutes=30))]
    await here.bars()
    assert here.connection.health.find("awaiting_data") is not None
    await here.connection.close()


async def vix(answers: list[object], attempts: int) -> tuple[object, int]:
    """Return the VIX or its reason, and how often it was asked for."""
    asked = 0

    async def ask() -> Bars:
        nonlocal asked
        asked += 1
        answer = answers[asked - 1]
        if isinstance(answer, DataUnavailable):
            raise answer
        return answer  # type: ignore[return-value]  # the test's business

    try:
        return await vix_bars(ask, attempts), asked
    except DataUnavailable as refusal:
        return refusal.reason, asked


async def test_the_vix_is_asked_for_as_often_as_allowed() -> None:
    """Time-outs are asked again up to the limit, refusals are final, and with no attempt IB is not asked at all."""
    bars, late = Bars.empty(), DataUnavailable("timeout")
    assert await vix([late, late, bars], 3) == (bars, 3)
    assert await vix([late, late, bars], 2) == ("timeout", 2)
    assert await vix([DataUnavailable("no_permission"), bars], 2) == ("no_permission", 1)
    assert await vix([], 0) == ("vix_not_asked", 0)
