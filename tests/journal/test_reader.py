"""The journals of a folder are read in order, plain or compressed, whatever happened to single lines."""

from __future__ import annotations

import gzip
import logging
from datetime import date
from pathlib import Path

import pytest

from magic8_companion.journal.reader import Place, journal_files, read_records, verify
from magic8_companion.journal.writer import Journal
from tests.journal.journal_records import DAY, decision, outcome

NEXT = date(2024, 3, 15)


def two_days(folder: Path) -> Path:
    """Write a journal of two days; return its folder."""
    journal = Journal(folder)
    journal.append(NEXT, [outcome()])  # first: a new day compresses the days before it
    journal.append(DAY, [decision(1), decision(2)])
    return folder


def compressed(path: Path) -> Path:
    """Replace a journal by its compressed form."""
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return packed


def test_records_come_in_the_order_of_the_journal(tmp_path: Path) -> None:
    """Each record has its place; other files of the folder are left alone."""
    (two_days(tmp_path) / "checkpoint.json").write_text("{}")
    read = list(read_records(tmp_path))
    assert read == [(Place(DAY, 1), decision(1)), (Place(DAY, 2), decision(2)), (Place(NEXT, 1), outcome())]
    assert [place.day for place, _ in read_records(tmp_path, first=NEXT)] == [NEXT]
    assert [place.day for place, _ in read_records(tmp_path, last=DAY)] == [DAY, DAY]
    assert list(read_records(tmp_path / "absent")) == []


def test_a_compressed_journal_reads_like_a_plain_one(tmp_path: Path) -> None:
    """Its size is that of its text, its chain begins with the plain name, and a copy in both forms counts once."""
    path = two_days(tmp_path) / f"journal-{DAY}.jsonl"
    before, text = list(read_records(tmp_path)), path.read_bytes()
    packed = compressed(path)
    assert verify(packed) == []
    assert list(read_records(tmp_path)) == before
    (file, _) = journal_files(tmp_path)
    assert file.size == len(text)
    assert list(file.lines(text.index(b"\n") + 1)) == text.splitlines()[1:]
    path.write_bytes(text)
    assert [file.path.name for file in journal_files(tmp_path)] == [path.name, f"journal-{NEXT}.jsonl"]


def test_a_torn_and_a_damaged_line_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A line that is still being written is no problem; a damaged one is logged with its number."""
    path = two_days(tmp_path) / f"journal-{DAY}.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first[:40] + b"\n" + second + first[:-1])
    with caplog.at_level(logging.WARNING):
        assert [record for _, record in read_records(tmp_path, last=DAY)] == [decision(2)]
    assert "line 1 cannot be read" in caplog.text
    assert len(caplog.records) == 1
