"""Whole trading days on the replayed clock, with the real threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from magic8_companion.domain.connection import ConnectionState
from magic8_companion.domain.errors import DataUnavailable, PublishError
from magic8_companion.domain.recommendation import RecommendationSet
from magic8_companion.domain.trading_day import new_york_label
from magic8_companion.engine.day import KILL_SWITCH_POLL_SECONDS, CheckpointOutcome
from tests.engine.fake_plugin import FakeExtension
from tests.engine.fakes import FULL_DAY, HALF_DAY, FakeMarket, FakeScorer, House, options
from tests.engine.test_volatility_pause import vix

EARLY = FULL_DAY.open_at - timedelta(minutes=5)


class DeadMarket(FakeMarket):
    """A market that knows, as soon as it is watched, that nothing comes."""

    state: ConnectionState | None = None

    async def watch(self, symbols: Sequence[str]) -> None:
        assert tuple(symbols) == ("SPX", "SPY")
        self.state = ConnectionState(source=self.name, state="degraded", why="feed_silent", outage="feed_silent")

    def connection(self) -> ConnectionState | None:
        return self.state


def labels(outcomes: tuple[CheckpointOutcome, ...]) -> list[str]:
    """Return the labels of the executed checkpoints."""
    return [outcome.label for outcome in outcomes if outcome.result is not None]


def tradable(last_published: RecommendationSet) -> set[tuple[str, str]]:
    """Return symbol and key of everything that may be traded."""
    return {
        (symbol, key)
        for symbol, record in last_published.recommendations.items()
        for key, entry in record.strategies.items()
        if entry.should_trade
    }


async def test_a_full_day_has_four_checkpoints() -> None:
    """A full day runs every checkpoint at its time and publishes each."""
    house = House(options=options(), start=EARLY)
    outcomes = await house.run_day(FULL_DAY)

    assert labels(outcomes) == ["10:30 ET", "11:00 ET", "12:30 ET", "14:45 ET"]
    published = {item.published_at for item in house.writer.bulletins}
    assert {outcome.checkpoint_at + timedelta(seconds=5) for outcome in outcomes} <= published
    assert house.told[0] == (FULL_DAY.open_at, "published")
    assert (FULL_DAY.open_at + timedelta(minutes=60, seconds=5), "checkpoint 10:30 ET") in house.told


async def test_a_listener_gets_each_outcome_as_soon_as_it_is_published() -> None:
    """Each checkpoint of a day is reported before the next one, when its document is there."""
    house = House(options=options(), start=EARLY)
    outcomes = await house.run_day(FULL_DAY)

    assert tuple(outcome for outcome, _ in house.decisions) == outcomes
    counts = [count for _, count in house.decisions]
    for outcome, count in house.decisions:
        assert house.writer.bulletins[count - 1].published_at >= outcome.checkpoint_at
    assert all(earlier < later for earlier, later in pairwise(counts))
    assert counts[-1] < len(house.writer.bulletins)


async def test_a_half_day_leaves_out_what_lies_after_its_close() -> None:
    """At 13:00 the half day is over: the afternoon checkpoint is skipped with a reason."""
    house = House(options=options(), start=HALF_DAY.open_at)
    outcomes = await house.run_day(HALF_DAY)

    assert labels(outcomes) == ["10:30 ET", "11:00 ET", "12:30 ET"]
    assert outcomes[-1].skipped == "the session closes at 13:00 ET"
    assert house.clock.now() == HALF_DAY.close_at


async def test_a_late_start_replays_nothing() -> None:
    """Started at 12:00 the engine names the two missed checkpoints and runs the other two on time."""
    house = House(options=options(), start=FULL_DAY.open_at + timedelta(minutes=150))
    outcomes = await house.run_day(FULL_DAY)

    assert labels(outcomes) == ["12:30 ET", "14:45 ET"]
    assert [item.skipped for item in outcomes[:2]] == [
        "missed by 90 min, the grace is 5 min",
        "missed by 60 min, the grace is 5 min",
    ]


async def test_a_start_within_the_grace_runs_the_checkpoint_at_once() -> None:
    """Three minutes late is within the grace of five."""
    house = House(options=options(), start=FULL_DAY.open_at + timedelta(minutes=63))
    outcomes = await house.run_day(FULL_DAY)

    assert labels(outcomes)[0] == "10:30 ET"
    first = next(item for item in house.writer.bulletins if item.checkpoint_at is not None)
    assert (new_york_label(first.published_at), first.checkpoint_label) == ("10:33 ET", "10:30 ET")


async def refused_day(symbols: Sequence[str], reason: str, seconds: float) -> tuple[House, CheckpointOutcome]:
    """Run a day whose source refuses the bars of symbols until some seconds after 10:30:05; return that outcome."""
    house = House(options=options(), start=FULL_DAY.at(time(10, 29)))
    until = FULL_DAY.at(time(10, 30, 5)) + timedelta(seconds=seconds)

    async def refuse() -> None:
        refusals = {("bars", symbol): DataUnavailable(reason, "as IB does") for symbol in symbols}
        house.market.faults = refusals if house.clock.now() < until else {}

    house.market.pause = refuse
    return house, (await house.run_day(FULL_DAY))[0]


@pytest.mark.parametrize("symbols", [("SPX", "SPY"), ("SPY",)])
async def test_one_refusal_of_pacing_costs_no_checkpoint(
    symbols: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """Symbols skipped at the second of the checkpoint are evaluated 20 s later, and the log says so."""
    with caplog.at_level("INFO", "magic8_companion"):
        house, first = await refused_day(symbols, "pacing", 1)
    assert first.result is not None
    assert (list(first.result.recommendations), first.result.skipped) == (["SPX", "SPY"], {})
    names = ", ".join(f"{symbol} (pacing)" for symbol in symbols)
    assert f"Checkpoint 10:30 ET: skipped {names}; next attempt at 2025-06-26T14:30:25Z" in caplog.messages
    published = [item for item in house.writer.bulletins if item.checkpoint_label == "10:30 ET"]
    assert published[0].published_at == FULL_DAY.at(time(10, 30, 5))
    assert {symbol for symbol, _ in tradable(published[0])} == {"SPX", "SPY"} - set(symbols)
    assert published[1].published_at == FULL_DAY.at(time(10, 30, 25))
    assert {symbol for symbol, _ in tradable(published[1])} == {"SPX", "SPY"}


async def test_symbols_that_are_decided_are_not_evaluated_again() -> None:
    """A retry requests only the skipped symbol."""
    house, first = await refused_day(("SPY",), "pacing", 1)
    assert first.result is not None
    bars = [item for item in house.market.requests if item == ("bars", "SPX", "5m", "1d")]
    retried = [item for item in house.market.requests if item == ("bars", "SPY", "5m", "1d")]
    assert len(retried) == len(bars) + 1


async def test_retries_end_with_the_grace() -> None:
    """A source that refuses for longer than the grace costs the symbol, with the reason, and is not published again."""
    house, first = await refused_day(("SPY",), "pacing", 3600)
    assert first.result is not None
    assert first.result.skipped == {"SPY": "pacing"}
    retried = [item for item in house.market.requests if item == ("bars", "SPY", "5m", "1d")]
    assert len(retried) >= 16
    within = FULL_DAY.at(time(10, 30, 6)), FULL_DAY.at(time(10, 36))
    refreshed = [item for item in house.writer.bulletins if within[0] <= item.published_at <= within[1]]
    assert len(refreshed) <= 1  # the periodic refresh


@pytest.mark.parametrize(
    ("minutes", "first_published"),
    [
        (-5, {"10:30 ET": time(10, 30, 5), "10:32 ET": time(10, 32, 5)}),
        (64, {"10:32 ET": time(10, 34)}),
    ],
)
async def test_two_checkpoints_within_one_grace_are_two_moments(minutes: int, first_published: dict[str, time]) -> None:
    """Each has its own time although a symbol of the first is retried; a late start takes the newer one alone."""
    house = House(
        options=options(checkpoint_times=(time(10, 30), time(10, 32)), checkpoint_grace_minutes=5),
        start=FULL_DAY.open_at + timedelta(minutes=minutes),
    )
    house.market.faults = {("bars", "SPY"): DataUnavailable("pacing", "as IB does")}
    outcomes = await house.run_day(FULL_DAY)

    assert labels(outcomes) == list(first_published)
    seen: dict[str | None, datetime] = {}
    for item in house.writer.bulletins:
        if item.checkpoint_at is not None:
            seen.setdefault(item.checkpoint_label, item.published_at)
    assert seen == {label: FULL_DAY.at(wall) for label, wall in first_published.items()}


async def test_a_lasting_reason_is_not_retried() -> None:
    """A missing permission does not end within five minutes."""
    house, first = await refused_day(("SPY",), "no_permission", 3600)
    assert first.result is not None
    assert first.result.skipped == {"SPY": "no_permission"}
    retried = [item for item in house.market.requests if item == ("bars", "SPY", "5m", "1d")]
    assert len(retried) == 4


async def test_a_start_after_the_close_publishes_nothing() -> None:
    """After the close every checkpoint is missed and no file is touched."""
    house = House(options=options(), start=FULL_DAY.close_at + timedelta(minutes=1))
    outcomes = await house.run_day(FULL_DAY)

    assert labels(outcomes) == []
    assert len(outcomes) == 4
    assert house.writer.bulletins == []


async def test_a_holiday_is_one_sentence(caplog: pytest.LogCaptureFixture) -> None:
    """On a day without session the engine says so and does nothing else."""
    house = House(options=options(), start=EARLY)
    with caplog.at_level("INFO", "magic8_companion"):
        async with house.engine:
            assert await house.engine.run_date(date(2025, 7, 4)) == ()

    assert [record.message for record in caplog.records] == [
        "Nothing to do: the NYSE is shut on 2025-07-04 (an exchange holiday)"
    ]
    assert (house.writer.bulletins, house.market.requests) == ([], [])


async def test_one_failing_symbol_harms_no_other() -> None:
    """Of three symbols one has no data and one breaks the scorer; the third is published as ever."""
    house = House(
        options=options(symbols=("SPX", "SPY", "QQQ")),
        start=EARLY,
        scorer=FakeScorer(faults={"SPY": KeyError("unforeseen")}),
    )
    house.market.faults[("bars", "SPX")] = DataUnavailable("feed_down", "no answer")
    outcomes = await house.run_day(FULL_DAY)

    result = outcomes[0].result
    assert result.skipped == {"SPX": "feed_down", "SPY": "exception:KeyError"}
    assert list(result.recommendations) == ["QQQ"]
    last_published = next(item for item in house.writer.bulletins if item.checkpoint_at is not None)
    assert list(last_published.recommendations) == ["SPX", "SPY", "QQQ"]
    assert tradable(last_published) == {("QQQ", "Iron_Condor")}
    assert last_published.data_status == "live", "a skipped symbol does not stop the readers of the others"


async def test_a_scorer_that_hangs_costs_its_symbol_only() -> None:
    """A scorer that exceeds its limit is given up, its symbol is skipped, and the day goes on."""
    house = House(options=options(symbols=("SPX",), ml_timeout_seconds=0.05), start=EARLY)
    house.scorer.block = threading.Event()
    try:
        outcomes = await house.run_day(FULL_DAY)
    finally:
        house.scorer.block.set()

    assert [outcome.result.skipped for outcome in outcomes] == [{"SPX": "timeout"}] * 4


async def test_the_file_is_never_older_than_its_readers_allow() -> None:
    """From open to close no 300 seconds pass without a document, and each one lives at least until the next."""
    house = House(options=options(), start=EARLY)
    await house.run_day(FULL_DAY)

    documents = [item for item in house.writer.bulletins if item.published_at < FULL_DAY.close_at]
    assert documents[0].published_at == FULL_DAY.open_at
    assert all(
        later.published_at - earlier.published_at <= timedelta(seconds=240) for earlier, later in pairwise(documents)
    )
    assert all(earlier.valid_until >= later.published_at for earlier, later in pairwise(documents))
    assert documents[-1].valid_until == FULL_DAY.close_at


async def test_heartbeats_keep_the_file_of_a_live_day_alive() -> None:
    """From open to close the file is never older than 20 s, and every document is one that also comes without them."""
    house, quiet = House(options=options(has_heartbeat=True), start=EARLY), House(options=options(), start=EARLY)
    await house.run_day(FULL_DAY)
    await quiet.run_day(FULL_DAY)

    documents = [item.published_at for item in house.writer.bulletins]
    times = sorted({*documents, *(at for at, _ in house.writer.beats)})
    assert all(later - earlier <= timedelta(seconds=20) for earlier, later in pairwise(times))
    assert (times[0], times[-1]) == (FULL_DAY.open_at, FULL_DAY.close_at)
    assert documents == [item.published_at for item in quiet.writer.bulletins]
    assert quiet.writer.beats == []


async def test_expired_entries_are_withdrawn_on_time() -> None:
    """At the instant an entry expires a document says so."""
    house = House(options=options(), start=EARLY)
    await house.run_day(FULL_DAY)

    expiry = FULL_DAY.at(time(11, 35))  # of the checkpoint of 11:00
    states = {item.published_at: tradable(item) for item in house.writer.bulletins}
    assert states[expiry] == set()
    assert states[max(at for at in states if at < expiry)] != set()


async def test_the_end_is_a_document_with_nothing_tradable() -> None:
    """After the close comes a last document: stopped, nothing tradable, never valid again."""
    house = House(options=options(), start=EARLY)
    await house.run_day(FULL_DAY)

    last = house.writer.bulletins[-1]
    assert last.halt_reason == "stopped"
    assert tradable(last) == set()
    assert last.valid_until <= last.published_at


async def test_stop_ends_the_day_at_once() -> None:
    """A stop during the session ends it with what was reached and a last document."""
    house = House(options=options(), start=EARLY)

    def stop_after_first(at: datetime, doing: str) -> None:
        if doing == "checkpoint 11:00 ET":
            house.stop.set()

    house.on_progress = stop_after_first
    outcomes = await house.run_day(FULL_DAY)

    assert labels(outcomes) == ["10:30 ET"]
    assert house.writer.bulletins[-1].halt_reason == "stopped"
    assert tradable(house.writer.bulletins[-1]) == set()


async def test_a_document_that_cannot_be_written_ends_the_day() -> None:
    """A host that cannot publish must not look alive: the day raises and the stop event is set."""
    house = House(options=options(), start=EARLY)
    house.writer.fails = True
    with pytest.raises(PublishError, match="disk is full"):
        await house.run_day(FULL_DAY)


async def test_a_failed_rewrite_in_between_ends_the_day_too() -> None:
    """A republication that fails on the alarm's own time is not lost."""
    house = House(options=options(), start=EARLY)
    house.on_progress = lambda at, _: setattr(house.writer, "fails", at > FULL_DAY.open_at)
    with pytest.raises(PublishError, match="disk is full"):
        await house.run_day(FULL_DAY)
    assert house.stop.is_set()


async def test_a_last_document_that_cannot_be_written_is_an_error_too() -> None:
    """Even when the day went well."""
    house = House(options=options(), start=EARLY)
    house.on_progress = lambda at, _: setattr(house.writer, "fails", at >= FULL_DAY.close_at)
    with pytest.raises(PublishError, match="disk is full"):
        await house.run_day(FULL_DAY)


async def test_a_kill_switch_that_cannot_be_published_ends_the_day(tmp_path: Path) -> None:
    """Who cannot tell readers to stop must not look alive."""
    switch = tmp_path / "KILL"
    house = House(options=options(kill_switch_file=switch), start=FULL_DAY.at(time(10, 29)))

    async def strike() -> None:
        house.writer.fails = True
        switch.touch()
        await asyncio.Event().wait()

    house.market.pause = strike
    with pytest.raises(PublishError, match="disk is full"):
        await house.run_day(FULL_DAY)


async def test_the_kill_switch_stops_everything_within_a_second(tmp_path: Path) -> None:
    """The file appears: within a second of real time a document says so; it goes: the document is free again."""
    switch = tmp_path / "KILL"
    house = House(options=options(kill_switch_file=switch), start=FULL_DAY.at(time(10, 29)))
    gate = asyncio.Event()

    async def hold() -> None:
        await gate.wait()

    async with house.engine:
        day = asyncio.create_task(house.engine.run_day(FULL_DAY))
        while not (house.publication.last_published and house.publication.last_published.checkpoint_at):
            await asyncio.sleep(0)
        house.market.pause = hold  # the next checkpoint waits, and replayed time with it
        switch.touch()
        await until(lambda: house.publication.last_published.halt_reason == "kill_switch", seconds=5)
        halted = house.publication.last_published
        switch.unlink()
        await until(lambda: house.publication.last_published.halt_reason is None, seconds=5)
        gate.set()
        house.stop.set()
        await day
    assert KILL_SWITCH_POLL_SECONDS <= 0.5
    assert tradable(halted) == set()
    assert all(record.best_strategy == "No_Trade" for record in halted.recommendations.values())


async def test_two_runs_with_a_plugin_thread_publish_the_same() -> None:
    """A whole day with 5-minute answers from a real thread gives equal documents, in equal order, twice."""
    runs = []
    for _ in range(2):
        house = House(options=options(enable_ml_5min=True), start=EARLY, extension=FakeExtension())
        await house.run_day(FULL_DAY)
        runs.append((house.writer.bulletins, house.writer.inputs, house.writer.predictions, house.told))

    assert runs[0] == runs[1]
    assert len(runs[0][2]) == 72, "76 slots less the four of the checkpoints"
    assert any(item.ml_5min_enhanced for item in runs[0][0])


async def test_a_half_day_has_its_own_slots() -> None:
    """On a half day the plugin's thread runs 37 slots beside 3 checkpoints."""
    house = House(options=options(enable_ml_5min=True), start=HALF_DAY.open_at, extension=FakeExtension())
    outcomes = await house.run_day(HALF_DAY)
    assert (len(labels(outcomes)), len(house.writer.predictions)) == (3, 37)


async def test_a_volatility_pause_begins_and_ends_without_a_request() -> None:
    """While the VIX stands above the level, and half an hour longer, no slot runs and both changes are published."""
    house = House(options=options(enable_ml_5min=True), start=EARLY, extension=FakeExtension())
    house.market.vix = vix([20.0] * 14 + [45.0] * 3 + [20.0] * 61)  # from 10:45 to 10:55, below again at 11:00
    await house.run_day(FULL_DAY)

    ran = {new_york_label(slot) for slot in house.extension.slots}
    paused = {f"10:{minute} ET" for minute in range(45, 60)} | {f"11:{minute:02} ET" for minute in range(30)}
    assert not paused & ran
    assert {"10:40 ET", "11:30 ET"} <= ran
    assert FULL_DAY.at(time(10, 45, 5)) in {item.published_at for item in house.writer.bulletins}


async def test_a_volatility_pause_withdraws_a_condor_without_any_plugin() -> None:
    """Without 5-minute predictions, too, the condor of 10:30 is blocked from the bar close at which the VIX jumps."""
    house = House(options=options(), start=EARLY)
    house.market.vix = vix([20.0] * 14 + [45.0] * 3 + [20.0] * 61)
    await house.run_day(FULL_DAY)

    by_time = {item.published_at: item.recommendations["SPX"] for item in house.writer.bulletins}
    assert by_time[FULL_DAY.at(time(10, 30, 5))].best_strategy == "Iron_Condor"
    assert by_time[FULL_DAY.at(time(10, 45, 5))].best_strategy == "No_Trade"
    assert by_time[FULL_DAY.at(time(11, 0, 5))].strategies["Iron_Condor"].blocked_by == ("volatility_pause",)
    assert by_time[FULL_DAY.at(time(12, 30, 5))].best_strategy == "Iron_Condor"


async def test_a_restart_takes_up_the_morning() -> None:
    """Restarted at noon the first document still shows the checkpoint of 11:00."""
    morning = House(options=options(), start=EARLY)
    morning.on_progress = lambda _, doing: morning.stop.set() if doing == "checkpoint 12:30 ET" else None
    await morning.run_day(FULL_DAY)

    noon = House(options=options(), start=FULL_DAY.at(time(11, 10)), memory=morning.memory)
    await noon.run_day(FULL_DAY)
    first = noon.writer.bulletins[0]
    assert first.checkpoint_label == "11:00 ET"
    assert tradable(first) == {("SPX", "Iron_Condor"), ("SPY", "Iron_Condor")}


async def test_the_feed_is_watched_before_anything_of_an_earlier_process_counts() -> None:
    """Restarted at noon with a feed that is gone: what the morning said is unknown in the first document already."""
    morning = House(options=options(), start=EARLY)
    morning.on_progress = lambda _, doing: morning.stop.set() if doing == "checkpoint 12:30 ET" else None
    await morning.run_day(FULL_DAY)

    noon = House(options=options(), start=FULL_DAY.at(time(11, 10)), memory=morning.memory, market_type=DeadMarket)
    noon.on_progress = lambda *_: noon.stop.set()
    await noon.run_day(FULL_DAY)
    first = noon.writer.bulletins[0]
    assert first.checkpoint_label == "11:00 ET"
    assert set(first.skipped.values()) == {"feed_silent"}
    assert tradable(first) == set()


async def test_what_a_replayed_day_will_know_later_is_not_restored() -> None:
    """State from a later time of the same day, left by an earlier replay, does not count."""
    first = House(options=options(), start=EARLY)
    await first.run_day(FULL_DAY)
    second = House(options=options(), start=EARLY, memory=first.memory)
    await second.run_day(FULL_DAY)

    assert second.writer.bulletins == first.writer.bulletins


async def test_run_forever_goes_from_session_to_session() -> None:
    """After a Thursday evening comes Friday's session; a stop ends the run."""
    house = House(options=options(), start=FULL_DAY.close_at + timedelta(hours=1))
    friday = date(2025, 6, 27)
    house.on_progress = lambda _, doing: house.stop.set() if doing == "checkpoint 11:00 ET" else None
    async with house.engine:
        await asyncio.wait_for(house.engine.run_forever(), 60)

    assert {item.published_at.date() for item in house.writer.bulletins} == {friday}


async def test_the_log_tells_the_checkpoint_in_the_lines_operators_search_for(caplog: pytest.LogCaptureFixture) -> None:
    """A checkpoint writes its contract lines, and only those."""
    house = House(options=options(checkpoint_times=(time(10, 30), time(11))), start=EARLY)
    house.market.faults[("bars", "SPY")] = DataUnavailable("feed_down", "no answer")
    house.on_progress = lambda _, doing: house.stop.set() if doing == "checkpoint 11:00 ET" else None
    with caplog.at_level("INFO", "magic8_companion"):
        await house.run_day(FULL_DAY)

    assert [record.getMessage() for record in caplog.records][:9] == [
        "Events of 2025-06-26: none known",
        "🎯 CHECKPOINT 10:30 ET (standard mode)",
        "Skipped SPY: feed_down: no answer",
        "📊 SPX recommendations:",
        "  Butterfly: LOW (31.2) - ⏭️  SKIP",
        "  Iron_Condor: HIGH (74.9) - ✅ TRADE",
        "  Vertical: MEDIUM (40.3) - ⏭️  SKIP",
        "  HIGH at a checkpoint: not measured",
        "✅ Checkpoint complete - 1 symbols analyzed",
    ]


async def until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait on the loop until a condition holds, in real time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
