"""One published file with its archive and its own number ``seq``, which rises across restarts and kills.

A document is written and synced once, gets its name in the archive, and then takes the published name.  So every
published document is archived, and start-up is recovery: the newest archived document IS the published one.  If a
kill fell between the two steps, the start takes the second step.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from magic8_companion.output.archive import Archive, ArchivedDocument
from magic8_companion.output.json_file import publishing, remove_leftovers, replace_file, sync_folder, write_beside

_log = logging.getLogger(__name__)


class Channel:
    """The way of one kind of document to its published file.

    Parameters
    ----------
    path
        The published file; its folder exists.
    archive
        Where every document is kept.
    retention_days
        Age limit of archived documents, by their own times; 0 keeps all.
    """

    def __init__(self, path: Path, archive: Archive, retention_days: int) -> None:
        self._path, self._archive, self._retention_days = path, archive, retention_days
        self._pruned_on: object = None
        remove_leftovers(path)
        newest = archive.newest()
        published = _seq_of(path)
        self.seq = max(published or 0, newest.seq if newest else 0)
        if newest and newest.seq > (published or 0):
            self._take_second_step(newest)

    @property
    def next_seq(self) -> int:
        """Return the number of the next document."""
        return self.seq + 1

    def publish(self, data: bytes, published_at: datetime) -> None:
        """Archive and publish ``data``, the text of document ``next_seq``.

        Raises
        ------
        PublishError
            When the file system refuses.
        """
        with publishing(self._path):
            written = write_beside(self._path, data)
            self._archive.add(written, published_at, self.next_seq)
            self.seq += 1
            written.replace(self._path)
            sync_folder(self._path.parent)
        self._prune_once_a_day(published_at)

    def _take_second_step(self, newest: ArchivedDocument) -> None:
        if _seq_of(newest.path) != newest.seq:
            _log.warning("The newest archived document is damaged", extra={"path": str(newest.path)})
            return
        _log.info("Publishing the newest archived document again", extra={"path": str(newest.path)})
        with publishing(self._path):
            replace_file(self._path, newest.path.read_bytes())

    def _prune_once_a_day(self, published_at: datetime) -> None:
        if self._retention_days and published_at.date() != self._pruned_on:
            self._pruned_on = published_at.date()
            self._archive.prune(published_at - timedelta(days=self._retention_days))


def _seq_of(path: Path) -> int | None:
    """Return the number in a document, or None when there is no whole document."""
    try:
        document: Any = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        _log.warning("A published document cannot be read", extra={"path": str(path), "problem": str(error)})
        return None
    seq = document.get("seq") if isinstance(document, dict) else None
    return seq if isinstance(seq, int) else None
