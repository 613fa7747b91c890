"""Journals of past days are compressed, never deleted, and written again where a run goes back to them."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pytest

from magic8_companion.journal.packing import pack_before, unpack
from magic8_companion.journal.reader import journal_files, read_records, verify
from magic8_companion.journal.writer import Journal
from tests.journal.journal_records import decision

FIRST, SECOND = date(2024, 3, 14), date(2024, 3, 15)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_first_batch_of_a_day_compresses_the_days_before(tmp_path: Path) -> None:
    """The text, the chain and the order of records stay; a restart changes nothing."""
    Journal(tmp_path).append(FIRST, [decision(1), decision(2)])
    text = (tmp_path / f"journal-{FIRST}.jsonl").read_bytes()
    journal = Journal(tmp_path)
    journal.append(SECOND, [decision(3)])
    journal.append(SECOND, [decision(4)])
    assert _names(tmp_path) == [f"journal-{FIRST}.jsonl.gz", f"journal-{SECOND}.jsonl"]
    packed = tmp_path / f"journal-{FIRST}.jsonl.gz"
    assert gzip.decompress(packed.read_bytes()) == text
    assert verify(packed) == []
    assert [record for _, record in read_records(tmp_path)] == [decision(number) for number in (1, 2, 3, 4)]


def test_a_run_that_goes_back_goes_on_in_the_restored_journal(tmp_path: Path) -> None:
    """An older day is never hidden by a new plain file of the same name."""
    journal = Journal(tmp_path)
    journal.append(FIRST, [decision(1)])
    journal.append(SECOND, [decision(2)])
    Journal(tmp_path).append(FIRST, [decision(3)])
    assert _names(tmp_path) == [f"journal-{FIRST}.jsonl", f"journal-{SECOND}.jsonl"]
    assert verify(tmp_path / f"journal-{FIRST}.jsonl") == []
    assert [record for _, record in read_records(tmp_path)] == [decision(number) for number in (1, 3, 2)]


def test_a_kill_at_any_step_loses_nothing(tmp_path: Path) -> None:
    """A temporary file, a torn compressed copy and both forms side by side all end in one compressed journal."""
    Journal(tmp_path).append(FIRST, [decision(1)])
    plain = tmp_path / f"journal-{FIRST}.jsonl"
    packed, text = plain.with_name(f"{plain.name}.gz"), plain.read_bytes()
    (tmp_path / f".{packed.name}.0123456789abcdef.tmp").write_bytes(b"\x1f\x8b")
    packed.write_bytes(gzip.compress(text)[:20])
    assert [record for _, record in read_records(tmp_path)] == [decision(1)]
    pack_before(tmp_path, SECOND)
    assert _names(tmp_path) == [packed.name]
    assert gzip.decompress(packed.read_bytes()) == text
    plain.write_bytes(text + b"more")
    unpack(plain)
    assert _names(tmp_path) == [plain.name]
    assert plain.read_bytes() == text + b"more"


def test_a_reader_follows_a_journal_that_is_compressed_meanwhile(tmp_path: Path) -> None:
    """A file that was listed as plain is read from its compressed form."""
    Journal(tmp_path).append(FIRST, [decision(1), decision(2)])
    (file,) = journal_files(tmp_path)
    pack_before(tmp_path, SECOND)
    assert len(list(file.lines())) == 2


def test_the_same_journal_gives_the_same_bytes(tmp_path: Path) -> None:
    """Replays stay identical to the byte."""
    found = []
    for name in ("a", "b"):
        Journal(tmp_path / name).append(FIRST, [decision(1)])
        pack_before(tmp_path / name, SECOND)
        found.append((tmp_path / name / f"journal-{FIRST}.jsonl.gz").read_bytes())
    assert found[0] == found[1]


def test_a_journal_that_cannot_be_compressed_stays_plain(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The day goes on, and the log has the reason."""
    Journal(tmp_path).append(FIRST, [decision(1)])
    (tmp_path / f"journal-{FIRST}.jsonl.gz" / "full").mkdir(parents=True)
    pack_before(tmp_path, SECOND)
    assert (tmp_path / f"journal-{FIRST}.jsonl").exists()
    assert "stays uncompressed" in caplog.text
