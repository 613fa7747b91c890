"""Archive every published document unchanged in a flat folder, one file each: ``<kind>_<UTC stamp>_<seq>.json``."""

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
    """One file of the archive; ``stamp`` is the time of publication in its name, so text order is time order."""

    path: Path
    stamp: str
    seq: int


def stamp_of(at: datetime) -> str:
    """Return a time as file names have it.

    >>> stamp_of(datetime.fromisoformat("2025-06-26T10:35:07-04:00"))
    '20250626T143507Z'
    """
    return f"{require_aware(at):%Y%m%dT%H%M%SZ}"


class Archive:
    """The archived documents of one kind.

    Parameters
    ----------
    folder
        Created when missing; shared with the other kind.
    kind
        First part of the file names.
    link
        Gives a file a second name; on a file system without links the content is copied.
    """

    def __init__(self, folder: Path, kind: str, link: Callable[[Path, Path], None] = os.link) -> None:
        make_folder(folder)
        self.folder, self._kind, self._link = folder, kind, link
        with publishing(folder):
            for leftover in folder.glob(f".{kind}_*.tmp"):  # of a copy by a killed host
                leftover.unlink()
        self._name = re.compile(rf"{re.escape(kind)}_(\d{{8}}T\d{{6}}Z)_(\d+)\.json", re.ASCII)

    def path_of(self, published_at: datetime, seq: int) -> Path:
        """Return the path of a document."""
        return self.folder / f"{self._kind}_{stamp_of(published_at)}_{seq}.json"

    def add(self, written: Path, published_at: datetime, seq: int) -> None:
        """Add the synced file ``written`` as document ``seq``; a sync of the folder makes it durable.

        Raises
        ------
        PublishError
            When the file system reports an error, or a document of this stamp and number exists.
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
        """Delete the documents published before a time, except the newest; return how many."""
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
