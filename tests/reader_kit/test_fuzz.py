"""Altered files of every kind: the kit approves nothing that an independent careful reader refuses."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from magic8_companion.reader_kit import load
from tests.publishing.recommendation_sets import SLOT
from tests.reader_kit import careful_reader
from tests.reader_kit.careful_reader import objection
from tests.reader_kit.fuzz import QUESTIONS, fuzz, versions
from tests.reader_kit.kinds import KINDS


def test_no_altered_file_is_approved_that_a_careful_reader_refuses(tmp_path: Path) -> None:
    """At least 60 kinds, most with a correct hash over the altered content; a million files in the benchmark."""
    tally = fuzz(6_000, 11, tmp_path)
    assert tally.wrong == []
    assert len(tally.kinds) == len(KINDS) >= 60
    assert tally.sealed >= tally.files / 2
    assert tally.approved >= tally.files / 10, "some edits are harmless, or nothing was tested"


def test_the_careful_reader_approves_what_is_unaltered(tmp_path: Path) -> None:
    """It says what the kit says of every version and question: a reader who refuses all would prove nothing."""
    path, now = tmp_path / "recommendations.json", SLOT + timedelta(seconds=36)
    approved = 0
    for data in versions():
        path.write_bytes(data)
        for symbol, strategy, side in QUESTIONS:
            decision = load(path).is_actionable(symbol, strategy, now, side=side)
            assert decision.actionable is (objection(data, symbol, strategy, side, now) is None)
            approved += decision.actionable
    assert approved >= 10


def test_the_careful_reader_is_short_and_knows_nothing_of_the_kit() -> None:
    """Under 150 lines, and nothing but the standard library."""
    source = Path(careful_reader.__file__).read_text()
    assert len(source.splitlines()) < 150
    assert "magic8" not in source
    assert "from tests" not in source
