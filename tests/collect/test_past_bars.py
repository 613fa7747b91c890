"""Questions of a collector to IB: within its pacing, and as IB answers them."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import previous_session, require_session
from magic8_companion.providers.ib.codes import IBRefusal
from magic8_companion.providers.ib.contracts import Wanted
from magic8_companion.providers.ib.gateway import RawBar
from magic8_companion.providers.ib.provider import IBProvider
from magic8_companion.recordings.bar_file import RawBars
from magic8_companion.testing.pacing import HistoryPacingCheck
from tests.providers.ib.fakes import OPTIONS, FakeGateway, Openings, SteppedClock, listed

DAY = date(2025, 4, 9)


def bar(start: datetime | date, volume: float = 100.0) -> RawBar:
    """Return one bar."""
    return RawBar(start=start, open=600.0, high=601.0, low=599.0, close=600.5, volume=volume)


def bars_of(day: date) -> tuple[RawBar, ...]:
    """Return the bars of a session and the one after its close."""
    session = require_session(day)
    return tuple(bar(session.open_at + n * timedelta(minutes=5), -1.0) for n in range(session.bar_count + 1))


class IB:
    """A provider on a connection that answers with what the test wants."""

    def __init__(self, *answers: object) -> None:
        self.clock, self.left = SteppedClock(), list(answers)
        self.asked: list[tuple[datetime, object]] = []
        self.openings = Openings(self.clock, self._prepare)
        self.provider = IBProvider(self.clock, OPTIONS, self.openings)

    def _prepare(self, gateway: FakeGateway) -> None:
        def answer(asked: object) -> object:
            if isinstance(asked, Wanted):
                return (listed(asked.symbol),)
            self.asked.append((self.clock.now(), asked))
            return self.left.pop(0) if self.left else bars_of(DAY)

        gateway.answer = answer

    async def read(self, first: date = DAY, last: date = DAY) -> RawBars:
        """Ask, and let time pass until there is an answer."""
        question = asyncio.ensure_future(self.provider.read_history("SPY", first, last))
        while not question.done():
            await self.clock.advance(1)
        return question.result()

    async def refusal(self, first: date = DAY, last: date = DAY) -> DataUnavailable:
        """Ask and return why it was refused."""
        with pytest.raises(DataUnavailable) as caught:
            await self.read(first, last)
        await self.provider.close()
        return caught.value


async def test_a_span_is_asked_for_by_its_sessions() -> None:
    """Two days are two sessions; what lies outside the span is left out, IB's -1 of a volume is 0."""
    ib = IB(bars_of(date(2025, 4, 11)) + bars_of(DAY))
    raw = await ib.read(DAY, date(2025, 4, 10))
    assert [asked for _, asked in ib.asked] == [("SPY", "5 mins", "2 D")]
    assert len(raw.starts) == 79
    assert (raw.file, raw.symbol, raw.volume.max()) == ("ib", "SPY", 0.0)
    np.testing.assert_array_equal(raw.prices[:, 0], [600.0, 601.0, 599.0, 600.5])
    await ib.provider.close()


async def test_seventy_questions_keep_ibs_pacing() -> None:
    """Judged by the gateway's own rules none is too early; more than sixty take longer than ten minutes."""
    ib, day = IB(), DAY
    judge = HistoryPacingCheck()
    for _ in range(70):
        ib.left = [bars_of(day)]
        await ib.read(day, day)
        assert judge.problem("SPY", f"1 D to {day}", ib.asked[-1][0]) is None
        day = previous_session(day).day
    took = ib.asked[-1][0] - ib.asked[0][0]
    assert timedelta(minutes=10) <= took < timedelta(minutes=11)
    await ib.provider.close()


async def test_a_complaint_about_pacing_is_a_reason_and_a_pause() -> None:
    """The question fails, and the next one leaves 15 seconds later."""
    ib = IB(IBRefusal(162, "Historical data request pacing violation"))
    with pytest.raises(DataUnavailable, match="pacing"):
        await ib.read()
    await ib.read()
    first, second = (at for at, _ in ib.asked)
    assert second - first >= timedelta(seconds=15)
    await ib.provider.close()


async def test_no_session_and_no_bars_are_no_data() -> None:
    """A weekend is not even asked for; an answer of other days holds nothing of the span."""
    ib = IB(bars_of(date(2025, 4, 8)))
    assert (await ib.refusal(date(2025, 4, 12), date(2025, 4, 13))).reason == "no_data"
    assert ib.asked == []
    assert (await IB(bars_of(date(2025, 4, 8))).refusal()).reason == "no_data"


async def test_a_bar_without_a_zone_is_refused() -> None:
    """Nobody knows when it was."""
    naive = datetime(2025, 4, 9, 13, 30)  # noqa: DTZ001  # that is the point
    assert (await IB((bar(naive),)).refusal()).reason == "bad_bars"
