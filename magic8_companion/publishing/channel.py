"""Publish one file with an archive and a number ``seq``, which increases across restarts and kills.

A document is written and synced once, gets its name in the archive, and then takes the published name.  After a kill
between the two steps, the next start repeats the second step, unless a later number is published.  Simultaneous
documents take each step together, with one sync per folder and step.  A heartbeat replaces the published file alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from magic8_companion.durable import (
    publish_file,
    publishing,
    remove_leftovers,
    sync_folder,
    write_temporary,
)
from magic8_companion.publishing.archive import Archive, ArchivedDocument

_log = logging.getLogger(__name__)


class Channel:
    """The published file and archive of one kind of document.

    Parameters
    ----------
    path
        The published file; its folder exists.
    archive
        The archive of all documents.
    retention_days
        Age limit of archived documents, by their own times; 0 keeps all.
    reserve
        A waiting document whose number is above all published ones, for the case that the published file is lost.
    """

    def __init__(self, path: Path, archive: Archive, retention_days: int, reserve: Path | None = None) -> None:
        self.path, self.archive, self._retention_days = path, archive, retention_days
        self._pruned_on: object = None
        remove_leftovers(path)
        newest = archive.newest()
        published = _seq_of(path)
        lost = _seq_of(reserve) if published is None and reserve is not None else None
        self.seq = max(published or 0, newest.seq if newest else 0, lost or 0)
        if newest and newest.seq > (published or 0):
            self._take_second_step(newest)

    @property
    def next_seq(self) -> int:
        """Return the number of the next document."""
        return self.seq + 1

    def write(self, data: bytes) -> Path:
        """Write and sync document ``next_seq`` next to the published file; return its path."""
        with publishing(self.path):
            return write_temporary(self.path, data, read_only=True)

    def keep(self, written: Path, published_at: datetime) -> None:
        """Add a written document to the archive."""
        self.archive.add(written, published_at, self.next_seq)

    def release(self, written: Path) -> None:
        """Give a durably archived document the published name."""
        self.seq += 1
        with publishing(self.path):
            written.replace(self.path)

    def beat(self, data: bytes) -> None:
        """Replace the published file with document ``next_seq``, without archiving it."""
        self.seq += 1
        publish_file(self.path, data)

    def prune(self, published_at: datetime) -> None:
        """Delete old documents once a day."""
        if self._retention_days and published_at.date() != self._pruned_on:
            self._pruned_on = published_at.date()
            self.archive.prune(published_at - timedelta(days=self._retention_days))

    def _take_second_step(self, newest: ArchivedDocument) -> None:
        if _seq_of(newest.path) != newest.seq:
            _log.warning("The newest archived document is damaged", extra={"path": str(newest.path)})
            return
        _log.info("Publishing the newest archived document again", extra={"path": str(newest.path)})
        with publishing(self.path):
            publish_file(self.path, newest.path.read_bytes())


class Issue(NamedTuple):
    """The next document of a channel."""

    channel: Channel
    data: bytes
    published_at: datetime


def publish_together(issues: Sequence[Issue]) -> None:
    """Archive and publish documents of different channels; all are archived durably before one is published.

    Raises
    ------
    PublishError
        When the file system reports an error.
    """
    written = [issue.channel.write(issue.data) for issue in issues]
    for issue, path in zip(issues, written, strict=True):
        issue.channel.keep(path, issue.published_at)
    _sync(issue.channel.archive.folder for issue in issues)
    for issue, path in zip(issues, written, strict=True):
        issue.channel.release(path)
    _sync(issue.channel.path.parent for issue in issues)
    for issue in issues:
        issue.channel.prune(issue.published_at)


def _sync(folders: Iterable[Path]) -> None:
    for folder in dict.fromkeys(folders):
        with publishing(folder):
            sync_folder(folder)


def _seq_of(path: Path) -> int | None:
    """Return the number of a document, or None when there is no complete document."""
    try:
        document: Any = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        _log.warning("A published document cannot be read", extra={"path": str(path), "problem": str(error)})
        return None
    seq = document.get("seq") if isinstance(document, dict) else None
    return seq if isinstance(seq, int) else None
