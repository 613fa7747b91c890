"""A feed that is deaf: what was decided from it is unknown while it lasts, and known again after."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Any

import pytest

from magic8_companion.domain.connection import CONNECTED, DEGRADED, ConnectionState
from magic8_companion.engine.pipeline import CheckpointEvaluation
from magic8_companion.engine.publication import EngineHooks, PublicationService
from magic8_companion.ports import Monitored
from tests.engine.fake_plugin import signal_of, slot_of
from tests.engine.fakes import FULL_DAY, FakeMarket, FakeMemory, FakeWriter, options
from tests.engine.stepping_clock import SteppingClock
from tests.engine.test_merge import AT_1030, ONE, checkpoint, merged, slot

UP = ConnectionState(source="fake", state=CONNECTED, since=AT_1030)
BLIP = ConnectionState(source="fake", state=DEGRADED, why="not_connected", since=AT_1030, sentence="it ended")
DOWN = replace(BLIP, outage="ib_disconnected")


@dataclass
class MonitoredMarket(FakeMarket):
    """A market that says how it is connected."""

    state: ConnectionState | None = None

    watched: tuple[str, ...] = ()

    async def watch(self, symbols: Sequence[str]) -> None:
        self.watched = tuple(symbols)

    def connection(self) -> ConnectionState | None:
        return self.state


class Desk:
    """A publication service with a monitored feed, after the checkpoint of 10:30."""

    def __init__(self) -> None:
        self.clock, self.writer = SteppingClock(AT_1030), FakeWriter()
        self.market = MonitoredMarket(self.clock, state=UP)
        self.publication = PublicationService(self.writer, FakeMemory(), self.clock, self.market, ONE)
        quiet = EngineHooks(remind=lambda _: None, volatility_pause=lambda: None, published=lambda _: None)
        self.publication.connect(quiet)
        self.publication.publish_checkpoint(CheckpointEvaluation(result=checkpoint(), inputs={}))

    def poll(self, state: ConnectionState) -> None:
        """Let the feed change, and look several times."""
        self.market.state = state
        for _ in range(3):
            self.publication.poll()

    def offered(self) -> list[bool]:
        """Tell of each document whether anything in it may be traded."""
        return [
            any(entry.should_trade for record in item.recommendations.values() for entry in record.strategies.values())
            for item in self.writer.bulletins
        ]


def test_an_outage_makes_its_own_decisions_unknown() -> None:
    """The symbol is skipped with the reason, checkpoint and slot alike; the document is stale."""
    document = merged(checkpoint(), slot(), connection=DOWN)
    record = document.recommendations["SPX"]
    assert document.skipped == {"SPX": "ib_disconnected"}
    assert (document.data_status, record.data_status, record.best_strategy) == ("stale", "stale", "No_Trade")
    assert not any(entry.should_trade for entry in record.strategies.values())
    assert (document.ml_5min_enhanced, document.connection) == (False, DOWN)
    assert document.checkpoint_at == AT_1030


def test_the_outage_of_one_symbol_leaves_the_others_alone() -> None:
    """Its checkpoint and its slot are unknown with its reason; the other symbol stays as it was."""
    settings = options(symbols=("SPX", "SPY"))
    last = checkpoint()
    last = replace(last, recommendations=dict.fromkeys(settings.symbols, last.recommendations["SPX"]))
    five = slot_of(AT_1030 + timedelta(minutes=5), {name: signal_of() for name in settings.symbols})
    disconnected = replace(BLIP, outages={"SPY": "bad_spot"})
    told, untold = (merged(last, five, settings=settings, connection=state) for state in (disconnected, BLIP))
    assert told.skipped == {"SPY": "bad_spot"}
    assert told.recommendations["SPX"] == untold.recommendations["SPX"]
    assert not any(entry.should_trade for entry in told.recommendations["SPY"].strategies.values())
    assert "Butterfly_5min" not in told.recommendations["SPY"].strategies
    assert any(entry.should_trade for entry in untold.recommendations["SPY"].strategies.values())


def test_what_comes_late_now_is_late_whatever_it_was_when_it_was_decided() -> None:
    """A symbol whose live data are lost to delayed ones is shown as delayed, and nothing of it is tradable."""
    late = replace(UP, delayed=frozenset({"SPX"}))
    document = merged(checkpoint(), slot(), connection=late)
    record = document.recommendations["SPX"]
    assert (document.data_status, record.data_status, document.skipped) == ("delayed", "delayed", {})
    assert all("delayed_data" in entry.blocked_by for key, entry in record.strategies.items() if key != "No_Trade")
    assert merged(checkpoint(), slot(), connection=replace(late, source="another")).data_status == "live"
    allowed = replace(ONE, trade_on_delayed_data=True)
    traded = merged(checkpoint(), slot(), settings=allowed, connection=late).recommendations["SPX"]
    assert any(entry.should_trade for entry in traded.strategies.values())


def test_an_outage_is_the_reason_before_the_first_checkpoint_too() -> None:
    """What a slot alone has said is unknown because of the outage, not because no checkpoint has been."""
    assert merged(None, slot(), connection=DOWN).skipped == {"SPX": "ib_disconnected"}


@pytest.mark.parametrize("state", [None, UP, BLIP, replace(DOWN, source="another")])
def test_what_is_no_outage_of_the_source_changes_nothing(state: ConnectionState | None) -> None:
    """A blip, a healthy feed, and the outage of a source that had no part in the decision."""
    told, untold = merged(checkpoint(), slot(), connection=state), merged(checkpoint(), slot())
    assert replace(told, connection=None) == untold
    assert told.connection == state


def test_a_change_is_published_once_and_nothing_is_tradable_while_it_lasts(caplog: pytest.LogCaptureFixture) -> None:
    """Healthy, blip, outage, one symbol alone, healthy: a document each, and three lines in the log."""
    caplog.set_level(logging.INFO)
    desk = Desk()
    alone = replace(BLIP, outages={"SPX": "bad_spot"})
    for state in (UP, BLIP, DOWN, alone, UP):
        desk.poll(state)
    assert [item.connection for item in desk.writer.bulletins] == [UP, BLIP, DOWN, alone, UP]
    assert desk.offered() == [True, True, False, False, True]
    assert caplog.messages == [
        "Feed fake is connected",
        "Feed fake is degraded (not_connected: it ended)",
        "Feed fake is connected",
    ]


@pytest.mark.parametrize("away", [timedelta(hours=-2), timedelta(hours=9)])
def test_outside_the_session_a_change_is_told_to_the_log_alone(
    away: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    """The gateway's nightly restart writes no documents."""
    desk = Desk()
    desk.clock = SteppingClock(FULL_DAY.at(time(10, 30)) + away)
    desk.publication = PublicationService(desk.writer, FakeMemory(), desk.clock, desk.market, ONE)
    desk.publication.refresh()
    before = len(desk.writer.bulletins)
    desk.poll(DOWN)
    assert len(desk.writer.bulletins) == before
    assert len(caplog.messages) == 1


def test_a_market_without_connection_is_not_monitored() -> None:
    """Recorded and simulated days say nothing of connections."""
    plain: Any = FakeMarket(SteppingClock(AT_1030))
    assert not isinstance(plain, Monitored)
    assert merged(checkpoint(), slot()).connection is None
