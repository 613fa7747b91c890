"""What plugins may ask of the host, from any thread and even from the host's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable, PublishError
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.engine.private_loop import PrivateLoop
from magic8_companion.engine.publication import PublicationService
from magic8_companion.engine.services import HostServices
from tests.engine.fake_plugin import signal_of, slot_of
from tests.engine.fakes import FULL_DAY, FakeMarket, FakeMemory, FakeWriter, options
from tests.engine.stepping_clock import SteppingClock
from tests.engine.test_volatility_pause import vix

NOW = FULL_DAY.at(time(10, 35, 5))


class Hosted:
    """Services without an engine, and the parts around them."""

    def __init__(self, **changes: Any) -> None:
        settings = options(**changes)
        self.clock = SteppingClock(NOW)
        self.market, self.writer = FakeMarket(self.clock), FakeWriter()
        self.publication = PublicationService(self.writer, FakeMemory(), self.clock, self.market, settings)
        self.observer = MarketObserver(self.market, self.clock, settings)
        self.services = HostServices(
            clock=self.clock,
            provider=self.market,
            observer=self.observer,
            publication=self.publication,
            options=settings,
            ml_options=MLPluginConfig(),
            output_dir=Path("unused"),
        )


@pytest.fixture
def hosted() -> Iterator[Hosted]:
    """Return services that are closed after the test."""
    host = Hosted()
    yield host
    host.services.close()


def test_a_script_observes_on_a_private_loop(hosted: Hosted) -> None:
    """Without an engine and without a loop an observation works, and works again after close."""
    assert hosted.services.observe("SPX").symbol == "SPX"
    hosted.services.close()
    hosted.services.close()
    assert hosted.services.observe("SPY").symbol == "SPY"


async def test_a_script_inside_a_loop_observes_on_a_private_one(hosted: Hosted) -> None:
    """A coroutine may call the blocking method without deadlock."""
    assert hosted.services.observe("SPX").symbol == "SPX"


async def test_a_plugins_thread_observes_on_the_hosts_loop(hosted: Hosted) -> None:
    """The provider sees only the loop that owns it."""
    seen = []

    async def look() -> None:
        seen.append(asyncio.get_running_loop())

    hosted.market.pause = look
    hosted.services.serve_on(asyncio.get_running_loop())
    state = await asyncio.to_thread(hosted.services.observe, "SPX")
    assert state.chain is None
    assert set(seen) == {asyncio.get_running_loop()}


async def test_on_the_hosts_loop_a_free_provider_is_observed_elsewhere(hosted: Hosted) -> None:
    """Waiting for the own loop would never end; a private one answers."""
    hosted.services.serve_on(asyncio.get_running_loop())
    assert hosted.services.observe("SPX").symbol == "SPX"


async def test_on_the_hosts_loop_a_bound_provider_refuses(hosted: Hosted) -> None:
    """A provider that belongs to this loop cannot be asked from it without deadlock."""
    hosted.market.loop_bound = True
    hosted.services.serve_on(asyncio.get_running_loop())
    with pytest.raises(DataUnavailable, match="called_on_provider_loop"):
        hosted.services.observe("SPX")


async def test_an_observation_that_hangs_is_given_up() -> None:
    """The wait for the loop has a limit of its own."""
    hosted = Hosted(request_timeout_seconds=0.02, bar_wait_seconds=0.0)
    hosted.services.serve_on(asyncio.get_running_loop())
    hosted.market.pause = asyncio.Event().wait
    with pytest.raises(DataUnavailable, match="timeout"):
        await asyncio.to_thread(hosted.services.observe, "SPX")


def test_a_loop_that_is_stuck_is_given_up() -> None:
    """Nobody waits for ever for a loop that does not answer at all."""
    hosted, stuck, free = Hosted(request_timeout_seconds=0.01, bar_wait_seconds=0.0), PrivateLoop("stuck"), Event()
    stuck.loop().call_soon_threadsafe(free.wait, 5)
    hosted.services.serve_on(stuck.loop())
    with pytest.raises(DataUnavailable, match="SPX was not observed"):
        hosted.services.observe("SPX")
    free.set()
    stuck.close()


def test_a_refusal_reaches_the_plugin(hosted: Hosted) -> None:
    """The reason of the observer is the reason of the host."""
    hosted.market.faults = {("bars", "SPX"): DataUnavailable("feed_down")}
    with pytest.raises(DataUnavailable, match="feed_down"):
        hosted.services.observe("SPX")


async def test_a_submission_is_journalled_with_what_was_seen(hosted: Hosted) -> None:
    """Even on the host's loop a submission is published; the digest of the observation goes with it."""
    hosted.services.serve_on(asyncio.get_running_loop())
    hosted.services.observe("SPX")
    seq = hosted.services.submit(slot_of(NOW - timedelta(seconds=5), {"SPX": signal_of()}))
    assert (seq, hosted.publication.last_published) == (1, hosted.writer.bulletins[0])
    assert len(hosted.writer.prediction_inputs[0]["SPX"]) == 64


def test_a_write_that_fails_ends_the_host(hosted: Hosted) -> None:
    """The plugin sees the error, and so does whoever runs the host."""
    failures: list[BaseException] = []
    hosted.services.serve_on(None, failures.append)
    hosted.writer.fails = True
    with pytest.raises(PublishError):
        hosted.services.submit(slot_of(NOW, {}))
    assert [str(error) for error in failures] == ["the disk is full"]


async def test_the_pause_is_judged_from_what_was_observed(hosted: Hosted) -> None:
    """A VIX above the level pauses once it has been seen, and only on its own day."""
    hosted.market.vix = vix([45.0] * 30)
    assert hosted.services.volatility_pause is None
    await hosted.observer.refresh_vix()
    assert hosted.services.volatility_pause == "VIX at or above 40"
    hosted.clock.at += timedelta(days=1)
    assert hosted.services.volatility_pause is None


async def test_a_daily_open_never_pauses(hosted: Hosted) -> None:
    """The morning's number cannot tell when a pause would end."""
    hosted.market.vix = flat_open(57.0)
    await hosted.observer.refresh_vix()
    assert hosted.services.volatility_pause is None


def flat_open(level: float) -> Bars:
    """Return the one bar of a source that knows only the day's official open."""
    first = vix([level])
    return Bars(**{name: getattr(first, name).copy() for name in ("starts", "open", "high", "low", "close", "volume")})


def test_the_rest_is_handed_through(hosted: Hosted) -> None:
    """Symbols, checkpoint and halt come from the host's own parts."""
    hosted.publication.begin_checkpoint(NOW)
    assert hosted.services.symbols == ("SPX", "SPY")
    assert hosted.services.last_checkpoint == NOW
    assert hosted.services.halt_reason is None
    assert np.isfinite(hosted.services.options.weight)


@pytest.mark.parametrize("closed", [False, True])
def test_a_loop_that_does_not_run_is_named_at_once(hosted: Hosted, closed: bool) -> None:
    """A provider that is bound to it refuses without waiting; a free one is observed on a private loop."""
    loop = asyncio.new_event_loop()
    if closed:
        loop.close()
    hosted.services.serve_on(loop)
    assert hosted.services.observe("SPX").symbol == "SPX"
    hosted.market.loop_bound = True
    with pytest.raises(DataUnavailable, match="wrong_loop") as caught:
        hosted.services.observe("SPX")
    assert ("is closed" if closed else "does not run") in caught.value.detail
    loop.close()
    hosted.services.close()
