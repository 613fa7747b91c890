"""The analyzer for callers that hold a symbol."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

import pytest

from magic8_companion.analysis import MarketAnalyzer
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from tests.analysis.states import made_state


@dataclass
class FakeHost:
    """Knows SPY and QQQ; everything else is stale."""

    threads: list[int] = field(default_factory=list)
    chains_wanted: list[bool] = field(default_factory=list)

    def observe(self, symbol: str, *, with_chain: bool) -> MarketState:
        """Return a made state, as a host would."""
        self.threads.append(threading.get_ident())
        self.chains_wanted.append(with_chain)
        if symbol not in {"SPY", "QQQ", "SPX"}:
            raise DataUnavailable("stale_bars", f"{symbol}: the newest bar is an hour old")
        return made_state(symbol=symbol)


async def test_a_known_symbol_gives_the_market_data() -> None:
    """The dict of the contract with the typed view inside."""
    analyzer = MarketAnalyzer(FakeHost())
    data = await analyzer.analyze_symbol("SPY")
    assert data is not None
    assert data["view"].tape == (await analyzer.view("SPY")).tape
    assert analyzer.last_skip == {}


async def test_one_failing_symbol_harms_no_other() -> None:
    """The others are analysed, the failing one leaves its reason."""
    analyzer = MarketAnalyzer(FakeHost())
    found = await asyncio.gather(*(analyzer.analyze_symbol(symbol) for symbol in ("SPY", "RUT", "QQQ")))
    assert [item is not None for item in found] == [True, False, True]
    assert analyzer.last_skip == {"RUT": "stale_bars"}


async def test_a_symbol_that_recovers_loses_its_reason() -> None:
    """``last_skip`` speaks of the last attempt."""
    analyzer = MarketAnalyzer(FakeHost())
    analyzer.last_skip["SPY"] = "stale_bars"
    await analyzer.analyze_symbol("SPY")
    assert analyzer.last_skip == {}


async def test_observing_does_not_block_the_loop() -> None:
    """The blocking call runs in a worker thread."""
    host = FakeHost()
    await MarketAnalyzer(host).analyze_symbol("SPY")
    assert threading.get_ident() not in host.threads


async def test_aliases_of_a_symbol_are_understood() -> None:
    """SPXW is SPX."""
    data = await MarketAnalyzer(FakeHost()).analyze_symbol("spxw")
    assert data is not None
    assert data["symbol"] == "SPX"


async def test_the_typed_view_raises_its_reason() -> None:
    """Callers that want the view catch the error themselves."""
    with pytest.raises(DataUnavailable, match="stale_bars"):
        await MarketAnalyzer(FakeHost()).view("RUT")


def test_construction_asks_nobody() -> None:
    """The stand-alone host is built on the first call, not before."""
    assert MarketAnalyzer().last_skip == {}


def test_an_unknown_mode_is_refused_at_construction() -> None:
    """Not at the first checkpoint."""
    with pytest.raises(ValueError, match="fancy"):
        MarketAnalyzer(FakeHost(), mode="fancy")


@pytest.mark.parametrize(("mode", "wanted"), [("simple", False), ("standard", True), ("enhanced", True)])
async def test_the_mode_decides_whether_the_chain_is_looked_at(mode: str, wanted: bool) -> None:
    """A caller sees what a checkpoint of the same mode sees."""
    host = FakeHost()
    await MarketAnalyzer(host, mode).analyze_symbol("SPY")
    assert host.chains_wanted == [wanted]
