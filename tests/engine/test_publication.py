"""The publication service: one at a time, in order, with reminders."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from magic8_companion.domain.errors import PublishError
from magic8_companion.domain.recommendation import RecommendationSet
from magic8_companion.domain.trading_day import require_session
from magic8_companion.engine.checkpoints import day_schedule
from magic8_companion.engine.pipeline import CheckpointEvaluation
from magic8_companion.engine.publication import EngineHooks, PublicationService
from tests.engine.fake_plugin import signal_of, slot_of
from tests.engine.fakes import FULL_DAY, FakeMarket, FakeMemory, FakeWriter, options
from tests.engine.stepping_clock import SteppingClock
from tests.engine.test_merge import checkpoint

AT_1030 = FULL_DAY.at(time(10, 30))
ONE = options(symbols=("SPX",))


class Desk:
    """A publication service with everything around it at hand."""

    def __init__(self, now: datetime = AT_1030, connected: bool = True, **changes: Any) -> None:
        self.clock = SteppingClock(now)
        self.writer, self.memory = FakeWriter(), FakeMemory()
        self.reminders: list[datetime] = []
        self.received: list[RecommendationSet] = []
        self.pause: str | None = None
        self.options = replace(ONE, **changes)
        self.publication = PublicationService(
            self.writer, self.memory, self.clock, FakeMarket(self.clock), self.options
        )
        if connected:
            self.publication.connect(
                EngineHooks(
                    remind=self.reminders.append,
                    volatility_pause=lambda: self.pause,
                    published=self.received.append,
                )
            )

    def publish_checkpoint(self) -> int:
        """Publish the checkpoint of 10:30."""
        assert day_schedule(FULL_DAY, self.options)[0].at == AT_1030
        return self.publication.publish_checkpoint(CheckpointEvaluation(result=checkpoint(), inputs={"SPX": "c"}))


def test_each_document_asks_to_be_followed_in_time() -> None:
    """The next reminder is the longest silence or the next expiry, whichever is first."""
    desk = Desk()
    desk.publish_checkpoint()
    desk.clock.at = AT_1030 + timedelta(minutes=34)
    desk.publication.refresh()
    desk.clock.at = FULL_DAY.close_at - timedelta(minutes=3)
    desk.publication.refresh()
    assert desk.reminders == [AT_1030 + timedelta(seconds=240), AT_1030 + timedelta(minutes=35)]


def test_no_timer_is_set_outside_the_session() -> None:
    """Before the open and after the close nothing has to be fresh."""
    desk = Desk(FULL_DAY.open_at - timedelta(minutes=1))
    desk.publication.refresh()
    desk.clock.at = FULL_DAY.close_at
    desk.publication.refresh()
    assert desk.reminders == []


def test_a_timer_that_fires_early_is_set_again() -> None:
    """A tick before its time publishes nothing and asks again; on time it publishes."""
    desk = Desk()
    desk.publish_checkpoint()
    desk.clock.at += timedelta(seconds=100)
    desk.publication.on_timer()
    assert len(desk.writer.bulletins) == 1
    assert desk.reminders[0] == desk.reminders[1]
    desk.clock.at = desk.reminders[1]
    desk.publication.on_timer()
    assert len(desk.writer.bulletins) == 2


def test_a_tick_before_anything_was_published_does_nothing() -> None:
    """There is nothing to keep fresh yet."""
    desk = Desk()
    desk.publication.on_timer()
    assert (desk.writer.bulletins, desk.reminders) == ([], [])


def test_the_end_of_a_five_minute_answer_is_due_even_if_it_decides_nothing() -> None:
    """An answer that overlay ignores still stands in the document's head until it expires."""
    desk = Desk()
    desk.publish_checkpoint()
    desk.clock.at = AT_1030 + timedelta(minutes=11, seconds=5)
    slot = slot_of(AT_1030 + timedelta(minutes=5), {"SPX": signal_of(confidence=0.7)})
    desk.publication.submit(slot)
    assert slot.valid_until == AT_1030 + timedelta(minutes=15)
    assert desk.reminders[-1] == slot.valid_until


def test_a_submission_publishes_both_files_and_says_what_changed(caplog: pytest.LogCaptureFixture) -> None:
    """First the prediction file, then the merged document, whose seq comes back; the merge line counts entries."""
    desk = Desk()
    desk.publish_checkpoint()
    with caplog.at_level("INFO", "magic8_companion"):
        desk.clock.at = AT_1030 + timedelta(minutes=5, seconds=5)
        assert desk.publication.submit(slot_of(AT_1030 + timedelta(minutes=5), {"SPX": signal_of()})) == 2
        desk.clock.at = AT_1030 + timedelta(minutes=10, seconds=5)
        desk.publication.submit(slot_of(AT_1030 + timedelta(minutes=10), {"SPX": signal_of("Iron_Condor")}))
        desk.publication.submit(slot_of(AT_1030 + timedelta(minutes=10), {}))

    assert len(desk.writer.predictions) == 3
    assert [record.getMessage() for record in caplog.records] == [
        "5-min ML merge: overlay, 1 added, 0 withdrawn, seq 2",
        "5-min ML merge: overlay, 1 added, 1 withdrawn, seq 3",
        "5-min ML merge: overlay, 0 added, 1 withdrawn, seq 4",
    ]
    assert desk.received == desk.writer.bulletins


def test_what_forbids_trading_holds_in_both_files() -> None:
    """A replayed answer written where live readers look is blocked in its own document as well as in the merged one."""
    desk = Desk(AT_1030 + timedelta(minutes=5), nonlive_in_live_dir=True)
    desk.publication.submit(slot_of(AT_1030 + timedelta(minutes=5), {"SPX": signal_of()}))
    assert desk.writer.predictions[-1].signals["SPX"].entry.should_trade is False
    assert desk.writer.predictions[-1].signals["SPX"].entry.blocked_by == ("nonlive_in_live_dir",)
    merged = desk.writer.bulletins[-1].recommendations["SPX"]
    assert not any(entry.should_trade for entry in merged.strategies.values())


def test_the_journal_learns_what_each_decision_was_made_from() -> None:
    """A record that a 5-minute answer touched cites what its slot saw, any other what the checkpoint saw."""
    desk = Desk()
    desk.publish_checkpoint()
    desk.publication.note_inputs("SPX", "s", 0)
    desk.publication.refresh()
    desk.clock.at += timedelta(minutes=5)
    desk.publication.submit(slot_of(AT_1030 + timedelta(minutes=5), {"SPX": signal_of()}))
    assert desk.writer.inputs == [{"SPX": "c"}, {"SPX": "c"}, {"SPX": "s"}]
    assert desk.writer.prediction_inputs == [{"SPX": "s"}]


def test_both_results_are_remembered_and_restored() -> None:
    """What was published last is what a restart begins with."""
    desk = Desk()
    desk.publish_checkpoint()
    desk.publication.submit(slot_of(AT_1030, {"SPX": signal_of()}))
    later = Desk(AT_1030 + timedelta(minutes=1))
    later.memory.checkpoint, later.memory.five_minute = desk.memory.checkpoint, desk.memory.five_minute
    later.publication.restore()
    later.publication.refresh()
    assert later.publication.last_checkpoint == AT_1030
    assert later.writer.bulletins[0].recommendations == desk.writer.bulletins[-1].recommendations


def test_a_checkpoint_under_way_is_known_before_it_is_published() -> None:
    """A slot of the same time must see it."""
    desk = Desk()
    assert desk.publication.last_checkpoint is None
    desk.publication.begin_checkpoint(AT_1030)
    assert desk.publication.last_checkpoint == AT_1030


def test_the_kill_switch_is_published_once_per_change(tmp_path: Path) -> None:
    """A document per change, none in between, and none before the first."""
    switch = tmp_path / "KILL"
    desk = Desk(kill_switch_file=switch)
    switch.touch()
    desk.publication.poll()
    assert desk.writer.bulletins == []
    switch.unlink()
    desk.publish_checkpoint()
    for _ in range(3):
        desk.publication.poll()
    switch.touch()
    for _ in range(3):
        desk.publication.poll()
    switch.unlink()
    desk.publication.poll()
    assert [item.halt_reason for item in desk.writer.bulletins] == [None, "kill_switch", None]


def test_a_dangling_link_halts_like_a_file(tmp_path: Path) -> None:
    """Whatever lies at the path of the kill switch halts."""
    switch = tmp_path / "KILL"
    switch.symlink_to("nowhere")
    desk = Desk(kill_switch_file=switch)
    assert desk.publication.halt_reason == "kill_switch"


def test_a_pause_reaches_the_next_document() -> None:
    """What the watch says is asked at each publication."""
    desk = Desk()
    desk.publish_checkpoint()
    desk.publication.submit(slot_of(AT_1030, {"SPX": signal_of()}))
    desk.pause = "VIX at or above 40"
    desk.publication.refresh()
    keys = [item.recommendations["SPX"].best_strategy_key for item in desk.writer.bulletins]
    assert keys == ["Iron_Condor", "Butterfly_5min", "No_Trade"]


def test_after_the_end_nothing_is_tradable_any_more() -> None:
    """Stopping publishes a last document; a late submission cannot bring anything back."""
    desk = Desk()
    desk.publish_checkpoint()
    desk.publication.stop()
    desk.publication.submit(slot_of(AT_1030, {"SPX": signal_of()}))
    assert [item.halt_reason for item in desk.writer.bulletins] == [None, "stopped", "stopped"]
    assert not any(e.should_trade for e in desk.writer.bulletins[-1].recommendations["SPX"].strategies.values())
    assert len(desk.received) == 1, "the hooks are cut"


def test_an_end_without_a_beginning_touches_no_file() -> None:
    """Stopping a service that never published publishes nothing."""
    desk = Desk()
    desk.publication.stop()
    assert desk.writer.bulletins == []


def test_a_service_without_an_engine_publishes_what_it_is_given() -> None:
    """Scripts submit without anybody who reminds."""
    desk = Desk(connected=False)
    assert desk.publication.submit(slot_of(AT_1030, {"SPX": signal_of()})) == 1
    assert desk.publication.last_published is desk.writer.bulletins[0]


def test_waiting_for_the_writer_has_an_end() -> None:
    """When the writer hangs, the next one gives up with a PublishError instead of hanging too."""
    desk = Desk(request_timeout_seconds=0.02)
    free = threading.Event()
    writing = threading.Event()

    class SlowWriter(FakeWriter):
        def publish(
            self, last_published: RecommendationSet, inputs: Any, slot: Any = None, slot_inputs: Any = None
        ) -> int:
            writing.set()
            free.wait(5)
            return super().publish(last_published, inputs, slot, slot_inputs)

    publication = PublicationService(SlowWriter(), desk.memory, desk.clock, FakeMarket(desk.clock), desk.options)
    slow = threading.Thread(target=publication.refresh, daemon=True)
    slow.start()
    assert writing.wait(5)
    with pytest.raises(PublishError, match="busy"):
        publication.refresh()
    free.set()
    slow.join(5)
    assert publication.last_published is not None


def test_a_document_is_due_when_a_pause_around_an_event_begins_and_ends() -> None:
    """The file changes with the pause, not with the next slot."""
    session = require_session(date(2025, 3, 19))
    desk = Desk(session.at(time(13, 37)), pause_events={"fomc_statement": 20})
    desk.publication.refresh()
    desk.clock.at = session.at(time(14, 17))
    desk.publication.refresh()
    assert desk.reminders == [session.at(time(13, 40)), session.at(time(14, 20))]


def test_heartbeats_fill_the_time_between_two_documents() -> None:
    """Each lets the file live for 60 s; a document that is due comes instead of a heartbeat."""
    desk = Desk(has_heartbeat=True)
    desk.publish_checkpoint()
    while len(desk.writer.bulletins) < 2:
        desk.clock.at = desk.reminders[-1]
        desk.publication.on_timer()
    assert desk.writer.bulletins[0].valid_until == AT_1030 + timedelta(seconds=60)
    assert desk.writer.beats == [
        (AT_1030 + timedelta(seconds=second), AT_1030 + timedelta(seconds=second + 60)) for second in range(20, 240, 20)
    ]
    assert desk.writer.bulletins[1].published_at == AT_1030 + timedelta(seconds=240)


def test_no_heartbeat_lives_beyond_the_close() -> None:
    """The last ones end at the close, and none is due at or after it."""
    desk = Desk(FULL_DAY.close_at - timedelta(seconds=45), has_heartbeat=True)
    desk.publication.refresh()
    for _ in range(3):
        desk.clock.at = desk.reminders[-1]
        desk.publication.on_timer()
    assert [(FULL_DAY.close_at - at).seconds for at, _ in desk.writer.beats] == [25, 5]
    assert {until for _, until in desk.writer.beats} == {FULL_DAY.close_at}


def test_what_no_longer_holds_gets_no_heartbeat(tmp_path: Path) -> None:
    """With the kill switch set a heartbeat that is due becomes a document."""
    desk = Desk(has_heartbeat=True, kill_switch_file=tmp_path / "KILL")
    desk.publish_checkpoint()
    (tmp_path / "KILL").touch()
    desk.clock.at = desk.reminders[-1]
    desk.publication.on_timer()
    assert desk.writer.beats == []
    assert desk.writer.bulletins[-1].halt_reason == "kill_switch"


@pytest.mark.parametrize("what", ["document", "heartbeat"])
def test_a_host_that_cannot_write_halts_the_file_and_stays_halted(what: str) -> None:
    """The halted document, ready from the start, comes; what is written after all on the way out is halted too."""
    desk = Desk(has_heartbeat=True)
    desk.publication.restore()
    (ready,) = desk.writer.halted
    assert ready.halt_reason == "cannot_publish"
    assert not any(entry.should_trade for entry in ready.recommendations["SPX"].strategies.values())

    desk.publish_checkpoint()
    desk.writer.fails = True
    desk.clock.at = desk.reminders[-1] + timedelta(seconds=0 if what == "heartbeat" else 300)
    with pytest.raises(PublishError, match="full"):
        desk.publication.on_timer()
    assert desk.writer.has_halted
    desk.writer.fails = False
    desk.publication.refresh()
    assert desk.writer.bulletins[-1].halt_reason == "stopped"


def test_a_host_that_lost_its_folder_ends(tmp_path: Path) -> None:
    """Looked at twice a second, whether or not anything is to be published."""
    desk = Desk(kill_switch_file=tmp_path / "KILL")
    desk.writer.is_foreign = True
    with pytest.raises(PublishError, match="replaced"):
        desk.publication.poll()
