"""The flat folder that holds every published document unchanged, one file each: ``<kind>_<UTC stamp>_<seq>.json``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from magic8_companion.domain.trading_day import require_aware
from magic8_companion.durable import make_folder, publish_file, publishing


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedDocument:
    """One file of the archive; ``stamp`` is the moment of publication as in its name, so text order is time order."""

    path: Path
    stamp: str
    seq: int


def stamp_of(at: datetime) -> str:
    """Return a moment as it stands in file names.

    >>> stamp_of(datetime.fromisoformat("2025-06-26T10:35:07-04:00"))
    '20250626T143507Z'
    """
    return f"{require_aware(at):%Y%m%dT%H%M%SZ}"


class Archive:
    """The archived documents of one kind.

    Parameters
    ----------
    folder
        Created when absent; shared with the other kind.
    kind
        First part of the file names.
    link
        Gives a file a second name; where the file system cannot, the content is copied instead.
    """

    def __init__(self, folder: Path, kind: str, link: Callable[[Path, Path], None] = os.link) -> None:
        make_folder(folder)
        self.folder, self._kind, self._link = folder, kind, link
        self._name = re.compile(rf"{re.escape(kind)}_(\d{{8}}T\d{{6}}Z)_(\d+)\.json", re.ASCII)

    def path_of(self, published_at: datetime, seq: int) -> Path:
        """Return where a document is kept."""
        return self.folder / f"{self._kind}_{stamp_of(published_at)}_{seq}.json"

    def add(self, written: Path, published_at: datetime, seq: int) -> None:
        """Keep the synced file ``written`` as document ``seq``; durable as soon as the folder is synced.

        Raises
        ------
        PublishError
            When the file system refuses, or a document of this stamp and number is already there.
        """
        target = self.path_of(published_at, seq)
        with publishing(target):
            try:
                self._link(written, target)
            except FileExistsError:
                raise
            except OSError:
                publish_file(target, written.read_bytes())

    def newest(self) -> ArchivedDocument | None:
        """Return the document with the highest number."""
        return max(self._documents(), key=lambda document: document.seq, default=None)

    def prune(self, before: datetime) -> int:
        """Delete the documents published before a moment, except the newest; return how many."""
        documents = sorted(self._documents(), key=lambda document: document.seq)
        old = [document for document in documents[:-1] if document.stamp < stamp_of(before)]
        for document in old:
            with publishing(document.path):
                document.path.unlink(missing_ok=True)
        return len(old)

    def _documents(self) -> Iterator[ArchivedDocument]:
        with publishing(self.folder), os.scandir(self.folder) as names:
            for item in names:
                if match := self._name.fullmatch(item.name):
                    yield ArchivedDocument(path=Path(item.path), stamp=match[1], seq=int(match[2]))
