"""Read the journal files of a folder, plain or compressed, and check their chains."""

from __future__ import annotations

import gzip
import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

from magic8_companion.journal.lines import DamagedLine, decode_line, digest, genesis, head_of, previous_of
from magic8_companion.journal.records import Record

_log = logging.getLogger(__name__)

_NAME: Final = re.compile(r"journal-(\d{4}-\d\d-\d\d)\.jsonl(\.gz)?", re.ASCII)
_LENGTH_AT_END: Final = 4  # a gzip file ends with the length of its content


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFile:
    """The journal of one New York date of writing."""

    day: date
    path: Path

    @property
    def size(self) -> int:
        """Return the length of the text in bytes; of a compressed file modulo 4 GiB."""
        if self.path.suffix != ".gz":
            return self.path.stat().st_size
        with self.path.open("rb") as stream:
            stream.seek(-_LENGTH_AT_END, 2)
            return int.from_bytes(stream.read(_LENGTH_AT_END), "little")

    def lines(self, offset: int = 0) -> Iterator[bytes]:
        """Yield the whole lines from a byte of the text on, without their newlines; a torn last line is left out."""
        with _opened(self.path) as stream:
            stream.seek(offset)
            for line in stream:
                if not line.endswith(b"\n"):
                    return
                yield line[:-1]


class Place(NamedTuple):
    """Where a record stands: the day of its file, and its line from 1 on.  Places sort in the order of the journal."""

    day: date
    line: int


def journal_files(folder: Path) -> list[JournalFile]:
    """Return the journals of a folder, oldest first; a plain file is preferred to a compressed one of the same day."""
    found: dict[date, JournalFile] = {}
    for path in sorted(folder.iterdir(), reverse=True) if folder.is_dir() else ():
        if match := _NAME.fullmatch(path.name):
            day = date.fromisoformat(match[1])
            found[day] = JournalFile(day=day, path=path)
    return [found[day] for day in sorted(found)]


def read_records(
    folder: Path, first: date | None = None, last: date | None = None, kind: str | None = None
) -> Iterator[tuple[Place, Record]]:
    """Yield the records of a folder in order, of files within two days inclusive; damaged lines are logged.

    With a ``kind`` of the current version, other lines are passed over unread.
    """
    wanted = b"" if kind is None else head_of(kind)
    for file in journal_files(folder):
        if (first is not None and file.day < first) or (last is not None and file.day > last):
            continue
        for number, line in enumerate(file.lines(), start=1):
            if not line.startswith(wanted):
                continue
            try:
                yield Place(file.day, number), decode_line(line)
            except DamagedLine as problem:
                _log.warning("%s: line %d cannot be read: %s", file.path, number, problem)


def verify(path: Path) -> list[str]:
    """Return every problem of a journal file; an empty list means that the chain is intact."""
    with _opened(path) as stream:
        *lines, torn = stream.read().split(b"\n")
    problems = [f"line {len(lines) + 1} is torn"] if torn else []
    prev = genesis(path.name)
    for number, line in enumerate(lines, start=1):
        problems += [f"line {number} {problem}" for problem in _problems(line, prev)]
        prev = digest(line)
    return problems


def _problems(line: bytes, prev: str) -> Iterator[str]:
    try:
        decode_line(line)
    except DamagedLine as problem:
        yield f"is no record: {problem}"
        return
    if previous_of(line) != prev:
        yield "does not follow from the line before it"


def _opened(path: Path) -> IO[bytes]:
    if path.suffix != ".gz":
        with suppress(FileNotFoundError):  # it may have been compressed a moment ago
            return path.open("rb")
        path = path.with_name(f"{path.name}.gz")
    return cast("IO[bytes]", gzip.open(path, "rb"))
