"""One checkpoint: side by side, in order, and no symbol takes another down."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from datetime import time, timedelta
from typing import Any

import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.ml_result import Prediction, Unavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.scores import ScoreCard
from magic8_companion.engine.checkpoints import day_schedule
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.engine.pipeline import CheckpointEvaluation, CheckpointPipeline
from magic8_companion.market_view import MarketView
from tests.engine.fakes import FULL_DAY, FakeMarket, FakeScorer, card_of, options, view_of
from tests.engine.stepping_clock import SteppingClock
from tests.engine.test_decide import prediction


class Line:
    """A pipeline and its market."""

    def __init__(self, scorer: Any = None, **changes: Any) -> None:
        settings = options(**changes)
        clock = SteppingClock(FULL_DAY.at(time(10, 30, 5)))
        self.market = FakeMarket(clock)
        observer = MarketObserver(self.market, clock, settings)
        self.pipeline = CheckpointPipeline(observer, view_of, scorer or FakeScorer(), self.market, settings)
        self.checkpoint = day_schedule(FULL_DAY, settings)[0]

    async def run(self) -> CheckpointEvaluation:
        """Run the checkpoint of 10:30."""
        return await self.pipeline.run(self.checkpoint)


async def test_every_symbol_is_evaluated_in_configured_order() -> None:
    """The result lists the symbols as configured, each with the digest of its inputs."""
    evaluation = await Line(symbols=("SPY", "SPX", "QQQ")).run()
    assert list(evaluation.result.recommendations) == ["SPY", "SPX", "QQQ"]
    assert list(evaluation.inputs) == ["SPY", "SPX", "QQQ"]
    assert len(set(evaluation.inputs.values())) == 3
    entry = evaluation.result.recommendations["SPX"].strategies["Vertical"]
    assert entry.valid_until == FULL_DAY.at(time(11, 5))


async def test_symbols_are_observed_side_by_side() -> None:
    """The slowest source decides how long it takes, not the number of symbols."""
    line = Line(symbols=("SPY", "SPX", "QQQ"))
    together = asyncio.Barrier(3)

    async def meet() -> None:
        if len(line.market.requests) <= 3:
            await together.wait()

    line.market.pause = meet
    assert len((await asyncio.wait_for(line.run(), 5)).result.recommendations) == 3


async def test_the_simple_mode_asks_for_no_chain() -> None:
    """Bars and VIX are enough for it; every other mode wants the chain."""
    simple, standard = Line(system_mode="simple"), Line()
    await simple.run()
    await standard.run()
    assert not [request for request in simple.market.requests if request[0] == "chain"]
    assert [request for request in standard.market.requests if request[0] == "chain"]


async def test_when_nothing_can_be_observed_the_result_says_why() -> None:
    """Without any symbol the status is that of a source without data."""
    line = Line(enable_ml_integration=True)
    line.market.faults = {("bars", symbol): DataUnavailable("feed_down") for symbol in ("SPX", "SPY")}
    result = (await line.run()).result
    assert (result.recommendations, result.skipped) == ({}, {"SPX": "feed_down", "SPY": "feed_down"})
    assert (result.data_source, result.data_status, result.ml_status) == ("fake", "stale", "unavailable:feed_down")


async def test_an_unforeseen_error_is_logged_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    """What nobody expected costs one symbol and leaves a traceback."""
    line = Line(FakeScorer(faults={"SPX": ZeroDivisionError("unforeseen")}))
    with caplog.at_level("INFO", "magic8_companion"):
        result = (await line.run()).result
    assert result.skipped == {"SPX": "exception:ZeroDivisionError"}
    (record,) = [item for item in caplog.records if item.exc_info]
    assert record.getMessage() == "Skipped SPX: exception:ZeroDivisionError"


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ({}, "disabled"),
        ({"SPX": prediction(), "SPY": prediction()}, "ok"),
        ({"SPX": Unavailable(reason="timeout"), "SPY": prediction()}, "partial"),
        ({"SPX": Unavailable(reason="timeout"), "SPY": Unavailable(reason="no_model")}, "unavailable:timeout"),
    ],
)
async def test_the_ml_status_sums_up_the_symbols(answers: dict[str, Prediction | Unavailable], status: str) -> None:
    """Ok when all answered, partial when some did, else the first reason."""

    class Scorer:
        def score(self, view: MarketView) -> ScoreCard:
            symbol = view.state.symbol
            zeros = dict.fromkeys(("Butterfly", "Iron_Condor", "Vertical"), 0.0)
            texts = dict.fromkeys(zeros, "mixed")
            return card_of(symbol, ml=answers.get(symbol), ml_scores=zeros, agreement=texts)

    assert (await Line(Scorer()).run()).result.ml_status == status


async def test_the_worst_data_names_the_result() -> None:
    """One delayed symbol makes the checkpoint's status delayed."""
    line = Line()
    line.market.behind["SPY"] = 1
    evaluation = await line.run()
    assert evaluation.result.data_status == "delayed"
    assert evaluation.result.checkpoint_at + timedelta(seconds=5) == line.checkpoint.due_at


async def test_chains_are_recorded_while_the_checkpoint_goes_on() -> None:
    """A recorder that blocks for ever delays nothing; it sees the chain of every observed symbol."""
    seen, release = [], threading.Event()

    def record(chains: Sequence[OptionChain]) -> None:
        seen.extend(chain.symbol for chain in chains)
        release.wait(10)

    line = Line()
    settings = options()
    clock = SteppingClock(FULL_DAY.at(time(10, 30, 5)))
    observer = MarketObserver(FakeMarket(clock), clock, settings)
    line.pipeline = CheckpointPipeline(observer, view_of, FakeScorer(), line.market, settings, record=record)
    try:
        assert len((await line.run()).result.recommendations) == 2
        assert not release.is_set()
    finally:
        release.set()
    assert seen == ["SPX", "SPY"]
