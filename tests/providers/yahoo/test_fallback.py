"""Two feeds behind one port: who answers, what is told of it, and what never happens."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.ports import MarketData
from magic8_companion.providers.bar_requests import bars_at, newest_close
from magic8_companion.providers.catalogue import create_provider
from magic8_companion.providers.fallback import REST, FallbackProvider
from magic8_companion.providers.simulated_chain import simulated_chain
from magic8_companion.providers.simulated_market import SimulatedMarket
from tests.providers.makers import DAY, SetClock, new_york
from tests.providers.yahoo.servers import ask, refusal

MARKETS = {"ib": SimulatedMarket(8), "yahoo": SimulatedMarket(9)}


class Feed:
    """A real-looking feed: a market of its own, and reasons not to answer by kind of question."""

    loop_bound = False

    def __init__(self, name: str, status: str, clock: SetClock) -> None:
        self.name, self.status, self._clock = name, status, clock
        self.market = MARKETS[name]
        self.refuses: dict[str, str] = {}
        self.hangs: set[str] = set()
        self.asked: list[str] = []
        self.closed = 0

    async def get_spot_price(self, symbol: str) -> float:
        await self._met("price", symbol)
        return newest_close(self.market, symbol, self._clock.at)

    async def get_historical_data(self, symbol: str, interval: str, period: str) -> pd.DataFrame:
        await self._met("bars" if period == "1d" else "history", symbol)
        return bars_at(self.market, symbol, interval, period, self._clock.at).frame()

    async def get_option_chain(self, symbol: str) -> dict[str, Any]:
        await self._met("chain", symbol)
        envelope = simulated_chain(self.market, symbol, self._clock.at, 5).as_envelope()
        return {**envelope, "source": self.name, "status": self.status}

    def is_connected(self) -> bool:
        return not self.refuses

    async def close(self) -> None:
        self.closed += 1

    async def _met(self, kind: str, symbol: str) -> None:
        self.asked.append(f"{kind} {symbol}")
        if kind in self.hangs:
            await asyncio.Event().wait()
        if kind in self.refuses:
            raise DataUnavailable(self.refuses[kind], f"{self.name} has its reasons")


class Pair:
    """A fallback and the two feeds behind it."""

    def __init__(self) -> None:
        self.clock = SetClock(new_york(DAY, 11, 0, 5))
        self.ib, self.yahoo = Feed("ib", "live", self.clock), Feed("yahoo", "delayed", self.clock)
        self.provider = FallbackProvider(self.ib, self.yahoo, self.clock, patience_seconds=0.05)

    def bars(self, symbol: str = "SPX") -> pd.DataFrame:
        """Ask for today's bars."""
        return ask(self.provider.get_historical_data(symbol, "5m", "1d"))


def belongs_to(frame: pd.DataFrame, name: str, symbol: str = "SPX") -> bool:
    """Tell whether every bar is of the market of one feed."""
    truth = MARKETS[name].bars(symbol, DAY, DAY).frame()
    return bool((frame["close"] == truth["close"].iloc[: len(frame)]).all())


def test_the_first_source_answers_while_it_can() -> None:
    """The second is not even asked."""
    pair = Pair()
    frame = pair.bars()
    assert belongs_to(frame, "ib")
    assert frame.attrs == {"source": "ib", "status": "live"}
    assert ask(pair.provider.get_option_chain("SPX"))["source"] == "ib"
    assert (pair.provider.name, pair.provider.status) == ("ib", "live")
    assert pair.yahoo.asked == []


def test_what_the_first_cannot_answer_comes_from_the_second_and_says_so() -> None:
    """Frame, name, status, price and chain are those of who answered; a healthy source is believed again at once."""
    pair = Pair()
    pair.ib.refuses = {"bars": "not_connected", "chain": "not_connected"}
    frame = pair.bars()
    assert belongs_to(frame, "yahoo")
    assert frame.attrs == {"source": "yahoo", "status": "delayed"}
    assert (pair.provider.name, pair.provider.status) == ("yahoo", "delayed")
    assert ask(pair.provider.get_option_chain("SPX"))["source"] == "yahoo"
    assert ask(pair.provider.get_spot_price("SPX")) == frame["close"].iloc[-1]
    pair.ib.refuses = {}
    assert belongs_to(pair.bars(), "ib")
    assert pair.provider.name == "ib"


def test_kinds_of_data_fall_back_one_by_one() -> None:
    """Without chains IB still gives bars and prices."""
    pair = Pair()
    pair.ib.refuses = {"chain": "no_permission"}
    assert belongs_to(pair.bars(), "ib")
    assert ask(pair.provider.get_option_chain("SPX"))["status"] == "delayed"
    assert pair.provider.name == "ib"


def test_a_price_is_never_of_another_source_than_the_bars() -> None:
    """When it fails the symbol is refused, and for a minute bars and price together come from the second source."""
    pair = Pair()
    pair.bars()
    pair.ib.refuses = {"price": "no_permission"}
    assert refusal(pair.provider.get_spot_price("SPX")).reason == "no_permission"
    frame = pair.bars()
    assert belongs_to(frame, "yahoo")
    assert ask(pair.provider.get_spot_price("SPX")) == frame["close"].iloc[-1]
    assert belongs_to(pair.bars("SPY"), "ib", "SPY")
    pair.clock.at += REST
    assert belongs_to(pair.bars(), "ib")


def test_earlier_bars_are_of_the_source_of_todays_bars() -> None:
    """A feed that refuses its history leaves a gap, not the history of another one; daily bars are a series apart."""
    pair = Pair()
    pair.bars()
    pair.ib.refuses = {"history": "pacing"}
    assert refusal(pair.provider.get_historical_data("SPX", "5m", "3d")).reason == "pacing"
    assert pair.yahoo.asked == []
    assert ask(pair.provider.get_historical_data("SPX", "1d", "1mo")).attrs["source"] == "yahoo"
    assert ask(pair.provider.get_spot_price("SPX")) == pair.bars()["close"].iloc[-1]
    pair.ib.refuses = {"bars": "not_connected"}
    pair.bars()
    pair.ib.refuses = {}
    assert ask(pair.provider.get_historical_data("SPX", "5m", "3d")).attrs["source"] == "yahoo"


def test_a_source_that_hangs_rests_for_a_minute() -> None:
    """It costs its patience once; then the second answers at once until the minute is over."""
    pair = Pair()
    pair.ib.hangs = {"bars"}
    assert belongs_to(pair.bars(), "yahoo")
    assert belongs_to(pair.bars(), "yahoo")
    assert pair.ib.asked == ["bars SPX"]
    pair.ib.hangs = set()
    pair.clock.at += REST - timedelta(seconds=1)
    assert belongs_to(pair.bars(), "yahoo")
    pair.clock.at += timedelta(seconds=1)
    assert belongs_to(pair.bars(), "ib")


def test_when_both_fail_both_are_told() -> None:
    """The reason is that of the first source; the sentence has both."""
    pair = Pair()
    pair.ib.refuses, pair.yahoo.refuses = {"bars": "no_permission"}, {"bars": "rate_limited"}
    refused = refusal(pair.provider.get_historical_data("SPX", "5m", "1d"))
    assert refused.reason == "no_permission"
    assert refused.detail == "ib: ib has its reasons; yahoo: yahoo has its reasons"
    assert not pair.provider.is_connected()


@pytest.mark.parametrize("reason", ["market_closed", "no_bars_yet", "period_unavailable"])
def test_a_question_without_an_answer_is_not_asked_twice(reason: str) -> None:
    """What lies in the question lies there for everybody."""
    pair = Pair()
    pair.ib.refuses = {"bars": reason}
    assert refusal(pair.provider.get_historical_data("SPX", "5m", "1d")).reason == reason
    assert pair.yahoo.asked == []


@pytest.mark.parametrize("name", ["simulated", "replay"])
def test_no_invented_or_recorded_data_stand_in(name: str, tmp_path: Path) -> None:
    """Neither as first nor as second source."""
    pair = Pair()
    (tmp_path / "spy.csv").write_text("time,open,high,low,close\n2025-04-09T13:30Z,1,1,1,1\n")
    false: MarketData = create_provider(name, pair.clock, replay_path=tmp_path)
    for sources in ((pair.ib, false), (false, pair.ib)):
        with pytest.raises(ConfigError, match="is not a real feed"):
            FallbackProvider(*sources, pair.clock)


def test_closing_closes_both() -> None:
    """Twice is allowed."""
    pair = Pair()
    ask(pair.provider.close())
    ask(pair.provider.close())
    assert (pair.ib.closed, pair.yahoo.closed) == (2, 2)


def test_the_observer_stamps_each_symbol_with_who_answered() -> None:
    """Two symbols side by side, one of each source: the state carries its own source and status."""
    pair = Pair()

    class Permitted(Feed):
        async def _met(self, kind: str, symbol: str) -> None:
            await asyncio.sleep(0)
            if symbol == "SPX" and kind != "chain":
                raise DataUnavailable("no_permission", "not subscribed")
            await super()._met(kind, symbol)

    provider = FallbackProvider(Permitted("ib", "live", pair.clock), pair.yahoo, pair.clock)
    options = EngineConfig(symbols=("SPX", "SPY"), kill_switch_file=Path("none"))
    observer = MarketObserver(provider, pair.clock, options)

    async def both() -> list[tuple[str, str]]:
        states = await asyncio.gather(*(observer.observe(name, with_chain=False) for name in ("SPX", "SPY")))
        return [(state.data_source, state.data_status) for state in states]

    assert asyncio.run(both()) == [("yahoo", "delayed"), ("ib", "live")]
