"""A practice run publishes the documents of a simulated day with today's times and its mark."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from magic8_companion.clocks import ReplayClock
from magic8_companion.domain.errors import PublishError
from magic8_companion.domain.trading_day import parse_utc
from magic8_companion.journal.reader import verify
from magic8_companion.publishing.documents import recommendations_document
from magic8_companion.publishing.practice import practice_document
from magic8_companion.publishing.publisher import Publisher
from tests.publishing.recommendation_sets import five_minute_result, recommendation_set

TODAY = datetime(2026, 12, 1, 20, 15, 7, tzinfo=UTC)
SIMULATED = recommendation_set(data_status="simulated")
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


def test_every_time_of_a_document_is_moved() -> None:
    """No time of the simulated day is left in the documents, in whichever key it stands."""
    document = recommendations_document(SIMULATED, 1)
    shift = TODAY - SIMULATED.published_at
    moved = practice_document(document, shift)
    before, after = TIME.findall(orjson.dumps(document).decode()), TIME.findall(orjson.dumps(moved).decode())
    assert len(before) > 10
    assert [(parse_utc(text) + shift).replace(microsecond=0) for text in before] == [parse_utc(text) for text in after]


def test_both_documents_carry_todays_times_and_the_mark(tmp_path: Path) -> None:
    """Archive, journal and both files agree that it is today."""
    publisher = Publisher(tmp_path, practice_clock=ReplayClock(TODAY))
    publisher.publish(SIMULATED, slot=replace(five_minute_result(), data_status="simulated"))
    for kind in ("recommendations", "ml_predictions_5min"):
        document = orjson.loads((tmp_path / f"{kind}.json").read_bytes())
        assert document["practice"] is True
        assert document["timestamp"].startswith("2026-12-01T20:15:0")
        assert len(list((tmp_path / "recommendations_archive").glob(f"{kind}_20261201T2015*_1.json"))) == 1
    journals = list((tmp_path / "state").glob("*2026-12-01*"))
    assert len(journals) == 1
    assert verify(journals[0]) == []


def test_live_data_are_never_published_as_practice(tmp_path: Path) -> None:
    """The schema refuses the mark on a document whose data are not simulated."""
    with pytest.raises(PublishError, match="data_status"):
        Publisher(tmp_path, practice_clock=ReplayClock(TODAY)).publish(recommendation_set())
    assert not (tmp_path / "recommendations.json").exists()


def test_other_documents_have_no_mark(tmp_path: Path) -> None:
    """A simulated day without practice keeps the times of its day and has no key for practice."""
    Publisher(tmp_path).publish(SIMULATED)
    document = orjson.loads((tmp_path / "recommendations.json").read_bytes())
    assert "practice" not in document
    assert document["timestamp"] == "2024-03-14T15:05:06Z"
