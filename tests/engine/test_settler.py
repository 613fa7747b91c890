"""The settlement of days: what is due, what is written, and what a second attempt adds."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from magic8_companion.clocks import ReplayClock
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.engine.settler import Settler
from magic8_companion.journal.reader import journal_files, verify
from magic8_companion.options.products import product
from magic8_companion.publishing.outcome_book import OutcomeBook
from tests.settlement.days import bars_of, row_of
from tests.settlement.documents import entry, recommendations

DAY = date(2025, 6, 26)
BARS = bars_of(DAY, 5990.0, 5985.0, 6001.0, 5993.0)
EVENING = datetime(2025, 6, 27, 0, 5, tzinfo=UTC)


class Source:
    """A source of bars, some of which may be missing."""

    name, status, loop_bound = "fake", "live", False

    def __init__(self, bars: Bars | None, daily: Bars | None) -> None:
        self.bars, self.daily = bars, daily

    async def get_historical_data(self, symbol: str, interval: str, period: str) -> pd.DataFrame:
        """Return what is there."""
        found = self.daily if interval == "1d" else self.bars
        if found is None:
            raise DataUnavailable("no_data", f"{symbol}: nothing for {interval} and {period}")
        return found.frame()


@pytest.fixture
def book(tmp_path: Path) -> OutcomeBook:
    """Return the book of a folder with one archived document."""
    archive = tmp_path / "archive"
    archive.mkdir()
    document = recommendations("2025-06-26T14:30:05Z", "2025-06-26T14:30:00Z", seq=7, Vertical=entry())
    (archive / "recommendations_20250626T143005Z_7.json").write_text(json.dumps(document))
    return OutcomeBook(archive, tmp_path / "state")


def _settler(book: OutcomeBook, source: Source, tmp_path: Path, now: datetime = EVENING) -> Settler:
    return Settler(
        book=book,
        provider=source,  # type: ignore[arg-type]  # only bars are asked for
        clock=ReplayClock(now),
        chains=tmp_path / "chains",
        fees_of=lambda symbol: product(symbol).fees,
    )


async def test_unknown_day_is_tried_again_and_a_corrected_row_adds_a_revision(
    book: OutcomeBook, tmp_path: Path
) -> None:
    """From nothing to the last bar, the daily row and its correction; a repetition writes nothing."""
    source = Source(None, None)
    settler = _settler(book, source, tmp_path)
    sentences = [str(await settler.settle(DAY))]
    for source.bars, source.daily in (
        (BARS, None),
        (BARS, None),
        (BARS, row_of(DAY, 5994.0, BARS)),
        (BARS, row_of(DAY, 6003.0, BARS)),
        (None, row_of(DAY, 6003.0, BARS)),
    ):
        sentences.append(str(await settler.settle(DAY)))
    assert sentences[0] == "2025-06-26: 0 outcomes settled, 1 unknown (no_data), 1 written"
    assert [sentence.rsplit(", ", 1)[1][0] for sentence in sentences] == ["1", "1", "0", "1", "1", "1"]
    found = [(item.revision, item.settlement, item.settlement_source) for item in book.outcomes()]
    assert found == [
        (0, None, None),
        (1, 5993.0, "last_bar"),
        (2, 5994.0, "daily_row"),
        (3, 6003.0, "daily_row"),
        (4, 6003.0, "daily_row"),  # without bars the path is unknown again
    ]


async def test_day_is_due_until_its_daily_row_has_settled_it(book: OutcomeBook, tmp_path: Path) -> None:
    """A missed day is due at the next start, an open day is not, an unconfirmed one is for two weeks."""
    source = Source(BARS, None)
    assert _settler(book, source, tmp_path, datetime(2025, 6, 26, 19, 55, tzinfo=UTC)).due_days() == ()
    settler = _settler(book, source, tmp_path)
    assert settler.due_days() == (DAY,)
    await settler.settle_due()
    assert settler.due_days() == (DAY,)
    assert _settler(book, source, tmp_path, EVENING + timedelta(days=15)).due_days() == ()
    source.daily = row_of(DAY, 5994.0, BARS)
    await settler.settle_due()
    assert settler.due_days() == ()


def test_a_start_looks_back_sixty_days(book: OutcomeBook, tmp_path: Path) -> None:
    """A missed day of 59 days ago is due, an older one only by its date; no journal before them is read."""
    asked: list[date] = []
    book.outcomes = lambda first=None: asked.append(first) or []  # type: ignore[method-assign,func-returns-value]
    assert _settler(book, Source(None, None), tmp_path, EVENING + timedelta(days=59)).due_days() == (DAY,)
    assert _settler(book, Source(None, None), tmp_path, EVENING + timedelta(days=61)).due_days() == ()
    assert asked == [DAY]


async def test_outcomes_follow_the_decisions_in_the_journal(book: OutcomeBook, tmp_path: Path) -> None:
    """They are lines of the same chain."""
    source = Source(BARS, None)
    await _settler(book, source, tmp_path).settle(DAY)
    source.daily = row_of(DAY, 5994.0, BARS)
    await _settler(book, source, tmp_path).settle(DAY)
    (journal,) = journal_files(tmp_path / "state")
    assert (journal.day, verify(journal.path)) == (DAY, [])
    assert [item.revision for item in book.outcomes()] == [0, 1]
    assert book.outcomes(date(2025, 6, 27)) == []
