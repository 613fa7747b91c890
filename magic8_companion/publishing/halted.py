"""The halted document: kept ready on disk, it takes the published name when no new document can be written.

Renaming needs no space.  The number of the halted document is so high that the numbers of the run stay below it.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final

from magic8_companion.durable import publish_file, remove_leftovers, sync_folder

RESERVE: Final = 10_000
"""How far the number of a halted document is ahead of the others when it is written."""

_log = logging.getLogger(__name__)


class HaltedDocument:
    """A document that is ready to replace the published one.

    Parameters
    ----------
    path
        Where it waits; on the same file system as ``published``.
    published
        The published file.
    """

    def __init__(self, path: Path, published: Path) -> None:
        self._path, self._published = path, published
        self.seq = 0
        remove_leftovers(path)

    def keep(self, data: bytes, seq: int) -> None:
        """Write document ``seq`` durably; raises ``PublishError`` when the file system reports an error."""
        publish_file(self._path, data)
        self.seq = seq

    def take_over(self) -> None:
        """Replace the published file; when that fails remove it, when that fails empty it.

        The last resort also empties the archived copy, if the published file is a link to it.
        """
        for withdraw in (self._replace, self._remove, self._empty):
            try:
                withdraw()
            except OSError as error:
                _log.warning("The published file cannot be withdrawn: %s", error)
            else:
                return

    def _replace(self) -> None:
        self._path.replace(self._published)
        _log.warning("Published the halted document", extra={"path": str(self._published)})
        sync_folder(self._published.parent)

    def _remove(self) -> None:
        self._published.unlink()
        _log.warning("Removed the published file", extra={"path": str(self._published)})

    def _empty(self) -> None:
        self._published.chmod(0o600)
        os.truncate(self._published, 0)
        _log.warning("Emptied the published file", extra={"path": str(self._published)})
