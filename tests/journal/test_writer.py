"""The journal is a chain: every change, loss or tear shows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from magic8_companion.domain.errors import PublishError
from magic8_companion.journal.reader import verify
from magic8_companion.journal.records import DecisionRecord
from magic8_companion.journal.writer import Journal

DAY = date(2024, 3, 14)


def lines(*numbers: int) -> list[DecisionRecord]:
    """Return one line per number."""
    return [
        DecisionRecord(
            seq=number,
            timestamp=datetime(2024, 3, 14, 15, 5, 6, tzinfo=UTC),
            document="recommendations",
            symbol="SPX",
            decision="No_Trade",
            reason="quiet",
            inputs_sha256=None,
            document_sha256="0" * 64,
        )
        for number in numbers
    ]


def three(folder: Path) -> Path:
    """Write a journal of three lines in two batches."""
    journal = Journal(folder)
    journal.append(DAY, lines(1, 2))
    journal.append(DAY, lines(3))
    return folder / "journal-2024-03-14.jsonl"


def test_batches_and_restarts_make_one_chain(tmp_path: Path) -> None:
    """A journal that is opened again goes on with the last line's hash."""
    path = three(tmp_path)
    Journal(tmp_path).append(DAY, lines(4))
    assert [json.loads(line)["seq"] for line in path.read_text().splitlines()] == [1, 2, 3, 4]
    assert verify(path) == []


def test_each_day_has_a_chain_of_its_own(tmp_path: Path) -> None:
    """A change of the day starts a new file; going back goes on in the old one."""
    journal = Journal(tmp_path)
    for day in (DAY, date(2024, 3, 15), DAY):
        journal.append(day, lines(1))
    assert len((tmp_path / "journal-2024-03-14.jsonl").read_text().splitlines()) == 2
    assert verify(tmp_path / "journal-2024-03-14.jsonl") == []
    assert verify(tmp_path / "journal-2024-03-15.jsonl") == []


def test_an_empty_batch_changes_nothing(tmp_path: Path) -> None:
    """A document without symbols leaves the chain as it was."""
    journal = Journal(tmp_path)
    journal.append(DAY, [])
    journal.append(DAY, lines(1))
    assert verify(tmp_path / "journal-2024-03-14.jsonl") == []


@pytest.mark.parametrize("cut", [1, 20, 150])
def test_a_torn_last_line_is_kept_aside_and_the_chain_goes_on(tmp_path: Path, cut: int) -> None:
    """What a kill left of a line is not lost and not built upon."""
    path = three(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    assert verify(path) == ["line 3 is torn"]
    Journal(tmp_path).append(DAY, lines(4))
    assert verify(path) == []
    assert [json.loads(line)["seq"] for line in path.read_text().splitlines()] == [1, 2, 4]
    assert (tmp_path / "journal-2024-03-14.torn").read_bytes() == whole.splitlines(keepends=True)[2][:-cut] + b"\n"


def test_a_torn_first_line_starts_the_chain_anew(tmp_path: Path) -> None:
    """A journal whose only line is torn begins again at its file's name."""
    path = tmp_path / "journal-2024-03-14.jsonl"
    path.write_bytes(b'{"seq"')
    Journal(tmp_path).append(DAY, lines(1))
    assert verify(path) == []


def test_verification_finds_a_changed_a_removed_and_a_foreign_line(tmp_path: Path) -> None:
    """Tampering shows at the line where it happened or at the next one."""
    path = three(tmp_path)
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second.replace(b"quiet", b"calm") + third)
    assert verify(path) == ["line 3 does not follow from the line before it"]
    path.write_bytes(first + third)
    assert verify(path) == ["line 2 does not follow from the line before it"]
    path.write_bytes(second + third)
    assert verify(path) == ["line 1 does not follow from the line before it"]
    path.write_bytes(first + second + third + b"nonsense\n{}\n")
    problem = "is no record: the line does not end with the hash of the line before it"
    assert verify(path) == [f"line 4 {problem}", f"line 5 {problem}"]


def test_a_journal_under_another_date_does_not_verify(tmp_path: Path) -> None:
    """The chain begins with the name of the file."""
    path = three(tmp_path).rename(tmp_path / "journal-2024-03-15.jsonl")
    assert verify(path) == ["line 1 does not follow from the line before it"]


def test_a_journal_that_cannot_be_written_is_a_publish_error(tmp_path: Path) -> None:
    """The sentence names the file."""
    (tmp_path / "journal-2024-03-14.jsonl").mkdir()
    with pytest.raises(PublishError, match=r"journal-2024-03-14\.jsonl cannot be written"):
        Journal(tmp_path).append(DAY, lines(1))
