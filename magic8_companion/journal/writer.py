"""Append records to the journal of a day, chained by hashes: ``journal-<New York date>.jsonl``.

Each line holds ``prev``, the SHA-256 of the line before it; the first line of a file has the hash of the file's name. A
changed, removed or exchanged line breaks the chain at that place.  A batch of decisions is written ahead of its
document: after a kill in between, the number is used again, and the later batch counts.  With the first batch of a day
the journals of earlier days are compressed.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from magic8_companion.durable import append_synced, make_folder, publishing, sync_folder
from magic8_companion.journal.lines import digest, encode_line, genesis
from magic8_companion.journal.packing import pack_before, unpack
from magic8_companion.journal.records import Record

_log = logging.getLogger(__name__)


class Journal:
    """The journals of one folder; the caller is its only writer.

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

    def append(self, day: date, records: Sequence[Record]) -> None:
        """Append a batch to the journal of the New York date on which it is written: one write, one sync.

        Raises
        ------
        PublishError
            When a record cannot be written as a line, or the file system reports an error.
        """
        path = self._folder / f"journal-{day}.jsonl"
        with publishing(path):
            if path != self._path:
                unpack(path)
                self._open(path)
                pack_before(self._folder, day)
            batch = list(_chained(records, self._prev))
            append_synced(path, b"".join(line + b"\n" for line in batch))
            self._prev = digest(batch[-1]) if batch else self._prev

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
        self._prev = digest(whole.rpartition(b"\n")[2]) if whole else genesis(path.name)
        self._path = path


def _chained(records: Sequence[Record], prev: str) -> Iterator[bytes]:
    for record in records:
        line = encode_line(record, prev)
        prev = digest(line)
        yield line
