"""Write the append-only journal of decisions, one JSON line each, chained by hashes: ``journal-<New York date>.jsonl``.

Each line holds ``prev``, the SHA-256 of the line before it; the first line of a file has the hash of the file's name. A
changed, removed or exchanged line breaks the chain at that place.  A batch is written ahead of its document: after a
kill in between, the number is used again, and ``document_sha256`` shows which batch was published.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Final

import orjson

from magic8_companion.durable import append_synced, make_folder, publishing, sync_folder

_log = logging.getLogger(__name__)

_KEYS: Final = frozenset(
    ("seq", "timestamp", "kind", "symbol", "decision", "reason", "inputs_sha256", "document_sha256", "prev")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One decision: the content of a published document for one symbol, and the hash of its inputs."""

    seq: int
    timestamp: str
    kind: str
    symbol: str
    decision: str
    reason: str
    inputs_sha256: str | None
    document_sha256: str


class Journal:
    """The journals of one folder.

    Parameters
    ----------
    folder
        Created when missing.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self._folder = folder
        self._path: Path | None = None
        self._prev = ""

    def append(self, day: date, lines: Sequence[JournalLine]) -> None:
        """Append a batch to the journal of a New York date: one write, one sync.

        Raises
        ------
        PublishError
            When the file system reports an error.
        """
        path = self._folder / f"journal-{day}.jsonl"
        with publishing(path):
            if path != self._path:
                self._open(path)
            batch = list(_chained(lines, self._prev))
            append_synced(path, b"".join(line + b"\n" for line in batch))
            self._prev = _digest(batch[-1]) if batch else self._prev

    def _open(self, path: Path) -> None:
        """Find the end of the chain; move a partial last line to another file."""
        is_new = not path.exists()
        path.touch()
        if is_new:
            sync_folder(self._folder)
        whole, _, torn = path.read_bytes().rpartition(b"\n")
        if torn:
            aside = path.with_suffix(".torn")
            _log.warning("The journal ended within a line", extra={"path": str(path), "kept_in": str(aside)})
            append_synced(aside, torn + b"\n")
            os.truncate(path, len(whole) + 1 if whole else 0)
        self._prev = _digest(whole.rpartition(b"\n")[2]) if whole else _genesis(path)
        self._path = path


def verify(path: Path) -> list[str]:
    """Return every problem of a journal file; an empty list means that the chain is intact."""
    *lines, torn = path.read_bytes().split(b"\n")
    problems = [f"line {len(lines) + 1} is torn"] if torn else []
    prev = _genesis(path)
    for number, line in enumerate(lines, start=1):
        problems += [f"line {number} {problem}" for problem in _problems(line, prev)]
        prev = _digest(line)
    return problems


def _problems(line: bytes, prev: str) -> Iterator[str]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        yield "is not JSON"
        return
    if not isinstance(record, dict) or record.keys() != _KEYS:
        yield "does not have the keys of a journal line"
    elif record["prev"] != prev:
        yield "does not follow from the line before it"


def _chained(lines: Sequence[JournalLine], prev: str) -> Iterator[bytes]:
    for line in lines:
        text = orjson.dumps({**{key: getattr(line, key) for key in line.__slots__}, "prev": prev})
        prev = _digest(text)
        yield text


def _genesis(path: Path) -> str:
    return _digest(path.name.encode())


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
