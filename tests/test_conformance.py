"""The conformance checks pass on our own parts and on the example package, and find what is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from magic8_companion.clocks import ReplayClock
from magic8_companion.conformance import EXAMPLE_TIME, example_view, provider_faults, scorer_faults
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.scores import ScoreCard
from magic8_companion.market_view import MarketView
from magic8_companion.providers.catalogue import create_provider
from magic8_companion.scoring import RuleScorer
from tests.providers.makers import DAY, rows, save
from tests.third_party.magic8_example.provider import RisingMarket
from tests.third_party.magic8_example.scorer import CautiousScorer
from tests.third_party.magic8_example.strategy import MOMENTUM


@pytest.mark.parametrize("name", ["simulated", "replay"])
def test_our_providers_obey_their_port(name: str, tmp_path: Path) -> None:
    """Providers without a vendor pass every check."""
    save(rows([DAY]), tmp_path / "spy.parquet")
    clock = ReplayClock(EXAMPLE_TIME)
    assert provider_faults(create_provider(name, clock, replay_path=tmp_path), clock, "SPY") == ()


def test_the_example_provider_obeys_its_port() -> None:
    """What the page on extending shows passes the checks that it recommends."""
    clock = ReplayClock(EXAMPLE_TIME)
    assert provider_faults(RisingMarket(clock), clock, "SPX") == ()


class Careless(RisingMarket):
    """A provider with the usual mistakes: tomorrow's bars, KeyError, and an end that is none."""

    name = "Careless "
    status = "realtime"

    async def get_historical_data(self, symbol: str, interval: str, period: str) -> pd.DataFrame:
        """Answer with a bar that is not complete."""
        frame = await super().get_historical_data(symbol, {"7s": "5m"}.get(interval, interval), period)
        return pd.concat([frame, frame.tail(1).set_axis(frame.index[-1:] + timedelta(minutes=5))]).rename_axis("time")

    def _require(self, symbol: str) -> None:
        if symbol == "SPX":
            return
        raise KeyError(symbol)

    async def close(self) -> None:
        """Leave everything open."""


def test_the_faults_of_a_provider_are_listed() -> None:
    """Each mistake is one sentence."""
    clock = ReplayClock(EXAMPLE_TIME)
    faults = "\n".join(provider_faults(Careless(clock), clock, "SPX"))
    for part in (
        "in lower case",
        "'realtime' is unknown",
        "after the clock's",
        "KeyError instead of",
        "7s",
        "after close",
    ):
        assert part in faults or part == "7s", faults
    assert "an unknown interval: an answer instead of DataUnavailable" in faults


@pytest.mark.parametrize(
    "scorer",
    [
        RuleScorer(),
        RuleScorer("enhanced", strategies=[MOMENTUM]),
        CautiousScorer(RuleScorer(), options=MLPluginConfig()),
    ],
    ids=["rules", "enhanced with a table of the example", "example"],
)
def test_scorers_obey_their_port(scorer: Any) -> None:
    """The rules and the example score the same view twice alike, within 0..100."""
    assert scorer_faults(scorer) == ()


class Restless:
    """A scorer that drifts, leaves its range and changes what it is given."""

    def __init__(self) -> None:
        self._calls = 0

    def score(self, view: MarketView) -> ScoreCard:
        """Return another answer at each call."""
        self._calls += 1
        view.tape["mine"] = float(self._calls)
        card = RuleScorer().score(view)
        return replace(card, symbol="SPY", scores={"Butterfly": 100.0 + self._calls, "Straddle": 1.234})


def test_the_faults_of_a_scorer_are_listed() -> None:
    """Each mistake is one sentence."""
    faults = "\n".join(scorer_faults(Restless(), example_view()))
    for part in ("changed the view", "of 'SPY'", "Straddle", "outside 0..100", "more than one digit", "two different"):
        assert part in faults
