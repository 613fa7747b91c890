"""Collecting: patience with the source, judgement of every bar, days that are done or not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.collect.collector import GIVE_UP_AFTER, NO_BARS, Collector
from magic8_companion.collect.day_files import DayFiles
from magic8_companion.collect.questions import collectable_days, questions
from magic8_companion.collect.report import report_of, write_report
from magic8_companion.domain.trading_day import require_session
from magic8_companion.recordings.bar_file import RawBars
from magic8_companion.recordings.bar_folder import BarFolder
from tests.collect.sources import (
    LAST,
    MARKET,
    NOW,
    SINCE,
    RecordedProgress,
    Source,
    WaitedClock,
    contents,
    row_at,
    with_rows,
)
from tests.providers.makers import new_york

DAY = date(2025, 4, 9)


class Run:
    """A collection into a folder."""

    def __init__(self, folder: Path, source: Source | None = None) -> None:
        self.files, self.source = DayFiles(folder), source or Source()
        self.clock, self.recorded = WaitedClock(), RecordedProgress()

    def collect(self, symbols: Sequence[str] = ("SPX", "VIX"), *, repair: bool = False) -> dict[str, str]:
        """Collect two weeks; return the symbols that were given up."""

        def is_open(symbol: str, day: date) -> bool:
            return not self.files.is_done(symbol, day) or (repair and self.files.has_notes(symbol, day))

        asked = questions(symbols, self.days, self.source.history_days, is_open)
        return asyncio.run(Collector(self.source, self.files, self.clock, self.recorded).collect(asked))

    @property
    def days(self) -> tuple[date, ...]:
        """Return the sessions of the two weeks."""
        return collectable_days(SINCE, LAST, NOW, self.source.history_reach_days)

    def page(self, symbols: Sequence[str] = ("SPX", "VIX")) -> str:
        """Write and return the report."""
        write_report(self.files, report_of(self.files, symbols, self.days), self.days)
        return (self.files.folder / "collection_report.md").read_text()


def test_what_was_collected_is_read_as_it_was(tmp_path: Path) -> None:
    """Every day and bar of the source is in the folder, for the reader of replay and training."""
    run = Run(tmp_path)
    assert run.collect() == {}
    reader = BarFolder(tmp_path)
    for symbol in ("SPX", "VIX"):
        assert reader.days(symbol) == run.days
        bars = reader.series(symbol)[timedelta(minutes=5)].bars
        truth = MARKET.bars(symbol, SINCE, LAST)
        for name in ("starts", "open", "high", "low", "close", "volume"):
            np.testing.assert_array_equal(getattr(bars, name), getattr(truth, name))
    assert reader.problems() == ()
    assert run.recorded.days == [(symbol, day) for symbol in ("SPX", "VIX") for day in run.days]
    assert "| SPX | 10 | 0 | 0 | 0 |" in run.page()
    assert run.page().endswith("## What is wrong\n\nNothing.\n")


def test_a_question_spans_what_the_source_can_give(tmp_path: Path) -> None:
    """No question is longer than the source allows, and what is there is not asked for again."""
    run = Run(tmp_path)
    run.collect(("SPX",))
    spans = [(last - first).days for _, first, last in run.source.asked]
    assert max(spans) < run.source.history_days
    asked = len(run.source.asked)
    run.collect(("SPX",))
    assert len(run.source.asked) == asked


@given(cuts=st.lists(st.integers(1, 9), min_size=1, max_size=5), span=st.integers(1, 12))
@settings(max_examples=6, deadline=None)
def test_a_run_in_pieces_equals_a_whole_one(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], span: int
) -> None:
    """Wherever the source breaks off, the folder ends up the same, byte for byte."""
    whole, pieces = Run(tmp_path_factory.mktemp("whole")), Run(tmp_path_factory.mktemp("pieces"), Source(span))
    for run in (whole, pieces):
        run.source.damages["VIX"] = lambda raw: with_rows(raw, [n for n in range(len(raw.starts)) if n % 78 != 5])
    whole.collect()
    for cut in cuts:
        pieces.source.refusals = [""] * cut + ["no_permission"] * 100
        pieces.collect()
    pieces.source.refusals = []
    assert pieces.collect() == {}
    whole.page()
    pieces.page()
    assert contents(pieces.files.folder) == contents(whole.files.folder)


def test_a_source_that_stumbles_is_waited_for(tmp_path: Path) -> None:
    """Each refusal in a row doubles the wait up to two minutes; an answer makes it short again."""
    run = Run(tmp_path)
    run.source.refusals = ["timeout", "pacing", "rate_limited", "ib_disconnected", "pacing", "pacing", "", "timeout"]
    assert run.collect(("SPX",)) == {}
    assert run.clock.slept == [5, 10, 20, 40, 80, 120, 5]
    assert run.recorded.said[0] == "SPX: timeout: tape has its reasons; repeating the request for up to 15 min"
    assert run.recorded.waits[0] == "SPX: the next attempt in 5 s (timeout)"
    assert len(run.recorded.days) == len(run.days)


def test_a_source_that_stays_silent_ends_the_work(tmp_path: Path) -> None:
    """After 15 minutes the work ends with one sentence, what is written stays, and the next call goes on from there."""
    run = Run(tmp_path)
    run.source.refusals = ["", *["source_down"] * 100]
    sentence = "no answer of tape for 15 min (tape has its reasons); the same command continues from here"
    assert run.collect() == {"SPX": sentence}
    assert run.clock.at == NOW + GIVE_UP_AFTER
    assert len(run.recorded.said) == 1
    assert {symbol for symbol, _ in run.recorded.days} == {"SPX"}
    written = set(run.recorded.days)
    run.recorded.days.clear()
    run.source.refusals = []
    assert run.collect() == {}
    assert not written & set(run.recorded.days)
    assert BarFolder(tmp_path).days("VIX") == run.days


def test_a_symbol_that_is_unknown_during_maintenance_is_collected(tmp_path: Path) -> None:
    """During IB's maintenance no contract exists: the request is repeated; a lasting refusal costs that symbol only."""
    run = Run(tmp_path)
    run.source.refusals = ["contract_unknown"] * 4
    assert run.collect(("SPX",)) == {}
    assert run.clock.slept == [5, 10, 20, 40]
    lasting = Run(tmp_path / "lasting")
    lasting.source.refused = {"SPX": "contract_unknown"}
    assert set(lasting.collect()) == {"SPX"}
    assert BarFolder(tmp_path / "lasting").symbols() == ("VIX",)


def test_a_request_without_an_answer_shows_that_it_waits(tmp_path: Path) -> None:
    """Every 10 s of an open request the progress has the time and the source for which it waits."""
    run = Run(tmp_path)
    slow, answer = asyncio.Event(), run.source.read_history

    async def answer_late(symbol: str, first: date, last: date) -> RawBars:
        await slow.wait()
        return await answer(symbol, first, last)

    def waited(symbol: str, seconds: float, why: str) -> None:
        run.recorded.waits.append(f"{symbol}: {why}, {seconds:g} s")
        if seconds >= 30:
            slow.set()

    run.source.read_history = answer_late  # type: ignore[method-assign]  # a slow source
    run.recorded.waiting = waited  # type: ignore[method-assign]  # the test sets the event
    assert run.collect(("SPX",)) == {}
    assert run.recorded.waits[:3] == [f"SPX: an answer of tape, {seconds} s" for seconds in (10, 20, 30)]


def test_a_symbol_without_permission_costs_the_others_nothing(tmp_path: Path) -> None:
    """It is given up at once, with the source's sentence."""
    run = Run(tmp_path)
    run.source.refused = {"SPX": "no_permission"}
    assert run.collect() == {"SPX": "SPX may not be had"}
    assert run.clock.slept == []
    assert BarFolder(tmp_path).symbols() == ("VIX",)


def test_an_unknown_symbol_leaves_no_trace(tmp_path: Path) -> None:
    """No folder of empty days is made of a typing error."""
    run = Run(tmp_path)
    run.source.refused = {"SPZ": "no_data"}
    assert run.collect(("SPZ",)) == {"SPZ": "tape has no bars of SPZ in that time"}
    assert contents(tmp_path) == {}


def test_days_before_a_symbol_begins_are_noted_once(tmp_path: Path) -> None:
    """They are done: asked for once, counted as days without bars, and no reader stumbles over them."""
    run = Run(tmp_path)
    run.source.begins = {"SPX": DAY}
    assert run.collect(("SPX",)) == {}
    asked = len(run.source.asked)
    assert run.collect(("SPX",)) == {}
    assert len(run.source.asked) == asked
    assert run.files.notes("SPX", SINCE) == (NO_BARS,)
    assert "| SPX | 3 | 0 | 7 | 0 |" in run.page(("SPX",))
    assert BarFolder(tmp_path).problems() == ()


def _nan(raw: RawBars) -> RawBars:
    prices = raw.prices.copy()
    prices[1, row_at(raw, new_york(DAY, 10, 30))] = np.nan
    return replace(raw, prices=prices)


def _gap(raw: RawBars) -> RawBars:
    hole = row_at(raw, new_york(DAY, 10, 30))
    return with_rows(raw, [n for n in range(len(raw.starts)) if not hole <= n < hole + 12])


def _twice(raw: RawBars) -> RawBars:
    row = row_at(raw, new_york(DAY, 10, 30))
    return with_rows(raw, sorted([*range(len(raw.starts)), row]))


def _twice_different(raw: RawBars) -> RawBars:
    twice = _twice(raw)
    prices = twice.prices.copy()
    prices[:, row_at(twice, new_york(DAY, 10, 30))] *= 1.01
    return replace(twice, prices=prices)


def _off_grid(raw: RawBars) -> RawBars:
    starts = raw.starts.copy()
    starts[row_at(raw, new_york(DAY, 10, 30))] += 37_000_000_000
    return replace(raw, starts=starts)


MISSING = "1 of 78 bars are missing, the first is 2025-04-09T14:30:00Z"


@pytest.mark.parametrize(
    ("damage", "bars", "notes"),
    [
        (_nan, 77, ("a price is missing: 2025-04-09T14:30:00Z", MISSING)),
        (_gap, 66, ("12 of 78 bars are missing, the first is 2025-04-09T14:30:00Z",)),
        (_twice, 78, ("the row is repeated: 2025-04-09T14:30:00Z",)),
        (_twice_different, 77, ("the time is repeated with other prices: 2025-04-09T14:30:00Z", MISSING)),
        (_off_grid, 77, ("no bar of this length starts at this time: 2025-04-09T14:30:37Z", MISSING)),
    ],
)
def test_what_is_wrong_is_listed_and_repaired_later(
    tmp_path: Path, damage: object, bars: int, notes: tuple[str, ...]
) -> None:
    """Believable bars are kept, the fault is named with its time, and --repair asks for that day alone again."""
    run = Run(tmp_path, Source(30))
    run.source.damages = {"SPX": damage}  # type: ignore[dict-item]  # a function of this module
    assert run.collect(("SPX",)) == {}
    assert run.files.notes("SPX", DAY) == notes
    found = BarFolder(tmp_path).series("SPX")[timedelta(minutes=5)].bars
    session = require_session(DAY)
    assert len(found.between(session.open_at, session.close_at)) == bars
    assert f"- SPX 2025-04-09: {notes[0]}" in run.page(("SPX",))
    run.source.damages, run.source.asked = {}, []
    run.collect(("SPX",))
    assert run.source.asked == []
    run.collect(("SPX",), repair=True)
    assert run.source.asked == [("SPX", DAY, DAY)]
    assert run.files.notes("SPX", DAY) == ()
    assert BarFolder(tmp_path).days("SPX") == run.days


def test_only_sessions_that_are_over_are_collected() -> None:
    """Half an hour after the close a session is settled; half days, holidays and the source's memory count."""
    friday = date(2024, 11, 29)
    assert collectable_days(date(2024, 11, 27), None, new_york(friday, 13, 29), None) == (date(2024, 11, 27),)
    assert collectable_days(date(2024, 11, 27), None, new_york(friday, 13, 30), None)[-1] == friday
    assert collectable_days(date(2024, 1, 1), friday, NOW, 5) == ()
    assert collectable_days(date(2024, 1, 1), None, NOW, 5) == tuple(date(2025, 4, day) for day in (7, 8, 9, 10, 11))


def test_leftovers_of_a_killed_writer_go_away(tmp_path: Path) -> None:
    """Half-written files are removed at the next start; nothing else is."""
    run = Run(tmp_path)
    run.collect(("SPX",))
    before = contents(tmp_path)
    (tmp_path / "symbol=SPX" / f"date={DAY}" / ".bars.parquet.12.tmp").write_bytes(b"PAR1")
    run.files.remove_leftovers()
    assert contents(tmp_path) == before
